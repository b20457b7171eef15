"""What a Run may change besides the rule: example weights, target noise, statistics, when to stop, what a row costs."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from coreops import (
    FGSM,
    L2,
    PGD,
    SGD,
    Adam,
    Cyclic,
    Data,
    Dense,
    EarlyStopping,
    HeNormal,
    ImportanceSampling,
    JacobianPenalty,
    LinearLoss,
    Network,
    ReLU,
    Run,
    Scale,
    SquaredError,
    fit,
    fit_many,
)
from coreops.layers.dense import add_dense
from coreops.records import BATCH_STATISTICS, SAMPLE, TRAIN, UPDATE_STATISTICS
from coreops.runs import encode
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import penalised, training

X, Y = cases.problem(n=9)
WEIGHTS = np.array([0.0, 1.0, 2.0, 0.5, 3.0, 1.0, 1.0, 0.25, 4.0])


# --- example weights ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "n", "form"), cases.flat(cases.LOSSES), ids=str)
def test_weighted_training_against_the_oracle(loss, n, form, dtype):
    y = cases.targets(form, 9, n, np.random.default_rng(2))
    network = Network(Dense(3, n), loss=loss, dtype=dtype)
    settings = dict(optimizer=SGD(0.2), batch_size=4, epochs=2, sampling=Cyclic(), record_theta_every=1)
    run = fit(network, X, y, weights=WEIGHTS, **settings)
    order, theta0 = training.cyclic(9, 4, 2), network.initialize(0)
    want = penalised.train(network, X, y, lr=0.2, order=order, theta0=theta0, weights=WEIGHTS)
    assert distance(run.step_theta, want) <= (1e-12 if dtype == "float64" else 2e-5)


def test_weights_are_refused_by_what_is_wrong_with_them():
    settings = dict(optimizer=SGD(0.1), epochs=1)
    negative = dict(weights=np.r_[-1, np.ones(8)], validation=(X[:2], Y[:2]))
    with pytest.raises(ValueError, match=r"weights: got a least weight -1\.0, wanted numbers >= 0, one per example$"):
        fit(cases.mlp(), X, Y, **negative, **settings)
    rare = ImportanceSampling(np.r_[1e-6, np.ones(8)])
    with pytest.raises(ValueError, match="weights times the sampler's: got 1 NaN or infinite values, wanted finite"):
        fit(cases.mlp(), X, Y, weights=np.full(9, 1e308), sampling=rare, **settings)


def test_a_weight_of_two_is_an_example_twice():
    """The gradient of the sum; the mean divides by the number of examples, weights of 0 included."""
    twice = np.repeat(np.arange(9), [0, 1, 2, 1, 3, 1, 1, 0, 4])
    weights = np.bincount(twice, minlength=9)
    network = cases.mlp()
    one = dict(batch_size=None, epochs=1, sampling=Cyclic())
    weighted = fit(network, X, Y, weights=weights, optimizer=SGD(9.0), **one)
    repeated = fit(network, X[twice], Y[twice], optimizer=SGD(13.0), **one)
    assert distance(weighted.theta - network.initialize(0), repeated.theta - network.initialize(0)) < 1e-12
    assert weighted.batch_loss[0] * 9 == pytest.approx(repeated.batch_loss[0] * 13, rel=1e-12)


def test_weights_change_the_training_and_not_the_evaluation():
    run = fit(cases.mlp(), X, Y, weights=WEIGHTS, optimizer=SGD(0.0), epochs=1)
    plain = fit(cases.mlp(), X, Y, optimizer=SGD(0.0), epochs=1)
    assert run.loss[0] == plain.loss[0] and run.error[0] == plain.error[0] and run.batch_loss[0] != plain.batch_loss[0]
    ones = fit(cases.mlp(), X, Y, weights=np.ones(9), optimizer=SGD(0.1), epochs=3)
    assert distance(ones.theta, fit(cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=3).theta) < 1e-14


def test_weights_are_those_of_the_examples_of_the_data():
    train = np.array([8, 2, 2, 4])
    row = encode(Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, weights=WEIGHTS, train=train), Data(X, Y))
    np.testing.assert_array_equal(row.weights, WEIGHTS[train])


def test_weights_of_fit_are_those_of_its_training_examples():
    settings = dict(optimizer=SGD(0.1), epochs=2, validation=(X[:4], Y[:4]))
    run = fit(cases.mlp(), X, Y, weights=WEIGHTS, **settings)
    alone = fit(cases.mlp(), X, Y, weights=WEIGHTS, optimizer=SGD(0.1), epochs=2)
    np.testing.assert_array_equal(run.theta, alone.theta)
    bad = dict(weights=np.ones(13), **settings)
    complains("^weights", r"\(13,\)", "9 numbers >= 0, one per example of X", fit, cases.mlp(), X, Y, **bad)


@pytest.mark.parametrize(
    ("weights", "got", "wanted"),
    [(np.ones(8), r"shape \(8,\)", "9 numbers"), (np.ones((9, 1)), r"\(9, 1\)", "9 numbers"), (-WEIGHTS, "-4", ">= 0"),
     (WEIGHTS * np.nan, "NaN", "finite"), (["a"] * 9, "<U1", "numbers"), (WEIGHTS * 1e300, "e\\+300", "float32")],
    ids=range(6),
)  # fmt: skip
def test_bad_weights(weights, got, wanted):
    complains(r"^weights", got, wanted, fit, cases.mlp("float32"), X, Y, optimizer=SGD(0.1), epochs=1, weights=weights)


# --- target noise ---


def noise(seed=0, s=0.7, epochs=40, dtype="float64", batch_size=3):
    """The noise of every step, (epochs * 3 batches, 10): a linear loss on x = 1 writes the mean target into theta."""
    network = Network(Scale(10), loss=LinearLoss(), dtype=dtype)
    y = np.random.default_rng(1).normal(size=(9, 10))
    run = fit(
        network, np.ones((9, 10)), y, optimizer=SGD(1.0), batch_size=batch_size, epochs=epochs, seed=seed,
        sampling=Cyclic(), theta0=np.zeros(10), target_noise=s, record_theta_every=1,
    )  # fmt: skip
    steps = -np.diff(run.step_theta, axis=0)
    return steps - np.tile(y.reshape(-1, batch_size, 10).mean(axis=1), (epochs, 1)), run, y


def test_target_noise_is_normal_and_fresh():
    """Of variance s^2/b in the mean of b targets, in no step the same."""
    e, run, y = noise()
    assert len(np.unique(e)) == e.size == 1200
    assert stats.kstest(e.reshape(-1) / (0.7 / np.sqrt(3)), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(e[:-1].reshape(-1), e[1:].reshape(-1))[0, 1]) < 0.1
    assert run.loss[-1] == pytest.approx(run.evaluate(np.ones((9, 10)), y).loss)  # evaluations see the clean targets


def test_target_noise_follows_the_seed_alone():
    first, again, other = (noise(seed, epochs=5)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all() and abs(np.corrcoef(first.reshape(-1), other.reshape(-1))[0, 1]) < 0.25
    assert np.allclose(noise(1, s=1.4, epochs=5)[0], 2 * first) and np.abs(noise(1, s=0.0, epochs=2)[0]).max() < 1e-12
    assert np.allclose(noise(1, epochs=5, dtype="float32")[0], first, atol=1e-4)


def test_bad_target_noise():
    for value in (-1, float("nan"), "1"):
        complains("^target_noise", "got", ">= 0", Run, cases.mlp(), optimizer=SGD(0.1), epochs=1, target_noise=value)
    complains("^target_noise", "0.1", "no real numbers", Run, cases.mlp(), optimizer=SGD(0.1), epochs=1,
              target_noise=0.1)  # fmt: skip


# --- statistics ---


@dataclass(frozen=True)
class RandomFeatures:
    """y = x W with W drawn once and kept in stats."""

    n_in: int
    n_out: int

    def build(self, plan, x):
        y = plan.value(self.n_out)
        w = plan.fixed("weight", (self.n_in, self.n_out), HeNormal(), self.n_in, self.n_out)
        add_dense(plan, x, w, None, y)
        return y


FIXED = Network(RandomFeatures(3, 8), ReLU(), Dense(8, 3), loss=cases.mlp().loss, dtype="float64")


def test_stats0_is_where_they_start():
    """Kept as they are by training, penalty and stopping; drawn with the seed if not given."""
    settings = dict(optimizer=Adam(0.1), batch_size=4, epochs=5, penalty=L2(0.1), validation=(X, Y))
    own = np.random.default_rng(0).normal(size=24)
    run = fit(FIXED, X, Y, stats0=own, seed=3, early_stopping=EarlyStopping(2), **settings)
    np.testing.assert_array_equal(run.stats, own)
    z = np.maximum(X @ own.reshape(3, 8), 0) @ run.parameters["2.weight"] + run.parameters["2.bias"]
    np.testing.assert_allclose(run.outputs(X), z, rtol=1e-12)
    drawn = fit(FIXED, X, Y, seed=3, **settings)
    np.testing.assert_array_equal(drawn.stats, FIXED.initial_statistics(3))
    same = fit(FIXED, X, Y, seed=3, stats0=FIXED.initial_statistics(3), **settings)
    np.testing.assert_array_equal(drawn.theta, same.theta)
    assert (drawn.theta != run.theta).all()


def test_stats0_decides_a_journalled_row(tmp_path):
    runs = [Run(FIXED, optimizer=SGD(0.1), epochs=2, stats0=np.full(24, v)) for v in (0.1, 0.2)]
    first = fit_many(runs[:1], X, Y, journal=tmp_path / "j")[0]
    both = fit_many(runs, X, Y, journal=tmp_path / "j")
    np.testing.assert_array_equal(both[0].theta, first.theta)
    assert (both[1].theta != both[0].theta).any()


def test_bad_stats0():
    for value, wanted in (([1.0], r"\(24,\)"), (np.full(24, np.nan), "finite"), ("s", "numbers")):
        complains("^stats0", "got", wanted, fit, FIXED, X, Y, optimizer=SGD(0.1), epochs=1, stats0=value)


def test_frozen_training_neither_takes_nor_moves_batch_statistics():
    modes = [
        int(encode(Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, frozen=f), Data(X, Y)).record[0]["mode"])
        for f in (False, True)
    ]
    assert modes == [TRAIN | SAMPLE | BATCH_STATISTICS | UPDATE_STATISTICS, TRAIN | SAMPLE]
    complains("^frozen", "1", "True or False", Run, cases.mlp(), optimizer=SGD(0.1), epochs=1, frozen=1)


# --- when to stop ---


def test_gradient_tolerance():
    """w halves, g = 2 w: 2, 1, 0.5, 0.25, 0.125, 0.0625; the sixth step is the last, and its epoch is evaluated."""
    network = Network(Scale(1), loss=SquaredError(), dtype="float64")
    settings = dict(optimizer=SGD(0.25), epochs=50, theta0=[1.0], evaluate_every=7)
    run = fit(network, [[1.0]], [[0.0]], gradient_tolerance=0.1, **settings)
    assert (run.status, run.steps, run.epochs_run) == ("stopped", 6, 6)
    assert run.theta[0] == 2.0**-6 and run.loss[5] == run.theta[0] ** 2 and np.isnan(run.loss[6:]).all()
    assert fit(network, [[1.0]], [[0.0]], gradient_tolerance=0.0625, **settings).steps == 6
    assert fit(network, [[1.0]], [[0.0]], **settings).status == "completed"
    # the penalty counts: with l2 = 1 the gradient is 4 w, and w is 0 after one step of 1/4
    assert fit(network, [[1.0]], [[0.0]], gradient_tolerance=0.1, penalty=L2(1.0), **settings).steps == 2


def test_gradient_tolerance_is_a_two_norm():
    network = Network(Scale(4), loss=LinearLoss(), dtype="float32")
    for tolerance, steps in ((1.99, 3), (2.0, 1)):
        run = fit(network, np.ones((1, 4)), np.ones((1, 4)), optimizer=SGD(0.1), epochs=3, gradient_tolerance=tolerance)
        assert run.steps == steps
    complains("^gradient_tolerance", "-1", ">= 0", Run, network, optimizer=SGD(0.1), epochs=1, gradient_tolerance=-1)


def test_patience_of_one_stops_at_the_first_increase():
    settings = dict(optimizer=SGD(1.5), batch_size=4, epochs=40, seed=1000, validation=(X, np.roll(Y, 1)))
    run = fit(cases.mlp(), X, Y, early_stopping=EarlyStopping(1), **settings)
    curve = run.validation_loss[: run.epochs_run]
    assert run.status == "stopped" and (np.diff(curve)[:-1] < 0).all() and np.diff(curve)[-1] >= 0
    assert run.best_epoch == run.epochs_run - 1


# --- what a row costs and needs ---


def test_extra_passes_count_in_the_cost():
    def cost(**settings):
        return encode(Run(cases.mlp(), optimizer=SGD(0.1), epochs=2, **settings), Data(X, Y)).cost

    plain = cost()
    assert cost(adversary=FGSM(0.1)) == 2 * plain and cost(adversary=PGD(0.1, steps=9)) == 10 * plain
    assert cost(penalty=JacobianPenalty(0.1)) == pytest.approx((1 + 2.3 * 3) * plain)


def test_everything_at_once_in_one_row():
    """Weights, noise, an adversary with random starts, the Jacobian and a momentum rule share their scratch."""
    network = Network(Dense(3, 4), ReLU(), Dense(4, 2), loss=SquaredError(), dtype="float64")
    y = np.random.default_rng(0).normal(size=(9, 2))
    settings = dict(
        optimizer=Adam(0.01), batch_size=4, epochs=3, weights=WEIGHTS, target_noise=0.1,
        adversary=PGD(0.1, random_start=True), penalty=JacobianPenalty(0.1), seed=5,
    )  # fmt: skip
    rows = [Run(network, **settings), Run(network, **(settings | {"seed": 6}))]
    table = fit_many(rows, X, y, threads=2)
    alone = fit(network, X, y, **settings)
    np.testing.assert_array_equal(table[0].theta, alone.theta)
    assert (table[1].theta != alone.theta).any() and alone.status == "completed"
