"""Maxout: units that take the largest of several affine pieces."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import flag, keep_integers, optional_instance
from coreops.initializers import Initializer
from coreops.layers.dense import add_dense
from coreops.records import ADD_DX, INPUT_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Maxout:
    """y_j = max_p (x W + b)_jp over p < pieces.   x: (m, n_in), W: (n_in, n_out pieces), y: (m, n_out).

    Column j pieces + p of W is piece p of unit j; at a tie the first piece has the gradient. n_in, n_out, pieces:
    positive integers, pieces default 2; bias, init and bias_init as in Dense.
    Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, section 3.
    """

    n_in: int
    n_out: int
    pieces: int = 2
    bias: bool = True
    init: Initializer | None = None
    bias_init: Initializer | None = None

    def __post_init__(self):
        keep_integers(self, "n_in", "n_out", "pieces")
        flag("Maxout bias", self.bias)
        for name in ("init", "bias_init"):
            wanted = "an initializer such as HeNormal(), or None"
            optional_instance(f"Maxout {name}", getattr(self, name), Initializer, wanted)

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        n = self.n_out * self.pieces
        w = plan.weight("weight", (self.n_in, n), self.n_in, self.n_out, self.init)
        b = plan.bias("bias", n, self.bias_init, self.n_in) if self.bias else None
        z, y = plan.value(n), plan.value(self.n_out)
        add_dense(plan, x, w, b, z)
        plan.add(records.MAXOUT, x=z, y=y, n_in=n, n_out=self.n_out, dims=(self.pieces,))
        return y


@kernel
def maxout_forward(op, m, arena):
    pieces, n = op["dims"][0], m * op["n_out"]
    z, y = arena[op["x"] : op["x"] + n * pieces], arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        top = z[i * pieces]
        for p in range(1, pieces):
            v = z[i * pieces + p]
            top = v if v > top or v != v else top  # NaN is not hidden
        y[i] = top
    barrier()


@kernel
def maxout_backward(op, m, arena, mode):
    """dz = dy at the first piece that is the largest, 0 at the others."""
    pieces, n, flags, zero = op["dims"][0], m * op["n_out"], op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    z, dz = arena[op["x"] : op["x"] + n * pieces], arena[op["dx"] : op["dx"] + n * pieces]
    y, dy, add = arena[op["y"] : op["y"] + n], arena[op["dy"] : op["dy"] + n], flags & ADD_DX != 0
    for i in range(lane(), n, lanes()):
        left = dy[i]
        for k in range(i * pieces, (i + 1) * pieces):
            wins = z[k] == y[i]
            dz[k] = (dz[k] if add else zero) + (left if wins else zero)
            left = zero if wins else left
    barrier()
