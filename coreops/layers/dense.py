"""Fully connected (affine) layer."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import flag, keep_integers, optional_instance
from coreops.initializers import Initializer
from coreops.products import affine, column_sums, matmul_nt, matmul_tn
from coreops.records import ADD_DB, ADD_DW, ADD_DX, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, SKIP_DX
from coreops.spans import rectify, rectify_gradient
from coreops.target import barrier, kernel


@dataclass(frozen=True)
class Dense:
    """y = x W + b.   x: (m, n_in), W: (n_in, n_out), b: (n_out,), y: (m, n_out).

    n_in, n_out: positive integers; bias: whether b exists (it is never penalised); init: initializer of W, default the
    network's; bias_init: of b, default 0. Raises ValueError on a size below 1.
    Source: Rumelhart, Hinton & Williams 1986, eq. 1 (with the weights of one output in a column).
    """

    n_in: int
    n_out: int
    bias: bool = True
    init: Initializer | None = None
    bias_init: Initializer | None = None

    def __post_init__(self):
        keep_integers(self, "n_in", "n_out")
        flag("Dense bias", self.bias)
        for name in ("init", "bias_init"):
            wanted = "an initializer such as HeNormal(), or None"
            optional_instance(f"Dense {name}", getattr(self, name), Initializer, wanted)

    def tensors(self, plan):
        """(W, b or None), for a layer that computes the same with other weights too."""
        w = plan.weight("weight", (self.n_in, self.n_out), self.n_in, self.n_out, self.init)
        return w, plan.bias("bias", self.n_out, self.bias_init, self.n_in) if self.bias else None

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        (w, b), y = self.tensors(plan), plan.value(self.n_out)
        add_dense(plan, x, w, b, y)
        return y


def add_dense(plan, x, w, b, y):
    """y = x w + b; w: a Parameter, or the Value that another operation writes once per batch."""
    plan.add(records.DENSE, x=x, y=y, w=w, b=b, n_in=x.width, n_out=y.width, work=1)


@kernel(merge=True)
def dense_forward(op, m, arena):
    """y = x W + b, times `slope` where that is not positive."""
    y, n_out = op["y"], op["n_out"]
    affine(arena, op["x"], op["w"], op["b"], y, m, op["n_in"], n_out)
    if op["slope"] != 1:
        rectify(arena, y, y, m * n_out, arena.dtype.type(op["slope"]))
        barrier()


@kernel(merge=True)
def dense_backward(op, m, arena, mode):
    """dW = X^T dY, db = sum over examples of dY, dX = dY W^T (times `rate` where x <= 0), each where it is wanted."""
    n_in, n_out, flags = op["n_in"], op["n_out"], op["flags"]
    if not mode & NO_PARAMETER_GRADIENT:
        if op["dw"] >= 0:
            matmul_tn(arena, op["x"], op["dy"], op["dw"], n_in, m, n_out, flags & ADD_DW != 0)
        if op["db"] >= 0:
            column_sums(arena, op["work"], op["dy"], op["db"], m, n_out, flags & ADD_DB != 0)
    if mode & INPUT_GRADIENT or not flags & SKIP_DX:
        matmul_nt(arena, op["dy"], op["w"], op["dx"], m, n_out, n_in, flags & ADD_DX != 0)
        if op["rate"] != 1:
            rectify_gradient(arena, op["x"], op["dx"], op["dx"], m * n_in, arena.dtype.type(op["rate"]))
            barrier()
