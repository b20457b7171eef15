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
import scipy.linalg.cython_blas  # noqa: F401  numba_xxgemm finds BLAS through it
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

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


# --- matrix products -------------------------------------------------------------------------------------


def gemm(buffer, transpose_a, transpose_b, m, n, k, a, b, c, beta):
    """C = op(A) op(B) + beta C for row-major matrices at offsets a, b, c of one buffer.

    op(A): (m, k), op(B): (k, n), C: (m, n); a transposed operand is stored as (k, m) or (n, k). With
    beta = 0 the old C is not read (so NaN in it does not survive).
    """
    left = buffer[a : a + m * k].reshape((k, m) if transpose_a else (m, k))
    right = buffer[b : b + k * n].reshape((n, k) if transpose_b else (k, n))
    out = buffer[c : c + m * n].reshape((m, n))
    product = (left.T if transpose_a else left) @ (right.T if transpose_b else right)
    out[:] = product if beta == 0 else product + beta * out


@intrinsic
def _blas_gemm(typing, buffer, transpose_a, transpose_b, m, n, k, a, b, c, beta):
    """SciPy's ?gemm on offsets of a flat buffer.

    The same entry point as np.dot inside nopython code, without building three array views (95 ns, as much
    as a small product) and with beta, so that a bias or an accumulated gradient costs no extra pass.
    """
    real, size = buffer.dtype, types.intp
    kind = {types.float32: "s", types.float64: "d"}[real]
    signature = types.void(buffer, types.boolean, types.boolean, size, size, size, size, size, size, real)

    def codegen(context, builder, _signature, args):
        array, transpose_a, transpose_b, m, n, k, a, b, c, beta = args
        data = context.make_array(buffer)(context, builder, array).data
        char, word = ir.IntType(8), context.get_value_type(size)
        pointer = char.as_pointer()

        def at(offset):
            return builder.bitcast(builder.gep(data, [offset]), pointer)

        def scalar(value):
            return builder.bitcast(cgutils.alloca_once_value(builder, value), pointer)

        def flag(transpose):
            return builder.select(transpose, ir.Constant(char, ord("T")), ir.Constant(char, ord("N")))

        arguments = [char] * 3 + [word] * 3 + [pointer, pointer, word, pointer, word, pointer, pointer, word]
        blas = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), arguments), "numba_xxgemm"
        )
        # BLAS is column-major: C^T = op(B)^T op(A)^T swaps the operands.
        rows_a = builder.select(transpose_a, m, k)
        rows_b = builder.select(transpose_b, k, n)
        one = scalar(context.get_constant(real, 1.0))
        builder.call(
            blas,
            [ir.Constant(char, ord(kind)), flag(transpose_b), flag(transpose_a), n, m, k]
            + [one, at(b), rows_b, at(a), rows_a, scalar(beta), at(c), n],
        )
        return context.get_dummy_value()

    return signature, codegen


@overload(gemm, target="generic")
def _gemm(buffer, transpose_a, transpose_b, m, n, k, a, b, c, beta):
    def product(buffer, transpose_a, transpose_b, m, n, k, a, b, c, beta):
        _blas_gemm(buffer, transpose_a, transpose_b, m, n, k, a, b, c, buffer.dtype.type(beta))

    return product


# --- functions with one body per precision ---------------------------------------------------------------


def by_precision(single, double):
    """A scalar function that is `single` for float32 and `double` for float64 arguments."""

    def function(x):
        return single(x) if isinstance(x, np.float32) else double(x)

    @overload(function, target="generic")
    def _choose(x):
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return function
