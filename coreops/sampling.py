"""Samplers: which positions of the training set make up the batches of an epoch."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, flag, positive_integer, real_array, wrong
from coreops.records import NONE
from coreops.rng import ORDER, TARGET_NOISE, add_normal, below, draw
from coreops.target import barrier, kernel, lane, lanes

CYCLIC, RESHUFFLE, SHUFFLE_ONCE, REPLACEMENT = 0, 1, 2, 3
RANKED, STRATIFIED, BALANCED, CURRICULUM, IMPORTANCE = 4, 5, 6, 7, 8
WORD = 2**32


class Sampling:
    """`kind`, one real and one integer: what the row's record carries. `full_batches`: no batch is ever short."""

    kind: int
    rate: float = 0.0
    every: int = 1
    full_batches = False

    def prepare(self, labels, classes, targets, n):
        """(groups, weights) for n training examples: integers that `arrange` reads, and loss weights (n,) or None.

        labels: (n,) class numbers below `classes`, or None if the loss has none; targets: (n, n_target).
        """
        return np.zeros(0, np.int64), None

    def check_epochs(self, epochs):
        """Raise ValueError if the sampler cannot go on for so many epochs."""


@dataclass(frozen=True)
class Cyclic(Sampling):
    """The given order, in every epoch.   Bertsekas 2011, "incremental gradient", cyclic order."""

    kind = CYCLIC


@dataclass(frozen=True)
class Stream(Sampling):
    """Every example once, in the given order: one epoch.   Bottou & LeCun 2004, "Large scale online learning"."""

    kind = CYCLIC

    def check_epochs(self, epochs):
        if epochs > 1:
            raise wrong("epochs", epochs, "at most 1 with Stream(): a stream does not come back")


@dataclass(frozen=True)
class SortedCyclic(Sampling):
    """Ordered by class (or by the first target), in every epoch: the worst order.   Bottou 2009."""

    kind = RANKED

    def prepare(self, labels, classes, targets, n):
        return np.argsort(targets[:, 0] if labels is None else labels, kind="stable").astype(np.int64), None


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

    kind, full_batches = REPLACEMENT, True


@dataclass(frozen=True)
class Stratified(Sampling):
    """Every stretch of the epoch has the classes in their overall proportions, to within one example per class.

    Without replacement; the members of a class take its places in a new random order each epoch. Classifiers only.
    Cochran 1977, chapter 5; Zhao & Zhang 2014, "Accelerating minibatch SGD using stratified sampling".
    """

    kind = STRATIFIED

    def prepare(self, labels, classes, targets, n):
        members, offsets = members_of_classes("Stratified", labels, classes)
        counts = np.diff(offsets)
        rank = np.arange(n) - np.repeat(offsets[:-1], counts)
        keys = (rank + 0.5) / np.repeat(counts, counts)
        slots = np.empty(n, np.int64)
        slots[np.lexsort((np.repeat(np.arange(len(counts)), counts), keys))] = np.arange(n)
        return np.concatenate([[len(counts)], offsets, members, slots]).astype(np.int64), None


@dataclass(frozen=True)
class ClassBalanced(Sampling):
    """Classes take turns, each giving an example drawn i.i.d. from its own: equal shares in every batch.

    reweight: weight the losses by C n_c/n, which makes the batch gradient unbiased for the plain mean again; default
    False. Raises ValueError if a class has no training example. Classifiers only; every batch is full.
    He & Garcia 2009, "Learning from imbalanced data", section 3.1; weights: Horvitz & Thompson 1952.
    """

    reweight: bool = False
    kind, full_batches = BALANCED, True

    def __post_init__(self):
        flag("ClassBalanced reweight", self.reweight)

    def prepare(self, labels, classes, targets, n):
        members, offsets = members_of_classes("ClassBalanced", labels, classes)
        counts = np.diff(offsets)
        weights = (len(counts) * counts / n)[labels] if self.reweight else None
        return np.concatenate([[len(counts)], offsets, members]).astype(np.int64), weights


@dataclass(frozen=True)
class Curriculum(Sampling):
    """Epoch t (from 0) draws i.i.d. from the easiest share min(1, start + (1 - start) t/epochs) of the examples.

    difficulty: (n,) finite numbers, one per training example, easy ones small (their negative is an anti-curriculum);
    start in (0, 1], default 0.2; epochs until everything is in, default 10. Every batch is full.
    Bengio, Louradour, Collobert & Weston 2009; linear pacing: Hacohen & Weinshall 2019, section 2.
    """

    difficulty: tuple
    start: float = 0.2
    epochs: int = 10
    kind, full_batches = CURRICULUM, True

    def __post_init__(self):
        difficulty = real_array("Curriculum difficulty", self.difficulty, 1)
        object.__setattr__(self, "difficulty", tuple(difficulty.tolist()))
        if finite_number("Curriculum start", self.start, 0, 1) == 0:
            raise wrong("Curriculum start", self.start, "a number in (0, 1]")
        positive_integer("Curriculum epochs", self.epochs)

    rate = property(lambda self: self.start)
    every = property(lambda self: self.epochs)

    def prepare(self, labels, classes, targets, n):
        if len(self.difficulty) != n:
            raise wrong("Curriculum difficulty", f"{len(self.difficulty)} numbers", f"{n}, one per training example")
        return np.argsort(self.difficulty, kind="stable").astype(np.int64), None


