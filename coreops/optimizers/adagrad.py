"""AdaGrad with a diagonal matrix."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.base import ADAGRAD, Optimizer, outside_root
from coreops.step_sizes import step_size, step_sizes
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """G <- G + g^2;  w <- w - lr g/(sqrt(G) + eps), elementwise, G from 0.

    lr >= 0; eps >= 0, default 1e-8; eps_inside=True divides by sqrt(G + eps). Here and in the rules below, 1e-19 in
    float32 and 1e-154 in float64, the smallest roots, stand for an eps outside the root that is smaller: a coordinate
    whose gradient has always been 0 stays where it is.
    Duchi, Hazan & Singer 2011, fig. 1 (delta outside the root).
    """

    eps: float = 1e-8
    eps_inside: bool = False
    kind = ADAGRAD
    slots = 1


@kernel(inline=True)
def adagrad_update(eps, eps_inside, lr, theta, grad, total):
    a, zero = step_sizes(lr, 1.0, theta), theta.dtype.type(0)
    inside = theta.dtype.type(eps) if eps_inside else zero
    outside = outside_root(eps, eps_inside, theta)
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        s = total[i] + g * g
        total[i] = s
        theta[i] -= step_size(a, i) * g / (np.sqrt(s + inside) + outside)
    barrier()
