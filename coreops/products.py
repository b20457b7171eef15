"""The products of a linear layer, on offsets of one flat buffer; all matrices are row-major."""

import numpy as np

from coreops.records import NONE
from coreops.spans import combine, combine_column, dots, sum_rows
from coreops.target import barrier, gemm, kernel

ONE = np.int64(1)  # not a literal, which would be another type to the compiler
TINY = 256  # multiply-adds below which a row at a time in the caller beats a call


@kernel(merge=True)
def affine(buffer, x, w, bias, y, m, n_in, n_out):
    """Y (m, n_out) = X (m, n_in) W (n_in, n_out) + 1 b^T; bias may be NONE."""
    if m * n_in * n_out > TINY:
        gemm(buffer, m, n_out, n_in, x, n_in, 1, w, False, y, bias, 0)
        return
    for i in range(m):
        combine(buffer, bias >= 0, max(bias, 0), x + i * n_in, ONE, w, n_out, y + i * n_out, n_out, n_in)
    barrier()


@kernel(merge=True)
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n), + C if `add`."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, 1, m, b, False, c, c if add else NONE, n)
        return
    if n < m:  # fewer columns than rows: each longer
        for j in range(n):
            column = c + j
            combine_column(buffer, add, b + j, n, a, m, column, n, m, k)
    else:
        for i in range(m):
            row = c + i * n
            combine(buffer, add, row, a + i, m, b, n, row, n, k)
    barrier()


@kernel(merge=True)
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T, + C if `add`."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, k, 1, b, True, c, c if add else NONE, n)
        return
    for i in range(m):
        dots(buffer, add, a + i * k, b, c + i * n, n, k)
    barrier()


@kernel(merge=True)
def column_sums(buffer, one, a, c, m, n, add):
    """c (n,) = 1^T A (m, n), + c if `add`; one: an element of the buffer that may be set to 1."""
    if m * n > TINY:
        buffer[one] = buffer.dtype.type(1)
        barrier()
        gemm(buffer, 1, n, m, one, 0, 0, a, False, c, c if add else NONE, n)
        return
    sum_rows(buffer, add, a, c, n, m)
    barrier()
