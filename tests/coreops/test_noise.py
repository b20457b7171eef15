"""Gaussian noise, DropConnect and weight noise: draws against the oracle, identities, gradients."""

import numpy as np
import pytest

from coreops import (
    SGD,
    BatchNorm,
    Dense,
    DropConnect,
    Dropout,
    GaussianNoise,
    LayerNorm,
    LinearLoss,
    Network,
    Scale,
    SquaredError,
    Tanh,
    WeightNoise,
    fit,
    loss_and_gradient,
)
from coreops.records import BATCH_STATISTICS, DROP_CONNECT, SAMPLE
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, distance, evaluated, sampled, trained_pass
from tests.oracles.noise import DRIFT, INPUT_NOISE, WEIGHT_BITS, WEIGHT_NOISE, mask, normals

Q = 0.3


# --- noise on activations ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "width"), [(1, 1), (3, 5), (4, 6)])
def test_noise_is_the_oracles(m, width, dtype):
    network = Network(
        GaussianNoise(0.5), GaussianNoise(2.0, mean=-3.0), loss=LinearLoss(), dtype=dtype, input_shape=width
    )
    X = np.random.default_rng(0).normal(size=(m, width)).astype(dtype).astype(float)
    noise = [normals(7, INPUT_NOISE, k, 5, (m, width)) for k in (0, 1)]
    got = sampled(network, np.zeros(0), X, seed=7, step=5)
    np.testing.assert_allclose(got, X + 0.5 * noise[0] + 2 * noise[1] - 3, rtol=0, atol=50 * EPS[dtype])
    np.testing.assert_array_equal(evaluated(network, np.zeros(0), X), X)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "width"), [(1, 1), (3, 5), (4, 6)])
def test_drift_is_common_to_the_batch_and_fresh_in_every_step(m, width, dtype):
    """Two noises and two steps draw apart; what is left without the drift is the noise as it is without one."""
    layers = GaussianNoise(0.5, mean=1.0, drift=2.0), GaussianNoise(0.0, drift=3.0)
    network = Network(*layers, loss=LinearLoss(), dtype=dtype, input_shape=width)
    X = np.random.default_rng(0).normal(size=(m, width)).astype(dtype).astype(float)
    for step in (5, 6):
        noise, (d0, d1) = (
            normals(7, INPUT_NOISE, 0, step, (m, width)),
            (normals(7, DRIFT, k, step, width) for k in (0, 1)),
        )
        got = sampled(network, np.zeros(0), X, seed=7, step=step)
        np.testing.assert_allclose(got, X + 1 + 0.5 * noise + 2 * d0 + 3 * d1, rtol=0, atol=50 * EPS[dtype])
    np.testing.assert_array_equal(evaluated(network, np.zeros(0), X), X)


def test_a_batch_norm_removes_what_drifts():
    """Of a common shift nothing is left behind a batch norm; behind a layer norm most of it is."""
    X = np.random.default_rng(3).normal(size=(64, 5))
    clean, noisy = GaussianNoise(0.0), GaussianNoise(0.0, drift=3.0)
    for layer, alike in ((BatchNorm(), True), (LayerNorm(), False)):
        networks = [
            Network(first, layer, loss=LinearLoss(), dtype="float64", input_shape=5) for first in (clean, noisy)
        ]
        theta = networks[0].initialize(0)
        outputs = [trained_pass(n, theta, X, mode=SAMPLE | BATCH_STATISTICS).outputs(64).copy() for n in networks]
        off = distance(*outputs)
        assert off < 1e-13 if alike else off > 0.1


def test_noise_has_its_moments_and_is_fresh_in_every_step():
    n = 10**5 if cases.JIT else 4000
    network = Network(GaussianNoise(0.5, mean=0.25), loss=LinearLoss(), dtype="float64", input_shape=n)
    a, b = (sampled(network, np.zeros(0), np.zeros((1, n)), seed=1, step=t)[0] for t in (1, 2))
    assert abs(a.mean() - 0.25) < 5 * 0.5 / np.sqrt(n)
    assert abs(a.std() / 0.5 - 1) < 5 / np.sqrt(2 * n)
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(n)


