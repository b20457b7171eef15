"""The matrix products, on all shapes around their vector, tile and panel edges; nothing outside is written."""

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreops import SGD, fit, products
from coreops.inference import VECTOR, aligned_empty
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, JIT, output_of


def affine(buffer, a, b, s, c, m, k, n, add):
    products.affine(buffer, a, b, s if add else -1, c, m, k, n)


def column_sums(buffer, a, b, s, c, m, k, n, add):
    products.column_sums(buffer, b, a, c, k, n, add)


def matmul_tn(buffer, a, b, s, c, m, k, n, add):
    products.matmul_tn(buffer, a, b, c, m, k, n, add)


def matmul_nt(buffer, a, b, s, c, m, k, n, add):
    products.matmul_nt(buffer, a, b, c, m, k, n, add)


# name -> (call, shapes of A, B, start and C for sizes m, k, n, and the result).   `add` with a start adds that start
# (a bias), without one it adds the old C.
PRODUCTS = {
    "affine": (affine, lambda m, k, n: ((m, k), (k, n), (n,), (m, n)), lambda a, b: a @ b),
    "matmul_tn": (matmul_tn, lambda m, k, n: ((k, m), (k, n), (0,), (m, n)), lambda a, b: a.T @ b),
    "matmul_nt": (matmul_nt, lambda m, k, n: ((m, k), (n, k), (0,), (m, n)), lambda a, b: a @ b.T),
    "column_sums": (column_sums, lambda m, k, n: ((k, n), (1,), (0,), (n,)), lambda a, b: a.sum(axis=0) * b),
}
# one off every vector length, tile height and panel depth that a CPU may have, and beyond
EDGES = [1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 48, 64, 65] if JIT else [1, 2, 3, 8, 9, 17]
LARGE = [(3, 127, 65), (5, 128, 64), (8, 129, 63), (2, 257, 33), (130, 3, 129), (7, 300, 40), (64, 784, 130)]
LARGE = LARGE if JIT else LARGE[:1]


def laid_out(name, m, k, n, dtype, draw):
    """A buffer with A, B, start and C apart from each other in a sea of NaN; returns it, the offsets and the arrays."""
    shapes, pad = PRODUCTS[name][1](m, k, n), 5
    arrays, offsets, parts = [], [], [np.full(pad, np.nan)]
    for shape in shapes:
        array = np.ones(shape) if shape == (1,) else draw(shape)
        arrays.append(array.astype(dtype))
        offsets.append(sum(p.size for p in parts))
        parts += [arrays[-1].reshape(-1), np.full(pad, np.nan)]
    buffer = aligned_empty(sum(part.size for part in parts), dtype)
    buffer[:] = np.concatenate(parts)
    return buffer, offsets, arrays


def multiplied(name, m, k, n, add, dtype, draw):
    """(C from the engine, A, B, what `add` adds); fails if anything but C was written to."""
    call = PRODUCTS[name][0]
    buffer, at, (a, b, start, old) = laid_out(name, m, k, n, dtype, draw)
    c = slice(at[3], at[3] + old.size)
    if not add:
        buffer[c] = np.nan  # the old C is not read
        buffer[at[2] : at[2] + start.size] = np.nan
    before = buffer.copy()
    call(buffer, *at, m, k, n, add)
    got = buffer[c].reshape(old.shape)
    before[c] = buffer[c]
    assert buffer.tobytes() == before.tobytes(), f"{name} {m} {k} {n} wrote outside"
    return got, a, b, 0 if not add else start if start.size else old


