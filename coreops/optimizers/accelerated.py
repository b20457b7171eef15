"""Nesterov's accelerated gradient with its own sequence of momenta."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.base import ACCELERATED, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class AcceleratedGradient(Optimizer):
    """v <- b_k v - lr g(w + b_k v);  w <- w + v;  b_k = (t_{k-1} - 1)/t_k,  t_k = (1 + sqrt(1 + 4 t_{k-1}^2))/2.

    t_0 = 0, so that b_k is about 1 - 3/k: no momentum to choose. lr >= 0; on a convex function with an L-Lipschitz
    gradient lr = 1/L gives E(w_k) - E* <= 2 L |w_0 - w*|^2/(k + 1)^2. Batch losses are those at the look-ahead point.
    Nesterov 1983; Beck & Teboulle 2009, eq. 4.1-4.3 and theorem 4.4 (without their proximal step).
    """

    kind = ACCELERATED
    slots = 1

    def state_size(self, p, network):
        return p + 16  # v, and t_k in a vector of its own


@kernel(inline=True)
def next_t(t):
    return 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * np.float64(t) * np.float64(t)))


@kernel
def accelerated_probe(direction, theta, state):
    """w <- w + direction b_k v; direction: 1 to the look-ahead point, -1 back. state: v, then t_{k-1}."""
    p, t = theta.size, state[theta.size]
    b = theta.dtype.type(direction * (t - 1.0) / next_t(t))  # -1 at the first step, where v = 0
    velocity = state[:p]
    for i in range(lane(), p, lanes()):
        theta[i] += b * velocity[i]
    barrier()


@kernel
def accelerated_update(lr, theta, grad, state):
    p, t = theta.size, state[theta.size]
    after = next_t(t)
    a, b = theta.dtype.type(lr), theta.dtype.type((t - 1.0) / after)
    velocity = state[:p]
    for i in range(lane(), p, lanes()):
        step = a * grad[i]
        velocity[i] = b * velocity[i] - step
        theta[i] -= step
    barrier()  # all have read t
    if lane() == 0:
        state[p] = after
    barrier()
