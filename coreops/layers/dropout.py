"""Dropout: activations of a training step are removed at random."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import choice, finite_number
from coreops.records import ADD_DX, INPUT_GRADIENT, SAMPLE, SKIP_DX
from coreops.rng import MASK_BITS, draw
from coreops.target import barrier, kernel, lane, lanes

SCALINGS = ("inverted", "test", "none")  # what makes up for the removed ones
INVERTED, TEST, UNSCALED = 0, 1, 2


def check_drop(name, rate, scaling):
    finite_number(f"{name} rate", rate, 0, 1, high_open=True)
    choice(f"{name} scaling", scaling, SCALINGS, "'inverted', 'test' or 'none'")


def threshold(rate):
    """Of 2^32: a word below it is a drop, so that a rate is resolved to 2.3e-10."""
    return min(round(float(rate) * 2**32), 2**32 - 1)


@dataclass(frozen=True)
class Dropout:
    """y = m x in training, each m = 0 with probability `rate`, else 1; y = x in evaluation; elementwise.

    rate: the DROP probability q in [0, 1). scaling: what keeps E[y] the same in both: "inverted" (default) divides by
    1 - q in training, "test" multiplies by 1 - q in evaluation, "none" does neither. As the first layer it drops
    inputs. The mask of element i of the batch is a draw keyed by (seed, this is the k-th dropout, step, i).
    Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, section 4 ("test") and section 10 ("inverted"; their
    p is the probability to keep).
    """

    rate: float = 0.5
    scaling: str = "inverted"

    def __post_init__(self):
        check_drop("Dropout", self.rate, self.scaling)

    def build(self, plan, x):
        y, n = plan.value(*x.shape), x.width
        dims = (threshold(self.rate), SCALINGS.index(self.scaling))
        plan.add(records.DROPOUT, x=x, y=y, n_in=n, n_out=n, rate=self.rate, dims=dims, work_per_example=n)
        return y


@kernel
def factor(op, mode):
    """What is kept is multiplied by this."""
    keep, scaling = 1.0 - op["rate"], op["dims"][1]
    if mode & SAMPLE:
        return 1.0 / keep if scaling == INVERTED else 1.0
    return keep if scaling == TEST else 1.0


@kernel
def drops(op, mode):
    return mode & SAMPLE != 0 and op["dims"][0] > 0


@kernel
def draw_mask(seed, purpose, ordinal, step, limit, kept, mask):
    """mask[i] = 0 with probability limit/2^32, else `kept`; a function of (seed, purpose, ordinal, step, i)."""
    limit, zero, whole = np.uint64(limit), mask.dtype.type(0), mask.size // 4
    for block in range(lane(), whole, lanes()):
        a, b, c, d = draw(seed, purpose, ordinal, step, block)
        mask[4 * block] = zero if a < limit else kept
        mask[4 * block + 1] = zero if b < limit else kept
        mask[4 * block + 2] = zero if c < limit else kept
        mask[4 * block + 3] = zero if d < limit else kept
    for i in range(4 * whole + lane(), mask.size, lanes()):  # three at most
        words = draw(seed, purpose, ordinal, step, whole)
        mask[i] = zero if words[i - 4 * whole] < limit else kept
    barrier()


@kernel
def dropout_forward(op, m, arena, mode, seed, step):
    n, kept = m * op["n_out"], arena.dtype.type(factor(op, mode))
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    if drops(op, mode):
        mask = arena[op["work"] : op["work"] + n]
        draw_mask(seed, MASK_BITS, op["ordinal"], step, op["dims"][0], kept, mask)
        for i in range(lane(), n, lanes()):
            y[i] = mask[i] * x[i]
    else:
        for i in range(lane(), n, lanes()):
            y[i] = kept * x[i]
    barrier()


@kernel
def dropout_backward(op, m, arena, mode):
    """dx = m dy, with the mask that forward left behind; of noise, dx = dy."""
    n, flags, zero = m * op["n_out"], op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    dx, dy, add = arena[op["dx"] : op["dx"] + n], arena[op["dy"] : op["dy"] + n], flags & ADD_DX != 0
    if drops(op, mode):
        mask = arena[op["work"] : op["work"] + n]
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + mask[i] * dy[i]
    else:
        kept = arena.dtype.type(factor(op, mode))
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + kept * dy[i]
    barrier()
