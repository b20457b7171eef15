"""O: optimizer kernels alone, beside the triad; every rule as the training loop calls it. No compiling in the clock."""

import numba
import pytest

from coreops import FullMatrixAdaGrad
from tests.coreops import cases

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


@pytest.mark.parametrize("size", ["45", "2.4k", "100k", "10M"])
@pytest.mark.parametrize("name", list(cases.OPTIMIZERS))
def test_rule(benchmark, name, size):
    """The first case of each rule in the tests' tables, which hold every rule that coreops has."""
    from .contenders.coreops_rules import CoreopsRules, updates

    rule = cases.OPTIMIZERS[name][0]
    if isinstance(rule, FullMatrixAdaGrad) and size != "45":
        pytest.skip("at most 50 parameters")
    contender = CoreopsRules({name: rule}, size)
    calls = max(2, int(1e7 / contender.n)) if not isinstance(rule, FullMatrixAdaGrad) else 64
    signatures = list(updates.signatures)
    benchmark.extra_info.update(values=contender.n, calls=calls)
    benchmark.pedantic(contender.run, args=(name, calls), setup=contender.reset, rounds=9)
    assert list(updates.signatures) == signatures
    if benchmark.stats:
        benchmark.extra_info["ns_per_value"] = benchmark.stats.stats.median / (contender.n * calls) * 1e9