@dataclass(frozen=True)
class ImportanceSampling(Sampling):
    """Position i drawn i.i.d. with probability p_i; its loss is weighted by 1/(n p_i), so the gradient stays unbiased.

    probabilities: (n,) positive numbers, one per training example; their sum is divided out. Every batch is full.
    Kahn & Marshall 1953; Zhao & Zhang 2015, "Stochastic optimization with importance sampling", eq. 6.
    """

    probabilities: tuple
    kind, full_batches = IMPORTANCE, True

    def __post_init__(self):
        p = real_array("ImportanceSampling probabilities", self.probabilities, 1)
        if p.size == 0 or p.min() <= 0:
            raise wrong("ImportanceSampling probabilities", f"a least value {p.min() if p.size else None}", "all > 0")
        object.__setattr__(self, "probabilities", tuple(p.tolist()))

    def prepare(self, labels, classes, targets, n):
        p = np.asarray(self.probabilities, float)
        if len(p) != n:
            wanted = f"{n}, one per training example"
            raise wrong("ImportanceSampling probabilities", f"{len(p)} numbers", wanted)
        edges = np.round(np.cumsum(p / p.sum()) * WORD).astype(np.int64)
        edges[-1] = WORD
        drawn = np.diff(edges, prepend=0) / WORD  # what 32-bit words can give: weights undo exactly that
        if drawn.min() <= 0:
            raise wrong("ImportanceSampling probabilities", f"a share of {(p / p.sum()).min():.3g}", "shares >= 2**-32")
        return edges, 1.0 / (n * drawn)


def members_of_classes(name, labels, classes):
    """(positions sorted by class, where each class begins and the last ends); every class must be there."""
    if labels is None:
        raise wrong(f"sampling {name}", "targets that are not classes", "a loss with class labels")
    counts = np.bincount(labels, minlength=classes)
    if counts.min() == 0:
        absent = np.flatnonzero(counts == 0)[:5].tolist()
        raise wrong(f"sampling {name}", f"no training example of class {absent}", "at least one example of each class")
    return np.argsort(labels, kind="stable"), np.concatenate([[0], np.cumsum(counts)])


@kernel
def shuffle(row, epoch, order, positions, start, stop):
    """Fisher-Yates on order[positions[start:stop]] by one lane (no barrier)."""
    for i in range(stop - 1, start, -1):
        j = start + below(draw(row["seed"], ORDER, row["sampling"], epoch, i)[0], i - start + 1)
        a, b = positions[i], positions[j]
        order[a], order[b] = order[b], order[a]


@kernel
def arrange_by_group(row, epoch, n, groups, order):
    """Stratified, class-balanced, curriculum and importance orders, and the sorted one."""
    kind, size = row["sampling"], order.size
    if kind == RANKED:
        for i in range(lane(), size, lanes()):
            order[i] = groups[i]
    elif kind == STRATIFIED:
        classes = groups[0]
        offsets, members, slots = groups[1 : classes + 2], groups[classes + 2 :], groups[classes + 2 + n :]
        for i in range(lane(), n, lanes()):
            order[slots[i]] = members[i]
        barrier()
        for c in range(lane(), classes, lanes()):
            shuffle(row, epoch, order, slots, offsets[c], offsets[c + 1])
    else:
        share = min(1.0, row["sampling_rate"] + (1.0 - row["sampling_rate"]) * epoch / row["sampling_every"])
        easiest = max(np.int64(1), np.int64(share * n))
        for block in range(lane(), (size + 3) // 4, lanes()):
            words = draw(row["seed"], ORDER, kind, epoch, block)
            for k in range(4):
                i = 4 * block + k
                if i < size:
                    if kind == BALANCED:
                        classes = groups[0]
                        first, last = groups[1 + i % classes], groups[2 + i % classes]
                        order[i] = groups[classes + 2 + first + below(words[k], last - first)]
                    elif kind == CURRICULUM:
                        order[i] = groups[below(words[k], easiest)]
                    else:
                        order[i] = interval(groups, np.int64(words[k]))
    barrier()


@kernel
def interval(edges, value):
    """The first i with value < edges[i]."""
    low, high = 0, edges.size - 1
    while low < high:
        middle = (low + high) // 2
        if value < edges[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(inline=True)
def arrange(row, epoch, n, groups, order):
    """Write the epoch's positions into `order`: order[b * batch_size + i] is example i of batch b."""
    kind = row["sampling"]
    if kind >= RANKED:
        arrange_by_group(row, epoch, n, groups, order)
        return
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
def gather(row, x, y, weights, index, order, start, m, step, arena):
    """Copy examples index[order[start : start + m]] of x, y and weights into the arena; targets may gain noise."""
    for i in range(m):
        example = index[order[start + i]]
        copy(row, x, y, example, i, arena)
    if row["example_weights"] != NONE:
        for i in range(lane(), m, lanes()):
            arena[row["example_weights"] + i] = weights[index[order[start + i]]]
    barrier()
    if row["target_noise"]:
        targets = arena[row["targets"] : row["targets"] + m * row["n_target"]]
        add_normal(row["seed"], TARGET_NOISE, 0, step, row["target_noise"], targets)


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
