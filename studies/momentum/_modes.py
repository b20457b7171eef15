"""One eigen-mode of heavy ball: roots, rate, regime, exact solution; and quadratics as networks."""

import numpy as np

from coreops import Cyclic, Data, Network, Run, Scale, SquaredError

MONOTONE, RIPPLES, ALTERNATING, DIVERGENT = range(4)
REGIMES = ("monotone", "ripples", "alternating", "divergent")
COLUMNS = ("part", "arm", "seed", "x", "y", "value")  # of the study's frame
BLOCK = 100  # steps per epoch of a long run: the single example is repeated so that few epochs are stored


def roots(step, momentum):
    """Both roots of s^2 - (1 + b - a h) s + b, complex; `step` is a h. Goh 2017."""
    step, momentum = np.broadcast_arrays(np.asarray(step, float), np.asarray(momentum, float))
    trace = 1 + momentum - step
    root = np.sqrt(np.asarray(trace**2 - 4 * momentum, complex))
    return (trace + root) / 2, (trace - root) / 2


def rate(step, momentum):
    """Factor per step in the long run: the larger modulus of the two roots."""
    return np.maximum(*(np.abs(s) for s in roots(step, momentum)))


def regime(step, momentum):
    """Code of the regime (index into REGIMES) from its boundaries (1 -+ sqrt b)^2 and 2 (1 + b)."""
    step, momentum = np.broadcast_arrays(np.asarray(step, float), np.asarray(momentum, float))
    root = np.sqrt(momentum)
    limits = ((1 - root) ** 2, (1 + root) ** 2, 2 * (1 + momentum))
    return sum((step > limit).astype(int) for limit in limits)


def flips_per_step(step, momentum):
    """Sign changes per step: 0 (monotone), angle of the complex pair over pi (ripples), 1 (alternating)."""
    upper, lower = roots(step, momentum)
    return np.abs(np.angle(np.where(np.abs(upper) >= np.abs(lower), upper, lower))) / np.pi


def solution(step, momentum, t):
    """w_t / w_0 from rest: U_t - b U_(t-1), U_t = (s1^(t+1) - s2^(t+1))/(s1 - s2), or (t+1) s^t."""
    s1, s2 = roots(step, momentum)
    double = np.abs(s1 - s2) < 1e-6
    gap = np.where(double, 1, s1 - s2)
    middle = (s1 + s2) / 2
    apart = (s1 ** (t + 1) * (1 - s2) - s2 ** (t + 1) * (1 - s1)) / gap
    return np.where(double, middle**t * (1 + t * (1 - middle)), apart).real


def best_heavy_ball(condition):
    """(a, b) that minimise the worst rate over curvatures in [1/condition, 1]."""
    root = np.sqrt(condition)
    return (2 / (1 + 1 / root)) ** 2, ((root - 1) / (root + 1)) ** 2


def best_descent(condition):
    """Step of gradient descent that minimises the worst rate over curvatures in [1/condition, 1]."""
    return 2 / (1 + 1 / condition)


def quadratic(h, optimizer, steps, *, theta0=None, every=1):
    """A row minimising sum_j h_j w_j^2 / 2 from theta0 (default ones) for at least `steps` steps.

    Scale with SquaredError gives x^2 w^2, whose curvature is 2 x^2, hence x = sqrt(h/2). Each `every`-th w is
    kept.
    """
    h = np.asarray(h, float)
    block = BLOCK if steps > 20 * BLOCK else 1
    examples = np.repeat(np.sqrt(h / 2)[None], block, axis=0)
    return Run(
        Network(Scale(h.size), loss=SquaredError(), dtype="float64"),
        optimizer=optimizer,
        batch_size=1,
        sampling=Cyclic(),
        epochs=-(-int(steps) // block),
        evaluate_every=0,
        record_theta_every=every,
        theta0=np.ones(h.size) if theta0 is None else theta0,
        data=Data(examples, np.zeros_like(examples)),
    )


def usable(size, floor):
    """Number of leading records (t, n) per coordinate before `size` sinks to `floor` (or is not finite)."""
    bad = ~((size > floor) & np.isfinite(size))
    return np.where(bad.any(0), bad.argmax(0), len(size))


def tail_rates(w, floor):
    """(rate, sign changes per step) of trajectories w (t, n), from the second half of the usable records.

    The rate is the exponential of the slope of ln |(w_t, w_(t-1))|, fitted with Hann weights, which damp the
    ripple of that norm; a second pass weighs the two parts equally by taking |(w_t, r w_(t-1))| with the r of
    the first. The rate is 0 where fewer than 4 records are usable. The state itself is never rescaled.
    """
    n = usable(np.hypot(w[1:], w[:-1]), floor)
    rates, flips = np.zeros(w.shape[1]), np.zeros(w.shape[1])
    for end in np.unique(n[n >= 4]):
        chosen, t = n == end, np.arange(end // 2, end)
        weights = np.hanning(t.size + 2)[1:-1]
        centred = weights * (t - weights @ t / weights.sum())
        part, r = w[t[0] : end + 1, chosen], 1.0
        for _ in range(2):
            r = np.exp(centred @ np.log(np.hypot(part[1:], r * part[:-1])) / (centred @ t))
        signs = np.signbit(part[1:])
        rates[chosen], flips[chosen] = r, (signs[1:] != signs[:-1]).mean(0)
    return rates, flips


def settled(size, tolerance):
    """First record from which on `size` (t, n), relative to its start, stays below `tolerance`; else t."""
    above = size >= tolerance * size[0]
    return len(size) - above[::-1].argmax(0)
