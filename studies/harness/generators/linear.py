"""The Gaussian linear model with a chosen covariance spectrum."""

import numpy as np

from coreops.checks import finite_number, integer, positive_integer
from coreops.rng import host_generator


def gaussian_linear(n, spectrum, weights, seed, *, noise=1.0, axes=None):
    """X (n, d) with rows N(0, Q diag(lam) Q^T) and y = X w + N(0, noise^2) (n,).   Hastie et al. 2022, section 2.

    spectrum: lam (d,) >= 0; weights: w (d,); axes: the orthogonal Q (d, d), None for the identity. Example i depends
    on the seed and i alone, so smaller samples are the beginnings of larger ones.
    """
    positive_integer("n", n)
    finite_number("noise", noise, 0)
    scale, w = np.sqrt(np.asarray(spectrum, float)), np.asarray(weights, float)
    if scale.shape != w.shape or scale.ndim != 1:
        raise ValueError(f"weights: got shape {w.shape} for a spectrum of shape {scale.shape}, wanted the same (d,)")
    X = scale * host_generator(seed, "linear inputs").standard_normal((n, scale.size))
    X = X if axes is None else X @ np.asarray(axes).T
    return X, X @ w + noise * host_generator(seed, "linear noise").standard_normal(n)


# --- spectra, all falling ---


def isotropic(d):
    """lam_k = 1."""
    return np.ones(d)


def power(d, exponent):
    """lam_k = k^-a; for a > 1 the interpolator's variance is tempered.   Mallinar et al. 2022."""
    return np.arange(1.0, d + 1) ** -exponent


def log_power(d, exponent=2.0):
    """lam_k = k^-1 (1 + ln k)^-a, a > 1: benign, but slowly.   Bartlett, Long, Lugosi & Tsigler 2020, theorem 2.1."""
    k = np.arange(1.0, d + 1)
    return 1 / (k * (1 + np.log(k)) ** exponent)


def spiked(d, spikes, tail):
    """lam_k = 1 for the first `spikes`, `tail` <= 1 after: benign if the tail is long.   Bartlett et al. 2020."""
    integer("spikes", spikes, 0, d)
    finite_number("tail", tail, 0, 1)
    return np.where(np.arange(d) < spikes, 1.0, tail)


def exponential(d, floor):
    """lam_k = e^-k + floor.   Bartlett, Long, Lugosi & Tsigler 2020, theorem 2.2."""
    finite_number("floor", floor, 0)
    return np.exp(-np.arange(1.0, d + 1)) + floor


# --- weights ---


def dense_weights(d, seed, norm=1.0):
    """w (d,), uniform on the sphere of radius `norm`."""
    w = host_generator(seed, "dense weights").standard_normal(d)
    return norm * w / np.linalg.norm(w)


def sparse_weights(d, relevant, seed, size=1.0):
    """w (d,): +size or -size at `relevant` places, 0 elsewhere."""
    integer("relevant", relevant, 0, d)
    generator, w = host_generator(seed, "sparse weights"), np.zeros(d)
    w[generator.permutation(d)[:relevant]] = size * np.where(generator.random(relevant) < 0.5, -1.0, 1.0)
    return w
