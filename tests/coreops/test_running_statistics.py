"""Running statistics: how they move, who takes them, and that they travel with the weights they belong to."""

import numpy as np
import pytest

from coreops import (
    PGD,
    SGD,
    Adam,
    BatchNorm,
    BatchRenorm,
    Cyclic,
    Dense,
    EarlyStopping,
    LayerNorm,
    LinearLoss,
    Network,
    Run,
    SoftmaxCrossEntropy,
    Tanh,
    WithReplacement,
    fit,
    fit_many,
    fold_batch_norm,
    loss_and_gradient,
    minimize,
)
from coreops.layers.batch_mean import DivideByMean
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, complains, distance, seen_as

X, Y = cases.problem(n=22)
XV, YV = cases.problem(seed=1, n=9)
LAYERS = [BatchNorm(decay=0.7), BatchRenorm(decay=0.7, begin=0, end=4)]


def network(layer=LAYERS[0], dtype="float64"):
    return Network(Dense(3, 5), layer, Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype=dtype)


def standing(layer, X, batch_size, epochs=1, dtype="float64", **settings):
    """The statistics of a layer alone after training that moves nothing else."""
    net = Network(layer, loss=LinearLoss(), dtype=dtype, input_shape=X.shape[1])
    return fit(
        net, X, np.zeros((len(X), X.shape[1])), optimizer=SGD(0.0), batch_size=batch_size, epochs=epochs,
        sampling=Cyclic(), evaluate_every=0, **settings,
    )  # fmt: skip


