"""Samplers that look at no labels and no numbers of the user, and the sorted order."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import wrong
from coreops.sampling.base import CYCLIC, RANKED, REPLACEMENT, RESHUFFLE, SHUFFLE_ONCE, Sampling


@dataclass(frozen=True)
class Cyclic(Sampling):
    """The given order, in every epoch.   Bertsekas 2011, "incremental gradient", cyclic order."""

    kind = CYCLIC


@dataclass(frozen=True)
class Stream(Sampling):
    """Every example once, in the given order, in one epoch.   Bottou & LeCun 2004, "Large scale online learning"."""

    kind = CYCLIC

    def check_epochs(self, epochs):
        if epochs > 1:
            raise wrong("epochs", epochs, "at most 1 with Stream(): a stream does not come back")


@dataclass(frozen=True)
class SortedCyclic(Sampling):
    """Ordered by class (without classes, by the first target), in every epoch: the worst order.   Bottou 2009."""

    kind = RANKED

    def prepare(self, labels, classes, targets, batch_size):
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
