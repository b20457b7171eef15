"""Least squares on which adaptive rules and gradient descent find different interpolants, one of them useless."""

import numpy as np

from coreops.checks import finite_number, positive_integer
from coreops.rng import host_generator


def separation(n, seed, *, share=0.7, n_test=1000):
    """((X, y), (X_test, y_test)), labels -1 and +1, d = 3 + 5 n features.   Wilson et al. 2017, section 3.3.

    x_1 = y, x_2 = x_3 = 1, and features of its own for each example: one that is 1 if y = 1, five if y = -1. A test
    example's own features are never trained, so it has none here. round(share n) labels are +1, in random order,
    likewise for the test; share in (1/2, 1). From 0 an adaptive rule stays along sign(X^T y), with X sign(X^T y) =
    4 y, and calls every test example positive; the interpolant of least norm makes no error.
    """
    positive_integer("n", n)
    positive_integer("n_test", n_test)
    finite_number("share", share, 0.5, 1, high_open=True)
    y, y_test = (_labels(m, share, seed, name) for m, name in ((n, "train"), (n_test, "test")))
    if y.sum() <= 0:
        raise ValueError(f"share: got {share}, wanted more +1 than -1 among {n} labels")
    own = np.arange(5)[None, :] < np.where(y > 0, 1, 5)[:, None]
    X = np.zeros((n, 3 + 5 * n))
    X[:, :3] = _common(y)
    X[:, 3:].reshape(n, n, 5)[np.arange(n), np.arange(n)] = own
    X_test = np.zeros((n_test, 3 + 5 * n))
    X_test[:, :3] = _common(y_test)
    return (X, y), (X_test, y_test)


def _labels(n, share, seed, name):
    y = np.where(np.arange(n) < round(share * n), 1.0, -1.0)
    return host_generator(seed, f"separation {name}").permutation(y)


def _common(y):
    return np.column_stack([y, np.ones((y.size, 2))])
