"""Newton, quasi-Newton and conjugate gradients: their finite terminations, and what they refuse."""

import numpy as np
import pytest

import coreops
from coreops import L1, L2, BinaryCrossEntropy, Dense, Network, ReLU, Scale, SquaredError, minimize
from coreops.minimize import METHODS, Objective
from tests.coreops import cases
from tests.coreops.cases import complains, distance

EXACT = {"c1": 1e-10, "c2": 1e-9}  # line searches that are exact on a quadratic


def quadratic(h, seed=0):
    """(network, X, y, minimiser) of (w - w*)' H (w - w*)/2 with a rotated H of eigenvalues h."""
    n, generator = len(h), np.random.default_rng(seed)
    Q, w = np.linalg.qr(generator.normal(size=(n, n)))[0], generator.normal(size=n)
    X = np.diag(np.sqrt(np.asarray(h) * n / 2)) @ Q.T
    return Network(Dense(n, 1, bias=False), loss=SquaredError()), X, X @ w, w


@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e12])
def test_newton_needs_one_step_whatever_the_condition(kappa):
    """On a diagonal quadratic the differences of the gradient are exact up to rounding."""
    h = np.geomspace(1.0, kappa, 4)
    network, X = Network(Scale(4), loss=SquaredError()), np.sqrt(h / 2)[None]
    w = np.array([1.0, -2.0, 0.5, 3.0])
    found = minimize(network, X, X * w, method="Newton", theta0=np.zeros(4), iterations=1, record_theta=True)
    np.testing.assert_allclose(found.theta, w, rtol=1e-8)
    assert found.iterations == 1 and found.evaluations == 1 + 2 * 4 + 1
    np.testing.assert_array_equal(found.step_theta, [np.zeros(4), found.theta])


def test_newton_on_a_rotated_quadratic_and_not_with_the_diagonal_alone():
    network, X, y, w = quadratic([1.0, 10.0, 100.0])
    found = minimize(network, X, y, method="Newton", theta0=np.zeros(3))
    assert (found.status, found.iterations) == ("converged", 1) and distance(found.theta, w) < 1e-8
    H = Objective(network.astype("float64"), X, y, np.zeros(0), 0.0).hessian(np.zeros(3))
    np.testing.assert_allclose(H, 2 * X.T @ X / 3, rtol=1e-7, atol=1e-7)
    gradient = coreops.loss_and_gradient(network.astype("float64"), np.zeros(3), X, y)[1]
    assert distance(-gradient / np.diag(H), w) > 0.1


def test_newton_converges_quadratically_on_logistic_regression():
    """Digits double: e_{k+1} <= C e_k^2."""
    X, y = cases.problem(n=40, classes=2)
    network = Network(Dense(3, 1), loss=BinaryCrossEntropy())
    y = np.where(np.arange(40) % 7 == 0, 1 - y, y)  # not separable
    found = minimize(network, X, y, method="Newton", theta0=np.zeros(4), tolerance=1e-12, record_theta=True)
    assert found.status == "converged" and found.iterations < 10
    errors = np.linalg.norm(found.step_theta - found.theta, axis=1)[1:-1]
    errors = errors[errors > 1e-7]
    assert len(errors) >= 3 and (errors[1:] < 2 * errors[:-1] ** 2).all()
    same = minimize(network, X, y, method="BFGS", theta0=np.zeros(4), tolerance=1e-9)
    assert distance(same.theta, found.theta) < 1e-7


def test_newton_goes_to_saddles_and_a_line_search_does_not():
    """E = (w2 w1 - 1)^2 from near its saddle at 0."""
    network = Network(Dense(1, 1, bias=False), Dense(1, 1, bias=False), loss=SquaredError())
    settings = dict(method="Newton", theta0=[0.1, -0.05])
    assert np.abs(minimize(network, [[1.0]], [1.0], **settings).theta).max() < 1e-8
    descended = minimize(network, [[1.0]], [1.0], **settings, damping=3.0, line_search=True)
    assert descended.status == "converged" and descended.loss < 1e-12
    stuck = minimize(network, [[1.0]], [1.0], method="Newton", theta0=[0.1, 0.1], line_search=True)
    assert stuck.status == "failed" and stuck.iterations == 0


def test_newton_says_that_a_hessian_is_singular():
    """Two weights of which only the sum counts."""
    network = Network(Dense(2, 1, bias=False), loss=SquaredError())
    found = minimize(network, [[1.0, 1.0]], [1.0], method="Newton", theta0=[0.0, 0.0])
    assert found.status == "failed" and "damping" in found.message
    damped = minimize(network, [[1.0, 1.0]], [1.0], method="Newton", theta0=[0.0, 0.0], damping=1e-6)
    assert damped.status == "converged" and damped.theta.sum() == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_bfgs_ends_after_n_steps_of_exact_search(seed):
    """Nocedal & Wright 2006, theorem 6.4."""
    n = 6
    network, X, y, w = quadratic(np.linspace(1.0, 30.0, n), seed)
    found = minimize(network, X, y, theta0=np.zeros(n), options=EXACT, tolerance=1e-6, record_theta=True)
    assert (found.status, found.iterations) == ("converged", n)
    assert distance(found.theta, w) < 1e-6 < 1e-3 < distance(found.step_theta[n - 1], w)


