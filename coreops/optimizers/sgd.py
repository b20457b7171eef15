"""Gradient descent."""

from dataclasses import dataclass

from coreops.optimizers.base import GRADIENT, Optimizer
from coreops.step_sizes import step_size, step_sizes
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class SGD(Optimizer):
    """w <- w - lr g.   lr >= 0.   Robbins & Monro 1951; with the full batch, Cauchy 1847."""

    kind = GRADIENT


@kernel(inline=True)
def sgd_update(lr, theta, grad):
    a = step_sizes(lr, 1.0, theta)
    for i in range(lane(), theta.size, lanes()):
        theta[i] -= step_size(a, i) * grad[i]
    barrier()
