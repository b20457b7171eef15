"""Objectives: gradient and Hessian against differences, stationary points, spectra, and what each was made to show."""

import numpy as np
import pytest

from coreops import Dense, Network, SquaredError, loss_and_gradient
from studies.harness.generators import chain, landscapes, lessard, quadratics, spin_glass

AXES = quadratics.rotation(4, 7)
OBJECTIVES = {
    "diagonal": quadratics.quadratic([4.0, 1.0, 0.1], minimiser=[1.0, 2.0, -1.0]),
    "rotated": quadratics.quadratic([4.0, 1.0, 0.1, 0.01], minimiser=0.5, axes=AXES),
    "indefinite": quadratics.quadratic([4.0, 1.0, 0.1, -1.0], axes=AXES),
    "lessard": lessard.piecewise_quadratic(),
    "chain": chain.chain(6, smoothness=3.0),
    "rosenbrock": landscapes.rosenbrock(),
    "rosenbrock 3": landscapes.rosenbrock(3),
    "beale": landscapes.beale(),
    "saddle": landscapes.saddle(),
    "monkey saddle": landscapes.monkey_saddle(),
    "double well": landscapes.double_well(),
}


def differences(function, w, step=1e-5):
    return np.array([(function(w + h) - function(w - h)) / (2 * step) for h in step * np.eye(w.size)])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_derivatives(name):
    objective = OBJECTIVES[name]
    for w in np.random.default_rng(0).normal(size=(5, objective.dimension)):
        np.testing.assert_allclose(objective.gradient(w), differences(objective.value, w), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(objective.hessian(w), differences(objective.gradient, w), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_stationary_points(name):
    objective = OBJECTIVES[name]
    assert objective.minima or objective.saddles
    for w in (*objective.minima, *objective.saddles):
        np.testing.assert_allclose(objective.gradient(w), 0, atol=1e-12)
    assert all(np.linalg.eigvalsh(objective.hessian(w))[0] > 0 for w in objective.minima)
    assert all(np.linalg.eigvalsh(objective.hessian(w))[0] <= 0 for w in objective.saddles)
    values = [objective.value(w) for w in objective.minima]
    assert values == sorted(values)


@pytest.mark.parametrize(
    "h", [quadratics.log_spaced(6, 100.0, 3.0), quadratics.log_uniform(6, 100.0, seed=1, largest=3.0)]
)
def test_spectra_are_as_asked(h):
    assert (h[0], h[0] / h[-1], h.size) == (3.0, pytest.approx(100), 6)
    assert (np.diff(h) < 0).all()
    got = np.linalg.eigvalsh(quadratics.quadratic(h, axes=quadratics.rotation(6, 2)).hessian(None))
    np.testing.assert_allclose(got[::-1], h, rtol=1e-12)


def test_spacing_and_seeds():
    np.testing.assert_allclose(np.diff(np.log(quadratics.log_spaced(5, 16.0))), -np.log(2))
    inner = np.log(quadratics.log_uniform(4002, 10.0, seed=3)[1:-1]) / np.log(0.1)
    assert inner.mean() == pytest.approx(0.5, abs=5 * np.sqrt(1 / 12 / 4000))
    assert inner.var() == pytest.approx(1 / 12, rel=0.05)
    assert (quadratics.log_uniform(5, 10.0, 1) != quadratics.log_uniform(5, 10.0, 2)).any()
    assert (quadratics.rotation(3, 1) != quadratics.rotation(3, 2)).all()
    assert quadratics.rotation(1, 0) == 1


def test_a_quadratic_as_data_is_the_same_function():
    h = quadratics.log_spaced(4, 50.0)
    objective = quadratics.quadratic(h, minimiser=[1, -1, 2, 0.5], axes=AXES)
    X, y = quadratics.as_regression(h, minimiser=[1, -1, 2, 0.5], axes=AXES)
    network = Network(Dense(4, 1, bias=False), loss=SquaredError(), dtype="float64")
    for w in np.random.default_rng(1).normal(size=(3, 4)):
        value, gradient = loss_and_gradient(network, w, X, y)
        assert value == pytest.approx(objective.value(w), rel=1e-12)
        np.testing.assert_allclose(gradient, objective.gradient(w), rtol=1e-11)
    with pytest.raises(ValueError, match="negative eigenvalue"):
        quadratics.as_regression([1.0, -1.0])


def walk(objective, w, steps, rate, momentum, look_ahead):
    """Heavy ball, or Nesterov's form of it."""
    path = [w := np.atleast_1d(np.float64(w))]
    v = np.zeros_like(w)
    for _ in range(steps):
        v = momentum * v - rate * objective.gradient(w + momentum * v if look_ahead else w)
        path.append(w := w + v)
    return np.array(path)


def test_heavy_ball_circles_on_lessards_function_and_others_converge():
    f, (m, big) = lessard.piecewise_quadratic(), lessard.CURVATURES
    path = walk(f, lessard.START, 3000, lessard.RATE, lessard.MOMENTUM, False)[-3:, 0]
    np.testing.assert_allclose(np.roll(path, -np.argmin(np.abs(path - lessard.CYCLE[0]))), lessard.CYCLE, rtol=1e-9)
    kappa = big / m
    nesterov = (1 / big, (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1))
    assert abs(walk(f, lessard.START, 300, *nesterov, True)[-1, 0]) < 1e-12
    assert abs(walk(f, lessard.START, 1000, 2 / (big + m), 0.0, False)[-1, 0]) < 1e-12
    x = np.linspace(-3, 5, 4001)
    slopes = np.diff([f.gradient([v])[0] for v in x]) / np.diff(x)
    assert slopes.min() == pytest.approx(m) and slopes.max() == pytest.approx(big)
    for seam in (1.0, 2.0):
        assert f.value([seam - 1e-12]) == pytest.approx(f.value([seam]), rel=1e-9)


def test_chain_is_as_hard_as_the_theorem_says():
    k = 7
    objective = chain.chain(2 * k + 1, smoothness=2.0)
    w_star = objective.minima[0]
    assert objective.value(w_star) == pytest.approx(-2.0 / 8 * (1 - 1 / (2 * k + 2)), rel=1e-12)
    assert np.linalg.eigvalsh(objective.hessian(w_star))[0] > 0 and np.linalg.norm(objective.hessian(w_star), 2) < 2.0
    bound = 3 * 2.0 * (w_star @ w_star) / (32 * (k + 1) ** 2)
    krylov = np.linalg.qr(np.eye(2 * k + 1)[:, :k])[0]  # k gradients from 0 reach the first k coordinates
    reduced = krylov.T @ objective.hessian(w_star) @ krylov
    best = krylov @ np.linalg.solve(reduced, -krylov.T @ objective.gradient(np.zeros(2 * k + 1)))
    w = np.zeros(2 * k + 1)
    for step in range(k):
        w = w - 0.5 * objective.gradient(w)
        assert not w[step + 1 :].any()
    assert objective.value(w) - objective.value(w_star) > objective.value(best) - objective.value(w_star) >= bound


def test_accelerated_descent_on_the_chain():
    """n = 200, L = 1: gaps of Nesterov's method .0207, .0075, .0020 after 10, 30, 100 steps; descent .0093."""
    objective, gaps = chain.chain(200), {}
    lowest = objective.value(objective.minima[0])
    w = v = z = np.zeros(200)
    t = 1.0
    for k in range(1, 101):
        z = z - objective.gradient(z)
        new, following = v - objective.gradient(v), (1 + np.sqrt(1 + 4 * t * t)) / 2
        v, w, t = new + (t - 1) / following * (new - w), new, following
        gaps[k] = objective.value(w) - lowest
    assert [gaps[k] for k in (10, 30, 100)] == pytest.approx([0.0207, 0.0075, 0.0020], rel=0.03)
    assert objective.value(z) - lowest == pytest.approx(0.0093, rel=0.01)


def test_double_well_is_tilted_to_the_left():
    left, right = landscapes.double_well(0.3).minima
    assert left[0] == pytest.approx(-1.036, abs=1e-3) and right[0] == pytest.approx(0.96, abs=2e-3)
    with pytest.raises(ValueError, match="tilt"):
        landscapes.double_well(8 / np.sqrt(27))


def test_monkey_saddle_is_flat_to_second_order():
    assert not landscapes.monkey_saddle().hessian(np.zeros(2)).any()
    angles = np.linspace(0, 2 * np.pi, 7)[:-1]
    values = [landscapes.monkey_saddle().value(np.array([np.cos(a), np.sin(a)])) for a in angles]
    np.testing.assert_allclose(values, [1, -1, 1, -1, 1, -1], atol=1e-12)


@pytest.mark.parametrize("p", [2, 3, 4])
def test_spin_glass_derivatives_on_the_sphere(p):
    glass, s = spin_glass.spherical_spin_glass(6, 1, p), spin_glass.random_spins(6, 2)
    tangent = np.random.default_rng(3).normal(size=6)
    tangent -= tangent @ s / 6 * s

    def along(angle):
        """Energy on the great circle through s."""
        return glass.energy(np.cos(angle) * s + np.sin(angle) * np.sqrt(6) / np.linalg.norm(tangent) * tangent)

    speed, e = np.sqrt(6) / np.linalg.norm(tangent), 1e-4
    assert glass.gradient(s) @ tangent * speed == pytest.approx((along(e) - along(-e)) / (2 * e), rel=1e-6)
    second = (along(e) - 2 * along(0.0) + along(-e)) / e**2
    assert tangent @ glass.hessian(s) @ tangent * speed**2 == pytest.approx(second, rel=1e-5)
    assert abs(glass.gradient(s) @ s) < 1e-10
    np.testing.assert_allclose(glass.hessian(s) @ s, 0, atol=1e-10)


def test_spin_glass_energies_are_correlated_as_powers_of_the_overlap():
    s, t = np.array([1.0, 1, 1, 1]), np.array([1.0, 1, 1, -1])
    pairs = np.array([[g.energy(s), g.energy(t)] for g in (spin_glass.spherical_spin_glass(4, k) for k in range(800))])
    covariance = pairs.T @ pairs / 800
    np.testing.assert_allclose(np.diag(covariance), 4, rtol=5 * np.sqrt(2 / 800))
    assert covariance[0, 1] == pytest.approx(4 * 0.5**3, abs=5 * 4 * np.sqrt(1 / 800))
    assert np.abs(pairs.mean(0)).max() < 5 * 2 / np.sqrt(800)


def test_spin_glass_hessians_are_semicircles_around_minus_p_times_energy():
    glass = spin_glass.spherical_spin_glass(60, 5)
    assert glass.threshold == pytest.approx(-1.633, abs=1e-3)
    s = spin_glass.random_spins(60, 6)
    assert s @ s == pytest.approx(60)
    eigenvalues = np.linalg.eigvalsh(glass.hessian(s) + 1e3 * np.outer(s, s) / 60)[:-1]
    assert eigenvalues.mean() == pytest.approx(-3 * glass.energy(s) / 60, abs=5 * np.sqrt(2 * 6) / 60)
    assert eigenvalues.var() == pytest.approx(6, rel=5 * np.sqrt(2) * 2 / 60)
    assert np.abs(eigenvalues - eigenvalues.mean()).max() < 1.15 * 2 * np.sqrt(6)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("kappa", lambda: quadratics.log_spaced(4, 0.5)),
        ("n", lambda: quadratics.log_uniform(1, 2.0, 0)),
        ("n", lambda: chain.chain(0)),
        ("dimension", lambda: landscapes.rosenbrock(4)),
        ("p", lambda: spin_glass.spherical_spin_glass(4, 0, 5)),
        ("seed", lambda: spin_glass.random_spins(4, -1)),
    ],
)
def test_bad_input(name, action):
    with pytest.raises(ValueError, match=rf"^{name}: got .*, wanted"):
        action()
