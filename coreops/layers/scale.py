"""Elementwise learned scale: the layer that turns quadratics and gradient streams into data."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import keep_integers, optional_instance
from coreops.initializers import Initializer
from coreops.records import ADD_DW, ADD_DX, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Scale:
    """y_j = theta_j x_j.   x, y: (m, n), theta: (n,); no bias.

    On the single example x with SquaredError and target 0 the loss is sum_j x_j^2 theta_j^2, the quadratic
    with Hessian eigenvalues h_j = 2 x_j^2; on x = 1 with LinearLoss the gradient of step t is the target of
    step t.   Source: the diagonal case of Goh 2017, "Why momentum really works", section 1.
    n: positive integer; init: initializer of theta (fan-in and fan-out 1), default the network's.
    """

    n: int
    init: Initializer | None = None

    def __post_init__(self):
        keep_integers(self, "n")
        optional_instance("Scale init", self.init, Initializer, "an initializer such as Constant(1), or None")

    @property
    def n_in(self):
        return self.n

    def build(self, plan, x):
        plan.expect_width(x, self.n)
        y = plan.value(self.n)
        w = plan.weight("scale", (self.n,), 1, 1, self.init)
        plan.add(records.SCALE, x=x, y=y, w=w, n_in=self.n, n_out=self.n)
        return y


@kernel(inline=True)
def scale_forward(op, m, arena):
    n = op["n_out"]
    x, y, w = arena[op["x"] : op["x"] + m * n], arena[op["y"] : op["y"] + m * n], arena[op["w"] : op["w"] + n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            y[i * n + j] = w[j] * x[i * n + j]
    barrier()


@kernel(inline=True)
def scale_backward(op, m, arena, mode):
    """dtheta_j = sum over examples of dy_j x_j;  dx_j = theta_j dy_j."""
    n, flags, zero = op["n_out"], op["flags"], arena.dtype.type(0)
    x, dy, w = (
        arena[op["x"] : op["x"] + m * n],
        arena[op["dy"] : op["dy"] + m * n],
        arena[op["w"] : op["w"] + n],
    )
    if not mode & NO_PARAMETER_GRADIENT:
        dw = arena[op["dw"] : op["dw"] + n]
        for j in range(lane(), n, lanes()):
            dw[j] = (dw[j] if flags & ADD_DW else zero) + dy[j] * x[j]
        for i in range(1, m):
            for j in range(lane(), n, lanes()):
                dw[j] += dy[i * n + j] * x[i * n + j]
        barrier()
    if mode & INPUT_GRADIENT or not flags & SKIP_DX:
        dx = arena[op["dx"] : op["dx"] + m * n]
        for i in range(m):
            for j in range(lane(), n, lanes()):
                k = i * n + j
                dx[k] = (dx[k] if flags & ADD_DX else zero) + w[j] * dy[k]
        barrier()
