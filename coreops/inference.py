"""A network applied to data outside training: outputs, evaluation, and the loss with its gradient."""

import numpy as np

from coreops import records
from coreops.checks import cast, flag, instance, integer, real_array, wrong
from coreops.interpreter import backward, forward
from coreops.network import Network
from coreops.plan import aligned
from coreops.records import (
    BATCH_STATISTICS,
    COUNT_ERRORS,
    INPUT_GRADIENT,
    NO_LOSS,
    NO_PARAMETER_GRADIENT,
    NONE,
    RECALIBRATE,
    SAMPLE,
    TRAIN,
    UPDATE_STATISTICS,
)

CHUNK = 256
VECTOR = 64  # bytes: the longest vector of a CPU, and a line of its cache


def aligned_empty(n, dtype):
    """An uninitialised buffer of n elements from a 64-byte boundary, with a vector behind it that may be read.

    Products read whole vectors, also where a matrix ends within the last one.
    """
    size = n * np.dtype(dtype).itemsize
    raw = np.empty(size + 2 * VECTOR, np.uint8)
    start = -raw.ctypes.data % VECTOR
    return raw[start : start + size].view(dtype)


def checked_start(network, theta, stats):
    """theta | stats, checked; stats: None is how they start with seed 0."""
    parts = []
    stats = network.initial_statistics(0) if stats is None else stats
    for name, values, size in (("theta", theta, network.n_parameters), ("stats", stats, network.n_statistics)):
        values = real_array(name, values)
        if values.shape != (size,):
            raise wrong(name, f"shape {values.shape}", f"shape ({size},)")
        parts.append(cast(name, values, network.dtype))
    network.check_variances("stats", parts[1])
    return parts


class Prepared:
    """A network with its parameters in an arena, ready for passes over up to `capacity` examples."""

    def __init__(self, network, theta, stats, capacity):
        self.network, self.capacity = network, capacity
        self.ops, layout, size = network.lay_out(capacity)
        rows = np.zeros(1, records.ROW)
        for name, value in layout.items():
            rows[name] = value
        self.row = rows[0]
        self.arena = aligned_empty(aligned(size), network.dtype)
        self.theta[:] = theta
        self.stats[:] = stats

    @property
    def stats(self):
        start = int(self.row["stats"])
        return self.arena[start : start + self.network.n_statistics]

    def part(self, start, m, width):
        """m examples of `width` elements of the arena from `start`, as an (m, width) view."""
        return self.arena[int(start) : int(start) + m * int(width)].reshape(m, -1)

    @property
    def theta(self):
        return self.arena[: self.network.n_parameters]

    def inputs(self, m):
        return self.part(self.row["inputs"], m, self.row["n_in"])

    def load(self, x, y=None):
        """Put m examples, already encoded, where the passes read them."""
        self.inputs(len(x))[:] = x
        if y is not None:
            self.part(self.row["targets"], len(x), self.row["n_target"])[:] = y

    def forward(self, x, y=None, mode=NO_LOSS, seed=0, step=0):
        """One pass over x (m, n_in), already encoded; returns (summed loss, wrong predictions)."""
        self.load(x, y)
        return self._forward(len(x), mode, seed, step)

    def _forward(self, m, mode, seed, step):
        loss, mass, errors = forward(self.ops, m, self.arena, np.int64(mode), np.uint64(seed), step, NONE)
        return loss + np.log(mass), errors

    def backward(self, m, mode=TRAIN, seed=0, step=0):
        backward(self.ops, m, self.arena, np.int64(mode), np.uint64(seed), step)

    def loss(self, m, mode=TRAIN, seed=0, step=0):
        """Mean loss of the m examples that were loaded."""
        return float(self._forward(m, mode, seed, step)[0]) / m

    def differentiate(self, m, mode=TRAIN, seed=0, step=0):
        """(mean loss, its gradient (P,), a view) of the m examples that were loaded."""
        loss = self.loss(m, mode, seed, step)
        self.backward(m, mode, seed, step)
        return loss, self.gradient

    def evaluate(self, x, y, mode=0):
        """(mean loss, share of wrong predictions) over examples already encoded, any number of them."""
        loss, errors = 0.0, 0
        for start in range(0, len(x), self.capacity):
            part = slice(start, start + self.capacity)
            chunk_loss, chunk_errors = self.forward(x[part], y[part], mode | COUNT_ERRORS)
            loss, errors = loss + chunk_loss, errors + chunk_errors
        return loss / len(x), errors / len(x)

    def outputs(self, m):
        """What the last forward pass computed before the loss, a view (m, n_out)."""
        return self.part(self.ops[-1]["x"], m, self.network.n_out)

    @property
    def gradient(self):
        start = int(self.row["grad"])
        return self.arena[start : start + self.network.n_parameters]


