"""The products of a linear layer, on offsets of one flat buffer; all matrices are row-major."""

from coreops.records import NONE
from coreops.target import barrier, gemm, kernel, lane, lanes

TINY = 256  # multiply-adds below which a plain loop in the caller beats a call


@kernel
def product(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """`gemm`, compiled once for all its callers."""
    gemm(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row)


@kernel(inline=True)
def affine(buffer, x, w, bias, y, m, n_in, n_out):
    """Y (m, n_out) = X (m, n_in) W (n_in, n_out) + 1 b^T; bias may be NONE."""
    if m * n_in * n_out > TINY:
        product(buffer, m, n_out, n_in, x, n_in, 1, w, False, y, bias, 0)
        return
    weights, shift = buffer[w : w + n_in * n_out], buffer[max(bias, 0) : max(bias, 0) + n_out]
    for i in range(m):
        inputs, out = buffer[x + i * n_in : x + (i + 1) * n_in], buffer[y + i * n_out : y + (i + 1) * n_out]
        for j in range(lane(), n_out, lanes()):
            out[j] = shift[j] if bias >= 0 else out.dtype.type(0)
        for p in range(n_in):
            for j in range(lane(), n_out, lanes()):
                out[j] += inputs[p] * weights[p * n_out + j]
    barrier()


@kernel(inline=True)
def matmul_tn(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (k, m)^T B (k, n), + C if `add`."""
    if m * k * n > TINY:
        product(buffer, m, n, k, a, 1, m, b, False, c, c if add else NONE, n)
        return
    left, right = buffer[a : a + k * m], buffer[b : b + k * n]
    for i in range(m):
        out = buffer[c + i * n : c + (i + 1) * n]
        if not add:
            for j in range(lane(), n, lanes()):
                out[j] = out.dtype.type(0)
        for p in range(k):
            for j in range(lane(), n, lanes()):
                out[j] += left[p * m + i] * right[p * n + j]
    barrier()


@kernel(inline=True)
def matmul_nt(buffer, a, b, c, m, k, n, add):
    """C (m, n) = A (m, k) B (n, k)^T, + C if `add`."""
    if m * k * n > TINY:
        product(buffer, m, n, k, a, k, 1, b, True, c, c if add else NONE, n)
        return
    left, right, out = buffer[a : a + m * k], buffer[b : b + k * n], buffer[c : c + m * n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            total = out[i * n + j] if add else out.dtype.type(0)
            for p in range(k):
                total += left[i * k + p] * right[j * k + p]
            out[i * n + j] = total
    barrier()


@kernel(inline=True)
def column_sums(buffer, one, a, c, m, n, add):
    """c (n,) = 1^T A (m, n), + c if `add`; one: an element of the buffer that may be set to 1."""
    if m * n > TINY:
        buffer[one] = buffer.dtype.type(1)
        barrier()
        product(buffer, 1, n, m, one, 0, 0, a, False, c, c if add else NONE, n)
        return
    left, out = buffer[a : a + m * n], buffer[c : c + n]
    for j in range(lane(), n, lanes()):
        out[j] = out[j] + left[j] if add else left[j]
    for i in range(1, m):
        for j in range(lane(), n, lanes()):
            out[j] += left[i * n + j]
    barrier()
