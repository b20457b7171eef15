"""A row on its way from its start to its result, whichever target trains it."""

import math

import numpy as np

from coreops import records
from coreops.results import Result


def result_bytes(row):
    theta, curves, step_loss, step_theta = (math.prod(shape) for shape in row.shapes)
    return (theta + step_theta) * row.network.dtype.itemsize + (curves + step_loss) * 8


class Task:
    """A row, what it fills, and where it is kept.

    theta (then stats), curves, step_loss, step_theta, outcome: see `train_row`; padded to 64 bytes by NumPy.
    done: whether they hold the result, taken from the journal or trained.
    """

    def __init__(self, row, journal, target):
        theta, curves, step_loss, step_theta = row.shapes
        self.row, self.journal = row, journal
        self.theta = np.empty(theta, row.network.dtype)
        self.curves, self.step_loss = np.full(curves, np.nan), np.full(step_loss, np.nan)
        self.step_theta = np.full(step_theta, np.nan, row.network.dtype)
        self.outcome = np.zeros(1, records.OUTCOME)
        self.key = None if journal.path is None else journal.key(row, target)
        self.done = self.key is not None and journal.load(self.key, self.arrays)

    @property
    def arrays(self):
        return self.theta, self.curves, self.step_loss, self.step_theta, self.outcome

    def start(self):
        """Draw the initial parameters, or take the given ones."""
        row, seed = self.row, self.row.fields["seed"]
        p = row.network.n_parameters
        self.theta[:p] = row.network.initialize(seed) if row.theta0 is None else row.theta0
        self.theta[p:] = row.network.initial_statistics(seed) if row.stats0 is None else row.stats0

    def finish(self):
        """Keep what was trained."""
        if not self.row.network.loss.classifier:
            self.curves[:, [records.ERROR, records.VALIDATION_ERROR]] = np.nan
        if self.key is not None:
            self.journal.store(self.key, self.arrays)
        self.done = True

    def result(self):
        return Result(self.row.network, *self.arrays[:4], self.outcome[0])
