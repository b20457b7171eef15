"""Each layer's outputs and vector-Jacobian products against the oracle."""

import numpy as np
import pytest

from coreops import SGD, BatchNorm, BatchRenorm, Dense, LinearLoss, Network, ReLU, Scale, fit, loss_and_gradient
from coreops.layers.batch_mean import DivideByMean
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, distance
from tests.oracles import networks
from tests.oracles.layers import LAYERS


def outputs(network, theta, X):
    """What the network computes, with theta as given, and with the statistics of X as in training."""
    y = np.zeros((len(X), network.n_out))
    return fit(network, X, y, optimizer=SGD(0.0), epochs=0, theta0=theta, frozen=True).outputs(X, batch_statistics=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 7])
@pytest.mark.parametrize(("layer", "width"), cases.flat(cases.LAYERS), ids=str)
def test_layer_against_its_oracle(layer, width, m, dtype):
    """A Scale before the layer makes the layer's input gradient visible as its own parameter gradient."""
    generator = np.random.default_rng(m)
    network = Network(Scale(width), layer, loss=LinearLoss(), dtype=dtype)
    theta = generator.normal(size=network.n_parameters).astype(dtype).astype(float)
    parts = cases.tensors(network, theta)
    parts["0.scale"][:] = np.sign(parts["0.scale"])  # so that the layer's input is exact in both precisions
    X = generator.normal(size=(m, width)).astype(dtype).astype(float)
    dy = generator.normal(size=(m, network.n_out)).astype(dtype).astype(float)

    forward, vjp, _ = LAYERS[networks.name(layer)]
    own, x = networks.of_layer(1, parts), X * parts["0.scale"]
    y = forward(layer, x, **own)
    dx, dparameters = vjp(layer, x, dy, **own)

    bound = 50 * EPS[dtype]
    assert distance(outputs(network, theta, X), y) <= bound
    by_batch = isinstance(layer, (BatchNorm, BatchRenorm, DivideByMean))  # else as in an evaluation: nothing is drawn
    value, gradient = loss_and_gradient(network, theta, X, m * dy, training=by_batch)  # LinearLoss divides by m
    assert abs(value - np.sum(y * dy)) <= bound * np.sum(np.abs(y * dy))
    assert gradient.dtype == dtype
    got = network.parameters(gradient)
    slack = bound * max(1, np.sqrt(m)) * np.linalg.norm(np.sum(np.abs(dx * X), axis=0))  # batch norm: sums are near 0
    assert np.linalg.norm(got["0.scale"] - np.sum(dx * X, axis=0)) <= slack
    for key, want in dparameters.items():
        assert distance(got[f"1.{key}"], want) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
def test_rectifier_at_its_kink(dtype):
    """Derivative 0 at 0 by convention; one-sided values on either side."""
    network = Network(Scale(3), ReLU(), loss=LinearLoss(), dtype=dtype)
    _, gradient = loss_and_gradient(network, np.array([0.0, -2.0, 2.0]), np.ones((1, 3)), np.ones((1, 3)))
    np.testing.assert_array_equal(gradient, [0, 0, 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "layer", [cases.LAYERS[name][0][0] for name in ("Sigmoid", "Tanh", "ScaledTanh", "Softplus")], ids=str
)
def test_saturated_activations_stay_finite(layer, dtype):
    x = np.array([[-1e4, -700.0, -90.0, 0.0, 90.0, 700.0, 1e4]])
    network = Network(Scale(7), layer, loss=LinearLoss(), dtype=dtype)
    y = outputs(network, np.ones(7), x)
    assert distance(y, LAYERS[networks.name(layer)][0](layer, x)) <= 4 * EPS[dtype]
    _, gradient = loss_and_gradient(network, np.ones(7), x, np.ones((1, 7)))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 3, 16, 40])
def test_dense_on_both_sides_of_the_switch_to_blas(m, dtype):
    """The tiny-product loop and BLAS are the same layer."""
    for n_in, n_out in ((1, 1), (2, 3), (8, 8), (9, 8), (30, 11)):
        generator = np.random.default_rng(n_in)
        network = Network(Dense(n_in, n_out), Dense(n_out, n_in), loss=LinearLoss(), dtype=dtype)
        theta = generator.normal(size=network.n_parameters).astype(dtype).astype(float)
        X, dy = generator.normal(size=(2, m, n_in)).astype(dtype).astype(float)
        _, gradient = loss_and_gradient(network, theta, X, dy)
        _, parts = networks.loss_and_gradient(network.layers, network.loss, network.parameters(theta), X, dy)
        for key, got in network.parameters(gradient).items():
            assert distance(got, parts[key]) <= 100 * EPS[dtype], (n_in, n_out, key)
        assert (
            distance(outputs(network, theta, X), networks.outputs(network.layers, network.parameters(theta), X))
            <= 50 * EPS[dtype]
        )
