"""Adadelta."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.base import ADADELTA, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """G <- d G + (1-d) g^2;  s = g sqrt(D + eps)/sqrt(G + eps);  D <- d D + (1-d) s^2;  w <- w - lr s, elementwise.

    lr >= 0, default 1 (the source has none); decay d in [0, 1), default 0.95; eps >= 0, default 1e-6, inside both
    roots: it sets the first step, sqrt(eps/(1 - d)). G starts at 0, D at start^2; start >= 0, default 0, is the size of
    the steps before the first, which with eps = 0 gives the steps the units of w. eps = start = 0 never moves.
    Zeiler 2012, algorithm 1 and eq. 14.
    """

    lr: float = 1.0
    decay: float = 0.95
    eps: float = 1e-6
    start: float = 0.0
    kind = ADADELTA
    slots = 2
    eps_inside = True

    @property
    def beta2(self):
        return self.decay


@kernel
def adadelta_update(step, decay, eps, eps_inside, start, lr, theta, grad, squares, moved):
    a, zero = theta.dtype.type(lr), theta.dtype.type(0)
    d, rest = theta.dtype.type(decay), theta.dtype.type(1.0 - decay)
    e, before = theta.dtype.type(eps), theta.dtype.type(start * start)
    if step == 1:
        for i in range(lane(), theta.size, lanes()):
            moved[i] = before
        barrier()
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        s = d * squares[i] + rest * (g * g)
        last = moved[i]
        if eps_inside:  # one root less
            ratio = np.sqrt((last + e) / (s + e))
        else:
            ratio = (np.sqrt(last) + e) / (np.sqrt(s) + e)
        change = zero if g == 0 else g * ratio
        squares[i], moved[i] = s, d * last + rest * (change * change)
        theta[i] -= a * change
    barrier()
