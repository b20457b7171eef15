"""Optimizers: each rule step by step against its oracle, and against closed forms."""

import numpy as np
import pytest

from coreops import (
    SGD,
    AcceleratedGradient,
    AdaGrad,
    Adam,
    AMSGrad,
    Cyclic,
    Dense,
    FullMatrixAdaGrad,
    HeavyBall,
    LinearLoss,
    Nesterov,
    Network,
    PathSGD,
    RMSProp,
    Scale,
    SignDescent,
    SquaredError,
    fit,
)
from coreops.optimizers.as_printed import SlideNesterov
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, JIT, distance
from tests.coreops.streams import quadratic, stream
from tests.oracles import training
from tests.oracles.optimizers import OPTIMIZERS

# Path-SGD has no meaning without layers; in plain Python the full matrix of 12 parameters is slow enough.
NETWORKS = {
    PathSGD: cases.rectifier_net,
    FullMatrixAdaGrad: lambda: Network(Dense(3, 3), loss=cases.mlp().loss, dtype="float64"),
}
ON_SCALE = [rule for rule in cases.flat(cases.OPTIMIZERS) if not isinstance(rule, PathSGD)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ON_SCALE, ids=repr)
def test_against_the_oracle_on_a_stream(optimizer, dtype):
    """Gradients over eight decades, some exactly 0."""
    generator = np.random.default_rng(0)
    # The full matrix mixes coordinates: beside 10^4, its 10^-4 are rounding errors.
    decades = np.zeros(5) if isinstance(optimizer, FullMatrixAdaGrad) else np.arange(-4, 5, 2)
    gradients = generator.normal(size=(30, 5)) * 10.0**decades
    gradients[generator.random(gradients.shape) < 0.3] = 0
    gradients = gradients.astype(dtype).astype(float)
    got = stream(optimizer, gradients, 0.5, dtype)
    w, state = np.full(5, 0.5), {}
    rule = OPTIMIZERS[type(optimizer).__name__]
    for t, g in enumerate(gradients, 1):
        w = rule(optimizer, w, lambda _, g=g: g, state, optimizer.lr, t)
        # per coordinate, relative to how far it has moved: scales differ by 10^8
        assert (np.abs(got[t] - w) <= 40 * t * EPS[dtype] * (0.5 + np.abs(w - 0.5) + np.abs(w))).all(), t


