"""The kernel compiles for the GPU (sm_80, sm_90) on a machine without one, from the same source as for the CPU.

In processes of their own: compiling for a device that is not there swaps a function of numba-cuda.
"""

import json
import re

import pytest

from tests.coreops import cases
from tests.coreops.cases import output_of

pytest.importorskip("numba_cuda")
pytestmark = pytest.mark.once  # the children compile in either mode

CAPABILITIES = ["8.0", "9.0"]
WHOLE = """
import functools, gc, sys
gc.disable()  # a fifth of the time: what compiling makes is kept anyway
import numpy as np
from coreops import SGD, Adam, Dense, Network, SoftmaxCrossEntropy, Tanh, fit
from coreops.cuda.entry import ptx
import numba.cuda
import numba.cuda.dispatcher as dispatcher
if sys.argv[3] == "plain":
    numba.cuda.compile_ptx = functools.partial(numba.cuda.compile_ptx, opt=False)
driver = dispatcher.get_current_device
net = Network(Dense(3, 4), Tanh(), Dense(4, 3), loss=SoftmaxCrossEntropy(), dtype=sys.argv[1])
def train():
    X, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 2, 0])
    return fit(net, X, y, optimizer=Adam(0.1), batch_size=2, epochs=3, seed=1)
before = train().theta
text = ptx(sys.argv[1], tuple(int(n) for n in sys.argv[2].split(".")))
assert (train().theta == before).all(), "compiling for CUDA changed the CPU's results"
assert dispatcher.get_current_device is driver, "the stand-in for the driver was left in place"
print(text)
"""


@pytest.mark.parametrize(("dtype", "capability", "how"), [("float64", "8.0", "plain"), ("float32", "9.0", "optimised")])
def test_the_kernel_compiles_to_ptx(dtype, capability, how):
    """Each precision and each architecture once; the pieces below, which could differ by both, in all four ways.

    NVVM takes 40 seconds to optimise one, and 4 seconds to translate it plainly, as it does float64, of which PTX has
    no approximate division or root.
    """
    text = output_of(WHOLE, dtype, capability, how)
    assert re.search(rf"\.target\s+sm_{capability.replace('.', '')}\b", text)
    assert len(re.findall(r"\.visible \.entry", text)) == 1
    for what in ("%tid.x", "%ntid.x", "%ctaid.x", ".shared", "bar.sync"):
        assert what in text, f"no {what}: a CUDA overload fell back to the CPU's meaning"
    # in plain code most of them are calls of the function that has the instruction
    assert len(re.findall(r"\bbar(?:rier)?\.sync|call\.uni[^;]*_barrier", text)) > 30
    for instruction in ("div.approx", "div.full", "sqrt.approx"):  # fast-math would drop the tests for NaN
        assert instruction not in text


