"""Momentum: heavy ball, its normalised form, and Nesterov's look-ahead."""

from dataclasses import dataclass

from coreops.optimizers.base import EMA_MOMENTUM, HEAVY_BALL, NESTEROV, Optimizer
from coreops.step_sizes import step_size, step_sizes
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

    The batch loss recorded during training is the one at the look-ahead point w + b v; theta is always w.
    Nesterov 1983 in the form of Sutskever, Martens, Dahl & Hinton 2013, eq. 3-4.
    """

    kind = NESTEROV


@dataclass(frozen=True)
class EMAMomentum(_Momentum):
    """v <- b v + (1 - b) g(w);  w <- w - lr v.   lr >= 0, momentum b in [0, 1), default 0.9; v starts at 0.

    v is an average: on a constant gradient the step grows to lr. HeavyBall(lr (1 - b)) makes the same steps.
    Kingma & Ba 2015, algorithm 1, first moment (without its correction).
    """

    kind = EMA_MOMENTUM


@kernel(inline=True)
def heavy_ball_update(momentum, lr, theta, grad, velocity):
    a, b = step_sizes(lr, 1.0, theta), theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        v = b * velocity[i] - step_size(a, i) * grad[i]
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
    a, b = step_sizes(lr, 1.0, theta), theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        step = step_size(a, i) * grad[i]
        velocity[i] = b * velocity[i] - step
        theta[i] -= step
    barrier()


@kernel(inline=True)
def nesterov_retreat(momentum, theta, velocity):
    """w <- w - b v: back from the look-ahead point, up to rounding."""
    b = theta.dtype.type(momentum)
    for i in range(lane(), theta.size, lanes()):
        theta[i] -= b * velocity[i]
    barrier()


@kernel
def ema_momentum_update(momentum, lr, theta, grad, mean):
    a, b, rest = theta.dtype.type(lr), theta.dtype.type(momentum), theta.dtype.type(1.0 - momentum)
    for i in range(lane(), theta.size, lanes()):
        v = b * mean[i] + rest * grad[i]
        mean[i] = v
        theta[i] -= a * v
    barrier()
