"""What proves a rule: momentum, Adam's relatives, Adadelta, averages; the erroneous rules beside the right ones."""

import numpy as np
import pytest

from coreops import (
    SGD,
    AcceleratedGradient,
    Adadelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    AveragedSGD,
    Constant,
    Cyclic,
    Dense,
    EarlyStopping,
    EMAMomentum,
    HeavyBall,
    LinearLoss,
    Nesterov,
    Network,
    RMSProp,
    Scale,
    SignDescent,
    SquaredError,
    fit,
)
from coreops.optimizers.as_printed import SlideAdadelta, SlideAdam, SlideMeanAdaGrad, SlideMomentum, SlideNesterov
from tests.coreops import cases
from tests.coreops.cases import JIT
from tests.coreops.streams import quadratic, stream

NOISE = np.random.default_rng(0).normal(size=(40, 3)) * [1.0, 1e-3, 1e3]


def shifted(rule, steps, start=0.0):
    """theta over steps of descent on (theta - 1)^2/2: a bias-free line through (1/sqrt 2, 1/sqrt 2)."""
    network = Network(Scale(1), loss=SquaredError(), dtype="float64")
    x = [[np.sqrt(0.5)]]
    run = fit(network, x, x, optimizer=rule, epochs=steps, theta0=[start], record_theta_every=1, evaluate_every=0)
    return run.step_theta[:, 0]


# --- momentum --------------------------------------------------------------------------------------------


def test_ema_momentum_is_heavy_ball_at_a_smaller_rate():
    for b in (0.0, 0.5, 0.9):
        ema, ball = stream(EMAMomentum(0.1, b), NOISE), stream(HeavyBall(0.1 * (1 - b), b), NOISE)
        np.testing.assert_allclose(ema, ball, rtol=1e-11, atol=1e-13)
    ema = stream(EMAMomentum(0.1, 0.9), np.ones((400, 1)))[:, 0]
    assert ema[-2] - ema[-1] == pytest.approx(0.1, rel=1e-12)


def test_without_momentum_all_are_gradient_descent():
    for rule in (EMAMomentum(0.1, 0.0), Nesterov(0.1, 0.0), AveragedSGD(0.1)):
        np.testing.assert_array_equal(stream(rule, NOISE), stream(SGD(0.1), NOISE))


def test_accelerated_gradient_keeps_its_bound():
    """E_k - E* <= 2 L |w_0 - w*|^2/(k + 1)^2 on a spectrum whose descent is slow, and far below gradient descent."""
    h = np.linspace(0.01, 1.0, 20) ** 4
    fast, slow = (quadratic(rule, h, 1.0, 150) for rule in (AcceleratedGradient(1.0), SGD(1.0)))
    gap, plain = (np.sum(h * w**2 / 2, axis=1) for w in (fast, slow))
    k = np.arange(1, 151)
    assert (gap[1:] <= 2 * len(h) / (k + 1) ** 2).all()
    assert gap[-1] < plain[-1] / 10


def test_accelerated_momenta():
    """b_1 = b_2 = 0. After a gradient 1 at step 2 the velocity is multiplied by b_3 = 0.2817, ..., b_k -> 1 - 3/k."""
    w = stream(AcceleratedGradient(1.0), np.r_[0.0, 1.0, np.zeros(98)][:, None])[1:, 0]
    b = np.diff(w)[1:] / np.diff(w)[:-1]
    assert b[0] == pytest.approx(0.28175352512, rel=1e-9)
    assert b[-1] == pytest.approx(1 - 3 / 100, abs=2e-3)


# --- Adam's relatives ------------------------------------------------------------------------------------


def test_adam_without_correction():
    """Constant gradient: a (1 - b1^t)/sqrt(1 - b2^t), 3.16 a at first and 6.57 a at the most, at t = 12."""
    theta = stream(Adam(0.01, eps=0.0, correct_bias=False), np.full((60, 1), -3.0))[:, 0]
    steps, t = np.diff(theta) / 0.01, np.arange(1, 61)
    np.testing.assert_allclose(steps, (1 - 0.9**t) / np.sqrt(1 - 0.999**t), rtol=1e-10)
    assert steps[0] == pytest.approx(3.1623, abs=1e-4)
    assert (steps.argmax() + 1, round(steps.max(), 2)) == (12, 6.57)


def test_adamw_without_decay_is_adam():
    np.testing.assert_array_equal(stream(AdamW(0.1, weight_decay=0.0), NOISE), stream(Adam(0.1), NOISE))