def test_input_noise_on_a_linear_model_is_ridge():
    """E |w.(x + s e) - t|^2 = |w.x - t|^2 + s^2 |w|^2 (Bishop 1995), here to five standard errors."""
    generator, steps = np.random.default_rng(1), 400 if cases.JIT else 100
    X, t, w, s = generator.normal(size=(40, 3)), generator.normal(size=40), np.array([1.0, 2.0, 0.5]), 0.3
    network = Network(GaussianNoise(s), Dense(3, 1, bias=False), loss=SquaredError(), dtype="float64")
    clean = loss_and_gradient(network, w, X, t, training=False)[0]
    noisy = np.array([loss_and_gradient(network, w, X, t, step=step)[0] for step in range(steps)])
    assert abs(noisy.mean() - clean - s**2 * w @ w) < 5 * noisy.std() / np.sqrt(steps)
    shifted = Network(GaussianNoise(s, mean=0.5), Dense(3, 1, bias=False), loss=SquaredError(), dtype="float64")
    noisy = np.array([loss_and_gradient(shifted, w, X, t, step=step)[0] for step in range(steps)])
    assert abs(noisy.mean() - clean - s**2 * w @ w) > 5 * noisy.std() / np.sqrt(steps)


@pytest.mark.parametrize(
    "layer", [GaussianNoise(0.4), GaussianNoise(0.0, 0.3), GaussianNoise(0.1, drift=0.5)], ids=repr
)
def test_gradient_passes_through_noise(layer):
    network = Network(Scale(4), layer, loss=LinearLoss(), dtype="float64")
    X, dy = np.random.default_rng(2).normal(size=(2, 3, 4))
    _, gradient = loss_and_gradient(network, np.ones(4), X, 3 * dy)
    np.testing.assert_allclose(gradient, np.sum(X * dy, axis=0), rtol=1e-14)


# --- random weights ---


def effective(network, theta, m=3, seed=7, step=5):
    """The weights of a training step: the output of the first operation."""
    prepared = trained_pass(network, theta, np.ones((m, network.n_in)), seed, step)
    op = prepared.ops[0]
    return prepared.arena[op["y"] : op["y"] + op["n_out"]].astype(float)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("scaling", "factor"), [("inverted", 1 / (1 - Q)), ("test", 1.0), ("none", 1.0)])