# name -> (a statement, what its PTX must contain). An overload that fails to type on CUDA falls back to the CPU's in
# silence, and the whole kernel would hide one such among others that are right.
PIECES = {
    "lane": ("out[0] = lane()", ("%tid.x",)),
    "lanes": ("out[0] = lanes()", ("%ntid.x",)),
    "barrier": ("barrier()", ("bar.sync",)),
    "block_sum": ("out[0] = block_sum(out[1])", (".shared", "bar.sync")),
    "gemm": ("gemm(out, 4, 4, 4, 0, 4, 1, 16, False, 32, -1, 0)", ("%tid.x", "bar.sync", "ld.shared", "fma.rn")),
    "copy_span": ("copy_span(out, 0, 16, 11)", ()),
    "add_span": ("add_span(out, 0, 16, 11)", ()),
    "shift_span": ("shift_span(out, 0, 16, 11, out[40])", ()),
    "scale_span": ("scale_span(out, 0, 11, out[40])", ()),
    "sum_window": ("sum_window(out, -1, 0, 16, 3, 2, 1, 4, 3)", ()),
    "largest_window": ("largest_window(out, 0, 16, 3, 2, 1, 4)", ()),
    "route_window": ("route_window(out, 0, 16, 32, 48, 3, 2, 1, 4)", ()),
    "combine": ("combine(out, False, 40, 0, 1, 8, 4, 40, 4, 3)", ("%tid.x",)),
    "combine_column": ("combine_column(out, False, 0, 1, 8, 4, 40, 2, 4, 3)", ("%tid.x",)),
    "dots": ("dots(out, False, 0, 8, 40, 4, 3)", ("%tid.x",)),
    "sum_rows": ("sum_rows(out, False, 0, 40, 4, 3)", ("%tid.x",)),
    "rectify": ("rectify(out, 0, 16, 11, out[40])", ("%tid.x",)),
    "rectify_gradient": ("rectify_gradient(out, 0, 16, 32, 11, out[40])", ("%tid.x",)),
}
EACH = """
import gc, json, sys
gc.disable()
import numpy as np
from types import SimpleNamespace
import numba, numba.cuda, numba.cuda.dispatcher
from coreops.spans import add_span, combine, combine_column, copy_span, dots, largest_window, rectify
from coreops.spans import rectify_gradient, route_window, scale_span, shift_span, sum_rows, sum_window
from coreops.target import barrier, block_sum, gemm, lane, lanes
import coreops.cuda.overloads
texts = {}
for name, statement in json.loads(sys.argv[1]).items():
    exec(f"def piece(out):\\n    {statement}\\n")
    inner = numba.njit(error_model="numpy")(piece)
    inner(np.ones(64, np.float32))  # what was compiled for the CPU must not come back on CUDA
    for real in (numba.float32, numba.float64):
        def entry(out):
            inner(out)
        for text in sys.argv[2:]:
            cc = tuple(int(n) for n in text.split("."))
            numba.cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
            texts[f"{name} {real} {text}"], _ = numba.cuda.compile_ptx(
                entry, numba.void(real[::1]), device=False, cc=cc)
print(json.dumps(texts))
"""


def test_no_piece_falls_back_to_the_cpu():
    statements = json.dumps({name: statement for name, (statement, _) in PIECES.items()})
    texts = json.loads(output_of(EACH, statements, *CAPABILITIES))
    assert len(texts) == 2 * len(PIECES) * len(CAPABILITIES)
    for name, text in texts.items():
        piece, _, capability = name.split()
        assert f".target sm_{capability.replace('.', '')}" in text
        for mark in PIECES[piece][1]:
            assert mark in text, f"{name} has its CPU meaning on CUDA: no {mark}"
        rolled = re.search(r"// begin inline asm\s*// end inline asm", text)  # as loops over the CPU's vectors are kept
        assert not rolled, f"{name} has its CPU meaning on CUDA: vector code"
        assert ".local" not in text, f"{name} keeps in memory what should be in registers"


def test_every_name_that_the_cpu_overloads_is_a_piece_or_needs_no_device():
    """A new function in target.py or spans.py wants its CUDA half, and a row above."""
    source = "".join((cases.ROOT / "coreops" / name).read_text() for name in ("target.py", "spans.py"))
    generic = set(re.findall(r'@overload\((\w+), target="generic"', source))
    elsewhere = {"flush_denormals", "restore_denormals", "function"}  # nothing to do, or the same on both
    assert generic - elsewhere == set(PIECES), generic


def test_what_is_launched_is_what_was_compiled_here():
    """numba-cuda would optimise at link time, and as a decorator with arguments forgets that it should not."""
    from coreops.cuda import entry
    from coreops.kernel_cache import kernel_folder

    kernel = entry.compiled()
    assert kernel.py_func is entry.block_per_row
    assert kernel.targetoptions["lto"] is False and kernel.targetoptions["fastmath"] is False
    assert kernel.targetoptions["max_registers"] == entry.REGISTERS
    assert str(kernel._cache.cache_path).startswith(str(kernel_folder()))


def test_bad_dtype():
    from coreops.cuda.entry import ptx

    with pytest.raises(ValueError, match=r"dtype.*float16.*float32"):
        ptx("float16")
