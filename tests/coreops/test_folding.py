"""Batch norms folded into the layers before them: the same outputs in evaluation."""

import numpy as np
import pytest

from coreops import (
    SGD,
    BatchNorm,
    BatchRenorm,
    Dense,
    Flatten,
    LayerNorm,
    LocallyConnected1D,
    Maxout,
    Network,
    ReLU,
    Residual,
    SoftmaxCrossEntropy,
    Tanh,
    fit,
    fold_batch_norm,
)
from coreops.layers.batch_norm import BatchStatistics
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance

X, Y = cases.problem(n=24)
BOUND = {"float32": 1e-5, "float64": 1e-12}
BLOCK = Residual((Dense(5, 5, bias=False), BatchNorm(), Tanh(), Dense(5, 5), BatchRenorm(begin=0, end=3)), 0.7)
STACKS = {
    "plain": (Dense(3, 5), BatchNorm(), Tanh(), Dense(5, 3), BatchNorm(eps=0.1, shift=False)),
    "without bias": (Dense(3, 5, bias=False), BatchNorm(gain=False), ReLU(), Dense(5, 3)),
    "centred": (Dense(3, 5), BatchNorm(center_only=True), Tanh(), Dense(5, 3)),
    "nested": (Dense(3, 5), BatchNorm(), BLOCK, Tanh(), Dense(5, 3)),
}
KEPT = (BatchNorm(), Dense(3, 5), BatchNorm(), Tanh(), BatchNorm(), LayerNorm(), Dense(5, 3))


def trained(layers, dtype="float64"):
    """A few steps, so that no statistic or gain is where it started."""
    net = Network(*layers, loss=SoftmaxCrossEntropy(), dtype=dtype, input_shape=3)
    return fit(net, X, Y, optimizer=SGD(0.5), batch_size=6, epochs=3, seed=1)


def norms(layers):
    """How many batch norms there are, at any depth."""
    inner = [norms(layer.layers) for layer in layers if isinstance(layer, Residual)]
    return sum(isinstance(layer, BatchStatistics) for layer in layers) + sum(inner)


def outputs(net, theta, stats):
    return fit(net, X, Y, optimizer=SGD(0.0), epochs=0, theta0=theta, stats0=stats).outputs(X)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STACKS)
def test_same_outputs_without_batch_norm(name, dtype):
    run = trained(STACKS[name], dtype)
    net, theta, stats = fold_batch_norm(run)
    assert norms(net.layers) == 0 and norms(run.network.layers) > 0
    assert stats.size == 0 and theta.dtype == net.dtype == dtype
    assert distance(outputs(net, theta, stats), run.outputs(X)) <= BOUND[dtype]


def test_other_batch_norms_stay():
    """One behind the input and one behind an activation follow no affine layer."""
    run = trained(KEPT)
    net, theta, stats = fold_batch_norm(run.network, run.theta, run.stats)
    assert [type(layer) for layer in net.layers] == [BatchNorm, Dense, Tanh, BatchNorm, LayerNorm, Dense]
    np.testing.assert_array_equal(net.statistics(stats)["3.running_mean"], run.statistics["4.running_mean"])
    assert distance(outputs(net, theta, stats), run.outputs(X)) <= 1e-12


def test_with_the_statistics_of_another_batch_it_is_another_function():
    run = trained(STACKS["plain"])
    folded = fold_batch_norm(run.network, run.theta, run.recalibrated(X[:4]).stats)
    assert distance(outputs(*folded), run.outputs(X)) > 1e-3


@pytest.mark.parametrize("bias", [True, False])
def test_a_bias_for_every_position_is_folded_by_channel(bias):
    """As of a layer with its own weights at each position: W (positions, size, n_in, channels)."""
    layers = (LocallyConnected1D(1, 4, 2, bias=bias), BatchNorm(), Flatten(), Dense(8, 3))
    net = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64", input_shape=(3, 1))
    theta, stats = (np.random.default_rng(0).uniform(1, 2, n) for n in (net.n_parameters, net.n_statistics))
    got = fold_batch_norm(net, theta, stats)
    assert [type(layer) for layer in got.network.layers] == [LocallyConnected1D, Flatten, Dense]
    assert distance(outputs(*got), outputs(net, theta, stats)) <= 1e-13
    factor = net.parameters(theta)["1.gain"] / np.sqrt(net.statistics(stats)["1.running_variance"] + 1e-5)
    weights = got.network.parameters(got.theta)["0.weight"]
    assert distance(weights, net.parameters(theta)["0.weight"] * factor) <= 1e-15


@pytest.mark.parametrize("n_out", [1, 5])
def test_no_batch_norm_is_folded_into_a_maximum(n_out):
    """A negative factor would make it a minimum."""
    layers = (Dense(3, 5), BatchNorm(), Maxout(5, n_out, 2), BatchNorm(), Dense(n_out, 3))
    net = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64")
    theta, stats = net.initialize(1), net.initial_statistics(0)
    net.parameters(theta)["3.gain"][:] = -1.3
    got = fold_batch_norm(net, theta, stats)
    assert [type(layer) for layer in got.network.layers] == [Dense, Maxout, BatchNorm, Dense]
    assert distance(outputs(*got), outputs(net, theta, stats)) <= 1e-13


def test_bad_input():
    net = cases.mlp()
    complains("network", "Dense", "a batch norm right after", fold_batch_norm, net, net.initialize(0), np.zeros(0))
    complains("network", "MLP", "Network", fold_batch_norm, "MLP")
    run = trained(STACKS["plain"])
    complains("theta", "shape", "shape", fold_batch_norm, run.network, None, run.stats)
    complains("stats", "shape", "shape", fold_batch_norm, run.network, run.theta, run.stats[1:])
