"""Adam, with and without its bias correction."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.base import ADAM, ADAM_VARIANT, Optimizer, outside_root
from coreops.step_sizes import step_size, step_sizes
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Adam(Optimizer):
    """m <- b1 m + (1-b1) g;  G <- b2 G + (1-b2) g^2;  w <- w - lr mh/(sqrt(Gh) + eps), elementwise, from 0.

    mh = m/(1 - b1^t), Gh = G/(1 - b2^t), t = 1, 2, ...   lr >= 0, default 1e-3; b1, b2 in [0, 1), defaults 0.9 and
    0.999; eps >= 0, default 1e-8; eps_inside=True divides by sqrt(Gh + eps); correct_bias=False leaves mh = m and
    Gh = G, whose first step is lr (1 - b1)/sqrt(1 - b2).   Kingma & Ba 2015, algorithm 1.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    eps_inside: bool = False
    correct_bias: bool = True
    slots = 2

    @property
    def kind(self):
        return ADAM if self.correct_bias else ADAM_VARIANT


@kernel(inline=True)
def adam_update(n, beta1, beta2, power1, power2, eps, eps_inside, keep, lr, theta, grad, first, second):
    """n: elements of the vectors; power1, power2: b1^t, b2^t; keep: a factor of w before its step, 1 but for AdamW.

    The corrections are scalars, so the loop has one root and one division, and a product beside them takes no time.
    """
    correct1, correct2 = 1.0 - power1, 1.0 - power2
    a, keep, zero = step_sizes(lr, correct1, theta), theta.dtype.type(keep), theta.dtype.type(0)
    b1, rest1 = theta.dtype.type(beta1), theta.dtype.type(1.0 - beta1)
    b2, rest2 = theta.dtype.type(beta2), theta.dtype.type(1.0 - beta2)
    unbias = theta.dtype.type(1.0 / np.sqrt(correct2))
    inside = theta.dtype.type(eps * correct2) if eps_inside else zero
    outside = outside_root(eps, eps_inside, theta)
    for i in range(lane(), n, lanes()):
        g = grad[i]
        m = b1 * first[i] + rest1 * g
        s = b2 * second[i] + rest2 * (g * g)
        first[i], second[i] = m, s
        step = step_size(a, i) * m / (np.sqrt(s + inside) * unbias + outside)
        theta[i] = keep * theta[i] - step
    barrier()
