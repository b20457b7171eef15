"""Regression on a sum of sinusoids, sampled on a grid or at random."""

import numpy as np

from coreops.checks import finite_number, positive_integer, wrong
from coreops.rng import host_generator


def sinusoid(x, *, amplitudes=(1.0,), frequencies=(1.0,), phases=0.0):
    """f(x) = sum_k a_k sin(2 pi f_k x + p_k).   x: any shape; amplitudes, frequencies, phases: (k,) or a number."""
    a, f, p = np.broadcast_arrays(np.atleast_1d(amplitudes), np.atleast_1d(frequencies), phases)
    return np.sin(2 * np.pi * f * np.asarray(x, float)[..., None] + p) @ a


def sinusoid_regression(n, seed, *, design="grid", interval=(0.0, 1.0), noise=0.0, **target):
    """x (n,) and y = f(x) + N(0, noise^2) (n,), f as in `sinusoid`, whose settings are passed on.

    design: "grid" (x_l = a + (b - a) l/n, which keeps sampled sinusoids of period b - a orthogonal) or "random"
    (uniform on [a, b]). The noise depends on the seed alone, not on the design.   Muthukumar et al. 2020, section 4.
    """
    positive_integer("n", n)
    finite_number("noise", noise, 0)
    if design not in ("grid", "random"):
        raise wrong("design", design, "'grid' or 'random'")
    a, b = interval
    place = np.arange(n) / n if design == "grid" else host_generator(seed, "sinusoid positions").random(n)
    x = a + (b - a) * place
    return x, sinusoid(x, **target) + noise * host_generator(seed, "sinusoid noise").standard_normal(n)
