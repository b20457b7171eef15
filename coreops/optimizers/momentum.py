"""Heavy ball and Nesterov momentum."""

from dataclasses import dataclass

from coreops.optimizers.base import HEAVY_BALL, NESTEROV, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class _Momentum(Optimizer):
    momentum: float = 0.9
    slots = 1

    @property
    def beta1(self):
        return self.momentum


@dataclass(frozen=True)
class HeavyBall(_Momentum):
    """v <- b v - lr g(w);  w <- w + v.   lr >= 0, momentum b in [0, 1), default 0.9; v starts at 0.

    The sum is not normalised: on a constant gradient the step grows to lr/(1 - b).   Polyak 1964, eq. 9.
    """

    kind = HEAVY_BALL


@dataclass(frozen=True)
class Nesterov(_Momentum):
    """v <- b v - lr g(w + b v);  w <- w + v.   lr >= 0, momentum b in [0, 1), default 0.9; v starts at 0.

    The batch loss recorded during training is the one at the look-ahead point w + b v, where a diverged run ends.
    Nesterov 1983 in the form of Sutskever, Martens, Dahl & Hinton 2013, eq. 3-4.
    """

    kind = NESTEROV


@kernel(inline=True)
def heavy_ball_update(momentum, lr, theta, grad, velocity):
    a, b = theta.dtype.type(lr), theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        v = b * velocity[i] - a * grad[i]
        velocity[i] = v
        theta[i] += v
    barrier()


@kernel(inline=True)
def nesterov_probe(momentum, theta, velocity):
    """w <- w + b v: the gradient is taken there."""
    b = theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        theta[i] += b * velocity[i]
    barrier()


@kernel(inline=True)
def nesterov_update(momentum, lr, theta, grad, velocity):
    """From the look-ahead point w + b v the new w is one gradient step away."""
    a, b = theta.dtype.type(lr), theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        step = a * grad[i]
        velocity[i] = b * velocity[i] - step
        theta[i] -= step
    barrier()
