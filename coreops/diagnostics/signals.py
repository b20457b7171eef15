"""Signals layer by layer: what goes forward through a network, and which gradients come back."""

from typing import NamedTuple

import numpy as np

from coreops.checks import finite_number, instance
from coreops.inference import CHUNK, Prepared, checked_start, draw_key, pass_mode
from coreops.interpreter import backward
from coreops.network import Network
from coreops.records import ELEMENTWISE, INPUT_GRADIENT, NO_LOSS, NO_PARAMETER_GRADIENT


class LayerStatistics(NamedTuple):
    """What `layer_statistics` says of one layer."""

    name: str
    layer: str
    mean: float
    variance: float
    second_moment: float
    saturated: float
    dead: float
    gradient_rms: float
    parameter_gradient_rms: float


def layer_outputs(network, theta, X, *, stats=None, training=False, seed=0, step=0):
    """dict from a layer's name ("0", "1", ...; "1.0" inside layer 1) to its outputs, (n, *shape), copied.

    stats: what is kept but not learned, default as it starts with seed 0; training: as in a training step (statistics
    of all of X as one batch, draws keyed by seed and step), default as in an evaluation.
    """
    passes = _Passes(network, theta, X, None, stats, training, seed, step)
    outputs = {name: np.empty((len(passes.x), *built.output.shape), network.dtype) for name, built in passes.layers}
    for part, m in passes.chunks():
        passes.forward(m)
        for name, built in passes.layers:
            outputs[name][part] = passes.output(built, m).reshape(m, *built.output.shape)
    return outputs


def layer_statistics(network, theta, X, y=None, *, stats=None, training=False, seed=0, step=0, flat=0.05):
    """A list of LayerStatistics of the outputs y_ij over examples i and units j; inner layers before what holds them.

    name: as in layer_outputs; layer: the name of its class; mean, variance, second_moment: over all i and j together.
    For elementwise layers, with slopes phi'(x_ij), else NaN: saturated, the share of |phi'| < flat, default 0.05; dead,
    the share of units j whose slope is exactly 0 on every example, so that no gradient passes.
    With targets y, else NaN: gradient_rms, of dE_i/dy_ij, where E_i is the example's own loss; parameter_gradient_rms,
    of the mean loss with respect to the layer's parameters, NaN without any.
    stats, training, seed, step: as in layer_outputs.   Glorot & Bengio 2010, sections 3 and 4.
    """
    flat = finite_number("flat", flat, 0)
    passes = _Passes(network, theta, X, y, stats, training, seed, step)
    sums = {name: _Sums(built.output.width) for name, built in passes.layers}
    total_gradient = np.zeros(network.n_parameters)
    with np.errstate(all="ignore"):  # signals may have overflown: that is what one wants to see
        for _, m in passes.chunks():
            if y is None:
                passes.forward(m)
            else:
                total_gradient += m * passes.differentiate(m).astype(float)
            for name, built in passes.layers:
                sums[name].add_outputs(passes.output(built, m))
                if y is not None:
                    sums[name].squared_gradient += np.sum(np.square(m * passes.gradient(built, m), dtype=float))
            for name, built in passes.layers:  # last, because they overwrite gradients
                if passes.elementwise(built):
                    sums[name].add_slopes(np.abs(passes.slopes(built, m)), flat)
        parameters = None if y is None else network.parameters(total_gradient / len(passes.x))
        return [
            sums[name].statistics(name, built.spec, passes.elementwise(built), parameters)
            for name, built in passes.layers
        ]


class _Passes:
    """A prepared network over chunks of examples, and where each layer's output, gradient and slopes are."""

    def __init__(self, network, theta, X, y, stats, training, seed, step):
        instance("network", network, Network, "a Network")
        self.x = network.encode_inputs(X)
        self.y = None if y is None else network.encode_targets(y, len(self.x))
        self.mode, self.draws = pass_mode(training), draw_key(seed, step)
        capacity = len(self.x) if training else min(CHUNK, len(self.x))
        self.prepared = Prepared(network, *checked_start(network, theta, stats), capacity)
        self.layers, self.operations = list(network.plan.outputs.items()), network.plan.operations

    def chunks(self):
        """(slice, number of examples) of one chunk after the other, loaded."""
        for start in range(0, len(self.x), self.prepared.capacity):
            part = slice(start, start + self.prepared.capacity)
            self.prepared.load(self.x[part], None if self.y is None else self.y[part])
            yield part, len(self.x[part])

    def forward(self, m):
        self.prepared.forward(self.prepared.inputs(m), None, self.mode | NO_LOSS, *self.draws)

    def differentiate(self, m):
        return self.prepared.differentiate(m, self.mode | INPUT_GRADIENT, *self.draws)[1]

    def _writer(self, value):
        """The record of the operation that writes `value`, or None for the network's input."""
        writers = [k for k, op in enumerate(self.operations) if op["y"] and op["y"].storage is value.storage]
        return self.prepared.ops[writers[-1]] if writers else None

    def output(self, built, m):
        op = self._writer(built.output)
        return self.prepared.part(self.prepared.row["inputs"] if op is None else op["y"], m, built.output.width)

    def gradient(self, built, m):
        """Of the chunk's mean loss."""
        op = self._writer(built.output)
        place = self.prepared.row["input_gradient"] if op is None else op["dy"]
        return self.prepared.part(place, m, built.output.width)

    def elementwise(self, built):
        return len(built.operations) == 1 and self.operations[built.operations[0]]["kind"] in ELEMENTWISE

    def slopes(self, built, m):
        """phi'(x): what comes back through the layer from a gradient of 1."""
        k = built.operations[0]
        op = self.prepared.ops[k]
        slopes = self.prepared.part(op["dx"], m, built.output.width)
        self.prepared.part(op["dy"], m, built.output.width)[:] = 1
        slopes[:] = 0  # the layer may add to it
        mode = np.int64(self.mode | INPUT_GRADIENT | NO_PARAMETER_GRADIENT)
        seed, step = self.draws
        backward(self.prepared.ops[k : k + 1], m, self.prepared.arena, mode, np.uint64(seed), step)
        return slopes


class _Sums:
    """Running sums over the outputs, gradients and slopes of one layer."""

    def __init__(self, width):
        self.count, self.sum, self.squares, self.saturated, self.squared_gradient = 0, 0.0, 0.0, 0.0, 0.0
        self.dead = np.ones(width, bool)

    def add_outputs(self, y):
        self.count += y.size
        self.sum += np.sum(y, dtype=float)
        self.squares += np.sum(np.square(y, dtype=float))

    def add_slopes(self, slopes, flat):
        self.saturated += np.count_nonzero(slopes < flat)
        self.dead &= (slopes == 0).all(axis=0)

    def statistics(self, name, spec, elementwise, parameters):
        n, nan = self.count, float("nan")
        mean, second = self.sum / n, self.squares / n
        own = [g.reshape(-1) for key, g in (parameters or {}).items() if key.startswith(name + ".")]
        return LayerStatistics(
            name,
            type(spec).__name__,
            mean=float(mean),
            variance=float(max(second - mean**2, 0.0)),
            second_moment=float(second),
            saturated=float(self.saturated / n) if elementwise else nan,
            dead=float(self.dead.mean()) if elementwise else nan,
            gradient_rms=nan if parameters is None else float(np.sqrt(self.squared_gradient / n)),
            parameter_gradient_rms=float(np.sqrt(np.mean(np.concatenate(own) ** 2))) if own else nan,
        )
