"""What the lanes of a thread block do together. One source for the device and for the simulator.

Each function takes the block's shared memory as an argument, and ends when every lane may overwrite it again.
"""

import numpy as np

from coreops.target import barrier, kernel, lane, lanes


@kernel
def tree_sum(shared, value):
    """Sum of `value` over the lanes in a fixed order, known to all; shared: float64, one element per lane."""
    t, n = lane(), lanes()
    shared[t] = value
    barrier()
    while n > 1:
        half = (n + 1) // 2
        if t + half < n:
            shared[t] += shared[t + half]
        barrier()
        n = half
    total = shared[0]
    barrier()
    return total


@kernel
def product(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """C = S + A op(B), as `target.gemm` describes it."""
    b_row, b_col = (np.int64(1), k) if transposed else (n, np.int64(1))
    for element in range(lane(), m * n, lanes()):
        i, j = element // n, element % n
        total = buffer[start + i * start_row + j] if start >= 0 else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[a + i * a_row + p * a_col] * buffer[b + p * b_row + j * b_col]
        buffer[c + element] = total
    barrier()