def test_adamw_shrinks_weights_alone_and_by_the_rate():
    """Zero gradients: w_t = (1 - lr lambda)^t w_0, biases stay."""
    network = Network(Dense(2, 2, init=Constant(1.0)), loss=LinearLoss(), dtype="float64")
    theta0 = np.arange(1.0, 7.0)
    run = fit(
        network, np.ones((1, 2)), np.zeros((1, 2)), optimizer=AdamW(0.1, weight_decay=0.5), epochs=7, theta0=theta0
    )
    np.testing.assert_allclose(run.parameters["0.weight"], 0.95**7 * np.array([[1.0, 2.0], [3.0, 4.0]]), rtol=1e-14)
    np.testing.assert_array_equal(run.parameters["0.bias"], [5.0, 6.0])


def test_amsgrad_remembers_the_largest_gradients():
    """Growing gradients: Adam without correction. After a burst its steps stay small, where Adam's recover."""
    growing = np.linspace(1.0, 5.0, 30)[:, None]
    rule = dict(lr=0.1, beta1=0.5, beta2=0.5, eps=0.0)
    np.testing.assert_array_equal(stream(AMSGrad(**rule), growing), stream(Adam(**rule, correct_bias=False), growing))
    burst = np.r_[100.0, np.ones(60)][:, None]
    ams, adam = (np.diff(stream(r, burst)[:, 0])[-1] for r in (AMSGrad(**rule), Adam(**rule, correct_bias=False)))
    assert adam == pytest.approx(-0.1, rel=1e-6)
    assert ams == pytest.approx(-0.1 / np.sqrt(0.5 * 100**2), rel=1e-6)


