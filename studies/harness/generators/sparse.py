"""Logistic regression on binary features as frequent as words."""

import numpy as np
from scipy.special import expit

from coreops.checks import finite_number, positive_integer
from coreops.rng import host_generator


def zipf_frequencies(features, top=0.5):
    """Feature j = 1 ... d is active with probability top/j.   Zipf 1949."""
    positive_integer("features", features)
    finite_number("top", top, 0, 1)
    return top / np.arange(1, features + 1)


def zipf_logistic(n, features, seed, *, top=0.5, teacher_scale=1.0):
    """X (n, d) of 0 and 1 with Zipf frequencies, y (n,): 1 with probability sigmoid(x w), and the teacher w (d,).

    w ~ N(0, teacher_scale^2 I). Sparse text-like problems as those of Duchi, Hazan & Singer 2011, section 1.3.
    Example i depends on the seed and i alone.
    """
    positive_integer("n", n)
    finite_number("teacher_scale", teacher_scale, 0)
    w = teacher_scale * host_generator(seed, "zipf teacher").standard_normal(features)
    X = (host_generator(seed, "zipf features").random((n, features)) < zipf_frequencies(features, top)).astype(float)
    return X, (host_generator(seed, "zipf labels").random(n) < expit(X @ w)).astype(np.int64), w
