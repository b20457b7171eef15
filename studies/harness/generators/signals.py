"""One-dimensional signals in the manner of MNIST-1D: ten templates, moved, stretched, scaled, tilted, in noise."""

import numpy as np
from scipy import ndimage

from coreops.checks import finite_number, positive_integer, wrong
from coreops.rng import host_generator

CLASSES, LENGTH, SINES = 10, 40, 5
WIDTHS, AMPLITUDES, TREND = (10, 16), (0.8, 1.2), 0.5  # samples; factors; rise from end to end, at most
SMOOTHING = 2.0  # width of the noise's correlation, in samples


def templates():
    """Coefficients (10, 5) of sum_m a_m sin(pi m u), u in [0, 1]: root mean square 1, fixed once for all."""
    a = host_generator(0, "signal templates").standard_normal((CLASSES, SINES))
    return a * np.sqrt(2) / np.linalg.norm(a, axis=1, keepdims=True)


def signals(n, seed, *, noise=0.5):
    """Signals X (n, 40) and classes y (n,) in 0..9, which take turns.

    X = c T_y((t - s)/w) where 0 <= t - s <= w, plus a line through the middle, plus correlated noise. Uniform: the
    width w in [10, 16], the start s so that the template lies inside, the factor c in [0.8, 1.2], the rise of the
    line in [-0.5, 0.5]. The noise is Gaussian with correlation e^(-(t - t')^2/16) and standard deviation `noise`, a
    number or (n,) for examples of different difficulty.   After Greydanus & Kobak 2024, section 2, templates our own.
    """
    positive_integer("n", n)
    if np.ndim(noise) and np.shape(noise) != (n,):
        raise wrong("noise", f"shape {np.shape(noise)}", f"a number or one for each of the {n} signals")
    for level in np.atleast_1d(noise):
        finite_number("noise", level, 0)
    y, t = np.arange(n) % CLASSES, np.arange(LENGTH)
    w, s, c, rise = host_generator(seed, "signal places").random((n, 4)).T[:, :, None]
    w = WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * w
    u = (t - s * (LENGTH - 1 - w)) / w
    waves = np.sin(np.pi * np.arange(1, SINES + 1) * u[..., None]) * ((u >= 0) & (u <= 1))[..., None]
    shapes = np.einsum("ntm,nm->nt", waves, templates()[y])
    line = TREND * (2 * rise - 1) * (t / (LENGTH - 1) - 0.5)
    white = host_generator(seed, "signal noise").standard_normal((n, LENGTH))
    coloured = ndimage.gaussian_filter1d(white, SMOOTHING, mode="wrap") / _filtered()
    factor = AMPLITUDES[0] + (AMPLITUDES[1] - AMPLITUDES[0]) * c
    return factor * shapes + line + np.reshape(noise, (-1, 1)) * coloured, y


def _filtered():
    """Standard deviation of white noise after the filter."""
    impulse = np.zeros(LENGTH)
    impulse[0] = 1
    return np.linalg.norm(ndimage.gaussian_filter1d(impulse, SMOOTHING, mode="wrap"))
