"""Two branches side by side."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import wrong
from coreops.layers.base import layer_specs
from coreops.records import ADD_DX, ADD_DX2, INPUT_GRADIENT, SKIP_DX, SKIP_DX2
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Concatenate:
    """y = (F(x), G(x)), joined along the last axis (channels); a branch () is x itself.

    first, second: tuples of layer specs. Raises ValueError if the branches' other axes differ.
    Szegedy et al. 2015 (Inception); with () Huang, Liu, van der Maaten & Weinberger 2017, eq. 2.

    >>> Concatenate((), (Dense(32, 8), ReLU()))
    """

    first: tuple
    second: tuple

    def __post_init__(self):
        for name in ("first", "second"):
            branch = getattr(self, name)
            if not isinstance(branch, (tuple, list)):
                raise wrong(f"Concatenate {name}", branch, "a tuple of layers, such as (Dense(64, 32), ReLU())")
            object.__setattr__(self, name, layer_specs(f"Concatenate {name}", branch))

    @property
    def n_in(self):
        layers = self.first + self.second
        return next((n for layer in layers if (n := getattr(layer, "n_in", None)) is not None), None)

    def build(self, plan, x):
        around, scope, before, outputs = plan.current, plan.scope, plan.previous, []
        for k, branch in enumerate((self.first, self.second)):
            plan.scope, plan.previous = (*scope, k), before
            outputs.append(plan.stack(branch, x))
        plan.scope, plan.current = scope, around
        a, b = outputs
        if a.shape[:-1] != b.shape[:-1]:
            raise plan.misfit(f"branches of shapes {a.shape} and {b.shape}", "equal shapes but for the last axis")
        y = plan.value(*a.shape[:-1], a.shape[-1] + b.shape[-1])
        dims = (a.shape[-1], b.shape[-1])
        plan.add(records.CONCATENATE, x=a, x2=b, y=y, n_in=a.width, n_out=y.width, dims=dims)
        return y


@kernel
def join(arena, place, width, whole, start, stretches, out):
    """Copy `stretches` stretches of `width` from `place` to columns start ... of rows as wide as `whole` in out."""
    source = arena[place : place + stretches * width]
    for s in range(stretches):
        for c in range(lane(), width, lanes()):
            out[s * whole + start + c] = source[s * width + c]


@kernel
def concatenate_forward(op, m, arena):
    first, second = op["dims"][0], op["dims"][1]
    whole = first + second
    y, stretches = arena[op["y"] : op["y"] + m * op["n_out"]], m * op["n_out"] // whole
    join(arena, op["x"], first, whole, np.int64(0), stretches, y)
    join(arena, op["x2"], second, whole, first, stretches, y)
    barrier()


@kernel
def part(arena, place, width, whole, start, stretches, dy, add):
    """The way back: dx (+)= those columns of dy."""
    dx, zero = arena[place : place + stretches * width], arena.dtype.type(0)
    for s in range(stretches):
        for c in range(lane(), width, lanes()):
            k = s * width + c
            dx[k] = (dx[k] if add else zero) + dy[s * whole + start + c]
    barrier()


@kernel
def concatenate_backward(op, m, arena, mode):
    first, second, flags = op["dims"][0], op["dims"][1], op["flags"]
    whole = first + second
    dy, stretches = arena[op["dy"] : op["dy"] + m * op["n_out"]], m * op["n_out"] // whole
    wanted = mode & INPUT_GRADIENT != 0
    if wanted or not flags & SKIP_DX:
        part(arena, op["dx"], first, whole, np.int64(0), stretches, dy, flags & ADD_DX != 0)
    if wanted or not flags & SKIP_DX2:
        part(arena, op["dx2"], second, whole, first, stretches, dy, flags & ADD_DX2 != 0)
