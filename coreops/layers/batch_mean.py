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
        plan.positions[f"{'.'.join(map(str, plan.scope))} {type(self).__name__}"] = x.width // channels
        stats = plan.running("running_mean", channels, 1.0)
        plan.running("batches", 1, 0.0)
        plan.add(
            records.BATCH_MEAN, x=x, y=y, stats=stats, n_in=x.width, n_out=x.width, dims=(channels,),
            work=channels, decay=0.9,
        )  # fmt: skip
        return y


@kernel
def batch_mean_forward(op, m, arena, mode):
    c, stats = op["dims"][0], op["stats"]
    rows, batches = m * (op["n_in"] // c), np.float64(arena[stats + c]) + 1.0
    keep = 1.0 - 1.0 / batches if mode & RECALIBRATE else op["decay"]
    x, y = arena[op["x"] : op["x"] + rows * c], arena[op["y"] : op["y"] + rows * c]
    for j in range(lane(), c, lanes()):
        mean = np.float64(arena[stats + j])
        if mode & BATCH_STATISTICS:
            running, mean = mean, 0.0
            for i in range(rows):
                mean += np.float64(x[i * c + j])
            mean /= rows
            if mode & UPDATE_STATISTICS:
                arena[stats + j] = arena.dtype.type(keep * running + (1.0 - keep) * mean)
        arena[op["work"] + j] = arena.dtype.type(mean)
        for i in range(rows):
            y[i * c + j] = x[i * c + j] / arena.dtype.type(mean)
    barrier()
    if mode & BATCH_STATISTICS and mode & UPDATE_STATISTICS and lane() == 0:
        arena[stats + c] = arena.dtype.type(batches)
    barrier()


@kernel
def batch_mean_backward(op, m, arena, mode):
    """dx = (dy - mean(dy y))/mu, without the mean where mu is a constant."""
    c, flags, zero = op["dims"][0], op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    rows, add = m * (op["n_in"] // c), flags & ADD_DX != 0
    y, dy = arena[op["y"] : op["y"] + rows * c], arena[op["dy"] : op["dy"] + rows * c]
    dx = arena[op["dx"] : op["dx"] + rows * c]
    for j in range(lane(), c, lanes()):
        along = 0.0
        if mode & BATCH_STATISTICS:
            for i in range(rows):
                along += np.float64(dy[i * c + j]) * np.float64(y[i * c + j]) / rows
        for i in range(rows):
            k = i * c + j
            dx[k] = (dx[k] if add else zero) + (dy[k] - arena.dtype.type(along)) / arena[op["work"] + j]
    barrier()
