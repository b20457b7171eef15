"""Fixed first layers: orthogonality, the kernel that they approximate, and that nothing learns or changes them."""

import numpy as np
import pytest

from coreops import (
    SGD,
    Concatenate,
    Dense,
    FourierFeatures,
    FourierSeries,
    LinearLoss,
    Network,
    RandomReLUFeatures,
    ReLU,
    SquaredError,
    fit,
    input_gradient,
)
from coreops.records import DENSE, SKIP_DX
from tests.coreops import cases
from tests.coreops.cases import complains, distance, evaluated


def features(layer, X, seed=0):
    network = Network(layer, loss=LinearLoss(), dtype="float64")
    return fit(network, X, np.zeros((len(X), network.n_out)), optimizer=SGD(0.0), epochs=0, seed=seed).outputs(X)


@pytest.mark.parametrize(("order", "n"), [(0, 1), (1, 3), (7, 15), (20, 41), (20, 64)])
def test_fourier_series_is_orthonormal_on_the_grid(order, n):
    """(1/n) sum_l f_i(l/n) f_j(l/n) = [i = j] for n > 2 K, and not for n = 2 K."""
    F = features(FourierSeries(order), np.arange(n)[:, None] / n)
    assert F.shape == (n, 2 * order + 1)
    np.testing.assert_allclose(F.T @ F / n, np.eye(2 * order + 1), atol=1e-12)
    if order:
        F = features(FourierSeries(order), np.arange(2 * order)[:, None] / (2 * order))
        assert np.abs(F.T @ F / (2 * order) - np.eye(2 * order + 1)).max() > 0.5


def test_fourier_series_in_order_and_weighted():
    x = np.array([[0.1], [0.7], [-2.3]])
    t = 2 * np.pi * x[:, 0]
    want = np.stack([3 + 0 * t, *(a * f(k * t) for k, a in ((1, 2.0), (2, -0.5)) for f in (np.cos, np.sin))], axis=1)
    want[:, 1:] *= np.sqrt(2)
    assert distance(features(FourierSeries(2, [3, 2, -0.5]), x), want) <= 1e-14
    assert FourierSeries(2, [3, 2, -0.5]) == FourierSeries(2, np.array([3, 2, -0.5]))


def test_fourier_features_approximate_the_gaussian_kernel():
    """Each y(u).y(v) is a mean of D terms of variance below 2: five standard errors."""
    generator = np.random.default_rng(0)
    X, D = generator.normal(size=(8, 3)), 20000 if cases.JIT else 4000
    F = features(FourierFeatures(3, D, scale=0.7), X)
    distances = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    assert np.abs(F @ F.T - np.exp(-0.49 * distances / 2)).max() < 5 * np.sqrt(2 / D)


def test_random_relu_features_are_a_dense_layer_that_does_not_learn():
    network = Network(RandomReLUFeatures(3, 6), Dense(6, 1), loss=SquaredError(), dtype="float64")
    twin = Network(Dense(3, 6), ReLU(), Dense(6, 1), loss=SquaredError(), dtype="float64")
    X = np.random.default_rng(1).normal(size=(5, 3))
    fixed, theta = network.statistics(network.initial_statistics(0)), network.initialize(0)
    assert list(network.parameters(theta)) == ["1.weight", "1.bias"]
    assert list(fixed) == ["0.weight", "0.bias"] and np.abs(fixed["0.bias"]).max() <= 1
    both, parts = np.zeros(twin.n_parameters), network.parameters(theta)
    named = twin.parameters(both)
    named["0.weight"][:], named["0.bias"][:] = fixed["0.weight"], fixed["0.bias"]
    named["2.weight"][:], named["2.bias"][:] = parts["1.weight"], parts["1.bias"]
    assert distance(evaluated(network, theta, X), evaluated(twin, both, X)) <= 1e-15
    y = np.ones((5, 1))
    assert distance(input_gradient(network, theta, X, y), input_gradient(twin, both, X, y)) <= 1e-14


@pytest.mark.parametrize(
    "layer", [FourierFeatures(2, 8), RandomReLUFeatures(2, 8), Concatenate((), (FourierFeatures(2, 6),))], ids=repr
)
def test_features_belong_to_the_seed_and_are_never_learned(layer):
    """Training changes theta, not stats; the seed of the run draws both; another seed draws other features."""
    network = Network(layer, Dense(8, 1), loss=SquaredError())
    X = np.random.default_rng(2).normal(size=(20, 2))
    runs = [fit(network, X, X[:, 0] * X[:, 1], optimizer=SGD(0.1), batch_size=5, epochs=3, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0].stats, network.initial_statistics(1))
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    assert not np.array_equal(runs[0].stats, runs[2].stats)
    assert runs[0].loss[-1] < runs[0].loss[0]
    assert runs[0].evaluate(X, X[:, 0] * X[:, 1]).loss == pytest.approx(runs[0].loss[-1], rel=1e-6)


def test_no_gradient_is_computed_behind_fixed_features():
    ops, *_ = Network(FourierFeatures(2, 8), Dense(8, 1), loss=SquaredError()).lay_out(4)
    first, last = (op for op in ops if op["kind"] == DENSE)
    assert first["dw"] < 0 and first["db"] < 0 and first["flags"] & SKIP_DX
    assert last["dw"] >= 0 and last["flags"] & SKIP_DX


def test_fourier_series_wants_one_input():
    complains("layers", "2 outputs into 1 inputs", "as many", Network, Dense(3, 2), FourierSeries(1), loss=LinearLoss())
