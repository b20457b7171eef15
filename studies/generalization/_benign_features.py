"""Orthonormal features on [0, 1], the weighted minimum-norm fit, and where the peak of a risk curve lies."""

import numpy as np
from numpy.polynomial import legendre

COLUMNS = ["part", "arm", "seed", "x", "y", "value"]  # of the study's frame


def fourier(x, p):
    """1, root 2 cos(2 pi k x), root 2 sin(2 pi k x), k = 1, 2, ...: x (n,) -> (n, p), p odd."""
    angle = 2 * np.pi * np.outer(x, np.arange(1, (p - 1) // 2 + 1))
    out = np.ones((len(x), p))
    out[:, 1::2], out[:, 2::2] = np.sqrt(2) * np.cos(angle), np.sqrt(2) * np.sin(angle)
    return out


def fourier_target(p):
    """Coefficients (p,) of sin(2 pi x), cut where p < 3."""
    return np.concatenate([[0, 0, np.sqrt(0.5)], np.zeros(max(p - 3, 0))])[:p]


def fourier_weights(p, exponent):
    """k^-exponent of each Fourier feature (p,), 1 for the constant."""
    return np.maximum((np.arange(p) + 1) // 2, 1.0) ** -exponent


def legendre_features(x, p):
    """Legendre polynomials of 2 x - 1, scaled to unit mean square: x (n,) -> (n, p)."""
    return legendre.legvander(2 * np.asarray(x) - 1, p - 1) * np.sqrt(2 * np.arange(p) + 1)


def legendre_target(p):
    """Coefficients (p,) of sin(2 pi x) by Gauss-Legendre quadrature; those beyond degree 60 are below rounding."""
    nodes, w = legendre.leggauss(160)
    x = (nodes + 1) / 2
    head = legendre_features(x, min(p, 60)).T @ (w / 2 * np.sin(2 * np.pi * x))
    return np.concatenate([head, np.zeros(p - head.size)])


def legendre_weights(p, exponent):
    """degree^-exponent (p,), 1 for the constant."""
    return np.maximum(np.arange(p), 1.0) ** -exponent


def monomials(x, p):
    """Powers of 2 x - 1: x (n,) -> (n, p)."""
    return (2 * np.asarray(x) - 1)[:, None] ** np.arange(p)


def min_norm(features, y, weights, cutoff):
    """(coefficients c, smallest relative singular value) of least squares, and of least sum (c/weights)^2 among those.

    features: (n, p); y: (n,) or (n, r); singular values of the weighted features below `cutoff` of the largest are
    dropped.
    """
    c, _, _, s = np.linalg.lstsq(features * weights, y, rcond=cutoff)
    return (c.T * weights).T, s[-1] / s[0]


def energy_risk(c, target, beyond=0.0):
    """Risk (r,) at a uniform test point of orthonormal coefficients c (p, r); `beyond` is the energy after p."""
    return ((c - target[:, None]) ** 2).sum(0) + beyond


def peak_share(values, x, low, high, centre=np.median, resamples=2000):
    """(share of bootstrap resamples of the seeds whose centre curve peaks in [low, high], place of the peak).

    values: (seeds, k) at x (k,).
    """
    values, x = np.asarray(values), np.asarray(x)
    rng = np.random.default_rng(20_100)
    places = [x[np.argmax(centre(values[rng.integers(0, len(values), len(values))], axis=0))] for _ in range(resamples)]
    return float(np.mean([(low <= place <= high) for place in places])), float(x[np.argmax(centre(values, axis=0))])
