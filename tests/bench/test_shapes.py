"""coreops on S0-S3 and C1: microseconds per training, compiled beforehand, nothing compiled inside the clock."""

import numba
import pytest

from coreops.training import train_row

from .contenders.coreops_fit import CoreopsFit
from .rig.one_thread import task_of
from .rig.shapes import SHAPES, problem

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="times compiled kernels"),
]
EPOCHS = {"S0": 200, "S1": 100, "S2": 30, "S3": 3, "C1": 10}


@pytest.mark.parametrize("name", list(SHAPES))
def test_training(benchmark, name):
    shape, contender = SHAPES[name], CoreopsFit()
    steps = contender.prepare(task_of(shape, EPOCHS[name]), problem(shape))["steps"]  # compiles
    signatures = list(train_row.signatures)
    benchmark.extra_info["steps"] = steps
    benchmark.pedantic(contender.run, setup=contender.reset, rounds=9)
    assert list(train_row.signatures) == signatures
    assert contender.results[0].steps == steps
    if benchmark.stats:  # absent with --benchmark-disable
        benchmark.extra_info["us_per_step"] = benchmark.stats.stats.median / steps * 1e6
