"""The names of `target.py` in a block of simulated threads (NUMBA_ENABLE_CUDASIM=1, NUMBA_DISABLE_JIT=1)."""

import threading

import numpy as np

from coreops.cuda import products, sums


class Lane:
    """What a simulated thread may ask of its block; cuda: what numba's simulator puts in the module's place."""

    def __init__(self, cuda):
        self.cuda, self.number, self.count = cuda, cuda.threadIdx.x, cuda.blockDim.x

    def lane(self):
        return self.number

    def lanes(self):
        return self.count

    def barrier(self):
        self.cuda.syncthreads()

    def block_sum(self, value):
        total = sums.tree_sum(self.cuda.shared.array(0, np.dtype(np.float64)), np.float64(value))
        return total if isinstance(value, (float, np.floating)) else np.int64(total)

    def gemm(self, buffer, *numbers):
        products.product(self.cuda.shared.array(0, buffer.dtype), buffer, *numbers)


def enter(cuda):
    """Called first by every simulated thread. Shared memory begins as NaN, as bad as a former block could leave it."""
    threading.current_thread().lane = Lane(cuda)
    if cuda.threadIdx.x == 0:
        cuda.shared.array(0, np.dtype(np.uint8))[:] = 0xFF
    cuda.syncthreads()


def plain(array):
    """The NumPy array behind a simulated device array: its wrapper costs a microsecond for every element."""
    return array._item._ary
