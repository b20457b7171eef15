"""Fully connected (affine) layer."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import flag, optional_instance, positive_integer
from coreops.initializers import Initializer
from coreops.products import affine, column_sums, matmul_nt, matmul_tn
from coreops.records import ADD_DW, ADD_DX, FIRST, INPUT_GRADIENT, NO_PARAMETER_GRADIENT
from coreops.target import kernel


@dataclass(frozen=True)
class Dense:
    """y = x W + b.   x: (m, n_in), W: (n_in, n_out), b: (n_out,), y: (m, n_out).

    n_in, n_out: positive integers; bias: whether b exists (it starts at 0 and is never penalised);
    init: initializer of W, default the network's. Raises ValueError on a size below 1.
    Source: Rumelhart, Hinton & Williams 1986, eq. 1 (with the weights of one output in a column).
    """

    n_in: int
    n_out: int
    bias: bool = True
    init: Initializer | None = None

    def __post_init__(self):
        positive_integer("Dense n_in", self.n_in)
        positive_integer("Dense n_out", self.n_out)
        flag("Dense bias", self.bias)
        optional_instance("Dense init", self.init, Initializer, "an initializer such as HeNormal(), or None")

    def build(self, plan, x):
        w = plan.weight("weight", (self.n_in, self.n_out), self.n_in, self.n_out, self.init)
        b = plan.bias("bias", self.n_out) if self.bias else None
        y = plan.value(self.n_out)
        plan.add(records.DENSE, x=x, y=y, w=w, b=b, n_in=self.n_in, n_out=self.n_out, scratch=1)
        return y


@kernel(inline=True)
def dense_forward(op, m, arena):
    affine(arena, op["x"], op["w"], op["b"], op["y"], m, op["n_in"], op["n_out"])


@kernel(inline=True)
def dense_backward(op, m, arena, mode):
    """dW = X^T dY, db = sum over examples of dY, dX = dY W^T (skipped at the first layer unless asked for)."""
    n_in, n_out, flags = op["n_in"], op["n_out"], op["flags"]
    if not mode & NO_PARAMETER_GRADIENT:
        matmul_tn(arena, op["x"], op["dy"], op["dw"], n_in, m, n_out, flags & ADD_DW != 0)
        if op["b"] >= 0:
            column_sums(arena, op["aux"], op["dy"], op["db"], m, n_out, False)
    if mode & INPUT_GRADIENT or not flags & FIRST:
        matmul_nt(arena, op["dy"], op["w"], op["dx"], m, n_out, n_in, flags & ADD_DX != 0)