def parts(X, size):
    return [X[k : k + size] for k in range(0, len(X), size)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_running_statistics_follow_the_rule(layer, dtype):
    """running <- decay running + (1 - decay) batch, unbiased, from mean 0 and variance 1; the last batch is short."""
    data = (3.0 + 2.0 * X).astype(dtype)
    mean, variance = np.zeros(3), np.ones(3)
    for batch in 2 * parts(data.astype(float), 8):
        mean = 0.7 * mean + 0.3 * batch.mean(axis=0)
        variance = 0.7 * variance + 0.3 * batch.var(axis=0, ddof=1)
    got = standing(layer, data, 8, epochs=2, dtype=dtype).statistics
    assert distance(got["0.running_mean"], mean) <= 20 * EPS[dtype]
    assert distance(got["0.running_variance"], variance) <= 20 * EPS[dtype]
    assert got["0.batches"] == 6


def test_positions_count_as_examples():
    images = X.reshape(11, 6)
    got = standing(seen_as(BatchNorm(decay=0.0), 2, 3), images, 11).statistics
    pixels = images.reshape(-1, 3)
    assert distance(got["0.running_mean"], pixels.mean(axis=0)) <= 1e-14
    assert distance(got["0.running_variance"], pixels.var(axis=0, ddof=1)) <= 1e-14


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_evaluation_takes_the_running_ones(layer):
    run = fit(network(layer), X, Y, optimizer=SGD(0.1), batch_size=5, epochs=2, drop_last=True)
    p, s = run.parameters, run.statistics
    f = X @ p["0.weight"] + p["0.bias"]
    xh = (f - s["1.running_mean"]) / np.sqrt(s["1.running_variance"] + 1e-5)
    want = np.tanh(p["1.gain"] * xh + p["1.shift"]) @ p["3.weight"] + p["3.bias"]
    assert distance(run.outputs(X), want) <= 1e-13
    assert distance(run.outputs(X[:1]), want[:1]) <= 1e-13  # whatever else is evaluated
    assert run.evaluate(X, Y).loss == pytest.approx(run.loss[-1], rel=1e-14)
    own = run.outputs(X, batch_statistics=True)
    assert distance(own, want) > 1e-3 and distance(run.outputs(X[:10], batch_statistics=True), own[:10]) > 1e-3


@pytest.mark.parametrize("layer", [*LAYERS, DivideByMean()], ids=repr)
def test_recalibration_is_the_average_over_batches(layer):
    run = standing(layer, 1.0 + X, 11, epochs=3)
    batches = parts(4.0 + 2.0 * X, 5)[:4]  # the last, short one is left out
    again = run.recalibrated(4.0 + 2.0 * X, batch_size=5).statistics
    assert distance(again["0.running_mean"], np.mean([b.mean(axis=0) for b in batches], axis=0)) <= 1e-14
    if "0.running_variance" in again:
        want = np.mean([b.var(axis=0, ddof=1) for b in batches], axis=0)
        assert distance(again["0.running_variance"], want) <= 1e-13
    assert again["0.batches"] == 4 and run.statistics["0.batches"] == 6
    whole = run.recalibrated(X).statistics
    assert distance(whole["0.running_mean"], X.mean(axis=0)) <= 1e-13


def test_recalibration_goes_through_all_layers_at_once():
    """The statistics of the second layer are of what the first passes on with its batch's statistics."""
    net = Network(BatchNorm(), Tanh(), BatchNorm(), loss=LinearLoss(), dtype="float64", input_shape=3)
    run = fit(net, X, 0 * X, optimizer=SGD(0.0), batch_size=11, epochs=2)
    second = np.tanh((X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5))
    assert distance(run.recalibrated(X).statistics["2.running_mean"], second.mean(axis=0)) <= 1e-13


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_frozen_training_keeps_them_and_takes_them_for_constants(layer):
    net = network(layer)
    first = fit(net, X, Y, optimizer=SGD(0.1), batch_size=5, epochs=2, drop_last=True)
    rate, start = 0.05, dict(theta0=first.theta, stats0=first.stats)
    tuned = fit(net, X, Y, optimizer=SGD(rate), epochs=1, frozen=True, **start)
    np.testing.assert_array_equal(tuned.stats, first.stats)
    _, gradient = loss_and_gradient(net, first.theta, X, Y, stats=first.stats, training=False)
    assert distance(tuned.theta, first.theta - rate * gradient) <= 1e-14
    moved = fit(net, X, Y, optimizer=SGD(rate), epochs=1, **start)
    assert distance(moved.stats, first.stats) > 1e-3 and distance(moved.theta, tuned.theta) > 1e-6


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_only_the_training_pass_moves_them(layer):
    """Passes that look for an adversarial example of radius 0 change nothing."""
    settings = dict(optimizer=SGD(0.1), batch_size=11, epochs=2)
    plain = fit(network(layer), X, Y, **settings)
    searched = fit(network(layer), X, Y, adversary=PGD(0.0, steps=3), **settings)
    np.testing.assert_array_equal(searched.stats, plain.stats)
    np.testing.assert_array_equal(searched.theta, plain.theta)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_early_stopping_keeps_the_statistics_of_the_best_epoch(layer):
    settings = dict(optimizer=Adam(0.3), batch_size=4, seed=3, drop_last=True)
    stopped = fit(network(layer), X, Y, epochs=60, validation=(XV, YV), early_stopping=EarlyStopping(6), **settings)
    assert stopped.status == "stopped" and 0 < stopped.best_epoch < stopped.epochs_run
    best = fit(network(layer), X, Y, epochs=stopped.best_epoch, **settings)
    np.testing.assert_array_equal(stopped.stats, best.stats)
    np.testing.assert_array_equal(stopped.theta, best.theta)
    last = fit(network(layer), X, Y, epochs=stopped.epochs_run, **settings)
    assert distance(last.stats, stopped.stats) > 1e-3
    assert stopped.evaluate(XV, YV).loss == pytest.approx(np.nanmin(stopped.validation_loss), rel=1e-12)


def test_the_journal_keeps_them_and_a_row_is_fit(tmp_path):
    rows = [
        Run(network(layer, dtype), optimizer=Adam(0.05), batch_size=5, epochs=3, seed=s, drop_last=True)
        for layer in (*LAYERS, LayerNorm())
        for dtype in DTYPES
        for s in (0, 1)
    ]
    want = fit_many(rows, X, Y, threads=2)
    assert all(np.ptp(run.statistics["1.running_mean"]) > 0 for run in want if run.stats.size)
    for _ in range(2):
        again = fit_many(rows, X, Y, journal=tmp_path / "journal.sqlite")
    for run, a, b in zip(rows, want, again, strict=True):
        alone = fit(run.network, X, Y, optimizer=run.optimizer, batch_size=5, epochs=3, seed=run.seed, drop_last=True)
        for other in (b, alone):
            np.testing.assert_array_equal(a.theta, other.theta)
            np.testing.assert_array_equal(a.stats, other.stats)
            np.testing.assert_array_equal(a.curves, other.curves)


WANTED = "at least 2: another batch_size, drop_last=True, frozen=True, LayerNorm or GroupNorm"


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_batches_of_one_value_per_channel_are_refused(layer):
    settings = dict(optimizer=SGD(0.1), epochs=1)
    name = f"batch_size with 1 {type(layer).__name__}"
    complains(name, "a batch of 1 example", WANTED, fit, network(layer), X, Y, batch_size=1, **settings)
    complains(name, "a last short batch of 1 example", WANTED, fit, network(layer), X, Y, batch_size=3, **settings)
    complains(name, "a batch of 1 example", WANTED, fit, network(layer), X[:1], Y[:1], **settings)
    for allowed in (
        dict(batch_size=2), dict(batch_size=3, drop_last=True), dict(batch_size=1, frozen=True),
        dict(batch_size=3, sampling=WithReplacement()),
    ):  # fmt: skip
        assert fit(network(layer), X, Y, **settings, **allowed).status == "completed"
    run = fit(network(layer), X, Y, **settings)
    for data, size in ((X, 1), (X[:1], None)):
        complains(name, "a batch of 1 example", "at least 2", run.recalibrated, data, size)
    images = Network(seen_as(layer, 2, 2), Dense(4, 3), loss=SoftmaxCrossEntropy(), input_shape=4)
    run = fit(images, X[:, [0, 1, 2, 0]], Y, batch_size=1, **settings)
    assert run.status == "completed" and np.isfinite(run.recalibrated(X[:, [0, 1, 2, 0]], 1).stats).all()


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_a_negative_running_variance_is_refused(layer):
    """A negative mean is none."""
    net = network(layer)
    theta, stats = net.initialize(0), net.initial_statistics(0)
    net.statistics(stats)["1.running_mean"][0] = -1.0
    loss_and_gradient(net, theta, X, Y, stats=stats, training=False)
    net.statistics(stats)["1.running_variance"][2] = -0.5
    for name, action, settings in (
        ("stats0", fit, dict(optimizer=SGD(0.1), epochs=0, stats0=stats)),
        ("stats0", fit, dict(optimizer=SGD(0.1), epochs=1, stats0=stats, frozen=True)),
        ("stats0", minimize, dict(stats0=stats)),
        ("stats", loss_and_gradient, dict(stats=stats)),
    ):
        place = (net, theta, X, Y) if action is loss_and_gradient else (net, X, Y)
        complains(f"^{name}:", r"1\.running_variance of -0\.5", ">= 0", action, *place, **settings)
    complains("^stats:", r"1\.running_variance of -0\.5", ">= 0", fold_batch_norm, net, theta, stats)
