"""The products of a linear layer, on offsets of one flat buffer; all matrices are row-major."""

from coreops.records import NONE
from coreops.target import barrier, gemm, kernel, lane, lanes

TINY = 256


@kernel
def affine(buffer, x, w, bias, y, m, n_in, n_out):
    """Y (m, n_out) = X (m, n_in) W (n_in, n_out) + 1 b^T; bias may be NONE."""
    gemm(buffer, m, n_out, n_in, x, n_in, 1, w, False, y, bias, 0)


@kernel
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n), + C if `add`."""
    gemm(buffer, m, n, k, a, 1, m, b, False, c, c if add else NONE, n)


@kernel
def column_sums(buffer, one, a, c, m, n, add):
    """c (n,) = 1^T A (m, n), + c if `add`; one: the offset of a 1 in the buffer."""
    gemm(buffer, 1, n, m, one, 0, 0, a, False, c, c if add else NONE, n)


@kernel
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T, + C if `add`; below TINY multiply-adds transposing B would cost more than the product."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, k, 1, b, True, c, c if add else NONE, n)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[i * k + p] * right[j * k + p]
            out[i * n + j] = total
    barrier()
