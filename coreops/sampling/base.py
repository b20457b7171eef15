"""What every sampler offers."""

import numpy as np

CYCLIC, RESHUFFLE, SHUFFLE_ONCE, REPLACEMENT = 0, 1, 2, 3
RANKED, STRATIFIED, BALANCED, CURRICULUM, IMPORTANCE = 4, 5, 6, 7, 8


class Sampling:
    """`kind`, one real and one integer: what the row's record carries. `full_batches`: no batch is ever short."""

    kind: int
    rate: float = 0.0
    every: int = 1
    full_batches = False

    def prepare(self, labels, classes, targets, batch_size):
        """(groups, weights): integers that `arrange` reads, and factors (n,) of the losses by position, or None.

        labels: (n,) numbers below `classes` of the n training examples, or None if the loss has no classes;
        targets: (n, n_target).
        """
        return np.zeros(0, np.int64), None

    def check_epochs(self, epochs):
        """Raise ValueError if the sampler cannot go on for so many epochs."""