def test_amsgrad_converges_where_adam_does_not():
    """Gradients C, -1, -1 with C = 2.5 pull down on average; Adam climbs.   Reddi, Kale & Kumar 2018, theorem 1."""
    T = 1500 if JIT else 300
    gradients = np.tile([2.5, -1.0, -1.0], T // 3)[:, None]
    rule = dict(lr=0.1, beta1=0.0, beta2=1 / (1 + 2.5**2), eps=0.0)
    assert stream(Adam(**rule), gradients)[-1, 0] > 0.01 * T
    assert stream(AMSGrad(**rule), gradients)[-1, 0] < -0.005 * T


def test_sign_descent_is_rmsprop_that_remembers_nothing():
    gradients = NOISE.copy()
    gradients[::3, 1] = 0
    want = stream(RMSProp(0.1, decay=0.0, eps=0.0), gradients)
    np.testing.assert_allclose(stream(SignDescent(0.1), gradients), want, rtol=1e-13, atol=1e-15)


# --- Adadelta --------------------------------------------------------------------------------------------


def first_below_half(rule, steps):
    return int(np.argmax(quadratic(rule, [1.0], 1.0, steps)[:, 0] <= 0.5))


def test_adadelta_needs_no_rate_because_epsilon_is_one():
    """Steps until w <= 1/2 on w^2/2 from 1: about eps^(-1/2)."""
    assert [first_below_half(Adadelta(eps=eps), 150) for eps in (1e-6, 1e-4, 1e-2)] == [131, 14, 2]


def test_adadelta_first_step_and_where_epsilon_stands():
    first = {rule: 1 - quadratic(rule, [1.0], 1.0, 1)[1, 0] for rule in (Adadelta(), SlideAdadelta())}
    assert first[Adadelta()] == pytest.approx(1e-3 / np.sqrt(0.05 + 1e-6), rel=1e-10)
    assert first[SlideAdadelta()] == pytest.approx(1e-6 / (np.sqrt(0.05) + 1e-6), rel=1e-9)


@pytest.mark.jit_only
def test_adadelta_as_printed_is_36_times_slower():
    assert first_below_half(SlideAdadelta(), 5000) == 4739


@pytest.mark.parametrize("c", [1e-3, 8.0, 1e4])
def test_adadelta_has_the_units_of_w(c):
    """x = c w: the gradient is 1/c of that in w, and with eps = 0 the steps are c times as long. RMSProp's are not."""

    def moved(rule, scale):
        return stream(rule, NOISE / scale)[1:]

    np.testing.assert_allclose(
        moved(Adadelta(eps=0.0, start=0.01 * c), c), c * moved(Adadelta(eps=0.0, start=0.01), 1.0), rtol=1e-9
    )
    np.testing.assert_allclose(moved(RMSProp(0.01, eps=0.0), c), moved(RMSProp(0.01, eps=0.0), 1.0), rtol=1e-9)


def test_adadelta_without_a_first_step_never_moves():
    assert (stream(Adadelta(eps=0.0), NOISE) == 0).all()


# --- averages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0, 5, 39, 40, 100])
def test_the_average_is_that_of_the_iterates(start):
    X, y = cases.problem(n=20)
    settings = dict(batch_size=5, epochs=10, seed=1, record_theta_every=1, validation=(X, y))
    run = fit(cases.mlp(), X, y, optimizer=AveragedSGD(0.2, start=start), **settings)
    plain = fit(cases.mlp(), X, y, optimizer=SGD(0.2), **settings)
    np.testing.assert_array_equal(run.step_theta, plain.step_theta)
    kept = plain.step_theta[start + 1 :]
    np.testing.assert_allclose(run.theta, kept.mean(axis=0) if len(kept) else plain.theta, rtol=1e-11, atol=1e-13)
    assert run.evaluate(X, y).loss == pytest.approx(run.loss[-1], rel=1e-13)
    assert run.loss[-1] == pytest.approx(run.validation_loss[-1], rel=1e-13)


def test_no_step_no_average():
    X, y = cases.problem()
    run = fit(cases.mlp(), X, y, optimizer=AveragedSGD(0.2), epochs=0, seed=6)
    np.testing.assert_array_equal(run.theta, cases.mlp().initialize(6))


def test_early_stopping_keeps_the_best_average():
    X, y = cases.problem()
    settings = dict(batch_size=4, epochs=40, seed=1000, validation=(X, np.roll(y, 1)))
    run = fit(cases.mlp(), X, y, optimizer=AveragedSGD(1.5), early_stopping=EarlyStopping(2), **settings)
    assert run.status == "stopped"
    assert run.evaluate(X, np.roll(y, 1)).loss == pytest.approx(run.validation_loss[run.best_epoch - 1], rel=1e-13)


def test_one_pass_of_averaged_sgd_on_a_linear_model():
    """Excess risk d s^2/n, as for least squares; the last iterate stays at its floor.   Polyak & Juditsky 1992."""
    d, n, reps, s = 3, 400, 60 if JIT else 8, 0.5
    network = Network(Dense(d, 1, bias=False), loss=SquaredError(), dtype="float64")
    generator = np.random.default_rng(7)
    excess = {AveragedSGD: [], SGD: []}
    for _ in range(reps):
        truth, X = generator.normal(size=d), generator.normal(size=(n, d))
        y = X @ truth + s * generator.normal(size=n)
        for rule in excess:
            run = fit(
                network, X, y, optimizer=rule(0.05), batch_size=1, epochs=1, theta0=truth, sampling=Cyclic(),
                evaluate_every=0,
            )  # fmt: skip
            excess[rule].append(np.sum((run.theta - truth) ** 2))
    want = d * s**2 / n
    assert np.mean(excess[AveragedSGD]) == pytest.approx(want, rel=0.25 if JIT else 0.8)
    assert np.mean(excess[SGD]) > 5 * want


# --- as printed ------------------------------------------------------------------------------------------


def test_momentum_as_printed_does_not_find_the_minimum():
    """E21: w* a h/((1 - b)^2 + a h) = w*/2 at b = 0.9, a = 0.01, h = 1; 0.4785 w* with the look-ahead."""
    steps = 600
    for rule, want in (
        (SlideMomentum(0.01, 0.9), 0.5),
        (SlideNesterov(0.01, 0.9), 0.01 / (0.01 + 0.01 * (1 + 0.9 - 0.81))),
        (HeavyBall(0.01, 0.9), 1.0),
        (Nesterov(0.01, 0.9), 1.0),
    ):
        assert shifted(rule, steps)[-1] == pytest.approx(want, rel=1e-9), rule


def test_adagrad_as_printed_does_not_decay():
    """E24: on a constant gradient the mean makes steps a, the sum steps a/sqrt(t)."""
    g = np.full((100, 1), 7.0)
    np.testing.assert_allclose(-np.diff(stream(SlideMeanAdaGrad(0.1, eps=0.0), g)[:, 0]), 0.1, rtol=1e-11)
    t = np.arange(1, 101)
    np.testing.assert_allclose(-np.diff(stream(AdaGrad(0.1, eps=0.0), g)[:, 0]), 0.1 / np.sqrt(t), rtol=1e-9)


def test_adam_as_printed_takes_steps_a_hundred_times_too_long():
    """E25: a (1 - b1)/(1 - b2) (1 - b2^t)/(1 - b1^t) on a constant gradient; 99.995 a at t = 10^4."""
    T = 10_000 if JIT else 300
    steps = -np.diff(stream(SlideAdam(0.01, eps=0.0), np.full((T, 1), 2.0))[:, 0]) / 0.01
    t = np.arange(1, T + 1)
    np.testing.assert_allclose(steps, 100 * (1 - 0.999**t) / (1 - 0.9**t), rtol=1e-6)
    if JIT:
        assert steps[-1] == pytest.approx(99.995, abs=1e-3)


def test_erroneous_rules_are_not_offered_beside_the_right_ones():
    import coreops
    from coreops.optimizers import as_printed

    printed = [name for name in vars(as_printed) if name.startswith("Slide")]
    assert len(printed) == 5
    for name in printed:
        assert not hasattr(coreops, name) and not hasattr(coreops.optimizers, name)
        assert getattr(as_printed, name).__doc__.startswith("ERRATUM E")
        assert "do not use" in getattr(as_printed, name).__doc__
