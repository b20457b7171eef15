"""O: the optimizers' kernels alone at three sizes, beside the triad; nothing compiled inside the clock."""

import numba
import pytest

from .rig.kernels import SIZES, TRAFFIC

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="times compiled kernels"),
]


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("rule", list(TRAFFIC))
def test_kernel(benchmark, rule, size):
    from .contenders.coreops_kernels import RULES, CoreopsKernels

    n, contender = SIZES[size], CoreopsKernels()
    contender.prepare({"n": n}, {})  # compiles
    calls = max(1, int(2e7 / n))
    signatures = list(RULES[rule].signatures)
    benchmark.extra_info.update(values=n, calls=calls)
    benchmark.pedantic(contender.run, args=(rule, calls), setup=contender.reset, rounds=9)
    assert list(RULES[rule].signatures) == signatures
    if benchmark.stats:
        nanoseconds = benchmark.stats.stats.median / (n * calls) * 1e9
        benchmark.extra_info.update(ns_per_value=nanoseconds, gb_per_s=TRAFFIC[rule] / nanoseconds)
