"""What is done with vectors of rows: WIDTH elements of one flat buffer, one for each of the rows abreast.

A number of one row's arena, at offset o, lies at o WIDTH + r for row r. Offsets below are those of the buffer. Beside
each function stands what the CPU makes of it (`vectors.py`).
"""

import numpy as np
from numba.extending import overload

from coreops.abreast import vectors
from coreops.target import INLINED


def rows_abreast(dtype):
    """WIDTH: how many rows a vector holds."""
    return vectors.BYTES // np.dtype(dtype).itemsize


def width(buffer):
    """WIDTH of the buffer's elements, a constant to the compiler."""
    return rows_abreast(buffer.dtype)


def dots(buffer, start, x, x_step, w, w_step, w_next, y, n, k):
    """y_j = S_j + sum over p < k of x_p w_pj, in this order, for j < n neighbouring vectors y_j, k >= 1.

    x_p lies at x + p x_step, w_pj at w + p w_step + j w_next; start < 0: S = 0.
    """
    step = width(buffer)
    for j in range(n):
        for r in range(step):
            total = buffer[start + j * step + r] if start >= 0 else buffer.dtype.type(0)
            for p in range(k):
                total += buffer[x + p * x_step + r] * buffer[w + p * w_step + j * w_next + r]
            buffer[y + j * step + r] = total


def softmax_start(buffer, x, y, n, label, losses):
    """y_j = x_j - max_j x_j, j < n neighbouring vectors; losses -= y_label."""
    step = width(buffer)
    for r in range(step):
        top = buffer[x + r]
        for j in range(1, n):
            top = max(top, buffer[x + j * step + r])
        for j in range(n):
            buffer[y + j * step + r] = buffer[x + j * step + r] - top
        losses[r] -= np.float64(buffer[y + int(buffer[label + r]) * step + r])


def softmax_end(buffer, x, n, label, scale, products):
    """x_j = x_j (scale/mass), with scale taken off x_label, j < n; products *= mass = sum_j x_j."""
    step = width(buffer)
    for r in range(step):
        mass = buffer[x + r]
        for j in range(1, n):
            mass += buffer[x + j * step + r]
        products[r] *= np.float64(mass)
        for j in range(n):
            buffer[x + j * step + r] *= scale / mass
        buffer[x + int(buffer[label + r]) * step + r] -= scale


@overload(width, target="generic", jit_options=INLINED)
def _width(buffer):
    rows = vectors.BYTES * 8 // buffer.dtype.bitwidth
    return lambda buffer: rows


@overload(dots, target="generic", jit_options=INLINED)
def _dots(buffer, start, x, x_step, w, w_step, w_next, y, n, k):
    return lambda buffer, start, x, x_step, w, w_step, w_next, y, n, k: vectors.dots(
        buffer, start, x, x_step, w, w_step, w_next, y, n, k
    )


@overload(softmax_start, target="generic", jit_options=INLINED)
def _softmax_start(buffer, x, y, n, label, losses):
    return lambda buffer, x, y, n, label, losses: vectors.softmax_start(buffer, x, y, n, label, losses)


@overload(softmax_end, target="generic", jit_options=INLINED)
def _softmax_end(buffer, x, n, label, scale, products):
    return lambda buffer, x, n, label, scale, products: vectors.softmax_end(buffer, x, n, label, scale, products)
