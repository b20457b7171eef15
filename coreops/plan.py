"""The plan: a network laid out as an array of operation records over one flat arena.

arena = theta | grad | stats | work, each from a 64-byte boundary (the optimizer's state is a buffer of its own).
theta holds all penalised weights first, then the biases, so that one split index separates them. work
holds, for every value, `capacity` examples of it and as many of its gradient.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from coreops import records

ALIGN = 16  # elements: 64 bytes of float32


def aligned(n):
    return -(-n // ALIGN) * ALIGN


@dataclass(eq=False)
class Value:
    """The output of an operation: `width` elements per example."""

    width: int


@dataclass(eq=False)
class Parameter:
    """A learned tensor."""

    name: str
    shape: tuple
    penalised: bool
    ordinal: int = 0
    fan_in: int = 1
    fan_out: int = 1
    init: object = None

    @property
    def size(self):
        return math.prod(self.shape)


@dataclass
class Plan:
    """What layers build: operations over symbolic operands. `lay_out` turns it into records for a batch capacity."""

    n_in: int
    default_init: object = None
    operations: list = field(default_factory=list)
    values: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    biases: list = field(default_factory=list)
    layer: int = 0  # index of the layer being built: prefixes parameter names

    def __post_init__(self):
        self.input = self.value(self.n_in)
        self.target = None

    # --- what a layer calls ---

    def value(self, width):
        self.values.append(Value(width))
        return self.values[-1]

    def weight(self, name, shape, fan_in, fan_out, init=None):
        ordinal = len(self.weights)
        name = f"{self.layer}.{name}"
        self.weights.append(Parameter(name, shape, True, ordinal, fan_in, fan_out, init or self.default_init))
        return self.weights[-1]

    def bias(self, name, n):
        self.biases.append(Parameter(f"{self.layer}.{name}", (n,), False))
        return self.biases[-1]

    def targets(self, width):
        self.target = Value(width)
        return self.target

    def add(
        self,
        kind,
        *,
        x,
        y=None,
        x2=None,
        w=None,
        b=None,
        n_in,
        n_out,
        dims=(),
        scratch=0,
        slope=0.0,
        rate=0.0,
    ):
        """Append an operation; x, x2, y: Value, w: Parameter or Value, b: Parameter; scratch: elements it needs."""
        flags = records.FIRST if x is self.input else 0
        ordinal = sum(operation["kind"] == kind for operation in self.operations)
        self.operations.append(
            dict(kind=kind, x=x, x2=x2, y=y, w=w, b=b, n_in=n_in, n_out=n_out, dims=dims,
                 ordinal=ordinal, flags=flags, scratch=scratch, slope=slope, rate=rate)
        )  # fmt: skip

    # --- what training calls ---

    @property
    def parameters(self):
        return self.weights + self.biases

    def lay_out(self, capacity):
        """Records for batches of up to `capacity` examples: (ops, fields of the row's record, arena size)."""
        offsets, position = {}, 0
        for parameter in self.parameters:
            offsets[id(parameter)] = position
            position += parameter.size
        n_theta = position
        grad = aligned(n_theta)
        stats = position = grad + aligned(n_theta)
        n_stats = 0
        gradients = {id(parameter): grad + offsets[id(parameter)] for parameter in self.parameters}
        for value in (*self.values, self.target):
            offsets[id(value)] = position
            position += aligned(capacity * value.width)
            if value is not self.target:
                gradients[id(value)] = position
                position += aligned(capacity * value.width)
        ops = np.zeros(len(self.operations), records.OP)
        written = set()  # backward visits readers last to first: all but the first visited accumulate
        for op, spec in reversed(list(zip(ops, self.operations, strict=True))):
            flags = spec["flags"]
            for name, bit in (("x", records.ADD_DX), ("x2", records.ADD_DX2), ("w", records.ADD_DW)):
                if id(spec[name]) in written:
                    flags |= bit
                elif spec[name] is not None:
                    written.add(id(spec[name]))
            for name in ("x", "x2", "y", "w", "b"):
                op[name] = offsets.get(id(spec[name]), records.NONE)
                op["d" + name] = gradients.get(id(spec[name]), records.NONE)
            op["flags"] = flags
            op["aux"] = position if spec["scratch"] else records.NONE
            position += aligned(spec["scratch"])
            op["dims"][: len(spec["dims"])] = spec["dims"]
            for name in ("kind", "n_in", "n_out", "ordinal", "slope", "rate"):
                op[name] = spec[name]
        layout = dict(
            n_theta=n_theta, n_weights=sum(w.size for w in self.weights), grad=grad, stats=stats, n_stats=n_stats,
            inputs=offsets[id(self.input)], targets=offsets[id(self.target)], n_in=self.n_in,
            n_target=self.target.width, capacity=capacity,
        )  # fmt: skip
        return ops, layout, position
