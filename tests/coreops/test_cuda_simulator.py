"""The GPU's code, run by simulated threads: every kind of everything, with the CPU's results.

No hardware is involved: numba-cuda's simulator runs each lane as a Python thread, barriers included, one block after
the other. In processes of their own, because numba decides at import whether it simulates.
"""

import json

import numpy as np
import pytest

from tests.coreops import cases
from tests.coreops.cases import EPS, simulated_output_of
from tests.coreops.target_rows import KINDS

pytest.importorskip("numba_cuda")
pytestmark = pytest.mark.once  # the children never compile
OTHERS = ("loss", "schedule", "sampling", "penalty", "adversary", "field")
# Sums over a block are taken in another order than the CPU's, and products by NumPy there: a few ulp, in few steps.
ULPS = 64


@pytest.mark.parametrize(
    ("kinds", "lanes", "dtype", "which"),  # with one lane, all arenas are in global memory
    [
        (("layer",), 4, "float64", "all"),
        (("optimizer",), 4, "float64", "first"),
        (OTHERS, 4, "float64", "all"),
        (("layer", "optimizer", *OTHERS), 1, "float32", "first"),
    ],
    ids=["layers", "optimizers", "others", "one lane"],
)
def test_everything_trains_as_on_the_cpu(kinds, lanes, dtype, which):
    code = "import runpy, sys; runpy.run_module('tests.coreops.target_rows', run_name='__main__', alter_sys=True)"
    found = json.loads(simulated_output_of(code, ",".join(kinds), lanes, dtype, *["first"] * (which == "first")))
    for kind in kinds:
        assert found[kind] and (kind == "field" or set(found[kind]) == set(cases.exported(kind))), kind
        for name, difference in found[kind].items():
            assert max(difference["theta"], difference["losses"]) <= ULPS * EPS[dtype], (name, difference)


def test_the_committed_report_has_every_layer_and_optimizer():
    lines = (cases.ROOT / "reports" / "targets.md").read_text().splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[2:] for line in lines if line.startswith("| ")}
    for kind in ("layer", "optimizer"):
        for name in cases.exported(kind):
            assert name in cells, f"{name}: python -m tests.coreops.target_report"
            for difference, dtype in zip(cells[name][1:5], np.repeat(cases.DTYPES, 2), strict=True):
                assert float(difference) <= ULPS * EPS[dtype], (name, dtype, difference)


def test_every_kind_is_compared():
    assert set(KINDS) == {*cases.BASES, "layer", "field"} - {"initializer"}  # drawn on the host


