"""The Jacobian penalty: value and gradient in closed form, and what it has to do with input noise."""

from itertools import product

import numpy as np
import pytest

from coreops import (
    L2,
    SGD,
    Dense,
    JacobianPenalty,
    LinearLoss,
    Network,
    ReLU,
    SquaredError,
    Tanh,
    fit,
    loss_and_gradient,
)
from coreops.extra_passes import jacobian_gradient
from coreops.inference import Prepared
from coreops.records import TRAIN
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import networks, penalised

M, D, H, K = 5, 3, 4, 2
X = np.random.default_rng(0).normal(size=(M, D))
BOUND = {"float32": 2e-3, "float64": 1e-8}


def net(*layers, dtype="float64"):
    return Network(*(layers or (Dense(D, H), Tanh(), Dense(H, K))), loss=SquaredError(), dtype=dtype)


def value_and_gradient(network, theta, x=X):
    """What the kernel computes: (1/m) sum_i ||J_i||^2 and its gradient."""
    prepared = Prepared(network, theta, np.zeros(0), len(x))
    prepared.load(x)
    prepared.row["jacobian_step"] = np.cbrt(np.finfo(network.dtype).eps)
    padded = int(prepared.row["grad"])
    scratch = np.full(padded + len(x) * (network.n_in + network.n_out), np.nan, network.dtype)
    value = jacobian_gradient(prepared.row, prepared.ops, len(x), prepared.arena, np.int64(TRAIN), 0, scratch)
    np.testing.assert_array_equal(prepared.inputs(len(x)), x.astype(network.dtype))  # left as they were
    return value, scratch[: network.n_parameters].copy()


def closed_form(network, theta):
    """For f = V^T h + c, h = tanh(W^T x + b): J^T = W diag(s) V, s = 1 - h^2; by the product and the chain rule."""
    parts, gradient = network.parameters(theta), np.zeros_like(theta)
    out, value = network.parameters(gradient), 0.0
    W, V = parts["0.weight"], parts["2.weight"]
    for x in X:
        h = np.tanh(x @ W + parts["0.bias"])
        s = 1 - h**2
        J = W @ np.diag(s) @ V
        value += np.sum(J**2) / M
        out["2.weight"] += 2 / M * np.diag(s) @ W.T @ J
        dz = 2 / M * np.diag(W.T @ J @ V.T) * (-2 * h * s)
        out["0.weight"] += 2 / M * J @ V.T @ np.diag(s) + np.outer(x, dz)
        out["0.bias"] += dz
    return value, gradient


@pytest.mark.parametrize("dtype", DTYPES)
def test_closed_form(dtype):
    network = net(dtype=dtype)
    theta = np.random.default_rng(1).normal(size=network.n_parameters).astype(dtype)
    got, want = value_and_gradient(network, theta), closed_form(network, theta.astype(float))
    assert got[0] == pytest.approx(want[0], rel=BOUND[dtype]) and got[1].dtype == dtype
    assert distance(got[1], want[1]) <= BOUND[dtype]


def test_deeper_and_kinked_nets_against_explicit_jacobians():
    for activation in (Tanh(), ReLU()):
        network = net(Dense(D, H), activation, Dense(H, H), activation, Dense(H, K))
        thetas = (np.random.default_rng(seed).normal(size=network.n_parameters) for seed in range(100))
        theta = next(t for t in thetas if networks.margin(network.layers, network.parameters(t), X) > 0.03)
        problem = penalised.Problem(network, X, np.zeros((M, K)))
        value, gradient = value_and_gradient(network, theta)
        want = np.sum(penalised.jacobians(network, theta, X) ** 2) / M
        assert value == pytest.approx(want, rel=1e-8)
        assert distance(gradient, problem.jacobian_gradient(theta)) <= 1e-8


def test_a_step_goes_down_its_gradient():
    """With zero targets a linear loss is 0: the step is the penalty's alone, scaled by its strength."""
    network = Network(Dense(D, H), Tanh(), Dense(H, K), loss=LinearLoss(), dtype="float64")
    theta = np.random.default_rng(3).normal(size=network.n_parameters)
    run = fit(network, X, np.zeros((M, K)), optimizer=SGD(1.0), epochs=1, theta0=theta, penalty=JacobianPenalty(0.3))
    assert distance(theta - run.theta, 0.3 * closed_form(network, theta)[1]) <= 1e-8
    assert run.batch_loss[0] == 0


def test_on_a_linear_network_it_is_l2():
    """||df/dx||^2 = ||W||_F^2: the same training, to the error of the differences."""
    network, y = net(Dense(D, K)), np.random.default_rng(4).normal(size=(M, K))
    settings = dict(optimizer=SGD(0.1), epochs=20, batch_size=2, seed=1)
    runs = [fit(network, X, y, penalty=penalty, **settings) for penalty in (JacobianPenalty(0.5), L2(0.5))]
    assert distance(runs[0].theta, runs[1].theta) <= 1e-8


def noisy(network, theta, y, s):
    """E of the squared error over noise of +-s on every input, all 2^d of them."""
    return np.mean([loss_and_gradient(network, theta, X + s * np.array(e), y)[0] for e in product((-1, 1), repeat=D)])


def test_input_noise_on_a_linear_network_is_exactly_the_penalty():
    network, y = net(Dense(D, K)), np.random.default_rng(4).normal(size=(M, K))
    theta = np.random.default_rng(5).normal(size=network.n_parameters)
    clean = loss_and_gradient(network, theta, X, y)[0]
    for s in (0.01, 0.1, 1.0):
        assert noisy(network, theta, y, s) - clean == pytest.approx(
            s**2 * value_and_gradient(network, theta)[0], rel=1e-8, abs=1e-13
        )


def test_input_noise_is_the_penalty_to_fourth_order_where_nothing_is_left_to_explain():
    """At y = f(x) the curvature term (f - y) f'' is gone; halving s divides the remainder by 16."""
    network = net()
    theta = np.random.default_rng(6).normal(size=network.n_parameters)
    y = fit(network, X, np.zeros((M, K)), optimizer=SGD(0.0), epochs=0, theta0=theta).outputs(X)
    value = value_and_gradient(network, theta)[0]
    rest = [abs(noisy(network, theta, y, s) - s**2 * value) for s in (0.1, 0.05, 0.025)]
    slopes = np.log2(np.array(rest[:-1]) / rest[1:])
    np.testing.assert_allclose(slopes, 4, atol=0.3)


def test_batch_norm_is_refused(monkeypatch):
    """There an output depends on the other examples' inputs; with frozen statistics it does not."""
    network = net()
    monkeypatch.setitem(network.plan.positions, "batch norm 1", 1)
    settings = dict(optimizer=SGD(0.1), epochs=1, batch_size=2, penalty=JacobianPenalty(0.1))
    complains("^penalty", "Jacobian", "without batch norm, or frozen", fit, network, X, np.zeros((M, K)), **settings)
    assert fit(network, X, np.zeros((M, K)), frozen=True, **settings).status == "completed"
