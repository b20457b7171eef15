"""Gaussian noise on inputs or activations."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number
from coreops.layers.dropout import UNSCALED
from coreops.records import SAMPLE
from coreops.rng import DRIFT, INPUT_NOISE, add_normal
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class GaussianNoise:
    """y_ij = x_ij + mean + drift d_j + std e_ij in training, e and d ~ N(0, 1), d common to a batch; y = x elsewhere.

    std: finite, >= 0; mean: finite, default 0; drift: finite, >= 0, default 0: how far the distribution of each unit
    wanders from step to step. As the first layer it is input noise. e is keyed by (seed, this is the k-th noise, step,
    element of the batch), d by (seed, k, step, j).
    Bishop 1995, "Training with noise is equivalent to Tikhonov regularization"; drift after a batch norm: Santurkar,
    Tsipras, Ilyas & Madry 2018, section 2.1.
    """

    std: float
    mean: float = 0.0
    drift: float = 0.0

    def __post_init__(self):
        finite_number("GaussianNoise std", self.std, 0)
        finite_number("GaussianNoise mean", self.mean)
        finite_number("GaussianNoise drift", self.drift, 0)

    def build(self, plan, x):
        y, n = plan.value(*x.shape), x.width
        dims = (0, UNSCALED)  # drops nothing: its backward is that of a dropout
        plan.add(records.NOISE, x=x, y=y, n_in=n, n_out=n, slope=self.mean, rate=self.std, decay=self.drift, dims=dims,
                 work=n if self.drift else 0)  # fmt: skip
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
    if mode & SAMPLE and op["decay"] > 0:
        add_drift(op, m, arena, seed, step)


@kernel
def add_drift(op, m, arena, seed, step):
    """y_ij += drift d_j."""
    n, zero = op["n_out"], arena.dtype.type(0)
    y, d = arena[op["y"] : op["y"] + m * n], arena[op["work"] : op["work"] + n]
    for j in range(lane(), n, lanes()):
        d[j] = zero
    barrier()
    add_normal(seed, DRIFT, op["ordinal"], step, op["decay"], d)
    for i in range(m):
        for j in range(lane(), n, lanes()):
            y[i * n + j] += d[j]
    barrier()
