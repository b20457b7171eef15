"""Quadratics with chosen spectra, diagonal or rotated, as functions and as least-squares data."""

import numpy as np
from scipy import stats

from coreops.checks import finite_number, integer, positive_integer
from coreops.rng import host_generator
from studies.harness.generators.objective import Objective


def log_spaced(n, kappa, largest=1.0):
    """n eigenvalues (n,), falling from `largest` to largest/kappa in equal ratios; n >= 2, kappa >= 1."""
    integer("n", n, 2)
    finite_number("kappa", kappa, 1)
    return largest * np.geomspace(1, 1 / kappa, n)


def log_uniform(n, kappa, seed, largest=1.0):
    """n eigenvalues (n,), falling: both ends exact, ln h uniform in between, so the condition number is kappa."""
    integer("n", n, 2)
    finite_number("kappa", kappa, 1)
    inner = -np.sort(host_generator(seed, "log-uniform spectrum").random(n - 2))
    return largest * float(kappa) ** np.concatenate([[0.0], inner, [-1.0]])


def rotation(n, seed):
    """An orthogonal matrix (n, n), uniform (Haar).   Mezzadri 2007, through scipy.stats.ortho_group."""
    positive_integer("n", n)
    return stats.ortho_group.rvs(n, random_state=host_generator(seed, "rotation")) if n > 1 else np.ones((1, 1))


def quadratic(spectrum, *, minimiser=0.0, axes=None):
    """E(w) = 1/2 (w - w*)^T H (w - w*), H = Q diag(h) Q^T.   Polyak 1964.

    spectrum: h (d,); minimiser: w*, a number or (d,); axes: the orthogonal Q (d, d), None for the identity.
    """
    h, q, centre = _parts(spectrum, minimiser, axes)
    matrix = (q * h) @ q.T
    return Objective(
        h.size,
        lambda w: 0.5 * (w - centre) @ matrix @ (w - centre),
        lambda w: matrix @ (w - centre),
        lambda w: matrix,
        minima=(centre,) if (h > 0).all() else (),
        saddles=() if (h > 0).all() else (centre,),
    )


def as_regression(spectrum, *, minimiser=0.0, axes=None):
    """The quadratic with h >= 0 as data (X (d, d), y (d,)): (1/d) sum_i (x_i w - y_i)^2 = E(w).

    X = sqrt(d/2) diag(h)^(1/2) Q^T and y = X w*, for a layer without bias, squared error without 1/2, full batch.
    """
    h, q, centre = _parts(spectrum, minimiser, axes)
    if (h < 0).any():
        raise ValueError(f"spectrum: got a negative eigenvalue, {h.min()}, wanted h >= 0")
    X = np.sqrt(h.size / 2) * np.sqrt(h)[:, None] * q.T
    return X, X @ centre


def _parts(spectrum, minimiser, axes):
    h = np.asarray(spectrum, np.float64)
    return h, np.eye(h.size) if axes is None else np.asarray(axes), np.broadcast_to(np.float64(minimiser), h.shape)
