"""Random weights: an operation writes the weights of a step, and the layer itself is an ordinary Dense."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import finite_number, flag, instance
from coreops.layers.dense import Dense, add_dense
from coreops.layers.dropout import SCALINGS, UNSCALED, check_drop, draw_mask, drops, factor, threshold
from coreops.records import ADD_DW, NO_PARAMETER_GRADIENT, SAMPLE
from coreops.rng import WEIGHT_BITS, WEIGHT_NOISE, add_normal
from coreops.target import barrier, kernel, lane, lanes


class RandomWeights:
    """A Dense whose weight operand is a value that `kind` writes once per batch."""

    kind: int

    @property
    def n_in(self):
        return self.layer.n_in

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        w, b = self.layer.tensors(plan)
        effective, y = plan.value(*w.shape, per_example=False), plan.value(self.layer.n_out)
        plan.add(self.kind, w=w, y=effective, n_in=w.size, n_out=w.size, **self.numbers())
        add_dense(plan, x, effective, b, y)
        return y


@dataclass(frozen=True)
class DropConnect(RandomWeights):
    """y = x (M W) + b in training, each element of M 0 with probability `rate`, else 1; y = x W + b in evaluation.

    layer: a Dense; rate: the DROP probability q in [0, 1); scaling: as in Dropout, "inverted" (default) divides M by
    1 - q, "test" multiplies W by 1 - q in evaluation, "none" does neither. One M per batch, keyed by (seed, this is the
    k-th DropConnect, step, element of W); biases stay. tie_rows: one draw for all weights of an input, which is Dropout
    on x with the same mask for all examples of the batch; default False.
    Wan, Zeiler, Zhang, LeCun & Fergus 2013, section 3 (there with a mask per example, and on biases too), evaluated at
    the mean of the weights, not by their Gaussian sampling.

    >>> DropConnect(Dense(64, 32), 0.5)
    """

    layer: Dense
    rate: float = 0.5
    scaling: str = "inverted"
    tie_rows: bool = False
    kind = records.DROP_CONNECT

    def __post_init__(self):
        instance("DropConnect layer", self.layer, Dense, "a Dense, such as Dense(64, 32)")
        check_drop("DropConnect", self.rate, self.scaling)
        flag("DropConnect tie_rows", self.tie_rows)

    def numbers(self):
        n_in, n_out = self.layer.n_in, self.layer.n_out
        columns = n_out if self.tie_rows else 1
        dims = (threshold(self.rate), SCALINGS.index(self.scaling), columns)
        return dict(rate=self.rate, dims=dims, work=n_in * n_out + n_in)


@dataclass(frozen=True)
class WeightNoise(RandomWeights):
    """y = x (W + std e) + b in training, e ~ N(0, 1) once per batch and weight; y = x W + b in evaluation.

    layer: a Dense; std: finite, >= 0; e is keyed by (seed, this is the k-th weight noise, step, element of W).
    An 1996, "The effects of adding noise during backpropagation training"; Graves 2011.
    """

    layer: Dense
    std: float
    kind = records.WEIGHT_NOISE

    def __post_init__(self):
        instance("WeightNoise layer", self.layer, Dense, "a Dense, such as Dense(64, 32)")
        finite_number("WeightNoise std", self.std, 0)

    def numbers(self):
        return dict(rate=self.std, dims=(0, UNSCALED))  # drops nothing: its backward is that of a DropConnect


@kernel
def drop_connect_forward(op, arena, mode, seed, step):
    n, columns, kept = op["n_out"], op["dims"][2], arena.dtype.type(factor(op, mode))
    w, y = arena[op["w"] : op["w"] + n], arena[op["y"] : op["y"] + n]
    if drops(op, mode):
        mask, limit, k = arena[op["work"] : op["work"] + n], op["dims"][0], op["ordinal"]
        if columns == 1:
            draw_mask(seed, WEIGHT_BITS, k, step, limit, kept, mask)
        else:
            rows = arena[op["work"] + n : op["work"] + n + n // columns]
            draw_mask(seed, WEIGHT_BITS, k, step, limit, kept, rows)
            for i in range(lane(), n, lanes()):
                mask[i] = rows[i // columns]
            barrier()
        for i in range(lane(), n, lanes()):
            y[i] = mask[i] * w[i]
    else:
        for i in range(lane(), n, lanes()):
            y[i] = kept * w[i]
    barrier()


@kernel
def drop_connect_backward(op, arena, mode):
    """dW = M dy, with the mask that forward left behind; of weight noise, dW = dy."""
    n, add, zero = op["n_out"], op["flags"] & ADD_DW != 0, arena.dtype.type(0)
    if mode & NO_PARAMETER_GRADIENT or op["dw"] < 0:
        return
    dw, dy = arena[op["dw"] : op["dw"] + n], arena[op["dy"] : op["dy"] + n]
    if drops(op, mode):
        mask = arena[op["work"] : op["work"] + n]
        for i in range(lane(), n, lanes()):
            dw[i] = (dw[i] if add else zero) + mask[i] * dy[i]
    else:
        kept = arena.dtype.type(factor(op, mode))
        for i in range(lane(), n, lanes()):
            dw[i] = (dw[i] if add else zero) + kept * dy[i]
    barrier()


@kernel
def weight_noise_forward(op, arena, mode, seed, step):
    n = op["n_out"]
    w, y = arena[op["w"] : op["w"] + n], arena[op["y"] : op["y"] + n]
    for i in range(lane(), n, lanes()):
        y[i] = w[i]
    barrier()
    if mode & SAMPLE and op["rate"] > 0:
        add_normal(seed, WEIGHT_NOISE, op["ordinal"], step, op["rate"], y)
