"""Elementwise activations: rectifiers, sigmoid, tanh."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number
from coreops.elementary import sigmoid, tanh
from coreops.records import ADD_DX, INPUT_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes


class Activation:
    """y = phi(x) elementwise; as many outputs as inputs."""

    kind: int
    slope: float = 0.0

    def build(self, plan, x):
        y = plan.value(*x.shape)
        plan.add(self.kind, x=x, y=y, n_in=x.width, n_out=x.width, slope=self.slope)
        return y


@dataclass(frozen=True)
class ReLU(Activation):
    """y = max(0, x), with derivative 0 at 0; NaN stays NaN.   Nair & Hinton 2010."""

    kind = records.RECTIFIER


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """y = max(0, x) + slope min(0, x); slope: finite, default 0.01.   Maas, Hannun & Ng 2013, eq. 2."""

    slope: float = 0.01
    kind = records.RECTIFIER

    def __post_init__(self):
        finite_number("LeakyReLU slope", self.slope)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """y = 1/(1 + e^-x).   Rumelhart, Hinton & Williams 1986, eq. 2."""

    kind = records.SIGMOID


@dataclass(frozen=True)
class Tanh(Activation):
    """y = tanh(x).   LeCun, Bottou, Orr & Mueller 1998, section 4.4 (without its scale factors)."""

    kind = records.TANH


@kernel(inline=True)
def rectifier_forward(op, m, arena):
    """y = x where x > 0, slope x elsewhere (so that NaN is not hidden)."""
    n = m * op["n_out"]
    x, y, slope = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n], arena.dtype.type(op["slope"])
    for i in range(lane(), n, lanes()):
        v = x[i]
        y[i] = v if v > 0 else slope * v
    barrier()


@kernel(inline=True)
def sigmoid_forward(op, m, arena):
    n = m * op["n_out"]
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = sigmoid(x[i])
    barrier()


@kernel(inline=True)
def tanh_forward(op, m, arena):
    n = m * op["n_out"]
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = tanh(x[i])
    barrier()


@kernel(inline=True)
def activation_backward(op, m, arena, mode):
    """dx = dy phi'(x), with phi' = 1 or slope, y (1 - y), 1 - y^2."""
    flags, n = op["flags"], m * op["n_out"]
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    dx, dy = arena[op["dx"] : op["dx"] + n], arena[op["dy"] : op["dy"] + n]
    kind, slope, one = op["kind"], arena.dtype.type(op["slope"]), arena.dtype.type(1)
    add, zero = flags & ADD_DX != 0, arena.dtype.type(0)
    if kind == records.RECTIFIER:
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + (dy[i] if x[i] > 0 else slope * dy[i])
    elif kind == records.SIGMOID:
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + dy[i] * (y[i] * (one - y[i]))
    else:
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + dy[i] * (one - y[i] * y[i])
    barrier()
