"""Stochastic gradient descent whose result is the average of its iterates."""

from dataclasses import dataclass

from coreops.checks import integer
from coreops.optimizers.base import AVERAGED, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class AveragedSGD(Optimizer):
    """w <- w - lr g(w);  the result is the mean of w over the updates start + 1, ..., t (w itself up to then).

    lr >= 0; start: integer >= 0, default 0. Evaluations, early stopping and the returned theta see the mean; gradients,
    batch losses and recorded thetas the iterates. A proximal penalty acts after w has entered the mean.
    Polyak & Juditsky 1992, section 2; Ruppert 1988.
    """

    start: int = 0
    kind = AVERAGED
    slots = 1

    def __post_init__(self):
        super().__post_init__()
        integer("AveragedSGD start", self.start, 0)


@kernel
def averaged_start(theta, mean):
    for i in range(lane(), theta.size, lanes()):
        mean[i] = theta[i]
    barrier()


@kernel
def averaged_update(step, start, lr, theta, grad, mean):
    a, alone = theta.dtype.type(lr), step <= start + 1
    share = theta.dtype.type(1.0 if alone else 1.0 / (step - start))
    for i in range(lane(), theta.size, lanes()):
        w = theta[i] - a * grad[i]
        theta[i] = w
        mean[i] = w if alone else mean[i] + share * (w - mean[i])
    barrier()


@kernel
def averaged_readout(theta, mean):
    for i in range(lane(), theta.size, lanes()):
        theta[i], mean[i] = mean[i], theta[i]
    barrier()
