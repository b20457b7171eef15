"""RMSProp."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.base import RMSPROP, Optimizer, outside_root
from coreops.step_sizes import step_size, step_sizes
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """G <- d G + (1 - d) g^2;  w <- w - lr g/(sqrt(G) + eps), elementwise, G from 0.

    lr >= 0; decay d in [0, 1), default 0.9; eps >= 0, default 1e-8; eps_inside=True divides by sqrt(G + eps).
    No bias correction: the first step is lr/sqrt(1 - d).   Tieleman & Hinton 2012, lecture 6.5.
    """

    decay: float = 0.9
    eps: float = 1e-8
    eps_inside: bool = False
    kind = RMSPROP
    slots = 1

    @property
    def beta2(self):
        return self.decay


@kernel(inline=True)
def rmsprop_update(decay, eps, eps_inside, lr, theta, grad, mean):
    a, zero = step_sizes(lr, 1.0, theta), theta.dtype.type(0)
    d, rest = theta.dtype.type(decay), theta.dtype.type(1.0 - decay)
    inside = theta.dtype.type(eps) if eps_inside else zero
    outside = outside_root(eps, eps_inside, theta)
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        s = d * mean[i] + rest * (g * g)
        mean[i] = s
        theta[i] -= step_size(a, i) * g / (np.sqrt(s + inside) + outside)
    barrier()
