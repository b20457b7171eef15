"""Nesterov's chain: the smooth convex function that is hard for every first-order method at once."""

import numpy as np

from coreops.checks import finite_number, positive_integer
from studies.harness.generators.objective import Objective


def chain(n, smoothness=1.0):
    """E(w) = (L/4) (1/2 w^T A w - w_1), A (n, n) with 2 on and -1 beside the diagonal; 0 < eigenvalues of A < 4.

    Minimiser w_i = 1 - i/(n + 1), E* = -(L/8) n/(n + 1). A method that moves in the span of its gradients from w = 0
    has, k = (n - 1)/2 steps later, E - E* >= 3 L |w*|^2/(32 (k + 1)^2).   Nesterov 2004, theorem 2.1.7.
    """
    positive_integer("n", n)
    finite_number("smoothness", smoothness, 0)
    matrix = smoothness / 4 * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))
    pull = np.zeros(n)
    pull[0] = smoothness / 4
    return Objective(
        n,
        lambda w: 0.5 * w @ matrix @ w - pull @ w,
        lambda w: matrix @ w - pull,
        lambda w: matrix,
        minima=(1 - np.arange(1, n + 1) / (n + 1),),
    )
