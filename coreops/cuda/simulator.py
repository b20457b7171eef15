"""The names of `target.py` in a block of simulated threads (NUMBA_ENABLE_CUDASIM=1, NUMBA_DISABLE_JIT=1)."""

import threading

import numpy as np

from coreops.cuda import block

SHARED_BYTES = 48 * 1024


class Lane:
    """What one simulated thread may ask of its block."""

    def __init__(self, thread):
        self.thread, self.manager = thread, thread._manager

    def lane(self):
        return self.thread.threadIdx.x

    def lanes(self):
        return self.manager._block_dim[0]

    def barrier(self):
        self.thread.syncthreads()

    def shared(self, dtype):
        """The block's shared memory; what a former block left there is noise."""
        memory = self.manager.__dict__.setdefault("shared", np.full(SHARED_BYTES, 0xFF, np.uint8))
        return memory.view(dtype)

    def block_sum(self, value):
        total = block.tree_sum(self.shared(np.float64), np.float64(value))
        return total if isinstance(value, (float, np.floating)) else np.int64(total)

    def gemm(self, *arguments):
        block.product(*arguments)


def enter():
    """Called first by every simulated thread."""
    thread = threading.current_thread()
    thread.lane = Lane(thread)


def plain(array):
    """The NumPy array behind a simulated device array: its wrapper costs a microsecond for every element."""
    return array._item._ary
