"""Batch renormalisation: its two limits, the schedule of its bounds, and that no gradient flows through r and d."""

import math

import numpy as np
import pytest

from coreops import (
    SGD,
    BatchNorm,
    BatchRenorm,
    Dense,
    LinearLoss,
    Network,
    SoftmaxCrossEntropy,
    Tanh,
    fit,
    input_gradient,
    layer_outputs,
    layer_statistics,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, complains, distance
from tests.coreops.test_batch_norm import differences
from tests.oracles.normalization import renormalization, standardized

GENERATOR = np.random.default_rng(0)
X, TARGETS = GENERATOR.normal(1.0, 2.0, (7, 4)), GENERATOR.normal(size=(7, 4))
MEAN, VARIANCE = np.array([1.1, -3.0, 0.9, 1.0]), np.array([4.0, 0.3, 60.0, 3.0])  # near, far, wide, near
STATS, THETA = np.concatenate([MEAN, VARIANCE, [5.0]]), np.array([1.0, -2.0, 0.5, 3.0, 0.1, 0.2, 0.3, 0.4])
LAYER = BatchRenorm(r_max=2.0, d_max=1.0, begin=10, end=20)


def alone(layer, dtype="float64"):
    return Network(layer, loss=LinearLoss(), dtype=dtype, input_shape=4)


def oracle(x, step, fixed=None):
    """Loss of the layer alone, with the r and d of the inputs `fixed`: what its gradient is the derivative of."""
    r, d = renormalization(LAYER, x if fixed is None else fixed, MEAN, VARIANCE, step)
    xh = np.array([standardized(column, LAYER.eps) for column in x.T]).T * r + d
    return np.sum((xh * THETA[:4] + THETA[4:]) * TARGETS) / len(x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_without_correction_it_is_batch_norm_to_the_bit(dtype):
    data, labels = cases.problem(n=20)
    runs = []
    for layer in (BatchNorm(), BatchRenorm(r_max=1.0, d_max=0.0, begin=0, end=0), BatchRenorm(begin=8, end=9)):
        net = Network(Dense(3, 5), layer, Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype=dtype)
        run = fit(net, data, labels, optimizer=SGD(0.2), batch_size=5, epochs=3, record_theta_every=1)
        runs.append((run.step_theta[:9], run.stats, run.step_theta[-1]))  # 8 steps without correction
    for same in (0, 1):
        np.testing.assert_array_equal(runs[0][same], runs[1][same])
    np.testing.assert_array_equal(runs[0][0], runs[2][0])
    assert distance(runs[2][2], runs[0][2]) > 1e-4  # then it sets in


def test_unclipped_it_trains_as_it_evaluates():
    net = alone(BatchRenorm(r_max=math.inf, d_max=math.inf, begin=0, end=0))
    for step in (0, 1, 7):
        train, evaluate = (
            loss_and_gradient(net, THETA, X, TARGETS, stats=STATS, training=training, step=step)
            for training in (True, False)
        )
        assert train[0] == pytest.approx(evaluate[0], rel=1e-12)
        assert distance(train[1], evaluate[1]) <= 1e-12  # of gain and shift; the inputs' still sees the batch
    clipped = loss_and_gradient(alone(LAYER), THETA, X, TARGETS, stats=STATS, step=30)
    assert abs(clipped[0] - evaluate[0]) > 1e-2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step", [0, 10, 11, 14, 20, 1000])
def test_bounds_grow_from_begin_to_end(step, dtype):
    value, _ = loss_and_gradient(alone(LAYER, dtype), THETA, X, TARGETS, stats=STATS, step=step)
    assert value == pytest.approx(oracle(X, step), rel=50 * EPS[dtype])


@pytest.mark.parametrize("step", [0, 14, 20])
def test_signals_of_a_training_step_are_corrected(step):
    """With targets or without: the outputs are those that the loss of the step is taken of."""
    settings = dict(stats=STATS, training=True, step=step)
    y = layer_outputs(alone(LAYER), THETA, X, **settings)["0"]
    assert np.sum(y * TARGETS) / len(X) == pytest.approx(oracle(X, step), rel=1e-12)
    for targets in (None, TARGETS):
        assert layer_statistics(alone(LAYER), THETA, X, targets, **settings)[0].mean == pytest.approx(y.mean())


@pytest.mark.parametrize("step", [0, 14, 20])
def test_no_gradient_through_the_correction(step):
    """The derivative with r and d held fixed; with them moving (unless all are clipped) it is another one."""
    net, settings = alone(LAYER), dict(stats=STATS, step=step)
    _, gradient = loss_and_gradient(net, THETA, X, TARGETS, **settings)
    numeric = differences(lambda t: loss_and_gradient(net, t, X, TARGETS, **settings)[0], THETA)
    assert distance(gradient, numeric) <= 1e-8
    dx = input_gradient(net, THETA, X, TARGETS, training=True, **settings) / len(X)
    assert distance(dx, differences(lambda x: oracle(x, step, fixed=X), X)) <= 1e-8
    if step:
        assert distance(dx, differences(lambda x: oracle(x, step), X)) > 0.01


def test_the_correction_is_towards_the_statistics_before_the_batch_moves_them():
    layer = BatchRenorm(begin=0, end=0, decay=0.2)
    run = fit(
        alone(layer), X, TARGETS, optimizer=SGD(0.0), epochs=2, theta0=THETA, stats0=STATS, record_loss_every=1,
        evaluate_every=0,
    )  # fmt: skip
    moved = np.concatenate([0.2 * MEAN + 0.8 * X.mean(axis=0), 0.2 * VARIANCE + 0.8 * X.var(axis=0, ddof=1), [6.0]])
    for k, stats in enumerate((STATS, moved)):
        want, _ = loss_and_gradient(alone(layer), THETA, X, TARGETS, stats=stats, step=k)
        assert run.step_loss[k] == pytest.approx(want, rel=1e-12)
    assert abs(run.step_loss[1] - run.step_loss[0]) > 1e-3


def test_a_batchs_own_statistics_are_taken_as_they_are_outside_training():
    zeros = np.zeros((7, 4))
    runs = [
        fit(alone(layer), X, zeros, optimizer=SGD(0.0), epochs=0, theta0=THETA, stats0=STATS)
        for layer in (BatchNorm(), BatchRenorm(begin=0, end=0))
    ]
    for what in (
        lambda run: run.outputs(X, batch_statistics=True),
        lambda run: run.recalibrated(X, batch_size=3).stats,
        lambda run: run.outputs(X),
    ):
        np.testing.assert_array_equal(*map(what, runs))


BAD = [
    ("r_max", dict(r_max=0.9)), ("r_max", dict(r_max=math.nan)), ("r_max", dict(r_max=math.inf)),
    ("d_max", dict(d_max=-1.0)), ("d_max", dict(d_max=math.inf, begin=3, end=4)), ("begin", dict(begin=-1)),
    ("end", dict(begin=5, end=4)), ("end", dict(end=2.5)), ("decay", dict(decay=-0.1)), ("eps", dict(eps=math.inf)),
    ("r_max", dict(r_max=np.ones(2))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), BAD, ids=str)
def test_bad_settings(name, arguments):
    complains(f"BatchRenorm {name}", "got", "wanted", BatchRenorm, **arguments)
