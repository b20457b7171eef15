"""fit: the training loop against the oracle, what it records, where it starts, how it stops."""

import numpy as np
import pytest

from coreops import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Cyclic,
    Dense,
    EarlyStopping,
    ExponentialDecay,
    HeavyBall,
    LinearLoss,
    Nesterov,
    Network,
    ReLU,
    Reshuffle,
    Scale,
    SigmoidSquaredError,
    SquaredError,
    Tanh,
    fit,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, distance
from tests.oracles import networks, training
from tests.oracles.networks import name

X, Y = cases.problem(n=13)
XV, YV = cases.problem(seed=1, n=5)
BOUND = {"float32": 2e-5, "float64": 1e-12}


def check(run, want, dtype):
    assert distance(run.step_theta, want.thetas) <= BOUND[dtype]
    assert distance(run.step_loss, want.batch_losses) <= BOUND[dtype]
    assert distance(run.loss, want.losses) <= BOUND[dtype]
    assert distance(run.validation_loss, want.validation_losses) <= BOUND[dtype]
    np.testing.assert_allclose(run.error, want.errors, atol=1e-12)
    np.testing.assert_allclose(run.validation_error, want.validation_errors, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("schedule", [None, ExponentialDecay(0.5)], ids=repr)
@pytest.mark.parametrize("optimizer", [SGD(0.2), HeavyBall(0.05, 0.9), Nesterov(0.05, 0.9), Adam(0.02)], ids=name)
def test_whole_training_against_the_oracle(optimizer, schedule, dtype):
    network, settings = cases.mlp(dtype), {} if schedule is None else {"schedule": schedule}
    run = fit(
        network,
        X,
        Y,
        optimizer=optimizer,
        batch_size=5,
        epochs=4,
        seed=1000,
        sampling=Cyclic(),
        validation=(XV, YV),
        record_loss_every=1,
        record_theta_every=1,
        **settings,
    )
    want = training.train(
        network,
        X,
        Y,
        optimizer=optimizer,
        order=training.cyclic(13, 5, 4),
        schedule=schedule,
        theta0=network.initialize(1000),
        validation=(XV, YV),
    )
    check(run, want, dtype)
    sizes = np.array([5, 5, 3])
    np.testing.assert_allclose(run.batch_loss, run.step_loss.reshape(4, 3) @ sizes / 13, rtol=1e-9)
    assert (run.status, run.epochs_run, run.steps) == ("completed", 4, 12)


def test_reshuffled_training_against_the_oracle_with_the_order_read_off():
    """The order depends on seed and n alone, so a network whose theta counts visits reveals it."""
    n, epochs = len(X), 3
    probe = Network(Scale(n), loss=LinearLoss(), dtype="float64")
    seen = fit(
        probe,
        np.ones((n, n)),
        np.eye(n),
        optimizer=SGD(1.0),
        batch_size=1,
        epochs=epochs,
        seed=1000,
        theta0=np.zeros(n),
        record_theta_every=1,
        evaluate_every=0,
    )
    order = (-np.diff(seen.step_theta, axis=0)).argmax(axis=1).reshape(epochs, n)
    batches = [[row[k : k + 4] for k in range(0, n, 4)] for row in order]
    network = cases.mlp()
    run = fit(
        network,
        X,
        Y,
        optimizer=Adam(0.02),
        batch_size=4,
        epochs=epochs,
        seed=1000,
        sampling=Reshuffle(),
        record_theta_every=1,
    )
    want = training.train(network, X, Y, optimizer=Adam(0.02), order=batches, theta0=network.initialize(1000))
    assert distance(run.step_theta, want.thetas) <= BOUND["float64"]


@pytest.mark.parametrize(("loss", "n", "form"), cases.flat(cases.LOSSES), ids=str)
def test_every_loss_trains_as_in_the_oracle(loss, n, form):
    y = cases.targets(form, 13, n, np.random.default_rng(2))
    network = Network(Dense(3, 4), ReLU(), Dense(4, n), loss=loss, dtype="float64")
    run = fit(
        network, X, y, optimizer=SGD(0.1), batch_size=6, epochs=3, seed=1000, sampling=Cyclic(), record_theta_every=1
    )
    want = training.train(
        network, X, y, optimizer=SGD(0.1), order=training.cyclic(13, 6, 3), theta0=network.initialize(1000)
    )
    assert distance(run.step_theta, want.thetas) <= BOUND["float64"]
    assert distance(run.loss, want.losses) <= BOUND["float64"]
    np.testing.assert_allclose(run.error, want.errors, atol=1e-12)  # NaN for a regression, on both sides


@pytest.mark.parametrize("dtype", DTYPES)
def test_curves_equal_evaluate(dtype):
    """The last point of each curve is what evaluate() says of the returned weights."""
    run = fit(cases.mlp(dtype), X, Y, optimizer=Adam(0.05), batch_size=4, epochs=3, seed=2, validation=(XV, YV))
    assert run.evaluate(X, Y).loss == pytest.approx(run.loss[-1], rel=10 * cases.EPS[dtype])
    assert run.evaluate(XV, YV).loss == pytest.approx(run.validation_loss[-1], rel=10 * cases.EPS[dtype])
    assert (run.evaluate(X, Y).error, run.evaluate(XV, YV).error) == (run.error[-1], run.validation_error[-1])
    assert np.mean(run.predict(X) != Y) == run.error[-1]


def test_evaluation_in_chunks_sees_every_example():
    """More examples than one forward pass takes, in training and afterwards."""
    x, y = cases.problem(n=300)
    network = cases.mlp()
    run = fit(network, x, y, optimizer=SGD(0.1), batch_size=7, epochs=1, seed=0)
    E, wrong = networks.evaluate(network.layers, network.loss, run.parameters, x, y)
    assert run.loss[-1] == pytest.approx(E, rel=1e-13) and run.error[-1] == pytest.approx(wrong, abs=1e-15)
    assert run.evaluate(x, y).loss == pytest.approx(E, rel=1e-13)
    assert distance(run.outputs(x), networks.outputs(network.layers, run.parameters, x)) < 1e-13


@pytest.mark.parametrize("dtype", DTYPES)
def test_full_batch_is_a_mini_batch_of_everything(dtype):
    runs = [
        fit(cases.mlp(dtype), X, Y, optimizer=Adam(0.05), batch_size=size, epochs=3, seed=4, sampling=sampling)
        for size in (None, 13)
        for sampling in (Cyclic(), Cyclic())
    ]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.theta, runs[0].theta)
        np.testing.assert_array_equal(run.loss, runs[0].loss)


