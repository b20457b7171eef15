"""exp, sigmoid, tanh and softplus with one definition for every target, written so that loops over them vectorise.

Numba ships no vector math library, so `np.exp` in a loop is one scalar call per element; these are a range
reduction and a polynomial, 1-2 ulp from the correctly rounded value, and NaN in gives NaN out.
x = n ln 2 + r with |r| <= ln(2)/2;  e^x = 2^n (1 + q(r)),  q(r) = e^r - 1 by its Taylor polynomial.
log(1 + u) = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = u/(2 + u), at most 1/3 for u = e^-|x|.
"""

from math import factorial

import numpy as np

from coreops.target import by_precision, kernel

_TAYLOR = tuple(1.0 / factorial(k) for k in range(2, 14))
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = _TAYLOR
S2, S3, S4, S5, S6, S7 = (np.float32(c) for c in _TAYLOR[:6])
_ODD = tuple(1.0 / k for k in range(1, 34, 2))
A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16 = _ODD
B0, B1, B2, B3, B4, B5, B6, B7 = (np.float32(c) for c in _ODD[:8])

# Adding 1.5 * 2^(mantissa bits) rounds to an integer and leaves it in the low bits of the sum.
ROUND_64, ROUND_32 = 1.5 * 2.0**52, np.float32(1.5 * 2.0**23)
LOG2E_64, LOG2E_32 = 1.4426950408889634, np.float32(1.4426950408889634)
# ln 2 in two parts, the first with enough trailing zeros that n * LN2_HIGH is exact.
LN2_HIGH_64, LN2_LOW_64 = 6.93145751953125e-1, 1.42860682030941723212e-6
LN2_HIGH_32, LN2_LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
MAX_64, MIN_64 = 709.782712893384, -708.0
MAX_32, MIN_32 = np.float32(88.72283), np.float32(-87.0)
BIAS_64, SHIFT_64 = np.int64(1022), np.int64(52)
BIAS_32, SHIFT_32 = np.int32(126), np.int32(23)
ZERO_32, ONE_32, TWO_32, INF_32 = np.float32(0), np.float32(1), np.float32(2), np.float32(np.inf)
TANH_MAX_64, TANH_MAX_32 = 20.0, np.float32(10.0)
LEAST_ROOT_64, LEAST_ROOT_32 = 2.0**-511, np.float32(2.0**-63)


@kernel
def _clamp(x, low, high):
    """x within [low, high]. NaN stays NaN, here and after: `x if x != x else y`, stored over x, is a masked store."""
    x = low if x < low else x
    return high if x > high else x


@kernel
def _reduce64(x):
    """(q, s) with e^x = 2 s (1 + q); s = 2^(n-1), so that n = 1024 does not overflow."""
    t = x * LOG2E_64 + ROUND_64
    n = t - ROUND_64
    r = (x - n * LN2_HIGH_64) - n * LN2_LOW_64
    high = C8 + r * (C9 + r * (C10 + r * (C11 + r * (C12 + r * C13))))
    q = r + r * r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * (C7 + r * high))))))
    s = np.int64((np.float64(t).view(np.int64) + BIAS_64) << SHIFT_64).view(np.float64)
    return q, s


@kernel
def _reduce32(x):
    t = x * LOG2E_32 + ROUND_32
    n = t - ROUND_32
    r = (x - n * LN2_HIGH_32) - n * LN2_LOW_32
    q = r + r * r * (S2 + r * (S3 + r * (S4 + r * (S5 + r * (S6 + r * S7)))))
    s = np.int32((np.float32(t).view(np.int32) + BIAS_32) << SHIFT_32).view(np.float32)
    return q, s


@kernel
def _exp64(x):
    q, s = _reduce64(_clamp(x, MIN_64, MAX_64))
    y = (s + s * q) * 2.0
    y = 0.0 if x < MIN_64 else y
    return np.inf if x > MAX_64 else y


@kernel
def _exp32(x):
    q, s = _reduce32(_clamp(x, MIN_32, MAX_32))
    y = (s + s * q) * TWO_32
    y = ZERO_32 if x < MIN_32 else y
    return INF_32 if x > MAX_32 else y


@kernel
def _tanh64(x):
    # e^2x - 1 = (2s - 1) + 2s q keeps its relative precision at x -> 0, where s = 1/2.
    q, s = _reduce64(2.0 * _clamp(x, -TANH_MAX_64, TANH_MAX_64))
    e = (2.0 * s - 1.0) + 2.0 * s * q
    return e / (e + 2.0)


@kernel
def _tanh32(x):
    q, s = _reduce32(TWO_32 * _clamp(x, -TANH_MAX_32, TANH_MAX_32))
    e = (TWO_32 * s - ONE_32) + TWO_32 * s * q
    return e / (e + TWO_32)


@kernel
def _sigmoid64(x):
    return 1.0 / (1.0 + _exp64(-x))


@kernel
def _sigmoid32(x):
    return ONE_32 / (ONE_32 + _exp32(-x))


@kernel(inline=True)  # too long for the compiler to inline it by itself
def _softplus64(x):
    u = _exp64(-abs(x))
    s = u / (2.0 + u)
    q = s * s
    high = A10 + q * (A11 + q * (A12 + q * (A13 + q * (A14 + q * (A15 + q * A16)))))
    high = A4 + q * (A5 + q * (A6 + q * (A7 + q * (A8 + q * (A9 + q * high)))))
    return max(x, 0.0) + 2.0 * s * (A0 + q * (A1 + q * (A2 + q * (A3 + q * high))))


@kernel
def _softplus32(x):
    u = _exp32(-abs(x))
    s = u / (TWO_32 + u)
    q = s * s
    high = B4 + q * (B5 + q * (B6 + q * B7))
    return max(x, ZERO_32) + TWO_32 * s * (B0 + q * (B1 + q * (B2 + q * (B3 + q * high))))


@kernel
def _least_root64(x):
    return LEAST_ROOT_64


@kernel
def _least_root32(x):
    return LEAST_ROOT_32


exp = by_precision(_exp32, _exp64)
tanh = by_precision(_tanh32, _tanh64)
sigmoid = by_precision(_sigmoid32, _sigmoid64)
softplus = by_precision(_softplus32, _softplus64)
least_root = by_precision(_least_root32, _least_root64)  # of a square that is not denormal, in x's precision
