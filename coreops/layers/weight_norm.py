"""Weight normalisation: the length and the direction of every unit's weights as separate parameters."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import instance
from coreops.initializers import Initializer
from coreops.layers.dense import Dense, add_dense
from coreops.plan import Parameter
from coreops.records import ADD_DB, ADD_DW, NO_PARAMETER_GRADIENT
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class WeightNorm:
    """y = x W + b,  W_j = g_j v_j/||v_j|| for the weights W_j into unit j.

    layer: Dense(n_in, n_out, ...), whose weights become v (n_in, n_out), parameter "direction": drawn and penalised as
    they would be. g (n_out,), "gain", is learned and never penalised; it starts at ||v_j||, so that the function is
    that of `layer`; see initialize_from_data for a start that depends on data. A unit with v_j = 0 gives NaN.
    Salimans & Kingma 2016, eq. 2 and 3.

    >>> WeightNorm(Dense(64, 32))
    """

    layer: Dense

    def __post_init__(self):
        instance("WeightNorm layer", self.layer, Dense, "a layer such as Dense(64, 32)")

    @property
    def n_in(self):
        return self.layer.n_in

    def build(self, plan, x):
        layer, n_in, n_out = self.layer, self.layer.n_in, self.layer.n_out
        plan.expect_width(x, n_in)
        v = plan.weight("direction", (n_in, n_out), n_in, n_out, layer.init)
        g = plan.gain("gain", (n_out,), Lengths(v))
        w, y = plan.value(n_in, n_out, per_example=False), plan.value(n_out)
        plan.add(records.WEIGHT_NORM, w=v, b=g, y=w, n_in=n_in, n_out=n_out, work=2 * n_out)
        b = plan.bias("bias", n_out, layer.bias_init, n_in) if layer.bias else None
        add_dense(plan, x, w, b, y)
        return y


@dataclass(frozen=True)
class Lengths(Initializer):
    """g_j = ||v_j||, the length that the weights into unit j will be drawn with."""

    of: Parameter

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        out[:] = np.sqrt(np.sum(self.of.drawn(seed).reshape(-1, out.size) ** 2, axis=0))


@kernel
def weight_norm_forward(op, arena):
    """W = v g/||v||: once per batch, a lane owns units."""
    n_in, n = op["n_in"], op["n_out"]
    v, w = arena[op["w"] : op["w"] + n_in * n], arena[op["y"] : op["y"] + n_in * n]
    g, inverse = arena[op["b"] : op["b"] + n], arena[op["work"] : op["work"] + n]
    factor, zero, one = arena[op["work"] + n : op["work"] + 2 * n], arena.dtype.type(0), arena.dtype.type(1)
    for j in range(lane(), n, lanes()):
        inverse[j] = zero
    for i in range(n_in):
        for j in range(lane(), n, lanes()):
            inverse[j] += v[i * n + j] * v[i * n + j]
    for j in range(lane(), n, lanes()):
        inverse[j] = one / np.sqrt(inverse[j])
        factor[j] = g[j] * inverse[j]
    for i in range(n_in):
        for j in range(lane(), n, lanes()):
            w[i * n + j] = v[i * n + j] * factor[j]
    barrier()


@kernel
def weight_norm_backward(op, arena, mode):
    """dg = dW . v/||v||;  dv = (g/||v||) (dW - dg v/||v||), orthogonal to v."""
    if mode & NO_PARAMETER_GRADIENT:
        return
    n_in, n, flags = op["n_in"], op["n_out"], op["flags"]
    v, dw = arena[op["w"] : op["w"] + n_in * n], arena[op["dy"] : op["dy"] + n_in * n]
    dv, dg = arena[op["dw"] : op["dw"] + n_in * n], arena[op["db"] : op["db"] + n]
    inverse, along = arena[op["work"] : op["work"] + n], arena[op["work"] + n : op["work"] + 2 * n]
    g, zero = arena[op["b"] : op["b"] + n], arena.dtype.type(0)
    for j in range(lane(), n, lanes()):
        along[j] = zero
    for i in range(n_in):
        for j in range(lane(), n, lanes()):
            along[j] += dw[i * n + j] * v[i * n + j]
    add_g, add_v = flags & ADD_DB != 0, flags & ADD_DW != 0
    for j in range(lane(), n, lanes()):
        along[j] *= inverse[j]
        dg[j] = (dg[j] if add_g else zero) + along[j]
        along[j] *= inverse[j]
    for i in range(n_in):
        for j in range(lane(), n, lanes()):
            k = i * n + j
            dv[k] = (dv[k] if add_v else zero) + g[j] * inverse[j] * (dw[k] - along[j] * v[k])
    barrier()