def test_theta0_is_where_it_starts_and_is_not_written_to():
    start = np.linspace(-1, 1, cases.mlp().n_parameters)
    kept = start.copy()
    run = fit(cases.mlp(), X, Y, optimizer=SGD(0.1), batch_size=4, epochs=1, theta0=start, record_theta_every=1)
    np.testing.assert_array_equal(run.step_theta[0], kept)
    np.testing.assert_array_equal(start, kept)
    same = fit(cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1, seed=6, theta0=cases.mlp().initialize(6))
    np.testing.assert_array_equal(same.theta, fit(cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1, seed=6).theta)


def test_zero_epochs_return_the_start():
    run = fit(cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=0, seed=6)
    np.testing.assert_array_equal(run.theta, cases.mlp().initialize(6))
    assert (run.status, run.steps, run.loss.size) == ("completed", 0, 0)


def test_records_with_strides():
    """4 batches x 3 epochs = 12 steps: losses of steps 0, 5, 10; theta before step 0 and after steps 5 and 10."""
    settings = dict(optimizer=SGD(0.1), batch_size=4, epochs=3, seed=1)
    every = fit(cases.mlp(), X, Y, record_loss_every=1, record_theta_every=1, **settings)
    some = fit(cases.mlp(), X, Y, record_loss_every=5, record_theta_every=5, **settings)
    assert every.step_loss.shape == (12,) and every.step_theta.shape == (13, cases.mlp().n_parameters)
    np.testing.assert_array_equal(some.step_loss, every.step_loss[::5])
    np.testing.assert_array_equal(some.step_theta, every.step_theta[::5])
    np.testing.assert_array_equal(every.step_theta[-1], every.theta)
    none = fit(cases.mlp(), X, Y, **settings)
    assert none.step_loss.size == 0 and none.step_theta.size == 0


@pytest.mark.parametrize(
    ("every", "evaluated"), [(1, [1, 1, 1, 1, 1]), (2, [0, 1, 0, 1, 1]), (7, [0, 0, 0, 0, 1]), (0, [0] * 5)]
)
def test_evaluate_every(every, evaluated):
    """The last epoch is evaluated unless evaluation is off; training does not depend on it."""
    run = fit(cases.mlp(), X, Y, optimizer=SGD(0.1), batch_size=4, epochs=5, evaluate_every=every, validation=(XV, YV))
    for curve in (run.loss, run.error, run.validation_loss, run.validation_error):
        np.testing.assert_array_equal(np.isfinite(curve), np.array(evaluated, bool))
    assert np.isfinite(run.batch_loss).all()
    plain = fit(cases.mlp(), X, Y, optimizer=SGD(0.1), batch_size=4, epochs=5)
    np.testing.assert_array_equal(run.theta, plain.theta)
    if every:
        assert run.loss[-1] == plain.loss[-1]


def test_regression_has_no_error_rate():
    network = Network(Dense(3, 1), loss=SquaredError(), dtype="float64")
    run = fit(network, X, Y.astype(float), optimizer=SGD(0.01), epochs=2, validation=(XV, YV.astype(float)))
    assert np.isnan(run.error).all() and np.isnan(run.validation_error).all() and np.isnan(run.evaluate(X, Y).error)
    np.testing.assert_array_equal(run.predict(X), run.outputs(X))


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SigmoidSquaredError()], ids=repr)
def test_predictions_of_one_logit(loss):
    network = Network(Dense(3, 1), loss=loss, dtype="float64")
    run = fit(network, X, Y > 0, optimizer=SGD(0.5), epochs=5)
    np.testing.assert_array_equal(run.predict(X), (run.outputs(X)[:, 0] > 0).astype(int))
    assert run.error[-1] == np.mean(run.predict(X) != (Y > 0))


