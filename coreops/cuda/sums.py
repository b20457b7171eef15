"""Sums over the lanes of a thread block. One source for the device and the simulator."""

from coreops.target import barrier, kernel, lane, lanes


@kernel
def tree_sum(shared, value):
    """Sum of `value` over the lanes in a fixed order, known to all; shared: float64, one element per lane.

    Ends when every lane may overwrite the shared memory.
    """
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