def network_outputs(network, theta, X, stats=None, batch_statistics=False):
    """Outputs before the loss, (n, n_out); of a diverged theta they are not finite.

    batch_statistics: normalise with the statistics of all of X.
    """
    x = network.encode_inputs(X)
    stats = network.initial_statistics(0) if stats is None else stats
    mode, capacity = evaluation(batch_statistics, len(x))
    prepared = Prepared(network, theta, stats, capacity)
    out = np.empty((len(x), network.n_out), network.dtype)
    for start in range(0, len(x), prepared.capacity):
        part = x[start : start + prepared.capacity]
        prepared.forward(part, mode=mode | NO_LOSS)
        out[start : start + len(part)] = prepared.outputs(len(part))
    return out


def evaluate_network(network, theta, X, y, stats=None, batch_statistics=False):
    """(mean loss, share of wrong predictions or NaN)."""
    x = network.encode_inputs(X)
    y = network.encode_targets(y, len(x))
    stats = network.initial_statistics(0) if stats is None else stats
    mode, capacity = evaluation(batch_statistics, len(x))
    loss, error = Prepared(network, theta, stats, capacity).evaluate(x, y, mode)
    return float(loss), float(error) if network.loss.classifier else float("nan")


def evaluation(batch_statistics, n):
    """(mode, examples per pass) of an evaluation of n examples: with their own statistics they go together."""
    return (BATCH_STATISTICS, n) if flag("batch_statistics", batch_statistics) else (0, min(CHUNK, n))


def recalibrate(network, theta, stats, X, batch_size=None):
    """Statistics as the average over the batches of X, in the given order; a last short batch is left out."""
    x = network.encode_inputs(X)
    size = len(x) if batch_size is None else integer("batch_size", batch_size, 1, len(x))
    for name, positions in network.plan.positions.items():
        if size * positions == 1:  # whose variance would be 0, and not what the unbiased one estimates
            raise wrong(f"batch_size with {name}", "a batch of 1 example", "at least 2 to take statistics of")
    prepared = Prepared(network, theta, stats, size)
    for name, view in network.statistics(prepared.stats).items():
        if name.endswith(".batches"):
            view[:] = 0
    for start in range(0, len(x) - size + 1, size):
        prepared.forward(x[start : start + size], mode=NO_LOSS | BATCH_STATISTICS | UPDATE_STATISTICS | RECALIBRATE)
    return prepared.stats.copy()


def loss_and_gradient(network, theta, X, y, *, stats=None, training=True, seed=0, step=0):
    """(E(theta), dE/dtheta) over all examples at once: the function that scipy.optimize minimises.

    theta: (P,); X: (n, n_in); y as the loss wants it; returns a float and (P,) in the network's dtype. training: batch
    norms use the statistics of X and dropout draws, keyed by (seed, step), as in a training step; False: as in an
    evaluation. stats: what is kept but not learned, default as it starts with seed 0.
    """
    value, gradient, _ = _differentiate(network, theta, X, y, stats, training, seed, step, 0)
    return value, gradient


def input_gradient(network, theta, X, y, *, stats=None, training=False, seed=0, step=0):
    """dE_i/dx_i for each example's own loss E_i, (n, n_in); by default as in an evaluation."""
    mode = INPUT_GRADIENT | NO_PARAMETER_GRADIENT
    return _differentiate(network, theta, X, y, stats, training, seed, step, mode)[2] * len(np.asarray(X))


def loaded(network, theta, X, y, stats=None):
    """(Prepared, m) with all m examples loaded; everything is checked."""
    instance("network", network, Network, "a Network")
    x = network.encode_inputs(X)
    y, m = network.encode_targets(y, len(x)), len(x)
    prepared = Prepared(network, *checked_start(network, theta, stats), m)
    prepared.load(x, y)
    return prepared, m


def _differentiate(network, theta, X, y, stats, training, seed, step, extra_mode):
    mode, key = pass_mode(training) | extra_mode, draw_key(seed, step)
    prepared, m = loaded(network, theta, X, y, stats)
    loss, gradient = prepared.differentiate(m, mode, *key)
    dx = prepared.part(prepared.row["input_gradient"], m, prepared.row["n_in"])
    return loss, gradient.copy(), dx.copy()


def pass_mode(training):
    """The mode of a pass that is to be differentiated: as in a training step, or as in an evaluation."""
    return TRAIN | (SAMPLE | BATCH_STATISTICS if flag("training", training) else 0)


def draw_key(seed, step):
    """(seed, step), checked: what keys the draws of a pass."""
    return integer("seed", seed, 0, 2**64 - 1), integer("step", step, 0)
