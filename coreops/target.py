"""What a kernel may ask of the machine it runs on: lanes, barriers, block sums and matrix products.

Every kernel is written once, as a loop over `range(lane(), n, lanes())` that ends in `barrier()`.
On the CPU a row of a sweep is one lane, so the loop is an ordinary loop; on CUDA a row is a thread block.
This is the only file that knows which of the two it is compiled for.
"""

import functools
import hashlib
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numba
import numpy as np
import platformdirs
from numba import types
from numba.extending import overload

from coreops.cpu import X86, drop_owner, flush, restore
from coreops.microkernel import register_tiled_gemm

JIT = not numba.config.DISABLE_JIT


# --- the cache of compiled kernels -----------------------------------------------------------------------


@functools.cache
def source_hash() -> str:
    """SHA-256 over every coreops source and the versions that decide what it compiles to.

    Numba's own cache does not notice an edit in a callee of another file (numba#1833); a folder named by
    this hash does.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in ("numba", "llvmlite", "numpy", "scipy", "numba-cuda"):
        try:
            digest.update(f"{name}=={version(name)}\0".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()


def cache_root() -> Path:
    """Where claimlab keeps what it can make again: $CLAIMLAB_CACHE, or the user's cache folder."""
    chosen = os.environ.get("CLAIMLAB_CACHE")
    return (
        Path(chosen).expanduser()
        if chosen
        else Path(platformdirs.user_cache_dir("claimlab", appauthor=False))
    )


def kernel(function):
    """Compile `function` in nopython mode for whichever target calls it.

    `error_model="numpy"` lets divisions vectorise (the default raises on x/0); no fastmath, because it would
    remove the NaN tests by which divergence is seen. With NUMBA_DISABLE_JIT=1 the function runs as Python.
    """
    if not JIT:

        @functools.wraps(function)
        def quiet(*args):
            with np.errstate(all="ignore"):
                return function(*args)

        return quiet
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_root() / "kernels" / source_hash()[:16])
    try:
        return numba.njit(error_model="numpy", nogil=True, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


# --- lanes -----------------------------------------------------------------------------------------------


def lane() -> int:
    """This lane's number: 0 on the CPU, threadIdx.x on CUDA."""
    return 0


def lanes() -> int:
    """How many lanes share the row: 1 on the CPU, blockDim.x on CUDA."""
    return 1


def barrier() -> None:
    """Wait until every lane of the row is here; writes before it are seen after it."""


def block_sum(value):
    """Sum of `value` over the lanes of the row, in a fixed order, known to every lane."""
    return value


@overload(lane, target="generic", inline="always")
def _lane():
    return lambda: 0


@overload(lanes, target="generic", inline="always")
def _lanes():
    return lambda: 1


@overload(barrier, target="generic", inline="always")
def _barrier():
    return lambda: None


@overload(block_sum, target="generic", inline="always")
def _block_sum(value):
    return lambda value: value


# --- what only the CPU needs ---


def unowned(array):
    """The same array without reference counting: slices of it cost no atomic increments (5 ns each).

    The caller must keep the owner alive, as train_row's caller does.
    """
    return array


@overload(unowned, target="generic", inline="always")
def _unowned(array):
    return lambda array: drop_owner(array)


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


def gemm(buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """C = S + A op(B) on one flat buffer.

    A[i, p] is buffer[a + i a_row + p a_col], so that a transposed A needs no copy; B is row-major at b, (k, n), or (n, k)
    if `transposed`; C is row-major (m, n) at c; S[i, j] is
    buffer[start + i start_row + j], or 0 if start < 0: a bias (start_row = 0), an accumulated C (start = c) or nothing.
    """
    left = np.lib.stride_tricks.as_strided(
        buffer[a:], (m, k), (a_row * buffer.itemsize, a_col * buffer.itemsize)
    )
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

    @overload(function, target="generic")
    def _choose(x):
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return function
