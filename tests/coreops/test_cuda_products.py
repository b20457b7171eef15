"""The device's matrix product against NumPy, by simulated threads: every form, sizes that fit no tile."""

import json

import pytest

from tests.coreops.cases import simulated_output_of

pytest.importorskip("numba_cuda")
pytestmark = pytest.mark.once  # the child never compiles

PRODUCTS = """
import json, sys
import numpy as np
from numba import cuda
from coreops.cuda import products, simulator
from coreops.target import gemm
sys.setswitchinterval(1e-5)
NOISE = 7.0
used = set()
for name in ("tiled_product", "plain_product"):
    def seen(*args, name=name, real=getattr(products, name)):
        used.add(name)
        real(*args)
    setattr(products, name, seen)

@cuda.jit
def entry(buffer, numbers):
    simulator.run(cuda, lambda plain: gemm(plain, *numbers), buffer)

def check(m, n, k, form, bias, lanes, dtype):
    generator = np.random.default_rng(m + 100 * n + k)
    A, B = generator.normal(size=(m, k)).astype(dtype), generator.normal(size=(k, n)).astype(dtype)
    S, gap = generator.normal(size=(m, n)).astype(dtype), 3
    parts = [A.T if form == "TN" else A, B.T if form == "NT" else B, S, np.full((m, n), np.nan)]
    places, buffer = [], []
    for part in parts:
        places.append(gap + sum(len(b) for b in buffer))
        buffer += [np.full(gap, NOISE), part.reshape(-1)]
    buffer = np.concatenate([*buffer, np.full(gap, NOISE)]).astype(dtype)
    a, b, s, c = places
    # a bias is one row for all; a sum is added where it lies; else C begins at 0
    start, start_row, want = {"bias": (s, 0, S[0]), "add": (c, n, S), "none": (-1, 0, 0)}[bias]
    if bias == "add":
        buffer[c : c + m * n] = S.reshape(-1)
    before = buffer.copy()
    a_row, a_col = (1, m) if form == "TN" else (k, 1)
    if form == "column sums":
        A, a_row, a_col = np.full((m, k), buffer[a]), 0, 0
    numbers = [np.int64(v) for v in (m, n, k, a, a_row, a_col, b)]
    numbers += [form == "NT", *(np.int64(v) for v in (c, start, start_row))]
    entry[1, lanes, 0, max(8 * lanes, products.TILE * np.dtype(dtype).itemsize)](buffer, tuple(numbers))
    want = A.astype(float) @ B + want
    error = np.abs(buffer[c : c + m * n].reshape(m, n) - want).max() / (np.abs(A) @ np.abs(B)).max()
    assert error <= 8 * np.finfo(dtype).eps, (m, n, k, form, bias, lanes, dtype, error)
    before[c : c + m * n] = buffer[c : c + m * n]
    assert np.array_equal(before, buffer, equal_nan=True), "it wrote outside of C"

everything = [(1, 1, 1), (1, 1, 9), (4, 4, 8), (5, 7, 9), (3, 2, 17), (8, 8, 8), (33, 1, 5), (1, 35, 6), (2, 40, 4),
              (41, 3, 8), (17, 18, 19), (9, 34, 3)], ("NN", "TN", "NT", "column sums"), ("bias", "add", "none")
found = {}
for lanes in (1, 4, 32, 256):
    # the most lanes: only the most oblong tile, which takes the most shared memory
    sizes, forms, starts = everything if lanes <= 32 else ([(257, 13, 8)], ("NN",), ("add",))
    for i, size in enumerate(sizes):
        for j, form in enumerate(forms):
            # each size and each form with each start; all three together for one number of lanes
            for k in range(len(starts)) if lanes == 4 else [(i + j) % len(starts)]:
                check(*size, form, starts[k], lanes, ("float64", "float32")[(i + j + k) % 2])
    found[lanes] = sorted(used)
    used.clear()
print(json.dumps(found))
"""


def test_products_against_numpy():
    used = json.loads(simulated_output_of(PRODUCTS))
    both = ["plain_product", "tiled_product"]
    assert used == {"1": both, "4": both, "32": both, "256": both[1:]}
