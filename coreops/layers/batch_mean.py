"""The toy normaliser of deck 001, which divides by the batch mean: kept to be measured."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.records import ADD_DX, BATCH_STATISTICS, INPUT_GRADIENT, RECALIBRATE, SKIP_DX, UPDATE_STATISTICS
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class DivideByMean:
    """ERRATUM E15, the toy normaliser of deck 001: y = x/mu per channel (last axis), mu the mean over the batch.

    Not batch norm: nothing is centred or scaled to a variance, and mu near 0 blows up. The gradient flows through mu;
    evaluation takes the running mean, which moves by 0.1 towards mu in training.
    Right: BatchNorm (Ioffe & Szegedy 2015, algorithm 1).
    """

    def build(self, plan, x):
        channels, y = x.shape[-1], plan.value(*x.shape)
        stats = plan.running("running_mean", channels, 1.0)
        plan.running("batches", 1, 0.0)
        plan.add(
            records.BATCH_MEAN, x=x, y=y, stats=stats, n_in=x.width, n_out=x.width, dims=(channels,),
            work=2 * channels, decay=0.9,
        )  # fmt: skip
        return y


@kernel
def batch_mean_forward(op, m, arena, mode):
    c = op["dims"][0]
    rows, zero = m * (op["n_in"] // c), arena.dtype.type(0)
    x, y = arena[op["x"] : op["x"] + rows * c], arena[op["y"] : op["y"] + rows * c]
    mean, stats = arena[op["work"] : op["work"] + c], arena[op["stats"] : op["stats"] + c + 1]
    if mode & BATCH_STATISTICS:
        share = arena.dtype.type(1.0 / rows)
        for j in range(lane(), c, lanes()):
            mean[j] = zero
        for i in range(rows):
            for j in range(lane(), c, lanes()):
                mean[j] += share * x[i * c + j]
        if mode & UPDATE_STATISTICS:
            batches = np.float64(stats[c]) + 1.0
            keep = 1.0 - 1.0 / batches if mode & RECALIBRATE else op["decay"]
            kept, moved = arena.dtype.type(keep), arena.dtype.type(1.0 - keep)
            for j in range(lane(), c, lanes()):
                stats[j] = kept * stats[j] + moved * mean[j]
            barrier()
            if lane() == 0:
                stats[c] = arena.dtype.type(batches)
    else:
        for j in range(lane(), c, lanes()):
            mean[j] = stats[j]
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            y[i * c + j] = x[i * c + j] / mean[j]
    barrier()


@kernel
def batch_mean_backward(op, m, arena, mode):
    """dx = (dy - mean(dy y))/mu, without the mean where mu is a constant."""
    c, flags, zero = op["dims"][0], op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    rows = m * (op["n_in"] // c)
    y, dy = arena[op["y"] : op["y"] + rows * c], arena[op["dy"] : op["dy"] + rows * c]
    dx, mean = arena[op["dx"] : op["dx"] + rows * c], arena[op["work"] : op["work"] + c]
    product, add = arena[op["work"] + c : op["work"] + 2 * c], flags & ADD_DX != 0
    share = arena.dtype.type(1.0 / rows if mode & BATCH_STATISTICS else 0.0)
    for j in range(lane(), c, lanes()):
        product[j] = zero
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            product[j] += share * (dy[i * c + j] * y[i * c + j])
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            k = i * c + j
            dx[k] = (dx[k] if add else zero) + (dy[k] - product[j]) / mean[j]
    barrier()
