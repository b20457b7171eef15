"""Samplers: which positions of the training set make up the batches of an epoch."""

from dataclasses import dataclass

from coreops.rng import ORDER, below, draw
from coreops.target import barrier, kernel, lane, lanes

CYCLIC, RESHUFFLE, SHUFFLE_ONCE, REPLACEMENT = 0, 1, 2, 3


class Sampling:
    """`kind`: what the row's record carries."""

    kind: int


@dataclass(frozen=True)
class Cyclic(Sampling):
    """The given order, in every epoch.   Bertsekas 2011, "incremental gradient", cyclic order."""

    kind = CYCLIC


@dataclass(frozen=True)
class Reshuffle(Sampling):
    """A new uniform permutation in every epoch: without replacement.   Fisher & Yates 1938; Bottou 2009."""

    kind = RESHUFFLE


@dataclass(frozen=True)
class ShuffleOnce(Sampling):
    """One uniform permutation, kept for all epochs.   Bottou 2009, "Curiously fast convergence"."""

    kind = SHUFFLE_ONCE


@dataclass(frozen=True)
class WithReplacement(Sampling):
    """Every position drawn i.i.d. uniformly; every batch is full.   Robbins & Monro 1951."""

    kind = REPLACEMENT


@kernel(inline=True)
def arrange(row, epoch, n, order):
    """Write the epoch's positions into `order`: order[b * batch_size + i] is example i of batch b."""
    kind = row["sampling"]
    if kind == REPLACEMENT:
        for block in range(lane(), (order.size + 3) // 4, lanes()):
            words = draw(row["seed"], ORDER, kind, epoch, block)
            for k in range(4):
                if 4 * block + k < order.size:
                    order[4 * block + k] = below(words[k], n)
        barrier()
        return
    if epoch > 0 and kind != RESHUFFLE:
        return
    for i in range(lane(), n, lanes()):
        order[i] = i
    barrier()
    if kind != CYCLIC and lane() == 0:
        for block in range((n + 3) // 4):
            words = draw(row["seed"], ORDER, kind, epoch, block)
            for k in range(4):
                i = n - 1 - 4 * block - k
                if i > 0:
                    j = below(words[k], i + 1)
                    order[i], order[j] = order[j], order[i]
    barrier()


@kernel(inline=True)
def gather(row, x, y, index, order, start, m, arena):
    """Copy examples index[order[start : start + m]] of x (n, n_in) and y (n, n_target) into the arena."""
    for i in range(m):
        example = index[order[start + i]]
        copy(row, x, y, example, i, arena)
    barrier()


@kernel(inline=True)
def gather_range(row, x, y, index, start, m, arena):
    """Copy examples index[start : start + m], for evaluation in the given order."""
    for i in range(m):
        copy(row, x, y, index[start + i], i, arena)
    barrier()


@kernel(inline=True)
def copy(row, x, y, example, i, arena):
    """One example into place i of the batch (no barrier)."""
    d, t = row["n_in"], row["n_target"]
    to_x, to_y = row["inputs"] + i * d, row["targets"] + i * t
    source, target = x[example * d : example * d + d], arena[to_x : to_x + d]
    for j in range(lane(), d, lanes()):
        target[j] = source[j]
    source, target = y[example * t : example * t + t], arena[to_y : to_y + t]
    for j in range(lane(), t, lanes()):
        target[j] = source[j]
