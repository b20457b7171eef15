"""Networks and runs are data: a new architecture, loss or rule compiles nothing."""

import numpy as np
import pytest

from coreops import (
    SGD,
    Adam,
    Dense,
    LeakyReLU,
    Network,
    ReLU,
    Run,
    Scale,
    Sigmoid,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    fit,
    fit_many,
)
from coreops.optimizers import Optimizer
from coreops.training import train_row
from tests.coreops import cases

pytestmark = pytest.mark.jit_only
X, Y = cases.problem(n=20)


def test_one_compile_for_all_architectures():
    fit(cases.mlp("float32"), X, Y, optimizer=SGD(0.1), batch_size=5, epochs=1)
    before = len(train_row.signatures)
    networks = [
        Network(Dense(3, 11), ReLU(), Dense(11, 2), Sigmoid(), Dense(2, 3), loss=SoftmaxCrossEntropy()),
        Network(Scale(3), Dense(3, 40), LeakyReLU(), Dense(40, 3, bias=False), loss=SigmoidSquaredError()),
        Network(*[item for _ in range(12) for item in (Dense(3, 3), Tanh())], loss=SoftmaxCrossEntropy()),
    ]
    optimizers = [rule for rules in cases.OPTIMIZERS.values() for rule in rules]
    picky = [rule for rule in optimizers if type(rule).check is not Optimizer.check]
    rows = [(n, o) for n in networks for o in optimizers if o not in picky]
    rows += [(cases.rectifier_net("float32"), o) for o in picky]
    fit_many([Run(n, optimizer=o, batch_size=4, epochs=1, seed=1) for n, o in rows], X, Y)
    for schedule in cases.flat(cases.SCHEDULES):
        fit(networks[0], X, Y, optimizer=Adam(), epochs=1, schedule=schedule, validation=(X, Y), record_theta_every=1)
    fit(Network(Dense(3, 1), loss=SquaredError()), X, Y, optimizer=SGD(0.01), epochs=1)
    assert len(train_row.signatures) == before
    fit(cases.mlp("float64"), X, Y, optimizer=SGD(0.1), epochs=1)
    assert len(train_row.signatures) <= 2, "one for each precision"


def test_data_in_any_form_compiles_nothing():
    """Non-contiguous, integer, read-only, list: encoded before the kernel sees them."""
    network = Network(Dense(3, 3), loss=SoftmaxCrossEntropy())
    fit(network, X, Y, optimizer=SGD(0.1), epochs=1)
    before = len(train_row.signatures)
    frozen = X.astype(np.float32)
    frozen.flags.writeable = False
    for x in (np.asfortranarray(X), X[::-1], frozen, np.rint(X).astype(int), X.tolist(), X > 0):
        fit(network, x, Y, optimizer=SGD(0.1), epochs=1)
    for y in (Y.astype(np.uint8), Y.astype(float), Y.tolist()):
        fit(network, X, y, optimizer=SGD(0.1), epochs=1)
    assert len(train_row.signatures) == before


CHILD = """
import time, numpy as np
start = time.perf_counter()
from coreops import *
from coreops.training import train_row
net = Network(Dense(3, 4), Tanh(), Dense(4, 3), loss=SoftmaxCrossEntropy())
fit(net, np.ones((4, 3)), np.array([0, 1, 2, 0]), optimizer=SGD(0.1), epochs=1)
stats = train_row.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), time.perf_counter() - start)
import sys
slow = ("scipy.special", "scipy.linalg", "scipy.optimize", "asyncio", "numba.cpython.unicode", "numba.np.linalg")
print(*[name for name in slow if name in sys.modules])
"""


def test_a_second_process_takes_the_kernels_from_the_cache():
    fit(cases.mlp("float32"), X, Y, optimizer=SGD(0.1), epochs=1)
    counts, loaded = cases.output_of(CHILD).splitlines()
    hits, misses, seconds = counts.split()
    assert (hits, misses) == ("1", "0")
    assert float(seconds) < 20
    assert loaded == "", "what a training does not need: most of SciPy, and Numba's compiler"
