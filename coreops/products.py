"""The products of a linear layer, on offsets of one flat buffer; all matrices are row-major."""

import numpy as np

from coreops.records import NONE
from coreops.target import barrier, gemm, kernel, lane, lanes

TINY = 256  # multiply-adds below which a plain loop in the caller beats a call
at = np.uint64  # an offset: a signed one may count from the end, and the test for that takes longer than the product


@kernel(merge=True)
def affine(buffer, x, w, bias, y, m, n_in, n_out):
    """Y (m, n_out) = X (m, n_in) W (n_in, n_out) + 1 b^T; bias may be NONE."""
    if m * n_in * n_out > TINY:
        gemm(buffer, m, n_out, n_in, x, n_in, 1, w, False, y, bias, 0)
        return
    for i in range(m):
        for j in range(lane(), n_out, lanes()):
            total = buffer[at(bias + j)] if bias >= 0 else buffer.dtype.type(0)
            for p in range(n_in):
                total += buffer[at(x + i * n_in + p)] * buffer[at(w + p * n_out + j)]
            buffer[at(y + i * n_out + j)] = total
    barrier()


@kernel(merge=True)
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n), + C if `add`."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, 1, m, b, False, c, c if add else NONE, n)
        return
    for p in range(k):
        for i in range(m):
            scale, again = buffer[at(a + p * m + i)], add or p > 0
            for j in range(lane(), n, lanes()):
                total = buffer[at(c + i * n + j)] if again else buffer.dtype.type(0)
                buffer[at(c + i * n + j)] = total + scale * buffer[at(b + p * n + j)]
    barrier()


@kernel(merge=True)
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T, + C if `add`."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, k, 1, b, True, c, c if add else NONE, n)
        return
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = buffer[at(c + i * n + j)] if add else buffer.dtype.type(0)
            for p in range(k):
                total += buffer[at(a + i * k + p)] * buffer[at(b + j * k + p)]
            buffer[at(c + i * n + j)] = total
    barrier()


@kernel(merge=True)
def column_sums(buffer, one, a, c, m, n, add):
    """c (n,) = 1^T A (m, n), + c if `add`; one: an element of the buffer that may be set to 1."""
    if m * n > TINY:
        buffer[one] = buffer.dtype.type(1)
        barrier()
        gemm(buffer, 1, n, m, one, 0, 0, a, False, c, c if add else NONE, n)
        return
    for j in range(lane(), n, lanes()):
        total = buffer[at(c + j)] if add else buffer.dtype.type(0)
        for i in range(m):
            total += buffer[at(a + i * n + j)]
        buffer[at(c + j)] = total
    barrier()
