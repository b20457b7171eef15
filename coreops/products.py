"""The three matrix products of a linear layer, on offsets of one flat buffer.

All matrices are row-major. `add` (0 or 1) accumulates into the output instead of overwriting it. Products
below TINY multiply-adds are plain loops: there a BLAS call (60-400 ns) costs more than the arithmetic.
"""

from coreops.target import barrier, gemm, kernel, lane, lanes

TINY = 256


@kernel
def matmul_nn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (k, n) + add C."""
    if m * k * n > TINY:
        gemm(buffer, False, False, m, n, k, a, b, c, add)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[i * k + p] * right[p * n + j]
            out[i * n + j] = total
    barrier()


@kernel
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n) + add C."""
    if m * k * n > TINY:
        gemm(buffer, True, False, m, n, k, a, b, c, add)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[p * m + i] * right[p * n + j]
            out[i * n + j] = total
    barrier()


@kernel
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T + add C."""
    if m * k * n > TINY:
        gemm(buffer, False, True, m, n, k, a, b, c, add)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[i * k + p] * right[j * k + p]
            out[i * n + j] = total
    barrier()