def check(name, m, k, n, add, dtype, seed=0):
    """Integers, so that every order of summation gives exactly the same."""
    generator = np.random.default_rng(seed)
    got, a, b, added = multiplied(name, m, k, n, add, dtype, lambda shape: generator.integers(-8, 9, shape))
    assert np.array_equal(got, PRODUCTS[name][2](a, b) + added), (name, m, k, n, add, got)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_every_edge(name, dtype):
    for n in EDGES:
        for m in EDGES:
            check(name, m, 1 + (m * n) % 19, n, bool((m + n) % 2), dtype)
    for k in EDGES:
        check(name, 7, k, 33, False, dtype)
        check(name, 1, k, 1, True, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_beyond_one_panel(name, shape, dtype):
    for add in (False, True):
        check(name, *shape, add, dtype)


SIZES = st.integers(1, 70 if JIT else 12)


@given(st.sampled_from(list(PRODUCTS)), SIZES, SIZES, SIZES, st.booleans(), st.sampled_from(DTYPES))
def test_any_shape(name, m, k, n, add, dtype):
    check(name, m, k, n, add, dtype, seed=m)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_rounding_is_that_of_a_sum(name, dtype):
    """Real numbers: error at most about sqrt(k) roundings of sum |a b|."""
    m, k, n = (17, 400, 33) if JIT else (3, 50, 5)
    generator, product = np.random.default_rng(0), PRODUCTS[name][2]
    got, a, b, _ = multiplied(name, m, k, n, False, dtype, lambda shape: generator.normal(size=shape))
    a, b = a.astype(np.longdouble), b.astype(np.longdouble)
    bound = 2 * np.sqrt(k) * EPS[dtype] * product(np.abs(a), np.abs(b))
    assert (np.abs(got - product(a, b)) <= bound).all()


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("name", PRODUCTS)
def test_nan_and_infinity_pass_through(name, poison):
    """One bad value in A spoils the sums that it enters and no others; divergence must be seen."""

    def draw(shape):
        array = np.ones(shape)
        if len(shape) == 2 and not seen:
            array[4, 7] = poison
        seen.append(1)
        return array

    seen = []
    got, a, b, _ = multiplied(name, 9, 10, 11, False, "float32", draw)
    with np.errstate(all="ignore"):
        want = PRODUCTS[name][2](a, b)
    np.testing.assert_array_equal(got, want)


# The buffer begins at a page that may not be read, or ends a vector before one: one stray element kills the process.
GUARD = """
import ctypes, mmap
import numpy as np
from coreops.inference import VECTOR
from tests.coreops.test_products import EDGES, LARGE, PRODUCTS
page, libc = mmap.PAGESIZE, ctypes.CDLL(None, use_errno=True)
room = mmap.mmap(-1, 258 * page)
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
for guard in (start, start + 257 * page):
    assert libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(page), 0) == 0, ctypes.get_errno()
for dtype in (np.float32, np.float64):
    whole = np.frombuffer(room, dtype)[page // np.dtype(dtype).itemsize : 257 * page // np.dtype(dtype).itemsize]
    for call, shapes_of, _ in PRODUCTS.values():
        shapes = [(m, k, n) for m in EDGES[::3] for k in EDGES[::3] for n in EDGES] + LARGE[:4]
        for m, k, n in shapes:
            sizes = [int(np.prod(shape)) for shape in shapes_of(m, k, n)]
            for last in range(4):  # each operand once at the very end
                at, position = [0] * 4, 0
                for operand in (*range(last + 1, 4), *range(last + 1)):
                    at[operand], position = position, position + sizes[operand]
                end = whole.size - VECTOR // whole.itemsize
                for buffer in (whole[:position], whole[end - position : end]):
                    call(buffer, *at, m, k, n, True)
print("survived")
"""


@pytest.mark.jit_only
@pytest.mark.skipif(not hasattr(mmap, "MAP_PRIVATE"), reason="needs POSIX memory protection")
def test_no_more_than_a_vector_beyond_the_buffer_is_read():
    assert output_of(GUARD).strip() == "survived"


@pytest.mark.once
def test_a_vector_lies_behind_every_buffer():
    for n in range(1, 40):
        buffer = aligned_empty(n, "float32")
        whole = buffer.base
        behind = whole.ctypes.data + whole.nbytes - buffer.ctypes.data - buffer.nbytes
        assert buffer.size == n and buffer.ctypes.data % VECTOR == 0 and behind >= VECTOR


def test_denormals_of_the_caller_survive_a_training():
    """The engine may flush denormals while it trains; the thread that called it gets its arithmetic back."""
    X, y = cases.problem()
    tiny = np.full(3, 1e-310)
    fit(cases.mlp(), X, y, optimizer=SGD(0.1), epochs=1)
    assert (tiny * 0.5 > 0).all() and (np.full(3, 1e-40, np.float32) * np.float32(0.5) > 0).all()