@pytest.mark.parametrize("optimizer", ON_SCALE, ids=repr)
def test_against_the_oracle_where_the_gradient_depends_on_theta(optimizer):
    """This is where Nesterov's look-ahead differs from heavy ball."""
    h, w = np.array([0.3, 2.0, 5.0]), np.array([1.0, -2.0, 0.5])
    got, state = quadratic(optimizer, h, w, 12), {}
    for t in range(1, 13):
        w = OPTIMIZERS[type(optimizer).__name__](optimizer, w, lambda v: h * v, state, optimizer.lr, t)
        np.testing.assert_allclose(got[t], w, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("optimizer", cases.flat(cases.OPTIMIZERS), ids=repr)
def test_whole_network_against_the_training_oracle(optimizer):
    X, y = cases.problem()
    network = NETWORKS.get(type(optimizer), cases.mlp)()
    settings = dict(optimizer=optimizer, batch_size=5, epochs=3, seed=0, sampling=Cyclic())
    run = fit(network, X, y, **settings, record_theta_every=1)
    want = training.train(
        network, X, y, optimizer=optimizer, order=training.cyclic(12, 5, 3), theta0=network.initialize(0)
    )
    assert distance(run.step_theta, want.thetas) <= 1e-12
    assert distance(run.theta, want.theta) <= 1e-12
    assert distance(run.loss, want.losses) <= 1e-12
    silent = fit(network, X, y, **settings, evaluate_every=0)
    np.testing.assert_array_equal(silent.theta, run.theta)  # evaluations leave no trace


@pytest.mark.parametrize("optimizer", ON_SCALE, ids=repr)
def test_a_run_that_diverges_at_once_returns_its_start(optimizer):
    network = Network(Scale(2), loss=SquaredError(), dtype="float64")
    start = np.array([1e200, -1.0])
    run = fit(network, [[1.0, 1.0]], [[0.0, 0.0]], optimizer=optimizer, epochs=3, theta0=start)
    assert (run.status, run.diverged_step) == ("diverged", 1)
    np.testing.assert_array_equal(run.theta, start)


@pytest.mark.parametrize("optimizer", [r for r in ON_SCALE if r.lr and not isinstance(r, SignDescent)], ids=repr)
def test_no_rule_hides_a_gradient_that_overflowed(optimizer):
    """At theta = 0 the linear loss is 0 whatever the gradient."""
    network = Network(Scale(2), loss=LinearLoss(), dtype="float32")
    run = fit(network, [[1.0, 1e3]], [[1.0, 3e38]], optimizer=optimizer, epochs=2, theta0=[0.0, 0.0], evaluate_every=0)
    assert run.status == "diverged" and not np.isfinite(run.theta[1])


@pytest.mark.parametrize("rule", [Nesterov(3.0, 0.9), AcceleratedGradient(3.0), SlideNesterov(9.0, 0.9)], ids=repr)
def test_a_diverged_run_ends_at_w_and_not_at_the_look_ahead(rule):
    network = Network(Scale(1), loss=SquaredError(), dtype="float64")
    run = fit(
        network, [[1.0]], [[0.0]], optimizer=rule, epochs=2000, theta0=[1.0], record_theta_every=1, evaluate_every=0
    )
    assert run.status == "diverged" and run.diverged_step > 20
    before, w = run.step_theta[run.diverged_step - 2 : run.diverged_step, 0]
    assert run.theta[0] == pytest.approx(w, rel=1e-14)
    assert abs(w - before) > 0.1 * abs(w)  # the velocity, by a share of which the look-ahead is off


# --- closed forms ----------------------------------------------------------------------------------------


def test_adagrad_on_a_constant_gradient():
    """sum_{t<=T} a/sqrt(t) = 2 a sqrt(T) + zeta(1/2) a + O(1/sqrt(T)), zeta(1/2) = -1.4603545."""
    T, a = (4000 if JIT else 400), 0.1
    moved = -stream(AdaGrad(a, eps=0.0), np.full((T, 3), [1e-3, 1.0, 1e3]))[-1]
    np.testing.assert_allclose(moved, 2 * a * np.sqrt(T) - 1.4603545088 * a + a / (2 * np.sqrt(T)), rtol=1e-6)


def test_adagrad_on_a_decaying_gradient():
    """g_t = 1/t: G tends to pi^2/6, so the step tends to a g/sqrt(pi^2/6)."""
    g = 1 / np.arange(1, 401.0)[:, None]
    theta = stream(AdaGrad(1.0, eps=0.0), g)[:, 0]
    assert (theta[-2] - theta[-1]) / g[-1, 0] == pytest.approx(1 / np.sqrt(np.sum(g**2)), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_first_steps(scale):
    """With eps = 0 the first step of the adaptive rules does not depend on the gradient's size."""
    g = scale * np.array([[1.0, -2.0]])
    sign = np.array([1.0, -1.0])
    np.testing.assert_allclose(stream(Adam(0.01, eps=0.0), g)[1], -0.01 * sign, rtol=1e-12)
    np.testing.assert_allclose(stream(AdaGrad(0.01, eps=0.0), g)[1], -0.01 * sign, rtol=1e-12)
    np.testing.assert_allclose(
        stream(RMSProp(0.01, decay=0.9, eps=0.0), g)[1], -0.01 * sign / np.sqrt(1 - 0.9), rtol=1e-12
    )


def test_where_epsilon_stands():
    """At G = g^2 = eps the two placements differ: a g/(|g| + eps) against a g/sqrt(g^2 + eps)."""
    eps = 1e-4
    g = np.array([[np.sqrt(eps)]])
    for rule, gain in ((AdaGrad, 1.0), (lambda *a, **k: RMSProp(*a, decay=0.0, **k), 1.0), (Adam, 1.0)):
        outside = -stream(rule(0.1, eps=eps), g)[1, 0]
        inside = -stream(rule(0.1, eps=eps, eps_inside=True), g)[1, 0]
        assert outside == pytest.approx(0.1 * gain * 1e-2 / (1e-2 + 1e-4), rel=1e-12)
        assert inside == pytest.approx(0.1 * gain / np.sqrt(2), rel=1e-12)


def test_adam_on_a_constant_gradient_steps_by_lr():
    """Bias correction makes every step a g/|g|."""
    theta = stream(Adam(0.01, eps=0.0), np.full((50, 1), -3.0))[:, 0]
    np.testing.assert_allclose(np.diff(theta), 0.01, rtol=1e-11)


def test_zero_gradients_move_nothing_even_without_epsilon():
    for rule in (AdaGrad(0.1, eps=0.0), RMSProp(0.1, eps=0.0), Adam(0.1, eps=0.0), HeavyBall(0.1), Nesterov(0.1)):
        assert (stream(rule, np.zeros((5, 2)), theta0=1.5) == 1.5).all()


@pytest.mark.parametrize(("dtype", "faint"), [("float32", 1e-21), ("float64", 1e-170)])
@pytest.mark.parametrize("eps_inside", [False, True])
@pytest.mark.parametrize("rule", [AdaGrad, RMSProp, Adam, AMSGrad])
def test_a_gradient_whose_square_vanishes_is_not_divided_by_zero(rule, eps_inside, dtype, faint):
    """Without epsilon the root is 0: the smallest root stands for it, and the step is short, not infinite."""
    steps = np.abs(stream(rule(0.1, eps=0.0, eps_inside=eps_inside), np.full((3, 2), faint), theta0=0.0, dtype=dtype))
    assert (np.diff(steps, axis=0) > 0).all() and steps.max() < 0.1


def test_heavy_ball_gain_on_a_constant_gradient():
    """The step tends to a/(1 - b): the sum is not normalised."""
    theta = stream(HeavyBall(0.01, 0.9), np.ones((400, 1)))[:, 0]
    assert theta[-2] - theta[-1] == pytest.approx(0.01 / (1 - 0.9), rel=1e-12)


@pytest.mark.parametrize(("rate", "momentum"), [(0.5, 0.2), (0.5, 0.8), (3.0, 0.9), (0.1, 0.0)])
def test_heavy_ball_on_a_quadratic_follows_its_roots(rate, momentum):
    """w_{t+1} = (1 + b - a h) w_t - b w_{t-1}: powers of the roots of s^2 - (1 + b - a h) s + b.   Polyak 1964."""
    h, steps = 1.0, 40
    roots = np.roots([1, -(1 + momentum - rate * h), momentum]).astype(complex)
    # w_0 = 1 and v_0 = 0 give w_1 = 1 - a h
    c = np.linalg.solve(np.array([[1, 1], roots]), np.array([1, 1 - rate * h]))
    want = [(c @ roots**t).real for t in range(steps + 1)]
    np.testing.assert_allclose(quadratic(HeavyBall(rate, momentum), [h], 1.0, steps)[:, 0], want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("rate", "momentum"), [(0.5, 0.2), (0.5, 0.8), (1.2, 0.5)])
def test_nesterov_on_a_quadratic_follows_its_roots(rate, momentum):
    """w_{t+1} = (1 - a h)((1 + b) w_t - b w_{t-1}): roots of s^2 - (1 - a h)(1 + b) s + (1 - a h) b."""
    h, steps, q = 1.0, 40, 1 - rate
    roots = np.roots([1, -q * (1 + momentum), q * momentum]).astype(complex)
    c = np.linalg.solve(np.array([[1, 1], roots]), np.array([1, 1 - rate * h]))
    want = [(c @ roots**t).real for t in range(steps + 1)]
    np.testing.assert_allclose(quadratic(Nesterov(rate, momentum), [h], 1.0, steps)[:, 0], want, rtol=1e-9, atol=1e-12)


def test_gradient_descent_on_a_quadratic_is_a_geometric_series():
    """w_t = (1 - a h)^t w_0, growing when a h > 2."""
    h = np.array([0.1, 1.0, 1.9, 2.1]) / 0.1
    got = quadratic(SGD(0.1), h, 1.0, 30)
    np.testing.assert_allclose(got, (1 - 0.1 * h) ** np.arange(31)[:, None], rtol=1e-11, atol=1e-15)


def test_rate_zero_is_a_control():
    for rule in (SGD(0.0), HeavyBall(0.0, 0.9), Nesterov(0.0, 0.9), AdaGrad(0.0), RMSProp(0.0), Adam(0.0)):
        X, y = cases.problem()
        run = fit(cases.mlp(), X, y, optimizer=rule, batch_size=4, epochs=2, seed=3)
        np.testing.assert_array_equal(run.theta, cases.mlp().initialize(3))


def test_squared_error_step_has_the_factor_two():
    network = Network(Dense(1, 1, bias=False), loss=SquaredError(), dtype="float64")
    run = fit(network, np.array([[1.0]]), np.array([1.0]), optimizer=SGD(0.1), epochs=1, theta0=np.zeros(1))
    assert run.theta[0] == pytest.approx(0.2, rel=1e-15)
