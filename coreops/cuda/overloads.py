"""The names of `target.py` and `spans.py` on CUDA, where a row is a thread block. Importing this module defines them.

It must happen before the first kernel is compiled for the device. An overload that fails to type would silently fall
back to the CPU's meaning (one lane, no barrier): the PTX tests look for the thread index and the barriers in each.
"""

import math

import numba
import numpy as np
from numba import cuda, types
from numba.extending import overload

from coreops import spans, target
from coreops.cuda import products, sums


def on_cuda(function):
    return overload(function, target="cuda")


on_cuda(target.lane)(lambda: lambda: cuda.threadIdx.x)
on_cuda(target.lanes)(lambda: lambda: cuda.blockDim.x)
on_cuda(target.flush_denormals)(lambda: lambda: 0)
on_cuda(target.restore_denormals)(lambda saved: lambda saved: None)
on_cuda(spans.combine)(lambda buffer, add, start, x, step, w, pitch, y, n, k: spans.combine)
on_cuda(spans.combine_column)(lambda buffer, add, x, step, w, pitch, y, stride, n, k: spans.combine_column)
on_cuda(spans.dots)(lambda buffer, add, x, w, y, n, k: spans.dots)
on_cuda(spans.sum_rows)(lambda buffer, add, x, y, n, k: spans.sum_rows)
on_cuda(spans.rectify)(lambda buffer, x, y, n, slope: spans.rectify)
on_cuda(spans.rectify_gradient)(lambda buffer, x, dy, dx, n, slope: spans.rectify_gradient)
on_cuda(spans.shift_span)(lambda buffer, source, to, n, by: spans.shift_span)
on_cuda(spans.scale_span)(lambda buffer, to, n, by: spans.scale_span)
on_cuda(spans.copy_span)(lambda buffer, source, to, n: spans.copy_span)
on_cuda(spans.add_span)(lambda buffer, source, to, n: spans.add_span)
on_cuda(spans.sum_window)(lambda buffer, start, x, y, n, height, width, line, step: spans.sum_window)
on_cuda(spans.largest_window)(lambda buffer, x, y, n, height, width, line: spans.largest_window)
on_cuda(spans.route_window)(lambda buffer, x, y, dy, dx, n, height, width, line: spans.route_window)
# numba-cuda has these in `math` only; NumPy's keep float32 and never raise in plain Python.
on_cuda(np.sqrt)(lambda x: lambda x: math.sqrt(x))
on_cuda(np.exp)(lambda x: lambda x: math.exp(x))
on_cuda(np.log)(lambda x: lambda x: math.log(x))
on_cuda(np.cos)(lambda x: lambda x: math.cos(x))
on_cuda(np.sin)(lambda x: lambda x: math.sin(x))
on_cuda(np.log1p)(lambda x: lambda x: math.log1p(x))
on_cuda(np.isfinite)(lambda x: lambda x: math.isfinite(x))


@on_cuda(target.barrier)
def _barrier():
    def wait():
        cuda.syncthreads()

    return wait


@on_cuda(target.block_sum)
def _block_sum(value):
    block_sum = target.block_sum
    if isinstance(value, types.Integer):
        return lambda value: np.int64(block_sum(np.float64(value)))  # exact below 2^53

    def tree(value):
        # Dynamic shared memory: a static array would be defined once per caller and not link.
        return sums.tree_sum(cuda.shared.array(0, numba.float64), value)

    return tree


@on_cuda(target.gemm)
def _gemm(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    dtype = buffer.dtype

    def product(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
        shared = cuda.shared.array(0, dtype)
        products.product(shared, buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row)

    return product
