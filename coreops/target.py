"""What a kernel may ask of the machine it runs on: lanes, barriers, block sums and matrix products (and `spans.py`).

Every kernel is written once, as a loop over `range(lane(), n, lanes())` that ends in `barrier()`.
On the CPU a row of a sweep is one lane, so the loop is an ordinary loop; on CUDA a row is a thread block.
This file, `spans.py` and the folder `cuda` are the only ones that know which of the two they are compiled for.
"""

import functools
import threading

import numba
import numpy as np
from numba import types
from numba.extending import overload

from coreops.cpu import X86, flush, restore
from coreops.kernel_cache import KernelCache
from coreops.microkernel import register_tiled_gemm

JIT = not numba.config.DISABLE_JIT


def at(offset):
    """An offset into a buffer. To the compiler unsigned: the test for one that counts from the end takes longer than a
    product.
    """
    if offset < 0:
        raise IndexError(f"an offset is {offset}, wanted 0 or more")
    return offset


if JIT:
    at = np.uint64


# Merged by LLVM and not by Numba (inline="always"): Numba keeps what it has inlined for one target for the others too.
INLINED = {"forceinline": True}


def kernel(function=None, *, inline=False, merge=False):
    """Compile `function` in nopython mode for whichever target calls it.

    inline: merge the machine code into the caller's. A call passes seven words per array, 5-10 ns: as much as a layer
    of a tiny network takes. merge: merge the source into the caller's before either is compiled, for large functions
    with one caller: all that a function calls is optimised again in each function above it.

    `error_model="numpy"` lets divisions vectorise (the default raises on x/0); no fastmath, because it would
    remove the NaN tests by which divergence is seen. With NUMBA_DISABLE_JIT=1 the function runs as Python.
    """
    if function is None:
        return functools.partial(kernel, inline=inline, merge=merge)
    if not JIT:

        @functools.wraps(function)
        def quiet(*args):
            with np.errstate(all="ignore"):
                return function(*args)

        return quiet
    options = {"forceinline": inline, "inline": "always" if merge else "never"}
    options["_nrt"] = False  # kernels allocate nothing, and counting a slice's references takes 5 ns
    options["no_cfunc_wrapper"] = True  # C calls none of them
    dispatcher = numba.njit(error_model="numpy", nogil=True, **options)(function)
    dispatcher._cache = KernelCache(function)
    return dispatcher


# --- lanes -----------------------------------------------------------------------------------------------


def simulated(function):
    """`function`, or what a thread of a simulated block carries under its name (`cuda.simulator`)."""
    if not numba.config.ENABLE_CUDASIM:
        return function

    @functools.wraps(function)
    def chosen(*args):
        own = getattr(threading.current_thread(), "lane", None)
        return function(*args) if own is None else getattr(own, function.__name__)(*args)

    return chosen


@simulated
def lane() -> int:
    """This lane's number: 0 on the CPU, threadIdx.x on CUDA."""
    return 0


@simulated
def lanes() -> int:
    """How many lanes share the row: 1 on the CPU, blockDim.x on CUDA."""
    return 1


@simulated
def barrier() -> None:
    """Wait until every lane of the row is here; writes before it are seen after it."""


@simulated
def block_sum(value):
    """Sum of `value` over the lanes of the row, in a fixed order, known to every lane."""
    return value


@overload(lane, target="generic", jit_options=INLINED)
def _lane():
    return lambda: 0


@overload(lanes, target="generic", jit_options=INLINED)
def _lanes():
    return lambda: 1


@overload(barrier, target="generic", jit_options=INLINED)
def _barrier():
    return lambda: None


@overload(block_sum, target="generic", jit_options=INLINED)
def _block_sum(value):
    return lambda value: value


# --- what only the CPU needs ---


def flush_denormals():
    """Make this thread treat denormals as zero, and return what to give to `restore_denormals`.

    Moments of rarely active inputs decay through 1e-38, where each operation costs some hundred cycles: training on
    the digits ran at half speed. x86-64 only; elsewhere nothing happens.
    """
    return 0


def restore_denormals(saved):
    """Undo `flush_denormals`."""


if X86:

    @overload(flush_denormals, target="generic")
    def _flush_denormals():
        return lambda: flush()

    @overload(restore_denormals, target="generic")
    def _restore_denormals(saved):
        return lambda saved: restore(saved)

else:

    @overload(flush_denormals, target="generic")
    def _flush_denormals():
        return lambda: 0

    @overload(restore_denormals, target="generic")
    def _restore_denormals(saved):
        return lambda saved: None


# --- matrix products -------------------------------------------------------------------------------------


@simulated
def gemm(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """C = S + A op(B) on one flat buffer.

    A[i, p] is buffer[a + i a_row + p a_col], so that a transposed A needs no copy; B is row-major at b, (k, n), or
    (n, k) if `transposed`; C is row-major (m, n) at c; S[i, j] is
    buffer[start + i start_row + j], or 0 if start < 0: a bias (start_row = 0), an accumulated C (start = c) or nothing.
    On the CPU up to a vector behind the buffer is read (`inference.aligned_empty`).
    """
    left = np.lib.stride_tricks.as_strided(buffer[a:], (m, k), (a_row * buffer.itemsize, a_col * buffer.itemsize))
    right = buffer[b : b + k * n].reshape((n, k) if transposed else (k, n))
    out = buffer[c : c + m * n].reshape((m, n))
    product = left @ (right.T if transposed else right)
    if start >= 0:
        product += np.lib.stride_tricks.as_strided(
            buffer[start:], (m, n), (start_row * buffer.itemsize, buffer.itemsize)
        )
    out[:] = product


@overload(gemm, target="generic")
def _gemm(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    return lambda buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row: register_tiled_gemm(
        buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row
    )


# --- functions with one body per precision ---------------------------------------------------------------


def by_precision(single, double):
    """A scalar function that is `single` for float32 and `double` for float64 arguments."""

    def function(x):
        return single(x) if isinstance(x, np.float32) else double(x)

    @overload(function, target="generic", inline="always")
    def _choose(x):
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return function
