"""fit_many: a row's result depends on the row alone; tables; rows of all kinds side by side."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coreops.sweep
from coreops import (
    SGD,
    AdaGrad,
    Adam,
    Cyclic,
    Data,
    Dense,
    EarlyStopping,
    HeavyBall,
    LeakyReLU,
    Nesterov,
    Network,
    ReLU,
    RMSProp,
    Run,
    SoftmaxCrossEntropy,
    SquaredError,
    StepDecay,
    Tanh,
    WithReplacement,
    fit,
    fit_many,
)
from coreops.runs import encode
from tests.coreops import cases

X, Y = cases.problem(n=20)
COLUMNS = ("loss", "error", "validation_loss", "validation_error", "batch_loss", "step_loss", "step_theta", "theta")


def network(*hidden, dtype="float32", activation=None):
    widths = [3, *hidden]
    layers = [item for a, b in zip(widths[:-1], hidden, strict=True) for item in (Dense(a, b), activation or Tanh())]
    return Network(*layers, Dense(widths[-1], 3), loss=SoftmaxCrossEntropy(), dtype=dtype)


# Rows that differ in depth, width, precision, rule, sampling, schedule, subset, records, stopping, and one diverges.
ROWS = [
    Run(network(4), optimizer=SGD(0.1), batch_size=5, epochs=4, seed=1000),
    Run(network(), optimizer=HeavyBall(0.1, 0.9), batch_size=None, epochs=6, seed=1001, record_theta_every=2),
    Run(
        network(7, 2, 5, activation=ReLU()),
        optimizer=Adam(0.01),
        batch_size=3,
        epochs=3,
        seed=1002,
        sampling=WithReplacement(),
    ),
    Run(network(9, dtype="float64"), optimizer=Nesterov(0.05, 0.9), batch_size=7, epochs=3, seed=1003, drop_last=True),
    Run(
        network(4),
        optimizer=AdaGrad(0.1),
        batch_size=4,
        epochs=2,
        seed=1004,
        train=np.arange(0, 20, 2),
        validation=np.arange(1, 20, 2),
    ),
    Run(
        network(4),
        optimizer=RMSProp(0.01),
        batch_size=20,
        epochs=5,
        seed=1005,
        schedule=StepDecay(0.5, 2),
        evaluate_every=2,
    ),
    Run(
        network(4),
        optimizer=SGD(1.0),
        batch_size=2,
        epochs=9,
        seed=1006,
        validation=np.arange(4),
        early_stopping=EarlyStopping(1),
    ),
    Run(
        network(6, activation=LeakyReLU(5.0)),
        optimizer=SGD(1e12),
        batch_size=4,
        epochs=3,
        seed=1007,
        record_loss_every=1,
    ),
]


def same(a, b):
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(a, column), getattr(b, column), err_msg=column)
    for scalar in ("status", "diverged_step", "epochs_run", "steps", "best_epoch"):
        assert getattr(a, scalar) == getattr(b, scalar)


@pytest.fixture(scope="module")
def table():
    return fit_many(ROWS, X, Y, threads=1)


@pytest.mark.parametrize("threads", [1, 2, None])
def test_any_number_of_threads(table, threads):
    for a, b in zip(table, fit_many(ROWS, X, Y, threads=threads), strict=True):
        same(a, b)


@settings(max_examples=8 if cases.JIT else 3)
@given(st.permutations(range(len(ROWS))), st.integers(1, len(ROWS)))
def test_any_order_and_any_subset(table, order, count):
    chosen = order[:count]
    got = fit_many([ROWS[i] for i in chosen], X, Y, threads=2)
    for i, result in zip(chosen, got, strict=True):
        same(result, table[i])


@pytest.mark.parametrize("i", [i for i, run in enumerate(ROWS) if run.train is None and run.validation is None])
def test_a_row_is_fit(table, i):
    """Bitwise; fit has no index arrays, so the rows with some are in the next test."""
    run = ROWS[i]
    names = (
        "optimizer",
        "batch_size",
        "epochs",
        "seed",
        "schedule",
        "sampling",
        "drop_last",
        "evaluate_every",
        "record_loss_every",
        "record_theta_every",
    )
    same(fit(run.network, X, Y, **{name: getattr(run, name) for name in names}), table[i])


def test_validation_by_index_is_fit_on_the_parts():
    odd, even = np.arange(1, 20, 2), np.arange(0, 20, 2)
    row = Run(
        network(4),
        optimizer=Adam(0.05),
        batch_size=4,
        epochs=3,
        seed=5,
        train=even,
        validation=odd,
        early_stopping=EarlyStopping(2, "validation_error"),
    )
    alone = fit(
        network(4),
        X[even],
        Y[even],
        optimizer=Adam(0.05),
        batch_size=4,
        epochs=3,
        seed=5,
        validation=(X[odd], Y[odd]),
        early_stopping=EarlyStopping(2, "validation_error"),
    )
    same(fit_many([row], X, Y)[0], alone)


def test_divergence_stays_in_its_row(table):
    assert list(table["status"]).count("diverged") == 1
    bad = next(i for i, result in enumerate(table) if result.status == "diverged")
    assert table[bad].diverged_step > 0
    rest = [run for i, run in enumerate(ROWS) if i != bad]
    for a, b in zip(fit_many(rest, X, Y, threads=2), [r for i, r in enumerate(table) if i != bad], strict=True):
        same(a, b)


def test_scratch_of_a_former_row_does_not_leak():
    """A small row after a large, diverged one in the same thread."""
    small = Run(network(2), optimizer=Adam(0.1), batch_size=2, epochs=2, seed=1)
    large = Run(network(30, 30), optimizer=SGD(1e15), batch_size=20, epochs=3, seed=2)
    fit_many([large], X, Y, threads=1)
    same(
        fit_many([large, small], X, Y, threads=1)[1],
        fit(network(2), X, Y, optimizer=Adam(0.1), batch_size=2, epochs=2, seed=1),
    )


def test_table_access(table):
    assert len(table) == len(ROWS) == len(list(table))
    loss = table["loss"]
    assert loss.shape == (len(ROWS), 9)
    for i, result in enumerate(table):
        np.testing.assert_array_equal(loss[i, : len(result.loss)], result.loss)
        assert np.isnan(loss[i, len(result.loss) :]).all()
        assert table["status"][i] == result.status and table["steps"][i] == result.steps
        np.testing.assert_array_equal(table["theta"][i], result.theta)
    assert table[-1].status == table[len(ROWS) - 1].status
    assert [r.steps for r in table[2:4]] == [table[2].steps, table[3].steps]
    with pytest.raises(KeyError, match=r"nonsense.*loss"):
        table["nonsense"]
    with pytest.raises(IndexError):
        table[len(ROWS)]


def test_rows_may_bring_targets_and_data():
    noisy = np.roll(Y, 1)
    x2, y2 = cases.problem(seed=9, n=8)
    settings_ = dict(optimizer=SGD(0.1), batch_size=4, epochs=2, seed=3)
    rows = [
        Run(network(4), **settings_),
        Run(network(4), y=noisy, **settings_),
        Run(network(4), data=Data(x2, y2), **settings_),
    ]
    got = fit_many(rows, X, Y)
    for result, (x, y) in zip(got, ((X, Y), (X, noisy), (x2, y2)), strict=True):
        same(result, fit(network(4), x, y, **settings_))
    same(fit_many([rows[2]], None, None)[0], got[2])


def test_one_table_of_different_problems():
    """A classifier and a regression in two precisions, each with its own data."""
    line = Network(Dense(1, 1), loss=SquaredError(), dtype="float64")
    x = np.linspace(-1, 1, 9)[:, None]
    rows = [
        Run(network(3), optimizer=SGD(0.1), epochs=3, seed=0, data=Data(X, Y)),
        Run(line, optimizer=SGD(0.1), epochs=200, seed=0, data=Data(x, 3 * x + 1), sampling=Cyclic()),
    ]
    table = fit_many(rows, threads=2)
    np.testing.assert_allclose(table[1].theta, [3, 1], rtol=1e-6)
    assert np.isnan(table["error"][1]).all() and np.isfinite(table["error"][0, :3]).all()


def test_progress_counts_up_in_the_calling_thread():
    seen = []
    fit_many(ROWS, X, Y, threads=2, progress=lambda done, total: seen.append((done, total, threading.current_thread())))
    done = [d for d, _, _ in seen]
    assert done == sorted(done) and done[-1] == len(ROWS)
    assert {t for _, t, _ in seen} == {len(ROWS)} and {t for _, _, t in seen} == {threading.current_thread()}


def test_an_error_in_progress_is_raised():
    def fail(done, total):
        raise RuntimeError("from progress")

    with pytest.raises(RuntimeError, match="from progress"):
        fit_many(ROWS, X, Y, threads=2, progress=fail)


@pytest.mark.parametrize("progress", [None, lambda done, total: None])
def test_an_error_in_a_thread_is_raised_and_begins_no_other_row(monkeypatch, progress):
    before, calls = threading.active_count(), []

    def fail(*args):
        calls.append(args)
        if len(calls) == 1:
            raise MemoryError("no more")
        time.sleep(0.1)

    monkeypatch.setattr(coreops.sweep, "train_row", fail)
    with pytest.raises(MemoryError, match="no more"):
        fit_many(ROWS, X, Y, threads=2, progress=progress)
    assert len(calls) <= 3 < len(ROWS) and threading.active_count() == before


def test_inputs_are_not_written_to():
    x, y = X.copy(), Y.copy()
    fit_many(ROWS, X, Y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_calls_from_several_threads_at_once(table):
    """Scratch buffers belong to threads, so whole sweeps may run side by side."""
    results = [None, None]

    def work(k):
        results[k] = fit_many(ROWS, X, Y, threads=1)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        for a, b in zip(result, table, strict=True):
            same(a, b)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_runs_and_results_can_be_sent_to_another_process(again):
    X, y = cases.problem()
    run = Run(cases.mlp(), optimizer=Adam(0.1), batch_size=5, epochs=2, seed=3)
    here, there = fit_many([run], X, y)[0], fit_many([again(run)], X, y)[0]
    assert np.array_equal(here.theta, there.theta) and np.array_equal(here.theta, again(here).theta)
    assert np.array_equal(here.outputs(X), again(here).outputs(X))


def test_rows_that_train_on_everything_share_its_numbers():
    X, y = cases.problem()
    data, run = Data(X, y), Run(cases.mlp(), optimizer=SGD(0.1), epochs=1)
    assert encode(run, data).train is encode(run, data).train
