"""PReLU: a rectifier whose negative slope is learned."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import finite_number, flag
from coreops.initializers import Constant
from coreops.records import ADD_DW, ADD_DX, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, SKIP_DX
from coreops.target import barrier, block_sum, kernel, lane, lanes


@dataclass(frozen=True)
class PReLU:
    """y = max(0, x) + a_c min(0, x), a learned: one a_c per channel c (the last axis), or one for all if `shared`.

    start: value of a at the beginning, finite, default 0.25. a is a gain: no penalty sees it. At x = 0 the derivative
    is a. He, Zhang, Ren & Sun 2015, eq. 1 and section 2.1.
    """

    start: float = 0.25
    shared: bool = False

    def __post_init__(self):
        finite_number("PReLU start", self.start)
        flag("PReLU shared", self.shared)

    def build(self, plan, x):
        channels, y = 1 if self.shared else x.shape[-1], plan.value(*x.shape)
        a = plan.gain("slope", (channels,), Constant(self.start))
        plan.add(records.PRELU, x=x, y=y, w=a, n_in=x.width, n_out=x.width, dims=(channels,))
        return y


@kernel
def prelu_forward(op, m, arena):
    channels, n, zero = op["dims"][0], m * op["n_out"], arena.dtype.type(0)
    x, y, a = arena[op["x"] : op["x"] + n], arena[op["y"] : op["y"] + n], arena[op["w"] : op["w"] + channels]
    if channels == 1:
        slope = a[0]
        for i in range(lane(), n, lanes()):
            y[i] = x[i] if x[i] > zero else slope * x[i]
    else:
        for first in range(0, n, channels):
            source, target = x[first : first + channels], y[first : first + channels]
            for c in range(lane(), channels, lanes()):
                target[c] = source[c] if source[c] > zero else a[c] * source[c]
    barrier()


@kernel
def prelu_backward(op, m, arena, mode):
    """da_c = sum of dy min(0, x) over channel c;  dx = dy where x > 0, else a_c dy."""
    channels, n, flags, zero = op["dims"][0], m * op["n_out"], op["flags"], arena.dtype.type(0)
    x, dy, a = arena[op["x"] : op["x"] + n], arena[op["dy"] : op["dy"] + n], arena[op["w"] : op["w"] + channels]
    if not mode & NO_PARAMETER_GRADIENT and op["dw"] >= 0:
        da = arena[op["dw"] : op["dw"] + channels]
        if not flags & ADD_DW:
            for c in range(lane(), channels, lanes()):
                da[c] = zero
            barrier()
        if channels == 1:
            total = 0.0
            for i in range(lane(), n, lanes()):
                total += np.float64(dy[i]) * np.float64(min(x[i], zero))
            total = block_sum(total)
            if lane() == 0:
                da[0] += arena.dtype.type(total)
        else:
            for first in range(0, n, channels):
                source, slopes = x[first : first + channels], dy[first : first + channels]
                for c in range(lane(), channels, lanes()):
                    da[c] += slopes[c] * min(source[c], zero)
        barrier()
    if mode & INPUT_GRADIENT or not flags & SKIP_DX:
        dx, add = arena[op["dx"] : op["dx"] + n], flags & ADD_DX != 0
        if channels == 1:
            slope = a[0]
            for i in range(lane(), n, lanes()):
                dx[i] = (dx[i] if add else zero) + (dy[i] if x[i] > zero else slope * dy[i])
        else:
            for first in range(0, n, channels):
                source, slopes = x[first : first + channels], dy[first : first + channels]
                target = dx[first : first + channels]
                for c in range(lane(), channels, lanes()):
                    step = slopes[c] if source[c] > zero else a[c] * slopes[c]
                    target[c] = (target[c] if add else zero) + step
        barrier()
