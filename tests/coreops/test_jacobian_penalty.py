"""The Jacobian penalty: its gradient in closed form, and what it has to do with input noise."""

from itertools import product

import numpy as np
import pytest

from coreops import (
    L2,
    SGD,
    BatchNorm,
    BatchRenorm,
    Dense,
    JacobianPenalty,
    LinearLoss,
    Network,
    ReLU,
    Scale,
    SquaredError,
    Tanh,
    fit,
    loss_and_gradient,
)
from coreops.layers.batch_mean import DivideByMean
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import networks, penalised

M, D, H, K = 5, 3, 4, 2
X = np.random.default_rng(0).normal(size=(M, D))
BOUND = {"float32": 2e-3, "float64": 1e-8}


def net(*layers, dtype="float64", loss=None):
    layers = layers or (Dense(D, H), Tanh(), Dense(H, K))
    return Network(*layers, loss=loss or SquaredError(), dtype=dtype)


def gradient(theta, *layers, dtype="float64", strength=1.0):
    """dR/dtheta: with zero targets a linear loss is 0, so that a step of plain descent is the penalty's alone."""
    network = net(*layers, dtype=dtype, loss=LinearLoss())
    settings = dict(optimizer=SGD(1.0), epochs=1, theta0=theta, penalty=JacobianPenalty(strength))
    run = fit(network, X, np.zeros((M, K)), **settings)
    assert run.batch_loss[0] == 0
    return theta - run.theta


def closed_form(network, theta):
    """For f = V^T h + c, h = tanh(W^T x + b): J^T = W diag(s) V, s = 1 - h^2; by the product and the chain rule."""
    parts, result = network.parameters(theta), np.zeros_like(theta)
    out = network.parameters(result)
    W, V = parts["0.weight"], parts["2.weight"]
    for x in X:
        h = np.tanh(x @ W + parts["0.bias"])
        s = 1 - h**2
        J = W @ np.diag(s) @ V
        out["2.weight"] += 2 / M * np.diag(s) @ W.T @ J
        dz = 2 / M * np.diag(W.T @ J @ V.T) * (-2 * h * s)
        out["0.weight"] += 2 / M * J @ V.T @ np.diag(s) + np.outer(x, dz)
        out["0.bias"] += dz
    return result


@pytest.mark.parametrize("dtype", DTYPES)
def test_closed_form(dtype):
    theta = np.random.default_rng(1).normal(size=net().n_parameters).astype(dtype)
    assert distance(gradient(theta, dtype=dtype), closed_form(net(), theta.astype(float))) <= BOUND[dtype]
    assert distance(gradient(theta, dtype=dtype, strength=0.3), 0.3 * gradient(theta, dtype=dtype)) <= BOUND[dtype]


def test_deeper_and_kinked_nets_against_explicit_jacobians():
    for activation in (Tanh(), ReLU()):
        layers = (Dense(D, H), activation, Dense(H, H), activation, Dense(H, K))
        network = net(*layers)
        thetas = (np.random.default_rng(seed).normal(size=network.n_parameters) for seed in range(100))
        theta = next(t for t in thetas if networks.margin(layers, network.parameters(t), X) > 0.03)
        problem = penalised.Problem(network, X, np.zeros((M, K)))
        assert distance(gradient(theta, *layers), problem.jacobian_gradient(theta)) <= 1e-8


def test_inputs_are_put_back():
    """The pass of the loss sees the batch as it was: with a linear loss on theta x the gradient is x itself."""
    network = Network(Scale(D), loss=LinearLoss(), dtype="float64")
    settings = dict(optimizer=SGD(1.0), epochs=1, theta0=np.zeros(D), penalty=JacobianPenalty(1e-300))
    run = fit(network, X[:1], np.ones((1, D)), **settings)
    np.testing.assert_array_equal(run.theta, -X[0])


def test_on_a_linear_network_it_is_l2():
    """||df/dx||^2 = ||W||_F^2: the same training, to the error of the differences."""
    network, y = net(Dense(D, K)), np.random.default_rng(4).normal(size=(M, K))
    settings = dict(optimizer=SGD(0.1), epochs=20, batch_size=2, seed=1)
    runs = [fit(network, X, y, penalty=penalty, **settings) for penalty in (JacobianPenalty(0.5), L2(0.5))]
    assert distance(runs[0].theta, runs[1].theta) <= 1e-8


def mean_square(network, theta):
    """(1/m) sum_i ||df(x_i)/dx||_F^2."""
    return np.sum(penalised.jacobians(network, theta, X) ** 2) / M


def noisy(network, theta, y, s):
    """E of the squared error over noise of +-s on every input, all 2^d of them."""
    return np.mean([loss_and_gradient(network, theta, X + s * np.array(e), y)[0] for e in product((-1, 1), repeat=D)])


def test_input_noise_on_a_linear_network_is_exactly_the_penalty():
    network, y = net(Dense(D, K)), np.random.default_rng(4).normal(size=(M, K))
    theta = np.random.default_rng(5).normal(size=network.n_parameters)
    clean = loss_and_gradient(network, theta, X, y)[0]
    for s in (0.01, 0.1, 1.0):
        assert noisy(network, theta, y, s) - clean == pytest.approx(
            s**2 * mean_square(network, theta), rel=1e-12, abs=1e-13
        )


def test_input_noise_is_the_penalty_to_fourth_order_where_nothing_is_left_to_explain():
    """At y = f(x) the curvature term (f - y) f'' is gone; halving s divides the remainder by 16."""
    network = net()
    theta = np.random.default_rng(6).normal(size=network.n_parameters)
    y = fit(network, X, np.zeros((M, K)), optimizer=SGD(0.0), epochs=0, theta0=theta).outputs(X)
    value = mean_square(network, theta)
    rest = [abs(noisy(network, theta, y, s) - s**2 * value) for s in (0.1, 0.05, 0.025)]
    slopes = np.log2(np.array(rest[:-1]) / rest[1:])
    np.testing.assert_allclose(slopes, 4, atol=0.3)


@pytest.mark.parametrize("layer", [BatchNorm(), BatchRenorm(), DivideByMean()], ids=repr)
def test_batch_norm_is_refused(layer):
    """There an output depends on the other examples' inputs; with frozen statistics it does not."""
    network = net(Dense(D, H), layer, Tanh(), Dense(H, K))
    settings = dict(optimizer=SGD(0.1), epochs=1, batch_size=2, penalty=JacobianPenalty(0.1))
    complains("^penalty", "Jacobian", "without batch norm, or frozen", fit, network, X, np.zeros((M, K)), **settings)
    assert fit(network, X, np.zeros((M, K)), frozen=True, **settings).status == "completed"
