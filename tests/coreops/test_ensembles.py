"""Probabilities of results, and ensembles: identities of means, inequalities in every case, what is refused."""

import numpy as np
import pytest
from scipy.special import logsumexp

from coreops import (
    BinaryCrossEntropy,
    Dense,
    Hinge,
    Logistic,
    Network,
    ReLU,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SoftmaxSquaredError,
    SquaredError,
    ensemble_predictions,
    minimize,
)
from tests.coreops import cases
from tests.coreops.cases import complains

X, LABELS = cases.problem(n=30)


def members(loss, n_out, count=4, spread=1.0):
    """Results with random parameters of two architectures: what training would do is not the point."""
    results = []
    for k in range(count):
        layers = (Dense(3, 5), ReLU(), Dense(5, n_out)) if k % 2 else (Dense(3, n_out),)
        network = Network(*layers, loss=loss, dtype="float64")
        result = minimize(network, X[:3], targets(loss, n_out)[:3], iterations=1, seed=k)
        result.theta = spread * np.random.default_rng(k).normal(size=network.n_parameters)
        results.append(result)
    return results


def targets(loss, n_out):
    if loss.targets == "label":
        return LABELS % n_out
    return np.random.default_rng(9).choice((-1, 1) if loss.targets == "signs" else (0, 1), (len(X), n_out))


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SoftmaxSquaredError()], ids=repr)
def test_a_softmax_sums_to_one_and_is_what_the_loss_sees(loss):
    for member in members(loss, 3):
        p, one_hot = member.probabilities(X), np.eye(3)[LABELS]
        assert p.shape == (30, 3) and p.min() > 0
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
        np.testing.assert_array_equal(p.argmax(axis=1), member.predict(X))
        cross_entropy = isinstance(loss, SoftmaxCrossEntropy)
        want = -np.log((p * one_hot).sum(1)).mean() if cross_entropy else ((p - one_hot) ** 2).sum(1).mean()
        np.testing.assert_allclose(member.evaluate(X, LABELS).loss, want, rtol=1e-12)
    network = members(loss, 3)[0]
    network.theta = 1e4 * network.theta  # logits of many thousands
    assert np.isfinite(network.probabilities(X)).all()


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), Logistic(), SigmoidSquaredError()], ids=repr)
@pytest.mark.parametrize("n_out", [1, 2])
def test_a_sigmoid_is_what_the_loss_sees(loss, n_out):
    member, y = members(loss, n_out)[1], targets(loss, n_out)
    p, bits = member.probabilities(X), y > 0
    squared = isinstance(loss, SigmoidSquaredError)
    want = (p - bits) ** 2 if squared else -np.log(np.where(bits, p, 1 - p))
    np.testing.assert_allclose(member.evaluate(X, y).loss, want.sum(1).mean(), rtol=1e-10)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
@pytest.mark.parametrize(("loss", "n_out"), [(SoftmaxCrossEntropy(), 3), (BinaryCrossEntropy(), 1)], ids=repr)
def test_cross_entropy_of_a_mean_is_at_most_the_mean_one(loss, n_out, mean):
    """By Jensen, on each example; of one network many times over nothing is gained."""
    group, y = members(loss, n_out), targets(loss, n_out)

    def losses(p):
        return -np.log(p[np.arange(30), y] if n_out > 1 else np.where(y > 0, p, 1 - p)[:, 0])

    average = np.mean([losses(member.probabilities(X)) for member in group], axis=0)
    gain = average - losses(ensemble_predictions(group, X, mean=mean))
    assert gain.min() > -1e-12 and gain.mean() > 0.05
    same = ensemble_predictions([group[1]] * 3, X, mean=mean)
    np.testing.assert_allclose(same, group[1].probabilities(X), rtol=1e-12)


@pytest.mark.parametrize(("loss", "n_out"), [(SoftmaxCrossEntropy(), 3), (BinaryCrossEntropy(), 2)], ids=repr)
def test_means_are_what_they_are_called(loss, n_out):
    group, a = members(loss, n_out), np.array([1.0, 0.0, 2.0, 5.0])
    p = np.array([member.probabilities(X) for member in group])
    both = p if n_out == 3 else np.stack([p, 1 - p], axis=-1)  # a sigmoid's other class
    powers = np.tensordot(a / 8, np.log(both), 1)
    want = np.exp(powers - logsumexp(powers, axis=-1, keepdims=True))
    got = ensemble_predictions(group, X, mean="geometric", weights=a)
    np.testing.assert_allclose(got, want if n_out == 3 else want[..., 0], rtol=1e-9)
    np.testing.assert_allclose(ensemble_predictions(group, X, weights=a), np.tensordot(a / 8, p, 1), rtol=1e-13)


def test_squared_error_is_the_average_one_less_the_spread():
    group, y = members(SquaredError(), 2), np.random.default_rng(4).normal(size=(30, 2))
    f = np.array([member.outputs(X) for member in group])
    whole = ensemble_predictions(group, X)
    error, average = np.sum((whole - y) ** 2), np.sum((f - y) ** 2) / 4
    np.testing.assert_allclose(error, average - np.sum((f - f.mean(0)) ** 2) / 4, rtol=1e-12)
    assert error < 0.9 * average


def test_bad_input():
    soft, square, hinge = members(SoftmaxCrossEntropy(), 3), members(SquaredError(), 3), members(Hinge(), 1)
    ask = ensemble_predictions
    complains("members", "none", "at least one", ask, [], X)
    both = "SoftmaxCrossEntropy of 3, SquaredError of 3"
    complains("members", both, "same", ask, soft[:1] + square[:1], X)
    complains("members", "Network", "results", ask, [soft[0].network], X)
    complains("mean", "median", "'arithmetic' or 'geometric'", ask, soft, X, mean="median")
    complains("mean", "geometric", "'arithmetic'", ask, square, X, mean="geometric")
    complains("weights", r"\[1, 2\]", "4 numbers", ask, soft, X, weights=[1, 2])
    complains("weights", r"0", "not all 0", ask, soft, X, weights=[0] * 4)
    complains("weights", r"-1", ">= 0", ask, soft, X, weights=[1, 1, 1, -1])
    complains("loss", "Hinge", "probabilities", hinge[0].probabilities, X)
    assert ask(hinge, X).shape == (30, 1)
