"""Residual connection around any stack of layers."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number, wrong
from coreops.layers.base import layer_specs
from coreops.records import ADD_DX, ADD_DX2, INPUT_GRADIENT, SKIP_DX, SKIP_DX2
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Residual:
    """y = x + c F(x), F the inner layers one after the other, as wide out as in; c = 0 is the identity.

    layers: a tuple of specs; scale: c, finite, default 1. Raises ValueError if F changes the shape.
    He, Zhang, Ren & Sun 2016, eq. 1; with a factor, Szegedy, Ioffe, Vanhoucke & Alemi 2017, section 3.3.

    >>> Residual((Dense(32, 32), ReLU(), Dense(32, 32)), scale=0.1)
    """

    layers: tuple
    scale: float = 1.0

    def __post_init__(self):
        if not isinstance(self.layers, (tuple, list)) or not self.layers:
            raise wrong("Residual layers", self.layers, "a tuple of at least one layer")
        object.__setattr__(self, "layers", layer_specs("Residual layers", self.layers))
        finite_number("Residual scale", self.scale)

    @property
    def n_in(self):
        return next((n for layer in self.layers if (n := getattr(layer, "n_in", None)) is not None), None)

    def build(self, plan, x):
        around = plan.current
        branch = plan.stack(self.layers, x)
        plan.current = around
        if branch.shape != x.shape:
            raise plan.misfit(f"shape {branch.shape} to add to {x.shape}", "inner layers that keep the shape")
        y = plan.value(*x.shape)
        plan.add(records.RESIDUAL, x=x, x2=branch, y=y, n_in=x.width, n_out=x.width, slope=self.scale)
        return y


@kernel
def residual_forward(op, m, arena):
    n, c = m * op["n_out"], arena.dtype.type(op["slope"])
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    branch = arena[op["x2"] : op["x2"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = x[i] + c * branch[i]
    barrier()


@kernel
def residual_backward(op, m, arena, mode):
    """dx (+)= dy;  d branch (+)= c dy."""
    n, flags, c, zero = m * op["n_out"], op["flags"], arena.dtype.type(op["slope"]), arena.dtype.type(0)
    dy, wanted = arena[op["dy"] : op["dy"] + n], mode & INPUT_GRADIENT != 0
    if wanted or not flags & SKIP_DX:
        dx, add = arena[op["dx"] : op["dx"] + n], flags & ADD_DX != 0
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + dy[i]
        barrier()
    if wanted or not flags & SKIP_DX2:
        dx2, add = arena[op["dx2"] : op["dx2"] + n], flags & ADD_DX2 != 0
        for i in range(lane(), n, lanes()):
            dx2[i] = (dx2[i] if add else zero) + c * dy[i]
        barrier()
