"""The kernels that copy a batch into the arena."""

import numpy as np

from coreops.records import NONE
from coreops.rng import TARGET_NOISE, add_normal
from coreops.target import at, barrier, kernel, lane, lanes


@kernel(inline=True)
def gather(row, x, y, weights, index, order, start, m, step, arena):
    """Copy examples index[order[start : start + m]], with weights by position; targets may gain noise."""
    for i in range(m):
        copy(row, x, y, index[at(order[at(start + i)])], i, arena)
    if row["example_weights"] != NONE:
        for i in range(lane(), m, lanes()):
            arena[row["example_weights"] + i] = weights[order[start + i]]
    barrier()
    if row["target_noise"]:
        targets = arena[row["targets"] : row["targets"] + m * row["n_target"]]
        add_normal(row["seed"], TARGET_NOISE, np.int64(0), step, row["target_noise"], targets)


@kernel(inline=True)
def gather_range(row, x, y, index, start, m, arena):
    """Copy examples index[start : start + m], for evaluation in the given order."""
    for i in range(m):
        copy(row, x, y, index[at(start + i)], i, arena)
    barrier()


@kernel(inline=True)
def copy(row, x, y, example, i, arena):
    """One example into place i of the batch (no barrier)."""
    d, t = row["n_in"], row["n_target"]
    to_x, to_y = row["inputs"] + i * d, row["targets"] + i * t
    for j in range(lane(), d, lanes()):
        arena[at(to_x + j)] = x[at(example * d + j)]
    for j in range(lane(), t, lanes()):
        arena[at(to_y + j)] = y[at(example * t + j)]
