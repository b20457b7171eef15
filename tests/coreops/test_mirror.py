"""Mirror descent: which interpolant it ends at, among all there are, by potential and start."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from coreops import (
    SGD,
    Dense,
    Hypentropy,
    Network,
    PNorm,
    Scale,
    SquaredError,
    Tanh,
    fit,
    mirror_descent,
)
from tests.coreops import cases
from tests.coreops.cases import complains, distance

N, D = 2, 5
LINEAR = Network(Dense(D, 1, bias=False), loss=SquaredError(), dtype="float64")
FIXED = Network(Tanh(), loss=SquaredError(), input_shape=D)  # nothing to learn
POTENTIALS = [PNorm(1.2), PNorm(1.6), PNorm(2.0), Hypentropy(1e-3), Hypentropy(0.1), Hypentropy(100.0)]


def problem(n=N):
    """(X, y) of a sparse teacher, whose loss has curvature 1 across the minima."""
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(max(n, D), min(n, D))))[0]
    X = np.sqrt(n / 2) * (Q.T if n < D else Q)
    return X, X[:, :2] @ [1.0, -2.0]


def limit(potential, X, y, w0, lr=0.5):
    lr = 0.01 if potential == Hypentropy(100.0) else lr  # its steps are 100 times as long
    found = mirror_descent(LINEAR, X, y, potential, lr=lr, theta0=w0, iterations=2000, tolerance=1e-12)
    assert found.status == "converged"
    return found.theta


@pytest.mark.parametrize("potential", POTENTIALS, ids=repr)
def test_coordinates_are_the_slope_of_the_potential(potential, rng):
    w, step = rng.normal(size=5), 1e-6 * np.eye(5)
    slope = [(potential.value(w + h) - potential.value(w - h)) / 2e-6 for h in step]
    np.testing.assert_allclose(potential.coordinates(w), slope, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(potential.point(potential.coordinates(w)), w, rtol=1e-12)
    np.testing.assert_array_equal(potential.point(potential.coordinates(np.zeros(5))), np.zeros(5))


@pytest.mark.parametrize("potential", POTENTIALS, ids=repr)
def test_limit_is_the_interpolant_of_least_distance(potential, rng):
    """Least phi from 0, least Bregman distance from elsewhere: by the optimality condition and by a minimiser."""
    X, y = problem()
    for w0 in (np.zeros(D), rng.normal(size=D)):
        w, z0 = limit(potential, X, y, w0), potential.coordinates(w0)
        np.testing.assert_allclose(X @ w, y, atol=1e-11)
        moved = potential.coordinates(w) - z0
        outside = moved - np.linalg.pinv(X) @ X @ moved
        assert np.abs(outside).max() < 1e-10 * np.abs(moved).max()
        base, free = np.linalg.pinv(X) @ y, scipy.linalg.null_space(X)
        least = scipy.optimize.minimize(
            lambda a, base=base, free=free, z0=z0: potential.value(base + free @ a) - z0 @ (free @ a),
            np.zeros(D - N),
            jac=lambda a, base=base, free=free, z0=z0: free.T @ (potential.coordinates(base + free @ a) - z0),
            method="BFGS",
            options={"gtol": 1e-9},
        )
        np.testing.assert_allclose(w, base + free @ least.x, atol=1e-5)


def test_limits_differ_and_do_not_depend_on_the_rate():
    X, y = problem()
    limits = [limit(potential, X, y, np.zeros(D)) for potential in POTENTIALS]
    least_square = np.linalg.pinv(X) @ y
    np.testing.assert_allclose(limits[2], least_square, atol=1e-11)
    for k in (0, 1, 3, 4):
        assert distance(limits[k], least_square) > 0.05
    for potential, w in ((PNorm(1.2), limits[0]), (Hypentropy(0.1), limits[4])):
        np.testing.assert_allclose(limit(potential, X, y, np.zeros(D), lr=0.1), w, atol=1e-10)


def test_small_beta_is_the_least_one_norm_and_large_beta_the_least_two_norm():
    X, y = problem()
    sparse = scipy.optimize.linprog(np.ones(2 * D), A_eq=np.hstack([X, -X]), b_eq=y).x
    sparse = sparse[:D] - sparse[D:]
    gaps = [distance(limit(Hypentropy(beta), X, y, np.zeros(D)), sparse) for beta in (1.0, 1e-2, 1e-6, 1e-14)]
    assert gaps[0] > 0.2 and gaps[3] < 0.05 and gaps == sorted(gaps, reverse=True)
    assert distance(limit(Hypentropy(100.0), X, y, np.zeros(D)), np.linalg.pinv(X) @ y) < 1e-4


def test_with_one_minimum_all_end_there():
    """More examples than weights."""
    X, y = problem(n=2 * D)
    y = y + np.random.default_rng(1).normal(size=2 * D)
    least = np.linalg.lstsq(X, y, rcond=None)[0]
    for potential in (PNorm(1.5), Hypentropy(0.5)):
        np.testing.assert_allclose(limit(potential, X, y, np.zeros(D)), least, atol=1e-10)


def test_the_two_norm_is_gradient_descent():
    X, y = cases.problem()
    network = Network(Dense(3, 5), Tanh(), Dense(5, 3), loss=cases.mlp().loss, dtype="float64")
    settings = dict(theta0=network.initialize(3), record_theta=True, iterations=20)
    found = mirror_descent(network, X, y, PNorm(2), lr=0.3, **settings)
    run = fit(network, X, y, optimizer=SGD(0.3), epochs=20, theta0=settings["theta0"], record_theta_every=1)
    np.testing.assert_allclose(found.step_theta, run.step_theta, rtol=1e-10, atol=1e-12)
    assert (found.status, found.iterations, found.evaluations) == ("iterations", 20, 21)


def test_descent_on_products_is_hypentropy():
    """w = u v from u = a, v = 0: u^2 - v^2 = a^2 stays, w moves by sqrt(4 w^2 + a^4) g; exact as lr tends to 0."""
    X, y = problem()
    network = Network(Scale(D), Dense(D, 1, bias=False), loss=SquaredError(), dtype="float64")
    start, a = np.zeros(2 * D), 0.5
    network.parameters(start)["0.scale"][:] = a
    want, gaps = limit(Hypentropy(a**2 / 2), X, y, np.zeros(D)), []
    for lr in (0.2, 0.1, 0.05):
        run = fit(network, X, y, optimizer=SGD(lr), epochs=int(40 / lr), theta0=start, evaluate_every=0)
        w = np.prod([part.reshape(-1) for part in run.parameters.values()], axis=0)
        np.testing.assert_allclose(X @ w, y, atol=1e-6)
        gaps.append(distance(w, want))
    np.testing.assert_allclose(np.divide(gaps[:2], gaps[1:]), 2, rtol=0.15)
    assert gaps[2] < 0.002 and distance(np.linalg.pinv(X) @ y, want) > 0.1


def test_too_long_a_step_is_an_outcome():
    X, y = problem()
    found = mirror_descent(LINEAR, X, y, Hypentropy(1.0), lr=50.0, theta0=np.ones(D), iterations=500)
    assert found.status == "failed" and found.iterations < 500 and "smaller lr" in found.message
    still = mirror_descent(LINEAR, X, y, Hypentropy(1.0), lr=0.0, theta0=np.ones(D), iterations=3)
    np.testing.assert_allclose(still.theta, np.ones(D), rtol=1e-15)


def test_bad_input():
    X, y = problem()
    for name, got, wanted, action in (
        ("PNorm p", "1", r"\(1, 2\]", lambda: PNorm(1)),
        ("PNorm p", "3", r"\(1, 2\]", lambda: PNorm(3)),
        ("PNorm p", "'2'", "a finite number", lambda: PNorm("2")),
        ("Hypentropy beta", "0.0", "> 0", lambda: Hypentropy(0.0)),
        ("potential", "2", "PNorm", lambda: mirror_descent(LINEAR, X, y, 2, lr=0.1)),
        ("network", "Tanh", "to learn", lambda: mirror_descent(FIXED, X, X, PNorm(2), lr=0.1)),
        ("lr", "-1", ">= 0", lambda: mirror_descent(LINEAR, X, y, PNorm(2), lr=-1)),
        ("theta0", r"\(3,\)", r"\(5,\)", lambda: mirror_descent(LINEAR, X, y, PNorm(2), lr=1, theta0=np.ones(3))),
        ("stats0", r"\(1,\)", r"\(0,\)", lambda: mirror_descent(LINEAR, X, y, PNorm(2), lr=1, stats0=[1.0])),
    ):
        complains(name, got, wanted, action)
