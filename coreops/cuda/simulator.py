"""The names of `target.py` in a block of simulated threads (NUMBA_ENABLE_CUDASIM=1, NUMBA_DISABLE_JIT=1).

Between two barriers one lane runs after the other, each time in another order: a kernel whose lanes read what others
have not yet written, or overwrite what others still read, gives other results than the CPU. Lanes that wait at
different barriers raise.
"""

import random
import sys
import threading

import numpy as np

from coreops.cuda import products, sums


class Turns:
    """Whose turn it is among n lanes; one object per block."""

    def __init__(self, n, seed=0):
        self.orders, self.order, self.at = random.Random(seed), list(range(n)), None
        self.position, self.signals = 0, [threading.Semaphore(0) for _ in range(n)]
        self.signals[0].release()

    def begin(self, lane):
        self.signals[lane].acquire()

    def end(self, place):
        """The lane whose turn it is has come to `place`; the next one's turn begins."""
        if self.position > 0 and place != self.at:
            raise RuntimeError(f"lanes of one block wait at different barriers: {self.at} and {place}")
        self.at, self.position = place, self.position + 1
        if self.position == len(self.order):
            self.position = 0
            self.orders.shuffle(self.order)
        self.signals[self.order[self.position]].release()


class Lane:
    """What a simulated thread may ask of its block; cuda: what numba's simulator puts in the module's place."""

    def __init__(self, cuda, turns):
        self.cuda, self.number, self.count, self.turns = cuda, cuda.threadIdx.x, cuda.blockDim.x, turns

    def lane(self):
        return self.number

    def lanes(self):
        return self.count

    def barrier(self):
        frame = sys._getframe(2)  # of the kernel; between lies the choice between the CPU's meaning and this one
        self.turns.end(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        self.turns.begin(self.number)

    def block_sum(self, value):
        total = sums.tree_sum(self.cuda.shared.array(0, np.dtype(np.float64)), np.float64(value))
        return total if isinstance(value, (float, np.floating)) else np.int64(total)

    def gemm(self, buffer, *numbers):
        products.product(self.cuda.shared.array(0, buffer.dtype), buffer, *numbers)


def run(cuda, function, *buffers):
    """One simulated thread's part of function(*buffers), whose arrays numba's simulator has wrapped."""
    thread = threading.current_thread()
    turns = thread._manager.__dict__.setdefault("turns", Turns(cuda.blockDim.x))
    thread.lane = Lane(cuda, turns)
    turns.begin(cuda.threadIdx.x)
    if cuda.threadIdx.x == 0:  # runs first: shared memory is as bad as a former block could leave it
        cuda.shared.array(0, np.dtype(np.uint8))[:] = 0xFF
    # The arrays behind the wrappers, which cost a microsecond for every element.
    function(*(buffer._item._ary if hasattr(buffer, "_item") else buffer for buffer in buffers))
    turns.end("the end")
