"""The three matrix products of a linear layer, on offsets of one flat buffer.

All matrices are row-major. `add` accumulates into the output instead of overwriting it.
"""

from coreops.target import barrier, gemm, kernel, lane, lanes

TINY = 256


@kernel
def matmul_nn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (k, n) + add C."""
    gemm(buffer, m, n, k, a, k, 1, b, False, c, add)


@kernel
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n) + add C."""
    gemm(buffer, m, n, k, a, 1, m, b, False, c, add)


@kernel
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T + add C; below TINY multiply-adds transposing B would cost more than the product."""
    if m * k * n > TINY:
        gemm(buffer, m, n, k, a, k, 1, b, True, c, add)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[i * k + p] * right[j * k + p]
            out[i * n + j] = total
    barrier()
