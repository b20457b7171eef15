"""The plan: a network laid out as an array of operation records over one flat arena.

arena = theta | grad | stats | work, each from a 64-byte boundary (the optimizer's state is a buffer of its own).
theta holds all penalised weights first, then biases and gains, so that one split index separates them; stats holds
what is kept but not learned: running statistics and fixed weights. work holds, for every value, `capacity` examples of
it and as many of its gradient. Images are stored channels last: (examples, height, width, channels).
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from coreops import records
from coreops.checks import wrong
from coreops.initializers import Constant

ALIGN = 16  # elements: 64 bytes of float32

# Sorts of parameters: each counts its own ordinals, so that adding a batch norm does not change how weights are drawn.
WEIGHT, BIAS, GAIN, FIXED = 0x0000, 0x4000, 0x8000, 0xC000
RUNNING = 0x10000  # not drawn: beyond the ordinals of a random stream


def aligned(n):
    return -(-n // ALIGN) * ALIGN


@dataclass(eq=False)
class Value:
    """What an operation writes: `shape` elements for each example, or once per batch (an effective weight).

    of: the value whose memory this one shares under another shape.
    """

    shape: tuple
    per_example: bool = True
    of: "Value | None" = None

    @property
    def width(self):
        return math.prod(self.shape)

    @property
    def storage(self):
        return self if self.of is None else self.of.storage


@dataclass(eq=False)
class Parameter:
    """A tensor with an initial value: learned (in theta) or fixed (in stats)."""

    name: str
    shape: tuple
    sort: int
    ordinal: int
    fan_in: int
    fan_out: int
    init: object

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def storage(self):
        return self

    def drawn(self, seed):
        """The initial values for a seed, in float64."""
        values = np.zeros(self.shape)
        self.init.fill(values, seed, self.ordinal, self.fan_in, self.fan_out)
        return values


class Built(NamedTuple):
    """A layer in the plan: its spec, what it computes, and the numbers of the operations that do."""

    spec: object
    output: Value
    operations: range


@dataclass
class Plan:
    """What layers build: operations over symbolic operands. `lay_out` turns it into records for a batch capacity."""

    shape: tuple
    default_init: object = None
    operations: list = field(default_factory=list)
    values: list = field(default_factory=list)
    tensors: dict = field(default_factory=lambda: {WEIGHT: [], BIAS: [], GAIN: [], FIXED: [], RUNNING: []})
    scope: tuple = ()  # where the layer being built stands: prefixes parameter names
    previous: str = "the input"
    current: str = ""
    outputs: dict = field(default_factory=dict)  # name of a layer ("1", or "1.0" inside another) -> Built
    positions: dict = field(default_factory=dict)  # batch norms: their name -> values per channel and example

    def __post_init__(self):
        self.input = self.value(*self.shape)
        self.target = self.example_weights = None

    # --- what a layer calls ---

    def value(self, *shape, per_example=True):
        """A new value of this shape per example."""
        self.values.append(Value(shape, per_example))
        return self.values[-1]

    def reshaped(self, value, *shape):
        """The same memory under another shape."""
        return Value(shape, value.per_example, value)

    def weight(self, name, shape, fan_in, fan_out, init=None):
        """A learned, penalised tensor."""
        return self._tensor(WEIGHT, name, shape, fan_in, fan_out, init or self.default_init)

    def bias(self, name, n, init=None, fan_in=1):
        """A learned vector that no penalty sees; 0 unless `init` says otherwise."""
        return self._tensor(BIAS, name, (n,), fan_in, 1, init or Constant(0.0))

    def gain(self, name, shape, init):
        """A learned tensor that no penalty sees and that counts among no weights: a scale, a slope."""
        return self._tensor(GAIN, name, shape, 1, 1, init)

    def fixed(self, name, shape, init, fan_in=1, fan_out=1):
        """A tensor in stats: seen by no optimizer or penalty, kept with the weights."""
        return self._tensor(FIXED, name, shape, fan_in, fan_out, init)

    def running(self, name, n, start):
        """A vector in stats that training moves, all `start` before: it counts among no fixed tensors."""
        return self._tensor(RUNNING, name, (n,), 1, 1, Constant(start))

    def _tensor(self, sort, name, shape, fan_in, fan_out, init):
        tensors = self.tensors[sort]
        name = ".".join(map(str, (*self.scope, name)))
        if len(shape) < 2 and init.needs_inputs:
            raise wrong(f"{name} by {init}", f"a tensor of shape {shape}", "inputs and outputs: two dimensions")
        tensors.append(Parameter(name, shape, sort, sort + len(tensors), fan_in, fan_out, init))
        return tensors[-1]

    def stack(self, layers, x):
        """Build layers one after the other on x, inside the layer being built if there is one; returns the output."""
        scope = self.scope
        for k, layer in enumerate(layers):
            self.scope = (*scope, k)
            self.current = f"{'.'.join(map(str, self.scope))} {layer}"
            before = len(self.operations)
            x = layer.build(self, x)
            added = range(before, len(self.operations))
            self.outputs[".".join(map(str, (*scope, k)))] = Built(layer, x, added)
            self.previous = f"{'.'.join(map(str, (*scope, k)))} {layer}"
        self.scope = scope
        return x

    def misfit(self, got, wanted):
        """The error of two layers that do not fit, to be raised."""
        return wrong(f"layers {self.previous} and {self.current}", got, wanted)

    def expect_width(self, x, n):
        """Raise ValueError unless x is n numbers per example in a row (not an image)."""
        if len(x.shape) > 1:
            raise self.misfit(f"outputs of shape {x.shape}", "a flat vector: put Flatten() between them")
        if x.width != n:
            raise self.misfit(f"{x.width} outputs into {n} inputs", "as many outputs as the next layer has inputs")

    def add(self, kind, *, x=None, x2=None, y=None, w=None, b=None, stats=None, n_in, n_out, dims=(), work=0,
            work_per_example=0, most_examples=None, slope=0.0, rate=0.0, eps=0.0, decay=0.0, sort=None):  # fmt: skip
        """Append an operation. x, x2, y: Value; w: Parameter or Value; b, stats: Parameter.

        work + work_per_example * min(capacity, most_examples): elements of scratch; sort: what its random stream is
        counted among, default its kind.
        """
        sort = kind if sort is None else sort
        ordinal = sum(operation["sort"] == sort for operation in self.operations)
        self.operations.append(
            dict(kind=kind, x=x, x2=x2, y=y, w=w, b=b, stats=stats, n_in=n_in, n_out=n_out, dims=dims, sort=sort,
                 ordinal=ordinal, work=work, work_per_example=work_per_example, most_examples=most_examples,
                 slope=slope, rate=rate, eps=eps, decay=decay)
        )  # fmt: skip

    def close(self, kind, x, n_target, **numbers):
        """Append the loss: targets of n_target numbers per example, and a place for the examples' weights."""
        self.target, self.example_weights = Value((n_target,)), Value((1,))
        self.add(kind, x=x, x2=self.target, n_in=x.width, n_out=n_target, **numbers)

    # --- what training calls ---

    @property
    def weights(self):
        return self.tensors[WEIGHT]

    @property
    def parameters(self):
        """Everything learned, in the order of theta."""
        return self.tensors[WEIGHT] + self.tensors[BIAS] + self.tensors[GAIN]

    @property
    def statistics(self):
        """Everything kept but not learned, in the order of stats."""
        return self.tensors[FIXED] + self.tensors[RUNNING]

    def _needing_gradient(self):
        """Storages downstream of something learned: the others' gradients are never used in training."""
        needing = {id(parameter) for parameter in self.parameters}
        for op in self.operations:
            if any(op[name] and id(op[name].storage) in needing for name in ("x", "x2", "w", "b")) and op["y"]:
                needing.add(id(op["y"].storage))
        return needing

    def _overwritten(self):
        """{id of an activation's output: the input that it may overwrite, as nobody else looks at it}."""
        readers = Counter(id(op[name].storage) for op in self.operations for name in ("x", "x2", "w") if op[name])
        writers = {id(op["y"].storage): op["kind"] for op in self.operations if op["y"]}
        return {
            id(op["y"].storage): op["x"].storage
            for op in self.operations
            if op["kind"] in records.OVERWRITING
            and op["slope"] >= 0  # the sign of the output tells that of the input
            and readers[id(op["x"].storage)] == 1
            and writers.get(id(op["x"].storage)) in records.OVERWRITABLE
        }

    def _folded(self, overwritten):
        """Rectifiers that overwrite what a dense layer wrote, for one other to read: these do their work in passing."""
        readers = defaultdict(list)
        for op in self.operations:
            for name in ("x", "x2", "w"):
                if op[name]:
                    readers[id(op[name].storage)].append(op["kind"])
        dense = {id(op["y"].storage) for op in self.operations if op["kind"] == records.DENSE}
        return [
            op
            for op in self.operations
            if op["kind"] == records.RECTIFIER
            and id(op["y"].storage) in overwritten
            and id(op["x"].storage) in dense
            and readers[id(op["y"].storage)] == [records.DENSE]
        ]

    def lay_out(self, capacity, *, weighted=False, overwrite=False, input_gradient=True):
        """Records for batches of up to `capacity` examples: (ops, fields of the row's record, arena size).

        overwrite: let activations overwrite their inputs where that changes no result: a smaller arena, in which the
        outputs of the layers before them are lost. input_gradient: whether a pass may ask for it.
        """
        offsets, position = {}, 0
        for parameter in self.parameters:
            offsets[id(parameter)] = position
            position += parameter.size
        n_theta = position
        grad = aligned(n_theta)
        gradients = {id(parameter): grad + offsets[id(parameter)] for parameter in self.parameters}
        stats = position = grad + aligned(n_theta)
        for tensor in self.statistics:
            offsets[id(tensor)] = position
            position += tensor.size
        n_stats = position - stats
        position = stats + aligned(n_stats)
        overwritten = self._overwritten() if overwrite else {}
        without_gradient = {id(self.target), id(self.example_weights)}
        if not input_gradient and self.operations[-1]["x"].storage is not self.input:  # a loss writes what it reads
            without_gradient.add(id(self.input))
        for value in (*self.values, self.target, self.example_weights):
            place = overwritten.get(id(value))
            if place is not None:
                offsets[id(value)], gradients[id(value)] = offsets[id(place)], gradients[id(place)]
                continue
            size = aligned(value.width * (capacity if value.per_example else 1))
            offsets[id(value)] = position
            position += size
            if id(value) not in without_gradient:
                gradients[id(value)] = position
                position += size
        needing = self._needing_gradient()
        folded = self._folded(overwritten)
        slopes = {id(rectifier[name].storage): rectifier["slope"] for rectifier in folded for name in ("x", "y")}
        operations = [op for op in self.operations if not any(op is rectifier for rectifier in folded)]
        ops = np.zeros(len(operations), records.OP)
        written = set()  # backward visits readers last to first: all but the first visited accumulate
        for op, spec in reversed(list(zip(ops, operations, strict=True))):
            flags = 0
            for name, add, skip in (
                ("x", records.ADD_DX, records.SKIP_DX),
                ("x2", records.ADD_DX2, records.SKIP_DX2),
                ("w", records.ADD_DW, 0),
                ("b", records.ADD_DB, 0),
            ):
                operand = spec[name] and id(spec[name].storage)
                if operand is not None:
                    flags |= (add if operand in written else 0) | (0 if operand in needing else skip)
                    written.add(operand)
            for name in ("x", "x2", "y", "w", "b", "stats"):
                key = spec[name] and id(spec[name].storage)
                op[name] = offsets.get(key, records.NONE)
                if name != "stats":
                    learned = name not in ("w", "b") or key in needing
                    op["d" + name] = gradients.get(key, records.NONE) if learned else records.NONE
            op["flags"] = flags
            op["examples"] = min(capacity, spec["most_examples"] or capacity)
            work = spec["work"] + int(op["examples"]) * spec["work_per_example"]
            op["work"] = position if work else records.NONE
            position += aligned(work)
            op["dims"][: len(spec["dims"])] = spec["dims"]
            for name in ("kind", "n_in", "n_out", "ordinal", "slope", "rate", "eps", "decay"):
                op[name] = spec[name]
            if op["kind"] == records.DENSE:  # of the rectifiers after and before it
                op["slope"] = slopes.get(id(spec["y"].storage), 1.0)
                op["rate"] = slopes.get(id(spec["x"].storage), 1.0)
        layout = dict(
            n_theta=n_theta, n_weights=sum(w.size for w in self.weights), grad=grad, stats=stats, n_stats=n_stats,
            inputs=offsets[id(self.input)], input_gradient=gradients.get(id(self.input), records.NONE),
            n_in=self.input.width, targets=offsets[id(self.target)], n_target=self.target.width, capacity=capacity,
            example_weights=offsets[id(self.example_weights)] if weighted else records.NONE,
        )  # fmt: skip
        return ops, layout, position
