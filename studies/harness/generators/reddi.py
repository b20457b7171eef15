"""Streams of linear losses on which Adam runs to the worst point of [-1, 1], and AMSGrad to the best."""

import numpy as np

from coreops.checks import finite_number, positive_integer, wrong
from coreops.rng import host_generator

INTERVAL, BEST = (-1.0, 1.0), -1.0


def cycle(steps, C=3.0):
    """Gradients (steps,) of f_t(w) = C w at t = 1, 4, 7 ..., -w otherwise; best w = -1 for C > 2.

    With beta_1 = 0, beta_2 = 1/(1 + C^2) and rates alpha/sqrt(t), alpha < sqrt(1 - beta_2), Adam goes to +1.
    Source: Reddi, Kale & Kumar 2018, theorem 1.
    """
    positive_integer("steps", steps)
    if finite_number("C", C) <= 2:
        raise wrong("C", C, "a number > 2")
    return np.where(np.arange(steps) % 3 == 0, float(C), -1.0)


def random(steps, seed, *, C=1010.0, small=-10.0, probability=0.01):
    """Gradients (steps,) that are C with the probability, `small` otherwise; their mean is 0.2 by default.

    Source: Reddi, Kale & Kumar 2018, section 5 (synthetic experiment, stochastic setting).
    """
    positive_integer("steps", steps)
    finite_number("probability", probability, 0, 1)
    return np.where(host_generator(seed, "reddi").random(steps) < probability, float(C), float(small))
