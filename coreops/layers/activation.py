"""Elementwise activations without parameters."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number, wrong
from coreops.elementary import sigmoid, softplus, tanh
from coreops.records import ADD_DX, INPUT_GRADIENT, SKIP_DX
from coreops.spans import rectify, rectify_gradient
from coreops.target import at, barrier, kernel, lane, lanes


class Activation:
    """y = phi(x) elementwise; as many outputs as inputs."""

    kind: int
    slope: float = 0.0
    rate: float = 0.0

    def build(self, plan, x):
        y = plan.value(*x.shape)
        plan.add(self.kind, x=x, y=y, n_in=x.width, n_out=x.width, slope=self.slope, rate=self.rate)
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


@dataclass(frozen=True)
class ScaledTanh(Activation):
    """y = slope tanh(rate x); slope, rate: finite, > 0; by default 1.7159 and 2/3, so that phi(+-1) = +-1.

    LeCun, Bottou, Orr & Mueller 1998, section 4.4.
    """

    slope: float = 1.7159
    rate: float = 2 / 3
    kind = records.SCALED_TANH

    def __post_init__(self):
        for name in ("slope", "rate"):
            if finite_number(f"ScaledTanh {name}", getattr(self, name), 0) == 0:
                raise wrong(f"ScaledTanh {name}", getattr(self, name), "a finite number > 0")


@dataclass(frozen=True)
class Softplus(Activation):
    """y = log(1 + e^x), in the form max(0, x) + log(1 + e^-|x|).   Dugas, Bengio, Belisle, Nadeau & Garcia 2001."""

    kind = records.SOFTPLUS


@dataclass(frozen=True)
class Threshold(Activation):
    """y = 1 where x > 0, else 0; derivative 0 everywhere.   McCulloch & Pitts 1943; Rosenblatt 1958."""

    kind = records.THRESHOLD


@dataclass(frozen=True)
class Identity:
    """y = x: no operation at all, so that an arm without activation has as many layers as the others.

    Bishop 2006, section 5.1 (linear hidden units).
    """

    def build(self, plan, x):
        return x


@kernel(inline=True)
def bring(buffer, source, to, n):
    """Copy n elements from `source` to `to`, unless that is the same place: what follows changes them there.

    As one loop from x to y it would not vectorise where y overwrites x.
    """
    if source != to:
        for i in range(lane(), n, lanes()):
            buffer[at(to + i)] = buffer[at(source + i)]


@kernel(inline=True)
def rectifier_forward(op, m, arena):
    """y = x where x > 0, slope x elsewhere (so that NaN is not hidden)."""
    rectify(arena, op["x"], op["y"], m * op["n_out"], arena.dtype.type(op["slope"]))
    barrier()


@kernel(inline=True)
def sigmoid_forward(op, m, arena):
    n = m * op["n_out"]
    bring(arena, op["x"], op["y"], n)
    y = arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = sigmoid(y[i])
    barrier()


@kernel(inline=True)
def tanh_forward(op, m, arena):
    n = m * op["n_out"]
    bring(arena, op["x"], op["y"], n)
    y = arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = tanh(y[i])
    barrier()


@kernel(inline=True)
def activation_backward(op, m, arena, mode):
    """dx = dy phi'(x), with phi' = 1 or slope, y (1 - y), 1 - y^2.

    Where y overwrote x, dx overwrites dy, and slope >= 0: y > 0 where x was.
    """
    flags, n = op["flags"], m * op["n_out"]
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    x, y, dx, dy = op["x"], op["y"], op["dx"], op["dy"]
    kind, slope, one = op["kind"], arena.dtype.type(op["slope"]), arena.dtype.type(1)
    if flags & ADD_DX:
        if kind == records.RECTIFIER:
            for i in range(lane(), n, lanes()):
                arena[at(dx + i)] += arena[at(dy + i)] if arena[at(x + i)] > 0 else slope * arena[at(dy + i)]
        elif kind == records.SIGMOID:
            for i in range(lane(), n, lanes()):
                arena[at(dx + i)] += arena[at(dy + i)] * (arena[at(y + i)] * (one - arena[at(y + i)]))
        else:
            for i in range(lane(), n, lanes()):
                arena[at(dx + i)] += arena[at(dy + i)] * (one - arena[at(y + i)] * arena[at(y + i)])
    elif kind == records.RECTIFIER:
        rectify_gradient(arena, x, dy, dx, n, slope)
    else:
        bring(arena, dy, dx, n)
        if kind == records.SIGMOID:
            for i in range(lane(), n, lanes()):
                arena[at(dx + i)] *= arena[at(y + i)] * (one - arena[at(y + i)])
        else:
            for i in range(lane(), n, lanes()):
                arena[at(dx + i)] *= one - arena[at(y + i)] * arena[at(y + i)]
    barrier()


@kernel
def other_activation_forward(op, m, arena):
    """Softplus, scaled tanh and threshold."""
    n, kind = m * op["n_out"], op["kind"]
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    slope, rate = arena.dtype.type(op["slope"]), arena.dtype.type(op["rate"])
    one, zero = arena.dtype.type(1), arena.dtype.type(0)
    if kind == records.SOFTPLUS:
        for i in range(lane(), n, lanes()):
            y[i] = softplus(x[i])
    elif kind == records.SCALED_TANH:
        for i in range(lane(), n, lanes()):
            y[i] = slope * tanh(rate * x[i])
    else:
        for i in range(lane(), n, lanes()):
            v = x[i]
            y[i] = (one if v > 0 else zero) if v == v else v
    barrier()


@kernel
def other_activation_backward(op, m, arena, mode):
    """dx = dy phi'(x), with phi' = sigmoid(x), rate slope (1 - (y/slope)^2), 0."""
    flags, n, kind = op["flags"], m * op["n_out"], op["kind"]
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    x, y = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n]
    dx, dy = arena[op["dx"] : op["dx"] + n], arena[op["dy"] : op["dy"] + n]
    slope, rate = arena.dtype.type(op["slope"]), arena.dtype.type(op["rate"])
    add, zero, one = flags & ADD_DX != 0, arena.dtype.type(0), arena.dtype.type(1)
    if kind == records.SOFTPLUS:
        for i in range(lane(), n, lanes()):
            dx[i] = (dx[i] if add else zero) + dy[i] * sigmoid(x[i])
    elif kind == records.SCALED_TANH:
        for i in range(lane(), n, lanes()):
            t = y[i] / slope  # tanh: 1, and the derivative 0, where that is saturated
            dx[i] = (dx[i] if add else zero) + dy[i] * (rate * slope * (one - t * t))
    elif not add:
        for i in range(lane(), n, lanes()):
            dx[i] = zero
    barrier()