def test_drop_connect_weights_are_the_oracles(scaling, factor, dtype):
    network = Network(DropConnect(Dense(5, 3), Q, scaling), loss=LinearLoss(), dtype=dtype)
    theta = np.random.default_rng(0).normal(size=network.n_parameters).astype(dtype)
    W, b = (part.astype(float) for part in network.parameters(theta).values())
    want = mask(7, WEIGHT_BITS, 0, 5, (5, 3), Q) * factor * W
    np.testing.assert_allclose(effective(network, theta).reshape(5, 3), want, rtol=2 * EPS[dtype])
    X = np.random.default_rng(1).normal(size=(4, 5))
    scale = 1 - Q if scaling == "test" else 1
    assert distance(evaluated(network, theta, X), scale * X.astype(dtype) @ W + b) <= 20 * EPS[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_noisy_weights_are_the_oracles(dtype):
    network = Network(WeightNoise(Dense(5, 3), 0.2), loss=LinearLoss(), dtype=dtype)
    theta = np.random.default_rng(0).normal(size=network.n_parameters).astype(dtype)
    W, b = (part.astype(float) for part in network.parameters(theta).values())
    want = W + 0.2 * normals(7, WEIGHT_NOISE, 0, 5, (5, 3))
    np.testing.assert_allclose(effective(network, theta).reshape(5, 3), want, rtol=0, atol=20 * EPS[dtype])
    X = np.random.default_rng(1).normal(size=(4, 5))
    assert distance(evaluated(network, theta, X), X.astype(dtype) @ W + b) <= 20 * EPS[dtype]


@pytest.mark.parametrize("scaling", ["inverted", "test", "none"])
def test_unit_dropout_is_drop_connect_with_tied_rows(scaling):
    """One mask per batch: dropping the weights of an input is dropping the input."""
    layer, dense = DropConnect(Dense(6, 4), Q, scaling, tie_rows=True), Dense(6, 4)
    network, plain = (Network(item, loss=SquaredError(), dtype="float64") for item in (layer, dense))
    generator = np.random.default_rng(3)
    theta = generator.normal(size=network.n_parameters)
    X, y = generator.normal(size=(5, 6)), generator.normal(size=(5, 4))
    rows = mask(7, WEIGHT_BITS, 0, 5, 6, Q) / (1 - Q if scaling == "inverted" else 1)
    assert 0 < np.count_nonzero(rows) < 6
    value, gradient = loss_and_gradient(network, theta, X, y, seed=7, step=5)
    want, slope = loss_and_gradient(plain, theta, X * rows, y)
    assert value == pytest.approx(want, rel=1e-13)
    got, want = network.parameters(gradient), plain.parameters(slope)
    assert distance(got["0.weight"], want["0.weight"]) <= 1e-13
    assert distance(got["0.bias"], want["0.bias"]) <= 1e-13
    scaled = Network(Dropout(Q, scaling), dense, loss=SquaredError(), dtype="float64")
    assert distance(evaluated(network, theta, X), evaluated(scaled, theta, X)) <= 1e-13


def test_drop_connect_and_dropout_have_the_same_marginal_variance():
    """Var f_j = q/(1-q) sum_i W_ij^2 x_i^2 for both; with dropout alone, two equal units vary together."""
    steps, q = 4000 if cases.JIT else 600, 0.5
    generator = np.random.default_rng(4)
    w, x = generator.normal(size=(2, 6))
    want, dense = q / (1 - q) * np.sum(w**2 * x**2), Dense(6, 2, bias=False)
    theta = np.stack([w, w], axis=1).reshape(-1)
    for layers, covariance in (((Dropout(q), dense), want), ((DropConnect(dense, q),), 0.0)):
        network = Network(*layers, loss=LinearLoss(), dtype="float64")
        f = np.array([sampled(network, theta, x[None], seed=1, step=t)[0] for t in range(steps)])
        got = np.cov(f.T)
        error = 5 * np.sqrt(2 / steps) * want
        assert np.abs(np.diag(got) - want).max() < error
        assert abs(got[0, 1] - covariance) < error < want / 2


def test_nothing_drawn_is_an_ordinary_dense():
    X, y = cases.problem()
    y = np.eye(3)[y]
    layers = (Dense(3, 3), DropConnect(Dense(3, 3), 0.0), WeightNoise(Dense(3, 3), 0.0))
    runs = [
        fit(Network(layer, Tanh(), Dense(3, 3), loss=SquaredError()), X, y, optimizer=SGD(0.1), epochs=3, batch_size=5)
        for layer in layers
    ]
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    np.testing.assert_array_equal(runs[0].theta, runs[2].theta)


@pytest.mark.parametrize("layer", [DropConnect(Dense(3, 4), Q), WeightNoise(Dense(3, 4), 0.3)], ids=repr)
def test_parameters_are_those_of_the_dense(layer):
    """The same names, the same start, the same penalised weights; one draw for the batch, another for each step."""
    network, plain = Network(layer, loss=LinearLoss()), Network(Dense(3, 4), loss=LinearLoss())
    assert list(network.parameters(network.initialize(3))) == ["0.weight", "0.bias"]
    np.testing.assert_array_equal(network.initialize(3), plain.initialize(3))
    theta = network.initialize(3)
    y = sampled(network, theta, np.ones((3, 3)), step=1)
    np.testing.assert_array_equal(y[0], y[2])
    assert not np.array_equal(y, sampled(network, theta, np.ones((3, 3)), step=2))


def test_ordinals_count_each_sort_alone():
    """The second DropConnect of a network draws from its own stream, whatever stands between."""
    network = Network(
        DropConnect(Dense(4, 4), 0.5),
        Dropout(0.5),
        WeightNoise(Dense(4, 4), 0.1),
        DropConnect(Dense(4, 4), 0.5),
        loss=LinearLoss(),
    )
    prepared = trained_pass(network, np.ones(network.n_parameters), np.ones((1, 4)), seed=2, step=1)
    ops = [op for op in prepared.ops if op["kind"] == DROP_CONNECT]
    for k, op in enumerate(ops):
        got = prepared.arena[op["work"] : op["work"] + 16] > 0
        np.testing.assert_array_equal(got, mask(2, WEIGHT_BITS, k, 1, 16, 0.5) > 0)
