"""Rules with a geometry of their own: full-matrix AdaGrad and the rotations, Path-SGD and the rescalings."""

from itertools import pairwise

import numpy as np
import pytest

from coreops import (
    SGD,
    AdaGrad,
    Dense,
    FullMatrixAdaGrad,
    LeakyReLU,
    LinearLoss,
    Network,
    PathSGD,
    ReLU,
    Run,
    Scale,
    SquaredError,
    Tanh,
    fit,
    fit_many,
)
from coreops.inference import aligned_empty
from coreops.optimizers.full_matrix import full_matrix_update
from tests.coreops import cases
from tests.coreops.cases import DTYPES, JIT, complains, distance
from tests.coreops.streams import stream

# --- the full matrix -------------------------------------------------------------------------------------


def orthogonal(n, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def descent(rule, H, w0, steps):
    """theta on theta' H theta/2: the linear network with inputs X, X'X = H/2, and targets 0."""
    n = len(H)
    X = np.linalg.cholesky(H / 2 * n).T
    network = Network(Dense(n, 1, bias=False), loss=SquaredError(), dtype="float64")
    run = fit(network, X, np.zeros(n), optimizer=rule, epochs=steps, theta0=w0, record_theta_every=1, evaluate_every=0)
    return run.step_theta


@pytest.mark.parametrize("inside", [False, True])
def test_full_matrix_adagrad_does_not_see_a_rotation(inside):
    """f(Q' v) from Q w_0 goes through the points Q w_t; the diagonal rule's do not."""
    h, Q = np.array([100.0, 9.0, 1.0, 0.04]), orthogonal(4)
    w0, steps = np.array([1.0, -1.0, 2.0, 1.0]), 60 if JIT else 12
    for rule, alike in ((FullMatrixAdaGrad(0.2, 1e-3, inside), True), (AdaGrad(0.2, 1e-3, inside), False)):
        straight = descent(rule, np.diag(h), w0, steps) @ Q.T
        rotated = descent(rule, Q @ np.diag(h) @ Q.T, Q @ w0, steps)
        off = np.abs(straight - rotated).max()
        assert off < 1e-9 if alike else off > 0.1


def test_full_matrix_is_the_diagonal_where_gradients_are_axis_aligned():
    """One coordinate at a time: G is diagonal, and six decades apart stay exact."""
    generator = np.random.default_rng(3)
    gradients = np.zeros((40, 3))
    gradients[np.arange(40), generator.integers(0, 3, 40)] = 10.0 ** generator.integers(-3, 4, 40)
    for eps in (0.0, 0.1):
        full, diagonal = (stream(rule(0.1, eps), gradients) for rule in (FullMatrixAdaGrad, AdaGrad))
        np.testing.assert_allclose(full, diagonal, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_singular_matrix_and_no_epsilon(dtype):
    """Gradients in a plane of R^5: the component in the plane is that of the rule there, nothing leaves the plane."""
    plane = orthogonal(5)[:, :2]
    inside = np.random.default_rng(1).normal(size=(30, 2))
    inside[4] = inside[3]
    inside[7] = 0
    got = stream(FullMatrixAdaGrad(0.1, eps=0.0), inside @ plane.T, dtype=dtype)
    want = stream(FullMatrixAdaGrad(0.1, eps=0.0), inside) @ plane.T
    assert np.abs(got - want).max() < (1e-4 if dtype == "float32" else 1e-12)


def test_first_step_has_length_lr():
    g = np.array([[3.0, -4.0, 12.0]])
    np.testing.assert_allclose(stream(FullMatrixAdaGrad(0.1, eps=0.0), g)[1], -0.1 * g[0] / 13, rtol=1e-13)
    np.testing.assert_allclose(stream(FullMatrixAdaGrad(0.1, eps=2.0), g)[1], -0.1 * g[0] / 15, rtol=1e-13)
    np.testing.assert_allclose(stream(FullMatrixAdaGrad(0.1, 27.0, True), g)[1], -0.1 * g[0] / 14, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 15, 16, 17, pytest.param(50, marks=pytest.mark.jit_only)])
def test_full_matrix_of_any_size(n):
    """After n orthogonal gradients of one length the matrix is a multiple of 1."""
    Q = orthogonal(n)
    theta = stream(FullMatrixAdaGrad(0.1, eps=0.0), np.r_[3.0 * Q, 4.0 * np.eye(n)[:1]])
    np.testing.assert_allclose(np.diff(theta, axis=0)[:n], -0.1 * Q, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(theta[-1] - theta[-2], -0.1 * 4 / 5 * np.eye(n)[0], rtol=1e-10, atol=1e-12)


def test_full_matrix_shows_not_a_number():
    theta, state = np.zeros(16), aligned_empty(FullMatrixAdaGrad(0.1).state_size(16, None), "float64")
    state[:] = 0
    full_matrix_update(2, 0.0, False, 0.1, theta, np.array([1.0, np.nan] + 14 * [0.0]), state)
    assert np.isnan(theta[1])


def test_full_matrix_refuses_large_networks():
    network = Network(Dense(10, 5), loss=SquaredError())
    complains("FullMatrixAdaGrad", "55 parameters", "at most 50", fit, network, np.ones((2, 10)), np.ones((2, 5)),
              optimizer=FullMatrixAdaGrad(0.1), epochs=1)  # fmt: skip


# --- paths -----------------------------------------------------------------------------------------------


def rescaled(network, theta, scales):
    """Unit j of hidden layer k: weights and bias into it times c, weights out of it by c. The function is the same."""
    theta = np.array(theta)
    parts = network.parameters(theta)
    dense = sorted({name.split(".")[0] for name in parts}, key=int)
    for (k, following), c in zip(pairwise(dense), scales, strict=True):
        parts[f"{k}.weight"] *= c
        if f"{k}.bias" in parts:
            parts[f"{k}.bias"] *= c
        parts[f"{following}.weight"] /= c[:, None]
    return theta


NETS = {
    "relu": Network(Dense(3, 4), ReLU(), Dense(4, 3), loss=cases.mlp().loss, dtype="float64"),
    "no bias": Network(Dense(3, 4, False), ReLU(), Dense(4, 3, False), loss=cases.mlp().loss, dtype="float64"),
    "deep": Network(Dense(3, 4), LeakyReLU(), Dense(4, 5), ReLU(), Dense(5, 3), loss=SquaredError(), dtype="float64"),
    "linear": Network(Dense(3, 4), Dense(4, 3), loss=SquaredError(), dtype="float64"),
}


@pytest.mark.parametrize("name", NETS)
def test_path_sgd_does_not_see_a_rescaling(name):
    """The function after many steps is the same from either gauge; with SGD it is not.   Neyshabur et al. 2015."""
    network, generator = NETS[name], np.random.default_rng(4)
    X, y = cases.problem(seed=2, n=20)
    y = y if network.loss == cases.mlp().loss else np.eye(3)[y]
    theta0 = network.initialize(1) + 0.1 * generator.normal(size=network.n_parameters)
    hidden = [layer.n_out for layer in network.layers if isinstance(layer, Dense)][:-1]
    scales = [10 ** generator.uniform(-1, 1, width) for width in hidden]
    settings = dict(batch_size=5, epochs=10 if JIT else 4, seed=0)
    for rule, alike in ((PathSGD(0.02), True), (SGD(0.02), False)):
        runs = [
            fit(network, X, y, optimizer=rule, theta0=start, **settings)
            for start in (theta0, rescaled(network, theta0, scales))
        ]
        off = distance(runs[1].outputs(X), runs[0].outputs(X))
        assert off < 1e-9 if alike else not off < 1e-3
    moved = fit(network, X, y, optimizer=PathSGD(0.02), theta0=theta0, **settings)
    assert distance(moved.theta, theta0) > 0.01


def test_path_sgd_of_one_layer_is_gradient_descent():
    """No other weight on any path: gamma = 1."""
    X, y = cases.problem()
    network = Network(Dense(3, 3), loss=cases.mlp().loss, dtype="float64")
    runs = [fit(network, X, y, optimizer=rule(0.1), batch_size=4, epochs=3, seed=2) for rule in (PathSGD, SGD)]
    np.testing.assert_allclose(runs[0].theta, runs[1].theta, rtol=1e-13)


def test_path_sgd_by_hand():
    """y = w2 relu(w1 x): gamma_1 = w2^2, gamma_2 = w1^2; as floor 4, eps binds on the first."""
    network = Network(Dense(1, 1, False), ReLU(), Dense(1, 1, False), loss=LinearLoss(), dtype="float64")
    for eps, gamma in ((0.0, (1.0, 9.0)), (4.0, (4.0, 9.0))):
        run = fit(network, [[2.0]], [[1.0]], optimizer=PathSGD(0.1, eps=eps), epochs=1, theta0=[3.0, 1.0])
        np.testing.assert_allclose(run.theta, [3 - 0.1 * 2 / gamma[0], 1 - 0.1 * 6 / gamma[1]], rtol=1e-14)


def test_dead_paths_stay():
    """Unit 1 has no weights into it, unit 2 none out of it: where gamma = 0 there is no gradient, and no step."""
    network = Network(Dense(2, 3, False), ReLU(), Dense(3, 2, False), loss=SquaredError(), dtype="float64")
    theta0 = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    run = fit(network, [[1.0, 2.0]], [[0.0, 1.0]], optimizer=PathSGD(0.01), epochs=1, theta0=theta0)
    first, second = run.parameters.values()
    np.testing.assert_array_equal(first[:, 1:], [[0, 1], [0, 1]])
    np.testing.assert_array_equal(second[1], [1, 1])
    assert run.status == "completed" and (first[:, 0] != 1).all() and (second[[0, 2]] != [[1], [0]]).all()


def test_path_sgd_refuses_what_cannot_be_rescaled():
    X, y = cases.problem()
    for layers in ((Dense(3, 4), Tanh(), Dense(4, 3)), (Scale(3), Dense(3, 3))):
        network = Network(*layers, loss=cases.mlp().loss)
        complains("PathSGD", "Tanh|Scale", "Dense, ReLU", fit, network, X, y, optimizer=PathSGD(0.1), epochs=1)
        complains(r"rows\[0\].*PathSGD", "Tanh|Scale", "Dense, ReLU", fit_many,
                  [Run(network, optimizer=PathSGD(0.1), epochs=1)], X, y)  # fmt: skip
