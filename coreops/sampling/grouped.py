"""Samplers that look at the classes, or at a number per example."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, flag, positive_integer, real_array, wrong
from coreops.sampling.base import BALANCED, CURRICULUM, IMPORTANCE, STRATIFIED, Sampling

WORDS = 2**32  # values of a random word
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Stratified(Sampling):
    """A batch of b examples has b n_c/n of each class c, rounded up or down; an epoch has every example once.

    The members of a class take its places in a new random order each epoch; which batches round up is fixed. A last
    short batch has its own b. Classifiers only; raises ValueError if a class has no training example.
    Cochran 1977, chapter 5; Zhao & Zhang 2014, "Accelerating minibatch SGD using stratified sampling"; rounding:
    systematic sampling, Madow & Madow 1944.
    """

    kind = STRATIFIED

    def prepare(self, labels, classes, targets, batch_size):
        members, offsets = members_of_classes("Stratified", labels, classes)
        table = stratified_counts(np.diff(offsets), batch_size)
        class_of_place = np.repeat(np.tile(np.arange(classes), len(table)), table.reshape(-1))
        places = np.argsort(class_of_place, kind="stable")
        return np.concatenate([[classes], offsets, members, places]).astype(np.int64), None


@dataclass(frozen=True)
class ClassBalanced(Sampling):
    """Classes take turns, each giving an example drawn i.i.d. from its own: equal shares of a batch, to within one.

    A random class begins the epoch. reweight: weight the losses by C n_c/n, which makes the batch gradient unbiased for
    the plain mean again; default False. Classifiers only; raises ValueError if a class has no training example; every
    batch is full.   He & Garcia 2009, "Learning from imbalanced data", section 3.1; weights: Horvitz & Thompson 1952.
    """

    reweight: bool = False
    kind, full_batches = BALANCED, True

    def __post_init__(self):
        flag("ClassBalanced reweight", self.reweight)

    def prepare(self, labels, classes, targets, batch_size):
        members, offsets = members_of_classes("ClassBalanced", labels, classes)
        weights = (classes * np.diff(offsets) / len(labels))[labels] if self.reweight else None
        return np.concatenate([[classes], offsets, members]).astype(np.int64), weights


@dataclass(frozen=True)
class Curriculum(Sampling):
    """Epoch t (from 0) draws i.i.d. from the easiest share min(1, start + (1 - start) t/epochs) of the examples.

    difficulty: (n,) finite numbers, one per training example, easy ones small (their negative is an anti-curriculum);
    start in (0, 1], default 0.2; epochs until everything is in, default 10. Every batch is full.
    Bengio, Louradour, Collobert & Weston 2009; linear pacing: Wu, Dyer & Neyshabur 2021, "When do curricula work?".
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

    def prepare(self, labels, classes, targets, batch_size):
        n = len(targets)
        if len(self.difficulty) != n:
            raise wrong("Curriculum difficulty", f"{len(self.difficulty)} numbers", f"{n}, one per training example")
        return np.argsort(self.difficulty, kind="stable").astype(np.int64), None


@dataclass(frozen=True)
class ImportanceSampling(Sampling):
    """Position i drawn i.i.d. with probability p_i; its loss is weighted by 1/(n p_i), so the gradient stays unbiased.

    probabilities: (n,) positive numbers, one per training example; their sum is divided out. They are rounded to
    multiples of 2^-32, and the weights undo the rounded ones. Every batch is full.
    Kahn & Marshall 1953; Zhao & Zhang 2015, "Stochastic optimization with importance sampling".
    """

    probabilities: tuple
    kind, full_batches = IMPORTANCE, True

    def __post_init__(self):
        p = real_array("ImportanceSampling probabilities", self.probabilities, 1)
        if p.size == 0 or p.min() <= 0:
            raise wrong("ImportanceSampling probabilities", f"a least value {p.min() if p.size else None}", "all > 0")
        object.__setattr__(self, "probabilities", tuple(p.tolist()))

    def prepare(self, labels, classes, targets, batch_size):
        p, n = np.asarray(self.probabilities, float), len(targets)
        p = np.ldexp(p, -int(np.frexp(p.max())[1]))  # exact, and its sum cannot overflow
        if len(p) != n:
            wanted = f"{n}, one per training example"
            raise wrong("ImportanceSampling probabilities", f"{len(p)} numbers", wanted)
        edges = np.round(np.cumsum(p / p.sum()) * WORDS).astype(np.int64)
        edges[-1] = WORDS
        drawn = np.diff(edges, prepend=0) / WORDS
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


def stratified_counts(counts, batch_size):
    """(batches, classes): how many of each class; b n_c/n, rounded up or down, in a batch of b, and n_c in all.

    In full batch k, class c gets floor(b n_c/n), and one more if an integer lies between the running sums of the rests
    up to c - 1 and c, both moved by u_k. With the u_k at 0, 1/K, ..., (K-1)/K the columns add up to K b n_c/n, rounded;
    what is left is a last short batch.
    """
    n, full = counts.sum(), counts.sum() // batch_size
    shares, rests = np.divmod(batch_size * counts, n)
    moves = np.argsort(np.argsort(np.arange(full) * GOLDEN % 1))  # well spread, so that rounding up is too
    sums = (np.concatenate([[0], np.cumsum(rests)]) * full + moves[:, None] * n) // (n * full)
    table = shares + np.diff(sums, axis=1)
    short = counts - table.sum(axis=0)
    return np.vstack([table, short]) if short.any() else table
