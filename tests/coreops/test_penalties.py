"""Penalties: each step against the oracle, the minima against closed forms and scikit-learn, exact zeros counted."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as PeerElasticNet
from sklearn.linear_model import Lasso

from coreops import (
    L1,
    L2,
    SGD,
    AdaGrad,
    Adam,
    Constant,
    Cyclic,
    Dense,
    ElasticNet,
    HeavyBall,
    JacobianPenalty,
    LinearLoss,
    Nesterov,
    Network,
    NoPenalty,
    RMSProp,
    Scale,
    SquaredError,
    StepDecay,
    fit,
)
from coreops.penalties.as_printed import ShrinkFirst
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import penalised, training

X, Y = cases.problem(n=7)
BOUND = {"float32": 1e-4, "float64": 1e-8}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("penalty", cases.flat(cases.PENALTIES), ids=repr)
def test_training_against_the_oracle(penalty, dtype):
    """Seven steps, biases that are not 0, short batches; the reported losses are those of the plain network."""
    network = cases.mlp(dtype, hidden=2)
    theta0 = network.initialize(1000) + np.random.default_rng(0).uniform(-0.1, 0.1, network.n_parameters)
    settings = dict(batch_size=2, epochs=2, sampling=Cyclic(), theta0=theta0)
    run = fit(network, X, Y, optimizer=SGD(0.3), penalty=penalty, record_theta_every=1, **settings)
    order = training.cyclic(7, 2, 2)
    want = penalised.train(network, X, Y, lr=0.3, order=order, theta0=theta0.astype(dtype), penalty=penalty)
    assert distance(run.step_theta, want) <= (BOUND[dtype] if isinstance(penalty, JacobianPenalty) else 1e-12 if
                                              dtype == "float64" else 2e-5)  # fmt: skip
    assert run.loss[-1] == pytest.approx(run.evaluate(X, Y).loss, rel=1e-6)


class Gain(Scale):
    """A Scale that counts as a gain."""

    def build(self, plan, x):
        plan.weight = lambda name, shape, *_: plan.gain(name, shape, Constant(0.5))
        try:
            return super().build(plan, x)
        finally:
            del plan.weight


ALL = [L2(0.25), L1(0.25), L1(0.25, False), ElasticNet(0.1, ridge=0.1), ShrinkFirst(0.05)]


@pytest.mark.parametrize("penalty", ALL, ids=repr)
def test_biases_and_gains_are_left_alone(penalty):
    """Without a gradient of the data, weights shrink and nothing else moves."""
    network = Network(Dense(3, 4), Gain(4), Dense(4, 2), loss=LinearLoss(), dtype="float64")
    theta0 = np.random.default_rng(0).uniform(1, 2, network.n_parameters)
    run = fit(network, X, np.zeros((7, 2)), optimizer=SGD(0.1), epochs=3, theta0=theta0, penalty=penalty)
    before, after = network.parameters(theta0), run.parameters
    assert {key for key in after if (after[key] == before[key]).all()} == {"0.bias", "1.scale", "2.bias"}
    for key in ("0.weight", "2.weight"):
        assert (np.abs(after[key]) < np.abs(before[key])).all()


def still(theta0, penalty, optimizer, steps=6, x=0.0, **settings):
    """theta after each step of a quadratic sum_j (x theta_j)^2: with x = 0 the penalty alone acts."""
    network = Network(Scale(len(theta0)), loss=SquaredError(), dtype="float64")
    data = np.full((1, len(theta0)), x), np.zeros((1, len(theta0)))
    settings |= dict(optimizer=optimizer, epochs=steps, theta0=theta0, penalty=penalty, record_theta_every=1)
    return fit(network, *data, **settings).step_theta


def test_l2_multiplies_by_a_constant():
    theta0 = np.array([1.0, -2.0, 0.5, 0.0])
    want = theta0 * (1 - 2 * 0.1 * 0.3) ** np.arange(7)[:, None]
    np.testing.assert_allclose(still(theta0, L2(0.3), SGD(0.1)), want, rtol=1e-14)


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), HeavyBall(0.1, 0.5), Nesterov(0.1, 0.5), AdaGrad(0.1), RMSProp(0.1), Adam(0.1)],
    ids=lambda o: type(o).__name__,
)
def test_l2_is_a_quadratic_of_the_data_for_every_rule(optimizer):
    """Coupled: a rule cannot tell lambda w^2 from a squared error (x w)^2 with x^2 = lambda."""
    theta0 = np.array([1.0, -2.0, 0.5, 0.0])
    penalised_, plain = still(theta0, L2(0.49), optimizer), still(theta0, NoPenalty(), optimizer, x=0.7)
    np.testing.assert_allclose(penalised_, plain, rtol=1e-12, atol=1e-15)


def test_soft_threshold_follows_the_schedule():
    """Thresholds lr lambda: 0.04 twice, then half of it; zeros are exact and stay."""
    theta0 = np.array([0.2, -0.1, 0.05, 0.0])
    got = still(theta0, L1(0.4), SGD(0.1), steps=4, schedule=StepDecay(0.5, 2))
    shrunk = np.array([0.0, 0.04, 0.08, 0.10, 0.12])[:, None]
    np.testing.assert_allclose(got, np.sign(theta0) * np.maximum(np.abs(theta0) - shrunk, 0), atol=1e-16)
    np.testing.assert_array_equal(got[-1] == 0, [False, True, True, True])


def test_subgradient_is_zero_at_zero():
    np.testing.assert_array_equal(still(np.zeros(2), L1(0.4, proximal=False), SGD(0.1)), 0)


# --- minima ---

GENERATOR = np.random.default_rng(1000)
N, D = 120, 30
U, _, V = np.linalg.svd(GENERATOR.normal(size=(N, D)), full_matrices=False)
LIN = np.sqrt(N) * (U * np.linspace(0.8, 1.2, D)) @ V  # correlated, and yet descent needs few steps
TRUTH = np.concatenate([[2.0, -1.5, 1.0, -1.0, 0.75], np.zeros(D - 5)])
TARGET = LIN @ TRUTH + 0.7 + 0.3 * GENERATOR.normal(size=N)


def linear(penalty, lr=0.2, epochs=None):
    """(weights, bias) after gradient descent on the mean squared error, by default until 1e-10 of the way is left."""
    network = Network(Dense(D, 1), loss=SquaredError(), dtype="float64")
    settings = dict(epochs=epochs or round(18 / lr), evaluate_every=0)
    run = fit(network, LIN, TARGET, optimizer=SGD(lr), penalty=penalty, **settings)
    return run.parameters["0.weight"][:, 0], run.parameters["0.bias"][0]


def test_l2_is_ridge_regression():
    """(X^T X/n + lambda I)^-1 X^T y/n on centred data; the bias is free."""
    w, b = linear(L2(0.2))
    centred = LIN - LIN.mean(axis=0)
    want = np.linalg.solve(centred.T @ centred / N + 0.2 * np.eye(D), centred.T @ (TARGET - TARGET.mean()) / N)
    np.testing.assert_allclose(w, want, rtol=1e-8, atol=1e-10)
    assert b == pytest.approx(TARGET.mean() - LIN.mean(axis=0) @ want, rel=1e-8)


LAMBDA = 0.3


def test_proximal_l1_is_the_lasso():
    """KKT: |g_j| <= lambda at zeros, g_j = -lambda sign(w_j) elsewhere; 25 zeros, as in scikit-learn."""
    w, b = linear(L1(LAMBDA))
    g = 2 * LIN.T @ (LIN @ w + b - TARGET) / N
    zero = w == 0
    assert zero.sum() == 25 and (np.abs(g[zero]) <= LAMBDA * (1 + 1e-8)).all()
    np.testing.assert_allclose(g[~zero], -LAMBDA * np.sign(w[~zero]), rtol=1e-8)
    peer = Lasso(alpha=LAMBDA / 2, tol=1e-12, max_iter=100000).fit(LIN, TARGET)
    np.testing.assert_array_equal(peer.coef_ == 0, zero)
    np.testing.assert_allclose(w, peer.coef_, atol=1e-8)
    np.testing.assert_allclose(linear(L1(LAMBDA), lr=0.1)[0], w, atol=1e-8)  # the minimum knows no learning rate


def test_elastic_net_is_scikit_learns():
    w, b = linear(ElasticNet(0.2, ridge=0.1))
    peer = PeerElasticNet(alpha=0.2, l1_ratio=0.5, tol=1e-12, max_iter=100000).fit(LIN, TARGET)
    assert (w == 0).sum() == (peer.coef_ == 0).sum() > 0
    np.testing.assert_allclose(w, peer.coef_, atol=1e-8)
    assert b == pytest.approx(peer.intercept_, abs=1e-8)


@pytest.mark.parametrize(
    ("penalty", "zeros"),
    [(L1(LAMBDA), 25), (L1(LAMBDA, proximal=False), 0), (ShrinkFirst(LAMBDA), 0), (ShrinkFirst(0.2 * LAMBDA), 0),
     (L2(LAMBDA), 0), (L1(0.0), 0)],
    ids=repr,
)  # fmt: skip
def test_exact_zeros(penalty, zeros):
    """Erratum E41: of thirty weights, 25 of them irrelevant, only the proximal step sets any to exactly 0."""
    w, _ = linear(penalty, epochs=100)
    assert (w == 0).sum() == zeros


@pytest.mark.parametrize("lr", [0.1, 0.2])
def test_where_shrinking_first_ends(lr):
    """w = u - lr g(u) with u = S(w, lambda), so u is the lasso for lambda/lr: another problem at every rate."""
    w, b = linear(ShrinkFirst(0.06), lr)
    u, c = linear(L1(0.06 / lr), lr)
    g = 2 * LIN.T @ (LIN @ u + c - TARGET) / N
    np.testing.assert_allclose(w, u - lr * g, atol=1e-8)
    assert b == pytest.approx(c, abs=1e-8) and np.linalg.norm(w - linear(L1(0.06), lr)[0]) > 0.05


def test_no_penalty_is_the_default():
    network, settings = cases.mlp(), dict(optimizer=Adam(0.1), batch_size=3, epochs=2)
    for penalty in (NoPenalty(), L2(0.0), L1(0.0), JacobianPenalty(0.0)):
        same = fit(network, X, Y, penalty=penalty, **settings).theta
        np.testing.assert_array_equal(same, fit(network, X, Y, **settings).theta)


@pytest.mark.parametrize(
    ("name", "cls", "arguments"),
    [(rf"{cls.__name__} strength", cls, dict(strength=v)) for cls in (L2, L1, ElasticNet, JacobianPenalty, ShrinkFirst)
     for v in (-1, float("nan"), float("inf"), "1", None, True)]
    + [("ElasticNet ridge", ElasticNet, dict(strength=1, ridge=-1)), ("L1 proximal", L1, dict(strength=1, proximal=1))],
    ids=str,
)  # fmt: skip
def test_bad_penalties(name, cls, arguments):
    complains(f"^{name}", "got", "wanted", cls, **arguments)


def test_penalty_of_a_run():
    for wrong in (0.1, "l2", L2, None):
        complains("^penalty", "got", "a penalty such as", fit, cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1,
                  penalty=wrong)  # fmt: skip
