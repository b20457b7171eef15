"""What a kernel may ask of the machine it runs on: lanes, barriers, block sums and matrix products.

Every kernel is written once, as a loop over `range(lane(), n, lanes())` that ends in `barrier()`.
On the CPU a row of a sweep is one lane, so the loop is an ordinary loop; on CUDA a row is a thread block.
This file and the folder `cuda` are the only ones that know which of the two they are compiled for.
"""

import functools
import threading

import numba
import numpy as np
from numba import types
from numba.extending import overload

from coreops import spans
from coreops.cpu import X86, flush, restore
from coreops.kernel_cache import KernelCache
from coreops.microkernel import register_tiled_gemm

JIT = not numba.config.DISABLE_JIT
at = np.uint64  # an offset: a signed one may count from the end, and the test for that takes longer than a product


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


# --- rows of products too small for `gemm`, by all lanes; no barrier at the end ---------------------------


def combine(buffer, start, x, step, w, pitch, y, n, k):
    """y_j = S_j + sum over p < k of x_(p step) w_(p pitch + j), j < n; all are offsets. start < 0: S = 0."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(start + j)] if start >= 0 else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p * step)] * buffer[at(w + p * pitch + j)]
        buffer[at(y + j)] = total


def combine_column(buffer, start, x, step, w, pitch, y, stride, n, k):
    """The same, down a column: y_(j stride) = S_(j stride) + sum over p < k of x_(p step) w_(p pitch + j), j < n."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(start + j * stride)] if start >= 0 else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p * step)] * buffer[at(w + p * pitch + j)]
        buffer[at(y + j * stride)] = total


def dots(buffer, start, x, w, y, n, k):
    """y_j = S_j + sum over p < k of x_p w_(j k + p), j < n; all are offsets. start < 0: S = 0."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(start + j)] if start >= 0 else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p)] * buffer[at(w + j * k + p)]
        buffer[at(y + j)] = total


@overload(combine, target="generic", jit_options=INLINED)
def _combine(buffer, start, x, step, w, pitch, y, n, k):
    return lambda buffer, start, x, step, w, pitch, y, n, k: spans.combine(
        buffer, max(start, 0), w, y, n, start, x, step, k, pitch
    )


@overload(combine_column, target="generic", jit_options=INLINED)
def _combine_column(buffer, start, x, step, w, pitch, y, stride, n, k):
    return lambda buffer, start, x, step, w, pitch, y, stride, n, k: spans.combine_column(
        buffer, w, n, start, x, step, k, pitch, y, stride
    )


@overload(dots, target="generic", jit_options=INLINED)
def _dots(buffer, start, x, w, y, n, k):
    return lambda buffer, start, x, w, y, n, k: spans.dots(buffer, max(start, 0), y, n, start, x, w, k)


# --- short runs of neighbouring elements, by one lane ------------------------------------------------------


def copy_span(buffer, source, to, n):
    """buffer[to + j] = buffer[source + j], j < n."""
    for j in range(n):
        buffer[to + j] = buffer[source + j]


def add_span(buffer, source, to, n):
    """buffer[to + j] += buffer[source + j], j < n."""
    for j in range(n):
        buffer[to + j] += buffer[source + j]


def largest_span(buffer, source, to, n):
    """buffer[to + j] = the larger of it and buffer[source + j], j < n; NaN is not hidden."""
    for j in range(n):
        new = buffer[source + j]
        if new > buffer[to + j] or new != new:
            buffer[to + j] = new


def route_window(buffer, x, y, dy, dx, n, height, width, line):
    """dx += dy at the first place of the window where x = y, for each of n channels.

    y and dy name n elements; the window's rows lie `line` apart in x and dx, its columns n.
    """
    for j in range(n):
        left = buffer[dy + j]
        for k in range(height):
            for column in range(width):
                place = k * line + column * n + j
                if buffer[x + place] == buffer[y + j]:
                    buffer[dx + place] += left
                    left = buffer.dtype.type(0)


@overload(copy_span, target="generic", jit_options=INLINED)
def _copy_span(buffer, source, to, n):
    return lambda buffer, source, to, n: spans.copy(buffer, source, to, n)


@overload(add_span, target="generic", jit_options=INLINED)
def _add_span(buffer, source, to, n):
    return lambda buffer, source, to, n: spans.add(buffer, source, to, n)


@overload(largest_span, target="generic", jit_options=INLINED)
def _largest_span(buffer, source, to, n):
    return lambda buffer, source, to, n: spans.largest(buffer, source, to, n)


@overload(route_window, target="generic", jit_options=INLINED)
def _route_window(buffer, x, y, dy, dx, n, height, width, line):
    return lambda buffer, x, y, dy, dx, n, height, width, line: spans.route(
        buffer, x, y, dy, dx, n, height, width, line
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