HOST = """
import json, os, sys, traceback
import numpy as np
from numba import cuda
from coreops import *
from coreops.cuda import chunks, entry, launch
from coreops.sweep import SweepFailed
from tests.coreops import cases
from tests.coreops.target_rows import X, Y, compared, poison
sys.setswitchinterval(1e-5)
poison(cuda)
def rows():
    short = dict(optimizer=Adam(0.1), batch_size=5)
    return [Run(cases.mlp(dtype, hidden=h), epochs=e, seed=s, **short) for dtype, h, e, s in (
        ("float64", 3, 1, 0), ("float32", 2, 2, 1), ("float64", 5, 3, 2), ("float64", 3, 0, 3), ("float64", 2, 2, 4))]
def run(**settings):
    return fit_many(rows(), X, Y, **(dict(target="cuda", threads=2) | settings))
def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert x.status == y.status and (x.theta == y.theta).all()
        np.testing.assert_array_equal(x.curves, y.curves)
launched, real = [], entry.launch
def counted(blocks, threads, shared_bytes, *buffers):
    launched.append((blocks, threads))
    real(blocks, threads, shared_bytes, *buffers)
entry.launch = counted
whole = run()
assert launched == [(4, 2), (1, 2)], launched
for a, b in zip(whole, fit_many(rows(), X, Y, threads=1), strict=True):
    assert max(compared(a, b).values()) < 1e-6
failed, settings = {}, (chunks.SHARED_BYTES, chunks.chunks.__defaults__, launch.free_bytes)
for name, case in json.loads(sys.argv[2]).items():
    chunks.SHARED_BYTES, chunks.chunks.__defaults__, launch.free_bytes = settings
    entry.launch, folder = counted, os.path.join(sys.argv[1], name)
    os.mkdir(folder)
    try:
        exec(compile(case, name, "exec"), dict(globals()))
    except Exception:
        failed[name] = traceback.format_exc()
print(json.dumps(failed))
"""
CASES = {
    "a row's result is its own": """
for i, row in enumerate(rows()):
    same([whole[i]], fit_many([row], X, Y, target="cuda", threads=2))
same(whole, list(fit_many(rows()[::-1], X, Y, target="cuda", threads=2))[::-1])
""",
    "chunks by rows, and progress": """
launched.clear()
calls = []
chunks.chunks.__defaults__ = (3,)
same(whole, run(progress=lambda done, total: calls.append((done, total))))
assert launched == [(3, 2), (1, 2), (1, 2)] and calls == [(3, 5), (4, 5), (5, 5)], (launched, calls)
""",
    "chunks by memory": """
launched.clear()
chunks.SHARED_BYTES = 0  # arenas in global memory
launch.free_bytes = lambda: 36_000
same(whole, run())
assert launched == [(2, 2), (2, 2), (1, 2)], launched
launch.free_bytes = lambda: 8_000
try:
    run()
except ValueError as error:
    assert "rows[" in str(error) and "GiB on the device" in str(error), error
else:
    raise AssertionError("a row that does not fit was accepted")
""",
    "the journal": """
journal = folder + "/j"
same(whole[:2], fit_many(rows()[:2], X, Y, target="cuda", threads=2, journal=journal))
launched.clear()
same(whole, run(journal=journal))
assert sum(blocks for blocks, _ in launched) == 3, launched
launched.clear()
same(whole, run(journal=journal))
assert not launched
fit_many(rows(), X, Y, threads=1, journal=journal)
fresh = folder + "/k"
fit_many(rows(), X, Y, threads=1, journal=fresh)
run(journal=fresh)
assert launched, "rows that the CPU trained were passed off as the GPU's"
""",
    "a failing launch": """
journal = folder + "/j"
chunks.chunks.__defaults__ = (2,)
for raised, seen in ((MemoryError("out of memory"), SweepFailed), (KeyboardInterrupt(), SweepInterrupted)):
    k = [0]
    def broken(*args, raised=raised, k=k):
        k[0] += 1
        if k[0] == 2:
            raise raised
        real(*args)
    entry.launch = broken
    try:
        run(journal=f"{journal}{seen.__name__}")
    except seen as error:
        assert error.missing == [0, 1, 3] and len(error.table) == 2, (error, error.missing)
        same(error.table, [whole[2], whole[4]])
        text = "chunk 2 of 3 (rows 0, 3): out of memory; 2 rows are finished and 3 are not"
        assert seen is SweepInterrupted or text in str(error), error
    else:
        raise AssertionError(f"{raised!r} went unseen")
    entry.launch = counted
    launched.clear()
    same(whole, run(journal=f"{journal}{seen.__name__}"))
    assert sum(blocks for blocks, _ in launched) == 3, launched
""",
}


def test_the_host_side(tmp_path):
    failed = json.loads(simulated_output_of(HOST, tmp_path, json.dumps(CASES)))
    assert not failed, "\n".join(failed.values())


LANES = """
import sys
import numpy as np
from numba import cuda
from coreops.cuda import simulator
from coreops.target import barrier, lane, lanes
sys.setswitchinterval(1e-5)
def reverse(buffer, careful):
    n = buffer.size // 2
    for i in range(lane(), n, lanes()):
        buffer[n + i] = i
    if careful:
        barrier()
    for i in range(lane(), n, lanes()):
        buffer[i] = buffer[2 * n - 1 - i]
    barrier()
def part(buffer, careful):
    if careful or lane() % 2:
        barrier()
    else:
        barrier()
def half(buffer, careful):
    if careful or lane() % 2:
        barrier()
def run(function, careful, lanes=4):
    @cuda.jit
    def entry(buffer):
        simulator.run(cuda, lambda plain: function(plain, careful), buffer)
    buffer = np.full(16, np.nan)
    entry[1, lanes, 0, 64](buffer)
    return buffer[:8].tolist()
def parts(function, careful):
    try:
        run(function, careful)
    except RuntimeError as error:
        return "different barriers" in str(error)
    return False
right = list(range(7, -1, -1))
assert run(reverse, True) == run(reverse, True, 1) == right
assert run(reverse, False) != right, "a missing barrier was not seen"
assert not parts(part, True) and parts(part, False), "two barriers passed for one"
assert not parts(half, True) and parts(half, False), "a barrier without some of the lanes"
"""


def test_the_simulator_sees_missing_and_parted_barriers():
    simulated_output_of(LANES)