@pytest.mark.parametrize("distinct", [1, 2, 3, 5])
def test_conjugate_gradients_end_after_as_many_steps_as_there_are_eigenvalues(distinct):
    """Hestenes & Stiefel 1952; three eigenvalues of twelve, three steps."""
    h = np.resize([1.0, 3.0, 10.0, 30.0, 50.0][:distinct], 12)
    network, X, y, w = quadratic(h)
    found = minimize(network, X, y, method="CG", theta0=np.zeros(12), options=EXACT, tolerance=1e-6)
    assert (found.status, found.iterations) == ("converged", distinct)
    assert distance(found.theta, w) < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_a_network(method):
    X, y = cases.problem()
    X = X + np.random.default_rng(1).normal(size=X.shape)
    settings = {"damping": 1.0, "line_search": True, "iterations": 6} if method == "Newton" else {}
    if not cases.JIT and not settings:
        settings = {"iterations": 12}
    network = cases.mlp("float32")
    found = minimize(network, X, y, method=method, seed=3, **settings)
    assert found.theta.dtype == np.float64 and found.network.dtype == np.float64
    start = coreops.loss_and_gradient(network.astype("float64"), network.initialize(3), X, y)[0]
    value, gradient = coreops.loss_and_gradient(found.network, found.theta, X, y)
    assert found.losses[0] == pytest.approx(start, rel=1e-6)
    assert (found.loss, found.gradient_norm) == (value, np.abs(gradient).max())
    assert found.loss < start / 2 and found.evaluate(X, y).loss == pytest.approx(found.loss, rel=1e-12)
    assert found.status in ("converged", "iterations") and found.step_theta.shape == (0, network.n_parameters)
    np.testing.assert_array_equal(found.predict(X), found.outputs(X).argmax(axis=1))


def test_ridge_regression():
    """E + l sum w^2 over weights only: (X'X/n + l I) w = X'y/n after centring, the bias is the rest."""
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(30, 4)) + 1.0, generator.normal(size=30)
    want = np.linalg.solve(np.cov(X.T, bias=True) + 0.3 * np.eye(4), (X - X.mean(0)).T @ (y - y.mean()) / 30)
    network = Network(Dense(4, 1), loss=SquaredError())
    for method in METHODS:
        found = minimize(network, X, y, method=method, penalty=L2(0.3), iterations=500)
        np.testing.assert_allclose(found.theta, [*want, y.mean() - X.mean(0) @ want], rtol=1e-6, atol=1e-7)
        assert found.loss == pytest.approx(found.evaluate(X, y).loss + 0.3 * want @ want, rel=1e-6)


def test_records_and_limits():
    network, X, y, _ = quadratic(np.geomspace(1, 1e4, 8))
    for method in ("BFGS", "L-BFGS", "CG"):
        found = minimize(network, X, y, method=method, seed=1, iterations=3, record_theta=True)
        assert (found.status, found.iterations, len(found.step_theta)) == ("iterations", 3, 4)
        np.testing.assert_array_equal(found.step_theta[-1], found.theta)
        np.testing.assert_array_equal(found.step_theta[0], network.astype("float64").initialize(1))
        assert found.losses.shape == (found.evaluations,) and found.loss < found.losses[0]


def test_a_start_at_the_minimum_stays():
    network, X, y, w = quadratic([1.0, 2.0])
    for method in METHODS:
        found = minimize(network, X, y, method=method, theta0=w, tolerance=1e-6)
        assert (found.status, found.iterations) == ("converged", 0)
        np.testing.assert_array_equal(found.theta, w)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("method", {"method": "SGD"}),
        ("method", {"method": None}),
        ("iterations", {"iterations": 0}),
        ("seed", {"seed": -1}),
        ("tolerance", {"tolerance": -1.0}),
        ("damping", {"damping": -1.0, "method": "Newton"}),
        ("damping", {"damping": 1.0}),
        ("line_search", {"line_search": True}),
        ("line_search", {"line_search": 1, "method": "Newton"}),
        ("record_theta", {"record_theta": "yes"}),
        ("penalty", {"penalty": 0.1}),
        ("penalty", {"penalty": L1(0.1)}),
        ("stats0", {"stats0": [1.0]}),
        ("options", {"options": 3}),
        ("options", {"options": {"c2": 0.1}, "method": "Newton"}),
        ("theta0", {"theta0": [1.0]}),
        ("theta0", {"theta0": [1.0, float("nan")]}),
    ],
    ids=str,
)
def test_bad_input(name, settings):
    network, X, y, _ = quadratic([1.0, 2.0])
    complains(name, "got", "wanted", minimize, network, X, y, **settings)


def test_bad_networks():
    complains("network", "got", "a Network", minimize, "net", [[1.0]], [1.0])
    complains("network", "ReLU", "to learn", minimize, Network(ReLU(), loss=SquaredError(), input_shape=1), [[1]], [1])
    large = Network(Dense(100, 51), loss=SquaredError())
    complains("method", "5151", "5000", minimize, large, np.ones((1, 100)), np.ones((1, 51)), method="Newton")