def test_early_stopping_keeps_the_best_weights():
    """A rate that overshoots: validation falls, then rises."""
    settings = dict(optimizer=SGD(1.5), batch_size=4, epochs=40, seed=1000, validation=(XV, np.roll(YV, 1)))
    network = Network(Dense(3, 8), Tanh(), Dense(8, 3), loss=cases.mlp().loss, dtype="float64")
    whole = fit(network, X, Y, **settings, record_theta_every=1)
    for patience in (1, 3):
        run = fit(network, X, Y, **settings, early_stopping=EarlyStopping(patience))
        curve = run.validation_loss[: run.epochs_run]
        assert run.status == "stopped" and run.best_epoch == 1 + np.argmin(curve)
        assert run.epochs_run == run.best_epoch + patience
        assert np.isnan(run.validation_loss[run.epochs_run :]).all()
        np.testing.assert_array_equal(curve, whole.validation_loss[: run.epochs_run])
        np.testing.assert_array_equal(run.theta, whole.step_theta[4 * run.best_epoch])
        assert run.evaluate(XV, np.roll(YV, 1)).loss == pytest.approx(curve.min(), rel=1e-13)


def test_early_stopping_on_the_error_and_with_a_margin():
    settings = dict(optimizer=SGD(0.3), batch_size=4, epochs=30, seed=1000, validation=(XV, YV))
    run = fit(cases.mlp(), X, Y, **settings, early_stopping=EarlyStopping(2, monitor="validation_error"))
    assert run.best_epoch == 1 + np.argmin(run.validation_error[: run.epochs_run])  # the first of equals
    never = fit(cases.mlp(), X, Y, **settings, early_stopping=EarlyStopping(3, min_delta=1e9))
    assert (never.best_epoch, never.epochs_run) == (1, 4)  # the first is better than nothing; then three that are not
    patient = fit(cases.mlp(), X, Y, **settings, early_stopping=EarlyStopping(100))
    assert patient.status == "completed" and patient.epochs_run == 30


@pytest.mark.parametrize("dtype", DTYPES)
def test_divergence_is_a_recorded_outcome(dtype):
    network = Network(Dense(3, 1), loss=SquaredError(), dtype=dtype)
    settings = dict(batch_size=4, epochs=400, seed=0, record_loss_every=1, record_theta_every=1)
    run = fit(network, X, Y.astype(float), optimizer=SGD(30.0), **settings)
    assert run.status == "diverged" and 0 < run.diverged_step == run.steps < 1600
    assert run.epochs_run == -(-run.steps // 4)
    seen = run.step_loss[: run.steps]
    assert np.isfinite(seen[:-1]).all()
    # the end is seen in a batch, or in the evaluation after an epoch
    assert not np.isfinite(seen[-1]) or not np.isfinite(run.loss[run.epochs_run - 1])
    assert np.isnan(run.step_loss[run.steps :]).all() and np.isnan(run.loss[run.epochs_run :]).all()
    calm = fit(network, X, Y.astype(float), optimizer=SGD(0.01), **settings)
    assert calm.status == "completed" and calm.diverged_step == 0 and calm.best_epoch == 0


def test_divergence_in_the_last_step_is_seen_even_without_evaluation():
    """One full step to infinity: no later batch reports it."""
    network = Network(Scale(1), loss=LinearLoss(), dtype="float32")
    for every in (0, 1):
        run = fit(network, [[1e30]], [[1e30]], optimizer=SGD(1e30), epochs=1, theta0=[0.0], evaluate_every=every)
        assert run.status == "diverged", every


def test_float32_and_float64_tell_the_same_story():
    runs = [fit(cases.mlp(d), X, Y, optimizer=HeavyBall(0.05, 0.9), batch_size=4, epochs=5, seed=1000) for d in DTYPES]
    assert runs[0].theta.dtype == np.float32 and runs[1].theta.dtype == np.float64
    np.testing.assert_allclose(runs[0].loss, runs[1].loss, rtol=1e-4)


def test_a_diverged_run_can_be_evaluated():
    """Its outputs and losses are not numbers, which is an answer and no error."""
    net = Network(Dense(2, 1), loss=SquaredError())
    run = fit(net, np.ones((4, 2)), np.ones(4), optimizer=SGD(1e30), epochs=5, evaluate_every=0)
    assert run.status == "diverged"
    assert not np.isfinite(run.predict(np.ones((3, 2)))).any()
    assert not np.isfinite(run.evaluate(np.ones((3, 2)), np.ones(3)).loss)
