"""Gaussian noise on inputs or activations."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number
from coreops.layers.dropout import UNSCALED
from coreops.records import SAMPLE
from coreops.rng import INPUT_NOISE, add_normal
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class GaussianNoise:
    """y = x + mean + std e in training, e ~ N(0, 1) elementwise; y = x in evaluation.

    std: finite, >= 0; mean: finite, default 0. As the first layer it is input noise. e is keyed by (seed, this is the
    k-th noise, step, element of the batch).
    Bishop 1995, "Training with noise is equivalent to Tikhonov regularization".
    """

    std: float
    mean: float = 0.0

    def __post_init__(self):
        finite_number("GaussianNoise std", self.std, 0)
        finite_number("GaussianNoise mean", self.mean)

    def build(self, plan, x):
        y, n = plan.value(*x.shape), x.width
        dims = (0, UNSCALED)  # drops nothing: its backward is that of a dropout
        plan.add(records.NOISE, x=x, y=y, n_in=n, n_out=n, slope=self.mean, rate=self.std, dims=dims)
        return y


@kernel
def noise_forward(op, m, arena, mode, seed, step):
    n, shift = m * op["n_out"], arena.dtype.type(op["slope"] if mode & SAMPLE else 0.0)
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = x[i] + shift
    barrier()
    if mode & SAMPLE and op["rate"] > 0:
        add_normal(seed, INPUT_NOISE, op["ordinal"], step, op["rate"], y)
