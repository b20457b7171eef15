"""Probabilities of results, and ensembles, those of a dropout too: identities of means, inequalities, refusals."""

import itertools

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from coreops import (
    BatchNorm,
    BinaryCrossEntropy,
    Dense,
    Dropout,
    GaussianNoise,
    Hinge,
    Logistic,
    Network,
    ReLU,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SoftmaxSquaredError,
    SquaredError,
    Tanh,
    ensemble_predictions,
    minimize,
    thinned_predictions,
)
from coreops.inference import network_outputs
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


# --- the networks that a dropout thins out ---

Q = 0.3


def dropped(loss, scaling, *behind):
    """A network with five units that are dropped, random parameters and running statistics."""
    layers = (Dense(3, 5), BatchNorm(), Tanh(), Dropout(Q, scaling), *behind, GaussianNoise(0.5))
    network = Network(*layers, loss=loss, dtype="float64")
    generator = np.random.default_rng(3)
    return network, generator.normal(size=network.n_parameters), generator.uniform(0.5, 2, network.n_statistics)


def evaluated(network, theta, stats):
    return network_outputs(network, theta, X, stats)


@pytest.mark.parametrize("scaling", ["inverted", "test"])
def test_evaluation_is_the_mean_over_all_masks_before_a_linear_map(scaling):
    """Arithmetic of outputs, geometric of probabilities; no other mean, no other scaling, nothing deeper."""
    network, theta, stats = dropped(SquaredError(), scaling, Dense(5, 2))
    mean = thinned_predictions(network, theta, X, stats=stats)
    np.testing.assert_allclose(evaluated(network, theta, stats), mean, rtol=1e-12, atol=1e-13)
    network, theta, stats = dropped(SoftmaxCrossEntropy(), scaling, Dense(5, 3))
    p = softmax(evaluated(network, theta, stats), axis=1)
    geometric, arithmetic = (
        thinned_predictions(network, theta, X, stats=stats, mean=m) for m in ("geometric", "arithmetic")
    )
    np.testing.assert_allclose(p, geometric, rtol=1e-12)
    np.testing.assert_allclose(arithmetic.sum(1), 1, rtol=1e-13)
    assert np.abs(p - arithmetic).max() > 1e-3
    unscaled = Network(*network.layers[:3], Dropout(Q, "none"), *network.layers[4:], loss=network.loss, dtype="float64")
    other = thinned_predictions(unscaled, theta, X, stats=stats, mean="geometric")
    assert np.abs(softmax(evaluated(unscaled, theta, stats), axis=1) - other).max() > 1e-3
    deep = dropped(SoftmaxCrossEntropy(), scaling, Dense(5, 4), Tanh(), Dense(4, 3))
    there = thinned_predictions(*deep[:2], X, stats=deep[2], mean="geometric")
    assert np.abs(softmax(evaluated(*deep), axis=1) - there).max() > 1e-3


def test_mean_over_all_masks_is_what_training_draws_on_average():
    """400 passes of a training step, five standard errors; the dropped units are the inputs."""
    network = Network(Dropout(Q), Dense(3, 4), Tanh(), Dense(4, 2), loss=SquaredError(), dtype="float64")
    theta = np.random.default_rng(5).normal(size=network.n_parameters)
    draws = np.array([cases.sampled(network, theta, X[:6], seed=1, step=step) for step in range(400)])
    gap = draws.mean(0) - thinned_predictions(network, theta, X[:6])
    assert (np.abs(gap) < 5 * draws.std(0) / 20 + 1e-12).all()
    assert (np.abs(draws.mean(0) - cases.evaluated(network, theta, X[:6])) > 5 * draws.std(0) / 20).any()


def test_more_masks_than_one_pass_takes():
    """All 2^8 of them, each by itself as a network whose inputs are masked by hand."""
    network = Network(Dropout(Q, "test"), Dense(8, 3), Tanh(), Dense(3, 1), loss=BinaryCrossEntropy(), dtype="float64")
    theta, x = np.random.default_rng(6).normal(size=network.n_parameters), np.random.default_rng(7).normal(size=(2, 8))
    plain = Network(*network.layers[1:], loss=network.loss, dtype="float64")
    want = 0.0
    for mask in itertools.product((0.0, 1.0), repeat=8):
        chance = np.prod(np.where(np.array(mask) == 1, 1 - Q, Q))
        want = want + chance / (1 + np.exp(-cases.evaluated(plain, theta, x * mask)))
    np.testing.assert_allclose(thinned_predictions(network, theta, x), want, rtol=1e-12)


def test_networks_that_cannot_be_thinned():
    wanted = "one Dropout among its layers"
    for layers in ((Dense(3, 2),), (Dense(3, 2), Dropout()), (Dropout(), Dense(3, 4), Dropout(), Dense(4, 2))):
        network = Network(*layers, loss=SquaredError())
        complains("network", "Network", wanted, thinned_predictions, network, network.initialize(0), X)
    wide = Network(Dense(3, 17), Dropout(), Dense(17, 2), loss=SquaredError())
    complains("network", "17 units", "at most 16", thinned_predictions, wide, wide.initialize(0), X)
    net = Network(Dropout(), Dense(3, 2), loss=SquaredError())
    complains("mean", "geometric", "'arithmetic'", thinned_predictions, net, net.initialize(0), X, mean="geometric")


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
