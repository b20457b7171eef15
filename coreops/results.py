"""What a training leaves behind: one Result per row, and the Table of them."""

import copy
from typing import NamedTuple

import numpy as np
import scipy

from coreops.checks import wrong
from coreops.inference import evaluate_network, network_outputs, recalibrate
from coreops.losses import LABEL, TWO_VALUES
from coreops.records import CURVES, STATUS


class Evaluation(NamedTuple):
    """Mean loss, and share of wrong predictions (NaN for a loss that does not classify)."""

    loss: float
    error: float


class Fitted:
    """A `network` with the `theta` that some method found for it, and its `stats`."""

    @property
    def parameters(self):
        """dict from parameter name to a view into theta."""
        return self.network.parameters(self.theta)

    @property
    def statistics(self):
        """dict from the name of what is kept but not learned to a view into stats."""
        return self.network.statistics(self.stats)

    def outputs(self, X, *, batch_statistics=False):
        """The network's outputs before the loss (logits), (n, n_out).

        batch_statistics: normalise with the statistics of X itself instead of the running ones.
        """
        return network_outputs(self.network, self.theta, X, self.stats, batch_statistics)

    def predict(self, X):
        """Class numbers (n,) of a classifier (0/1 or -1/+1 if it has one output), else the outputs (n, n_out)."""
        outputs, targets = self.outputs(X), self.network.loss.targets
        if targets == LABEL or (targets in TWO_VALUES and self.network.n_out > 1):
            return outputs.argmax(axis=1)
        if targets in TWO_VALUES:
            low, high = TWO_VALUES[targets]
            return np.where(outputs[:, 0] > 0, high, low)
        return outputs

    def probabilities(self, X):
        """(n, n_out) in float64: the softmax or the sigmoid of the outputs, whichever the loss has.

        Rows of a softmax sum to 1; a sigmoid's are P(y_j = 1) each. ValueError for a loss without probabilities.
        """
        loss = self.network.loss
        if loss.link is None:
            raise wrong("loss", loss, "one with probabilities: SoftmaxCrossEntropy, BinaryCrossEntropy, Logistic, ...")
        outputs = self.outputs(X).astype(float)
        return scipy.special.softmax(outputs, axis=1) if loss.link == "softmax" else scipy.special.expit(outputs)

    def evaluate(self, X, y, *, batch_statistics=False):
        """Evaluation(loss, error) on other data."""
        return Evaluation(*evaluate_network(self.network, self.theta, X, y, self.stats, batch_statistics))

    def recalibrated(self, X, batch_size=None):
        """The same result with running statistics taken anew: the average over batches of X, default all of X at once.

        Raises ValueError for batches of one value per channel.
        Izmailov et al. 2018, "Averaging weights leads to wider optima", section 3.1 (the update of batch norms).
        """
        again = copy.copy(self)
        again.stats = recalibrate(self.network, self.theta, self.stats, X, batch_size)
        return again


class Result(Fitted):
    """A finished run.

    loss, error, validation_loss, validation_error: (epochs,), over the whole set after each epoch, NaN where not
        evaluated
    batch_loss: (epochs,), mean over the examples of the epoch's batches, each batch at the weights it was computed with
    step_loss: batch losses at steps 1, 1 + every, ...; step_theta: (records, P), before step 1 and after every `every`
        steps; rows and epochs that an early end left out are NaN
    theta: (P,), best so far under early stopping, else the last; stats: what was kept with it but not learned (running
        statistics, fixed features); status: "completed", "stopped" or "diverged"
    epochs_run, steps; diverged_step, best_epoch: counted from 1, 0 if there is none
    """

    def __init__(self, network, theta, curves, step_loss, step_theta, outcome):
        self.network, self.curves = network, curves
        self.theta, self.stats = theta[: network.n_parameters], theta[network.n_parameters :]
        self.step_loss, self.step_theta = step_loss, step_theta
        self.status = STATUS[int(outcome["status"])]
        self.diverged_step, self.best_epoch = int(outcome["diverged_step"]), int(outcome["best_epoch"])
        self.epochs_run, self.steps = int(outcome["epochs_run"]), int(outcome["steps"])

    loss = property(lambda self: self.curves[:, 0])
    error = property(lambda self: self.curves[:, 1])
    validation_loss = property(lambda self: self.curves[:, 2])
    validation_error = property(lambda self: self.curves[:, 3])
    batch_loss = property(lambda self: self.curves[:, 4])

    def __repr__(self):
        end = f", loss={self.loss[self.epochs_run - 1]:.4g}" if self.epochs_run else ""
        return f"Result(status={self.status!r}, epochs_run={self.epochs_run}, steps={self.steps}{end})"


class Table:
    """Results in the order of the rows that made them.

    table[i] is a Result; table["loss"] is (rows, epochs), padded with NaN where a row has fewer epochs, and
    table["status"], table["steps"], ... are (rows,); table["theta"] is a list, since sizes may differ.
    """

    SCALARS = ("status", "diverged_step", "epochs_run", "steps", "best_epoch")

    def __init__(self, results):
        self.results = list(results)

    def __len__(self):
        return len(self.results)

    def __iter__(self):
        return iter(self.results)

    def __getitem__(self, key):
        if isinstance(key, (int, np.integer)):
            return self.results[key]
        if isinstance(key, slice):
            return Table(self.results[key])
        if key in self.SCALARS:
            return np.array([getattr(result, key) for result in self.results])
        if key in CURVES:
            columns = [getattr(result, key) for result in self.results]
            padded = np.full((len(columns), max((len(c) for c in columns), default=0)), np.nan)
            for row, column in zip(padded, columns, strict=True):
                row[: len(column)] = column
            return padded
        if key in ("theta", "step_loss", "step_theta"):
            return [getattr(result, key) for result in self.results]
        names = (*CURVES, *self.SCALARS, "theta", "step_loss", "step_theta")
        raise KeyError(f"column {key!r} of a Table: wanted a row number or one of {', '.join(names)}")

    def __repr__(self):
        words, counts = np.unique(self["status"], return_counts=True)
        return f"Table({len(self)} rows: {', '.join(f'{n} {w}' for w, n in zip(words, counts, strict=True))})"
