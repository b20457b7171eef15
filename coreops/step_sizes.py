"""The learning rate as kernels multiply by it: one number, or one for each of the rows that are trained abreast."""

import numpy as np
from numba import types
from numba.extending import overload

from coreops.spans import copy_span
from coreops.target import INLINED


def step_sizes(lr, divisor, theta):
    """lr/divisor, rounded to theta's precision.

    lr: a number; or (rates of w rows in float64, room for as many elements as theta has, whose i-th is that of row
    i % w).
    """
    if not isinstance(lr, tuple):
        return theta.dtype.type(lr / divisor)
    rates, sizes = lr
    sizes[:] = np.tile((rates / divisor).astype(theta.dtype), theta.size // rates.size)
    return lr


def step_size(sizes, i):
    """That of the i-th element of theta."""
    return sizes[1][i] if isinstance(sizes, tuple) else sizes


@overload(step_sizes, target="generic", jit_options=INLINED)
def _step_sizes(lr, divisor, theta):
    if not isinstance(lr, types.BaseTuple):
        return lambda lr, divisor, theta: theta.dtype.type(lr / divisor)

    def spread(lr, divisor, theta):
        rates, sizes = lr
        for r in range(rates.size):
            sizes[r] = theta.dtype.type(rates[r] / divisor)
        done = rates.size
        while done < theta.size:
            more = min(done, theta.size - done)
            copy_span(sizes, 0, done, more)
            done += more
        return lr

    return spread


@overload(step_size, target="generic", jit_options=INLINED)
def _step_size(sizes, i):
    return (lambda sizes, i: sizes[1][i]) if isinstance(sizes, types.BaseTuple) else (lambda sizes, i: sizes)
