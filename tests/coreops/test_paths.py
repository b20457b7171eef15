"""The path norm: against all paths one by one, its gradient, its symmetry, and what Path-SGD divides by."""

import itertools
from functools import partial

import numpy as np
import pytest

from coreops import (
    SGD,
    Dense,
    LeakyReLU,
    LinearLoss,
    Network,
    PathSGD,
    RandomReLUFeatures,
    ReLU,
    Run,
    SquaredError,
    Tanh,
    fit,
    loss_and_gradient,
    path_norm,
    rescale_units,
)
from coreops.data import Data
from coreops.runs import encode
from tests.coreops.cases import complains

NETS = {
    "one layer": (Dense(3, 2),),
    "two": (Dense(3, 4), ReLU(), Dense(4, 2)),
    "no bias": (Dense(2, 3, False), ReLU(), Dense(3, 2, False)),
    "deep": (Dense(2, 3), LeakyReLU(), Dense(3, 4), Dense(4, 3, False), ReLU(), Dense(3, 2)),
}
each_net = pytest.mark.parametrize("layers", NETS.values(), ids=list(NETS))


def network_of(layers, loss=None):
    network = Network(*layers, loss=loss or SquaredError(), dtype="float64")
    return network, np.random.default_rng(1).normal(size=network.n_parameters)


def all_paths(network, theta):
    """Every path as the list of its entries in theta, from an input or from the constant 1 at a bias."""
    positions = network.parameters(np.arange(theta.size))
    names = sorted({name.split(".")[0] for name in positions}, key=int)
    weights = [positions[f"{k}.weight"] for k in names]
    widths = [w.shape[1] for w in weights]
    for start in range(len(names)):
        for units in itertools.product(*map(range, widths[start:])):
            inner = [weights[start + k][units[k - 1], units[k]] for k in range(1, len(units))]
            if start == 0:
                yield from ([weights[0][i, units[0]], *inner] for i in range(network.n_in))
            if f"{names[start]}.bias" in positions:
                yield [positions[f"{names[start]}.bias"][units[0]], *inner]


@each_net
def test_norm_and_scales_are_sums_over_all_paths(layers):
    network, theta = network_of(layers)
    value, scales = 0.0, np.zeros(theta.size)
    for path in all_paths(network, theta):
        value += np.prod(theta[path] ** 2)
        for edge in path:
            scales[edge] += np.prod(theta[[other for other in path if other != edge]] ** 2)
    found = path_norm(network, theta)
    np.testing.assert_allclose(found.value, value, rtol=1e-13)
    np.testing.assert_allclose(found.scales, scales, rtol=1e-12)


@each_net
def test_gradient_is_the_derivative(layers):
    """Of a polynomial of second degree in each weight, so that central differences of any width are exact."""
    network, theta = network_of(layers)
    found, numeric = path_norm(network, theta), np.empty(theta.size)
    for i in range(theta.size):
        shift = np.eye(theta.size)[i]
        numeric[i] = (path_norm(network, theta + shift).value - path_norm(network, theta - shift).value) / 2
    np.testing.assert_allclose(found.gradient, numeric, rtol=1e-11, atol=1e-11)


def test_rescaling_units_leaves_it_alone():
    """Each weight's share w^2 gamma too; the sum of squares changes."""
    network, theta = network_of(NETS["deep"])
    moved = rescale_units(network, theta, 0, [0.01, 7.0, 300.0])
    one, other = path_norm(network, theta), path_norm(network, moved)
    np.testing.assert_allclose(other.value, one.value, rtol=1e-13)
    np.testing.assert_allclose(moved * other.gradient, theta * one.gradient, rtol=1e-12)
    assert np.sum(moved**2) > 100 * np.sum(theta**2)
    assert abs(path_norm(network, theta * 1.1).value / one.value - 1) > 0.1


@pytest.mark.parametrize("eps", [0.0, 1.0])
@each_net
def test_path_sgd_divides_by_the_scales(layers, eps):
    """Its step over that of gradient descent is 1/max(gamma, eps)."""
    network, theta = network_of(layers, LinearLoss())
    X, y = np.random.default_rng(2).uniform(0, 1, (5, network.n_in)), np.ones((5, network.n_out))
    steps = [
        theta - fit(network, X, y, optimizer=rule, epochs=1, theta0=theta, evaluate_every=0).theta
        for rule in (PathSGD(1e-3, eps=eps), SGD(1e-3))
    ]
    live = np.abs(steps[1]) > 1e-6
    assert live.sum() >= theta.size / 3
    scales = np.maximum(path_norm(network, theta).scales, eps)
    np.testing.assert_allclose(steps[1][live] / steps[0][live], scales[live], rtol=1e-8)


def test_fixed_weights_are_on_paths_and_not_in_theta():
    network = Network(RandomReLUFeatures(3, 4), Dense(4, 2), loss=SquaredError(), dtype="float64")
    theta, stats = network.initialize(0), network.initial_statistics(5)
    fixed, W = network.statistics(stats), network.parameters(theta)["1.weight"]
    into = (fixed["0.weight"] ** 2).sum(0) + fixed["0.bias"] ** 2
    found = path_norm(network, theta, stats=stats)
    np.testing.assert_allclose(found.value, (into @ W**2).sum(), rtol=1e-13)
    assert found.gradient.shape == theta.shape and found.value != path_norm(network, theta).value


@pytest.mark.parametrize("layers", [(RandomReLUFeatures(40, 4), Dense(4, 1)), (Dense(3, 1),)], ids=repr)
def test_there_is_room_for_all_units_however_few_are_learned(layers):
    """The sums over paths into and out of every unit, inputs and outputs too."""
    network, theta = network_of(layers)
    run = Run(network, optimizer=PathSGD(1e-3), epochs=1)
    row = encode(run, Data(np.ones((2, network.n_in)), np.ones(2)))
    widths = [network.n_in, *(layer.n_out if isinstance(layer, Dense) else layer.n_features for layer in layers)]
    assert row.state_size == 2 * sum(widths)
    X, y = np.random.default_rng(2).normal(size=(8, network.n_in)), np.ones(8)
    _, gradient = loss_and_gradient(network, theta, X, y)
    got = fit(network, X, y, optimizer=PathSGD(1e-3), epochs=1, theta0=theta, evaluate_every=0).theta
    want = theta - 1e-3 * gradient / path_norm(network, theta).scales
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_bad_input():
    flat = Network(ReLU(), loss=SquaredError(), input_shape=50)
    fit_flat = partial(fit, flat, np.ones((2, 50)), np.ones((2, 50)), epochs=1)
    complains("optimizer PathSGD", "ReLU", "at least one Dense", fit_flat, optimizer=PathSGD(1e-3))
    network, theta = network_of((Dense(2, 3), Tanh(), Dense(3, 1)))
    complains("^network", "Tanh", "only Dense, ReLU and LeakyReLU", path_norm, network, theta)
    complains("theta", r"shape \(3,\)", r"\(26,\)", path_norm, network_of(NETS["two"])[0], theta[:3])
