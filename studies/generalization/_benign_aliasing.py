"""Fourier features on a regular grid: classes of aliases, the weighted minimum-norm fit, its exact risk.

At x_l = l/n the d = n M features e^(2 pi i k x), |k| <= (d - 1)/2, depend on k mod n only. Arrays over features are
therefore (M, n): frequency k sits at k mod d in row-major order, and a column is a class of aliases. n and M are odd.
Muthukumar, Vodrahalli, Subramanian & Sahai 2020.
"""

import numpy as np
from scipy import integrate, special


def frequencies(n, copies):
    """Signed frequencies (M, n) as floats."""
    d = n * copies
    return np.fft.fftfreq(d, 1 / d).round().reshape(copies, n)


def weights(kind, n, copies, *, low=2, light=1.0):
    """Weights lam_k (M, n). `kind`: "isotropic", "bilevel" (1 for |k| <= low, else `light`), "exponential" or a power
    a of (1 + |k|)^-a."""
    k = np.abs(frequencies(n, copies))
    if kind == "isotropic":
        return np.ones_like(k)
    if kind == "bilevel":
        return np.where(k <= low, 1.0, light)
    if kind == "exponential":
        return np.exp(-k)
    return (1 + k) ** -float(kind)


def sine(n, copies):
    """Coefficients (M, n) of sin(2 pi x); their energy is 1/2."""
    a = np.zeros(n * copies, complex)
    a[1], a[-1] = -0.5j, 0.5j
    return a.reshape(copies, n)


def fit(y, lam, ridge=0.0):
    """Coefficients (M, n) that minimise mean |y - f|^2 + ridge sum |a_k|^2/lam_k: a_k = lam_k/(Lam_j + ridge) yhat_j.

    y: (..., n) values at l/n -> (..., M, n). Lam_j is the sum of lam over the class j = k mod n, yhat the discrete
    Fourier transform over n. Without `ridge` the interpolator of least weighted norm.
    """
    return lam * (np.fft.fft(y) / lam.shape[1] / (lam.sum(0) + ridge))[..., None, :]


def values(a):
    """The function with coefficients a (M, n) at the d points i/d; each M-th is a grid point."""
    return np.fft.ifft(a.ravel()).real * a.size


def risk(lam, signal, noise=1.0, ridge=0.0):
    """(squared bias, variance) of the fit at a uniform test point, summed over coefficients (Parseval).

    bias^2 = sum_k |lam_k/(Lam_j + ridge) A_j - a*_k|^2, A_j the class sum of `signal` a*;
    variance = noise^2/n sum_k (lam_k/(Lam_j + ridge))^2.
    """
    share = lam / (lam.sum(0) + ridge)
    bias = (np.abs(share * signal.sum(0) - signal) ** 2).sum()
    return float(bias), float(noise**2 / lam.shape[1] * (share**2).sum())


def condition(lam):
    """Condition number of the Gram matrix, whose eigenvalues are n Lam_j."""
    classes = lam.sum(0)
    return float(classes.max() / classes.min())


def dense(lam, signal, noise=1.0):
    """(squared bias, variance, residual of interpolation) by linear algebra on the n x d matrix, no Fourier transform.

    The residual is the largest entry of Phi A - I, A the matrix that maps data to coefficients.
    """
    copies, n = lam.shape
    phi = np.exp(2j * np.pi * np.outer(np.arange(n) / n, frequencies(n, copies).ravel()))
    scaled = phi * lam.ravel()
    solve = np.linalg.solve(phi @ scaled.conj().T, scaled).conj().T
    bias = solve @ (phi @ signal.ravel()) - signal.ravel()
    residual = np.abs(phi @ solve - np.eye(n)).max()
    return float((np.abs(bias) ** 2).sum()), float(noise**2 * (np.abs(solve) ** 2).sum()), float(residual)


def bilevel(n, copies, low, light):
    """(survival of a low frequency, its squared bias per energy, noise factor) of bilevel weights; needs 2 low < n.

    With T = (M - 1) g: 1/(1 + T), (T^2 + g T)/(1 + T)^2, (s/n)(1 + g T)/(1 + T)^2 + (1 - s/n)/M, s = 2 low + 1.
    """
    tail, heavy = (copies - 1) * light, (2 * low + 1) / n
    spread = (1 + light * tail) / (1 + tail) ** 2
    return 1 / (1 + tail), (tail**2 + light * tail) / (1 + tail) ** 2, heavy * spread + (1 - heavy) / copies


def best_tail(n, low, energy, noise):
    """T = (M - 1) g of least risk for M -> infinity: noise^2 (2 low + 1)/(n energy), as for ridge on the low model."""
    return noise**2 * (2 * low + 1) / (n * energy)


def limit_noise(power):
    """Noise factor of (1 + |k|)^-a for M, then n to infinity; 2/3 at a = 2.

    2 int_0^(1/2) (z(2a, t) + z(2a, 1 - t))/(z(a, t) + z(a, 1 - t))^2 dt, z Hurwitz' zeta function.
    """
    z = special.zeta

    def share(t):
        return (z(2 * power, t) + z(2 * power, 1 - t)) / (z(power, t) + z(power, 1 - t)) ** 2

    return 2 * integrate.quad(share, 0, 0.5)[0]
