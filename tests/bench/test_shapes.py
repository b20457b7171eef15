"""coreops on S0-S3 and C1, and a sweep of S0: microseconds per training, nothing compiled inside the clock."""

import numba
import pytest

from coreops.abreast.training import train_abreast
from coreops.training import train_row

from .contenders.coreops_fit import CoreopsFit
from .rig.one_thread import task_of
from .rig.shapes import SHAPES, problem

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="times compiled kernels"),
]
ROWS = 64  # of the sweep
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


def test_sweep_of_tiny_networks(benchmark):
    """By one thread, several rows abreast."""
    shape, contender = SHAPES["S0"], CoreopsFit()
    steps = contender.prepare(task_of(shape, EPOCHS["S0"] // 10, rows=ROWS, threads=1), problem(shape, ROWS))["steps"]
    contender.run()  # loads the loop for rows abreast
    signatures = list(train_abreast.signatures)
    benchmark.extra_info["steps"] = steps
    benchmark.pedantic(contender.run, setup=contender.reset, rounds=9)
    assert signatures and list(train_abreast.signatures) == signatures
    assert sum(result.steps for result in contender.results) == steps
    if benchmark.stats:
        benchmark.extra_info["us_per_step"] = benchmark.stats.stats.median / steps * 1e6
