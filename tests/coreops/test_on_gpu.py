"""On a machine with an NVIDIA GPU (`python -m pytest -m gpu`): every kind against the CPU, and what needs hardware.

`tests/bench/on_gpu.py` runs these, the small ones named `sanitized` under compute-sanitizer too.
"""

from itertools import pairwise

import numpy as np
import pytest

from coreops import SGD, Adam, Data, Dense, Network, ReLU, Run, SoftmaxCrossEntropy, SquaredError, Tanh, fit_many
from coreops.rng import draw, normal_pair, uniform
from tests.coreops import cases
from tests.coreops.cases import DTYPES, distance
from tests.coreops.target_rows import KINDS, agreement, apart, poison

cuda = pytest.importorskip("numba.cuda")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.jit_only,
    pytest.mark.skipif(not cuda.is_available(), reason="no NVIDIA GPU"),
]
# The GPU contracts a x + b to one rounding and sums in another order; relative to the field's maximum, in few steps.
BOUND = {"float32": 1e-4, "float64": 1e-11}


@pytest.fixture(autouse=True)
def poisoned(monkeypatch):
    """Scratch holds NaN and huge offsets before each launch."""
    monkeypatch.setattr(cuda, "device_array", cuda.device_array)
    poison(cuda)


def digits(n=256, d=19, classes=10):
    return cases.problem(n=n, d=d, classes=classes)


def net(*widths, dtype="float32", last=10):
    layers = [layer for a, b in pairwise(widths) for layer in (Dense(a, b), ReLU())]
    return Network(*layers, Dense(widths[-1], last), loss=SoftmaxCrossEntropy(), dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_everything_trains_as_on_the_cpu(kind, dtype):
    for name, found in agreement(kind, None, dtype).items():
        assert max(found["theta"], found["losses"]) <= BOUND[dtype], (name, found)


@pytest.mark.parametrize("lanes", [1, 4, 32, 64, 128, 256])
def test_any_number_of_lanes_sanitized(lanes):
    X, y = digits()
    rows = [Run(net(19, 23, dtype="float64"), optimizer=Adam(0.01), batch_size=30, epochs=1, seed=s) for s in range(3)]
    want = fit_many(rows, X, y, threads=1)
    for a, b in zip(fit_many(rows, X, y, target="cuda", threads=lanes), want, strict=True):
        assert apart(a.theta, b.theta) <= BOUND["float64"] and apart(a.loss, b.loss) <= BOUND["float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("widths", [(19, 33), (19, 65, 7), (19, 130, 61, 3)], ids=str)
def test_sizes_that_fit_no_tile_sanitized(widths, dtype):
    X, y = digits()
    rows = [Run(net(*widths, dtype=dtype), optimizer=SGD(0.05), batch_size=b, epochs=1) for b in (1, 31, 129)]
    want = fit_many(rows, X, y, threads=1)
    for a, b in zip(fit_many(rows, X, y, target="cuda"), want, strict=True):
        assert distance(a.theta, b.theta) <= 10 * BOUND[dtype], b


@pytest.mark.parametrize("n", [1, 2, 33, 132, 513, 4096])
def test_a_row_does_not_depend_on_how_many_there_are(n):
    X, y = digits()
    rows = [Run(net(19, 8), optimizer=Adam(0.01), batch_size=32, epochs=1, seed=s) for s in range(n)]
    table = fit_many(rows, X, y, target="cuda")
    some = sorted({0, n // 3, n // 2, n - 1})
    for i in some:
        alone = fit_many([rows[i]], X, y, target="cuda")[0]
        np.testing.assert_array_equal(alone.theta, table[i].theta)
    for a, i in zip(fit_many([rows[i] for i in some], X, y), some, strict=True):
        assert apart(table[i].theta, a.theta) <= BOUND["float32"]


def test_unequal_rows_sanitized():
    X, y = digits()
    generator, rows = np.random.default_rng(0), []
    for s in range(40):
        widths = (19, *generator.integers(1, 70, generator.integers(0, 3)).tolist())
        epochs, batch = int(generator.integers(0, 4)), int(generator.integers(1, 200))
        dtype = DTYPES[s % 2]
        rows.append(Run(net(*widths, dtype=dtype), optimizer=Adam(0.01), batch_size=batch, epochs=epochs, seed=s))
    for i, (a, b) in enumerate(zip(fit_many(rows, X, y, target="cuda"), fit_many(rows, X, y), strict=True)):
        assert a.status == b.status and a.steps == b.steps, i
        assert distance(a.theta, b.theta) <= 100 * BOUND[b.network.dtype.name], i


def test_losses_agree_statistically_over_a_long_run():
    """Chaos parts single runs; the mean over seeds of the last loss stays."""
    X, y = digits()
    rows = [Run(net(19, 16), optimizer=Adam(0.003), batch_size=32, epochs=30, seed=s) for s in range(64)]
    last = [fit_many(rows, X, y, target=target)["loss"][:, -1] for target in ("cpu", "cuda")]
    assert abs(last[0].mean() - last[1].mean()) <= 4 * last[0].std() / np.sqrt(len(rows))


def test_words_and_uniforms_are_the_cpus_to_the_bit_and_normals_to_few_ulp():
    from coreops.cuda import overloads  # noqa: F401

    n = 1000

    @cuda.jit
    def kernel(words, uniforms, normals):
        i = cuda.grid(1)
        if i < n:
            w0, w1, w2, w3 = draw(np.uint64(7), 3, 2, 5, i)
            words[i, 0], words[i, 1], words[i, 2], words[i, 3] = w0, w1, w2, w3
            uniforms[i] = uniform(w0)
            normals[i, 0], normals[i, 1] = normal_pair(w0, w1)

    got = np.zeros((n, 4), np.uint64), np.zeros(n), np.zeros((n, 2))
    kernel[-(-n // 64), 64](*got)
    want = [draw(np.uint64(7), 3, 2, 5, i) for i in range(n)]
    assert np.array_equal(got[0], np.array(want, np.uint64))
    assert np.array_equal(got[1], [uniform(w[0]) for w in want])
    normals = np.array([normal_pair(w[0], w[1]) for w in want])
    assert (np.abs(got[2] - normals) <= 8 * np.spacing(np.maximum(np.abs(normals), 2.0**-3))).all()


def test_a_regression_in_float64_over_many_steps():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(64, 3))
    network = Network(Dense(3, 9), Tanh(), Dense(9, 2), loss=SquaredError(), dtype="float64")
    rows = [
        Run(network, optimizer=SGD(0.05), batch_size=16, epochs=50, seed=s, data=Data(X, X[:, :2] ** 2)) for s in (1, 2)
    ]
    for a, b in zip(fit_many(rows, target="cuda"), fit_many(rows), strict=True):
        assert apart(a.loss, b.loss) <= 1e-9
