"""Inputs centred, scaled, standardised or whitened by the statistics of the training data; polynomials of them; noisy
labels and targets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from coreops.checks import finite_number, integer, real_array, wrong
from coreops.rng import host_generator


@dataclass(frozen=True, eq=False)
class InputMap:
    """x -> (x - mean) scale, or (x - mean) matrix: fitted once, called on training, validation and test data.

    mean: (d,); scale: (d,) or a matrix (d, k), float64. Called on X (n, d) it returns (n, d) or (n, k) in the dtype
    of X, float64 for integers. Raises ValueError for X of another width.
    """

    mean: np.ndarray
    scale: np.ndarray

    def __call__(self, X):
        X = real_array("X", X, 2)
        if X.shape[1] != self.mean.size:
            raise wrong("X", f"shape {X.shape}", f"shape (n, {self.mean.size}), as it was fitted on")
        centred = X - self.mean
        mapped = centred * self.scale if self.scale.ndim == 1 else centred @ self.scale
        return mapped.astype(X.dtype if X.dtype.kind == "f" else np.float64, copy=False)


def fit_centre(X):
    """x - mean.   X: (n, d) training data.   LeCun, Bottou, Orr & Mueller 1998, section 4.3."""
    X = _data(X)
    return InputMap(_mean(X), np.ones(X.shape[1]))


def fit_scale(X):
    """x/s, s the standard deviation (1/n); constant features stay as they are.   LeCun et al. 1998, section 4.3."""
    X = _data(X)
    return InputMap(np.zeros(X.shape[1]), 1 / _deviation(X))


def fit_standardise(X):
    """(x - mean)/s, s the standard deviation (1/n); constant features become 0.   LeCun et al. 1998, section 4.3."""
    X = _data(X)
    return InputMap(_mean(X), 1 / _deviation(X))


def fit_whiten(X):
    """(x - mean) V diag(h)^-1/2, where V diag(h) V^T = (1/n) X^T X of the centred data: covariance I.

    k, the number of columns, is the rank: directions in which the data do not vary (constant or dependent features)
    are left out. Principal axes in order of falling variance, each signed so that its largest entry is positive.
    Source: LeCun, Bottou, Orr & Mueller 1998, section 4.3 (KL expansion and equalised covariance).
    """
    X = _data(X)
    mean = _mean(X)
    _, singular, axes = np.linalg.svd(X - mean, full_matrices=False)
    kept = singular > max(X.shape) * np.finfo(np.float64).eps * max(singular[0], np.abs(X).max())
    if not kept.any():
        raise wrong("X", "data that do not vary", "at least one feature that does")
    axes = axes[kept]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(1)]
    return InputMap(mean, (axes * np.sign(largest)[:, None]).T * (np.sqrt(len(X)) / singular[kept]))


def legendre_features(x, order):
    """(n, K + 1): y_k = sqrt(2 k + 1) P_k(2 x - 1), k = 0 ... K, orthonormal on [0, 1] under uniform x.

    x: (n,), of the interval [0, 1] or beside it; order: K >= 0; in float64. The polynomial counterpart of the layer
    FourierSeries; as inputs of one Dense layer they are polynomial regression.   Bishop 2006, section 1.1;
    Abramowitz & Stegun 1964, 22.2.10.
    """
    x, order = real_array("x", x, 1).astype(float), integer("order", order, 0)
    return legendre.legvander(2 * x - 1, order) * np.sqrt(2 * np.arange(order + 1) + 1)


def flip_labels(y, rate, classes, seed):
    """Symmetric label noise: each label becomes, with probability `rate`, another class, all alike likely.

    y: (n,) class numbers in [0, classes); rate: in [0, 1]; classes: at least 2; seed: integer in [0, 2^64). Label i
    depends on the seed and i alone, and what is flipped at one rate is flipped to the same at every higher one.
    Source: Angluin & Laird 1988, section 2.1 (two classes); van Rooyen, Menon & Williamson 2015.
    """
    y, rate, classes = real_array("y", y, 1), finite_number("rate", rate, 0, 1), integer("classes", classes, 2)
    if y.dtype.kind == "b" or not np.isin(y, np.arange(classes)).all():
        raise wrong("y", f"dtype {y.dtype}, values {np.unique(y)[:5]}", f"class numbers in [0, {classes})")
    flip, other = host_generator(seed, "label noise").random((len(y), 2)).T
    return np.where(flip < rate, (y + 1 + np.floor(other * (classes - 1))) % classes, y).astype(y.dtype)


def add_target_noise(y, std, seed):
    """y + N(0, std^2), independent for each entry.   y: any shape; std: number >= 0.   Bishop 2006, eq. 3.7."""
    y, std = real_array("y", y), finite_number("std", std, 0)
    noisy = y + std * host_generator(seed, "target noise").standard_normal(y.shape)
    return noisy.astype(y.dtype if y.dtype.kind == "f" else np.float64)


def _data(X):
    X = real_array("X", X, 2)
    if X.size == 0:
        raise wrong("X", f"shape {X.shape}", "at least one example and one feature")
    return X.astype(np.float64)


def _mean(X):
    """Of a constant feature its value, not the rounded mean of many: what is left after centring is exactly 0."""
    return np.where(_constant(X), X[0], X.mean(0))


def _deviation(X):
    return np.where(_constant(X), 1.0, X.std(0))


def _constant(X):
    return X.min(0) == X.max(0)
