"""Gradient descent."""

from dataclasses import dataclass

from coreops.optimizers.base import GRADIENT, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class SGD(Optimizer):
    """w <- w - lr g.   lr >= 0.   Robbins & Monro 1951; with the full batch, Cauchy 1847."""

    kind = GRADIENT


@kernel(inline=True)
def sgd_update(lr, theta, grad):
    a = theta.dtype.type(lr)
    for i in range(lane(), theta.size, lanes()):
        theta[i] -= a * grad[i]
    barrier()
