"""A killed sweep loses no finished row, and its rerun gives the same numbers. Ctrl-C keeps what is finished."""

import json
import signal
import sqlite3
import threading
import time

import numpy as np
import pytest

import coreops.sweep
from coreops import (
    SGD,
    Adam,
    Data,
    Dense,
    Network,
    Run,
    SoftmaxCrossEntropy,
    SquaredError,
    SweepInterrupted,
    Tanh,
    fit_many,
)
from coreops.journal import Journal
from tests.coreops.cases import python
from tests.coreops.test_fit_many import ROWS, X, Y, same


@pytest.fixture
def trained(monkeypatch):
    """How many rows are really trained: a list that grows by one for each."""
    calls, real = [], coreops.sweep.train_row
    monkeypatch.setattr(coreops.sweep, "train_row", lambda *args: (calls.append(1), real(*args)))
    return calls


def test_a_rerun_takes_finished_rows_from_the_journal(tmp_path, trained):
    want = fit_many(ROWS, X, Y)
    trained.clear()
    path = tmp_path / "deep" / "journal.sqlite"
    fit_many(ROWS[:3], X, Y, journal=path)
    assert len(trained) == 3
    got = fit_many(ROWS, X, Y, journal=path, threads=2)
    assert len(trained) == len(ROWS)
    again = fit_many(ROWS[::-1], X, Y, journal=str(path))
    assert len(trained) == len(ROWS)
    for a, b, c in zip(want, got, list(again)[::-1], strict=True):
        same(a, b)
        same(a, c)


def test_a_spoilt_row_is_trained_again(tmp_path, trained):
    want = fit_many(ROWS[:2], X, Y, journal=tmp_path / "j")
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute("UPDATE rows SET result = CAST(zeroblob(length(result)) AS BLOB)")
    database.close()
    trained.clear()
    for a, b in zip(want, fit_many(ROWS[:2], X, Y, journal=tmp_path / "j"), strict=True):
        same(a, b)
    assert len(trained) == 2


@pytest.mark.parametrize("use", ["load", "store"])
def test_a_journal_that_fails_in_use_is_named(tmp_path, use):
    """A damaged page that is met late, a lock that is never given back."""
    kept, arrays = Journal(tmp_path / "j"), [np.zeros(3)]
    kept.connection.execute("DROP TABLE rows")
    with pytest.raises(ValueError, match=r"journal: got '.*j' \(no such table: rows\), wanted a file that is"):
        getattr(kept, use)(b"key", arrays)
    kept.close()


def test_a_full_disk_is_no_damaged_journal(tmp_path):
    kept = Journal(tmp_path / "j")
    kept.connection.execute("PRAGMA max_page_count = 3")  # what SQLite says then is what it says of a full disk
    with pytest.raises(OSError, match=r"No space left on device: '.*j'"):
        kept.store(b"key", [np.zeros(10_000)])
    kept.close()


def variants():
    """Rows that differ from the first in one thing each."""
    base = dict(optimizer=SGD(0.1), batch_size=5, epochs=2, seed=0)
    net = Network(Dense(3, 4), Tanh(), Dense(4, 3), loss=SoftmaxCrossEntropy())
    other = [
        dict(seed=1), dict(epochs=3), dict(batch_size=4), dict(optimizer=SGD(0.2)), dict(optimizer=Adam(0.1)),
        dict(y=np.roll(Y, 1)), dict(train=np.arange(10)), dict(train=np.arange(10)[::-1].copy()),
        dict(validation=np.arange(5)), dict(theta0=np.zeros(net.n_parameters)), dict(record_theta_every=1),
        dict(evaluate_every=0), dict(drop_last=True, batch_size=3),
        dict(data=Data(X + 1, Y)), dict(data=Data(X.astype(np.float32), Y)),
    ]  # fmt: skip
    rows = [Run(net, **(base | change)) for change in ({}, *other)]
    return [
        *rows,
        Run(net.astype("float64"), **base),
        Run(Network(*net.layers[:2], Dense(4, 3, bias=False), loss=net.loss), **base),
    ]


def test_rows_that_differ_in_anything_do_not_share_an_entry(tmp_path):
    rows = variants()
    want = fit_many(rows, X, Y)
    for _ in range(2):
        for a, b in zip(want, fit_many(rows, X, Y, journal=tmp_path / "j"), strict=True):
            same(a, b)


def test_views_of_one_array_are_different_data(tmp_path):
    """Two halves of one array, and the rows of one matrix of targets, share memory but not results."""
    big, targets = np.random.default_rng(0).normal(size=(40, 3)), np.random.default_rng(1).normal(size=(4, 20, 1))
    net = Network(Dense(3, 1), loss=SquaredError(), dtype="float64")
    settings = dict(optimizer=SGD(0.01), epochs=2, seed=0)
    rows = [
        Run(net, data=Data(big[:20], targets[0]), **settings),
        Run(net, data=Data(big[20:], targets[0]), **settings),
    ]
    rows += [Run(net, data=Data(big[:20], targets[k]), **settings) for k in (1, 2, 3)]
    rows += [Run(net, y=targets[k], **settings) for k in range(4)]
    want = fit_many(rows, big[20:], targets[0])
    got = fit_many(rows, big[20:], targets[0], journal=tmp_path / "j", threads=1)
    for a, b in zip(want, got, strict=True):
        same(a, b)


def test_changed_data_in_the_same_array_is_trained_anew(tmp_path, trained):
    x = X.copy()
    fit_many(ROWS[:1], x, Y, journal=tmp_path / "j")
    x[0, 0] += 1
    fit_many(ROWS[:1], x, Y, journal=tmp_path / "j")
    assert len(trained) == 2


# --- real processes --------------------------------------------------------------------------------------

CHILD = """
import json, sys
import numpy as np
from coreops import *
from coreops.training import train_row
g = np.random.default_rng(0)
X, y = g.normal(size=(300, 20)), g.integers(0, 5, 300)
net = Network(Dense(20, 48), Tanh(), Dense(48, 5), loss=SoftmaxCrossEntropy())
base, adam = int(sys.argv[2]), Adam(1e-3)
rows = [Run(net, optimizer=adam, batch_size=10, epochs=base + i % 3, seed=1000 + i) for i in range(12)]
def progress(done, total):
    print("done", done, flush=True)
def report(table, **more):
    print("end " + json.dumps({"n": len(table), "last": [float(r.loss[-1]) for r in table],
          "sum": [float(r.theta.sum()) for r in table]} | more), flush=True)
fit(rows[0].network, X, y, optimizer=SGD(0.1), epochs=0)
print("ready", flush=True)
try:
    report(fit_many(rows, X, y, threads=2, journal=sys.argv[1] if sys.argv[1] != "-" else None, progress=progress))
except SweepInterrupted as stop:
    assert isinstance(stop, KeyboardInterrupt)
    report(stop.table, missing=list(stop.missing))
    sys.exit(130)
"""
EPOCHS = 500  # about 0.1 s a row, so that a signal comes long before the last one


def start(journal):
    return python(CHILD, journal, EPOCHS)


def wait_for(process, line):
    for got in process.stdout:
        if got.strip() == line:
            return
    raise AssertionError(f"{line!r} never came: {process.stderr.read()}")


def finish(process):
    """(numbers of the end line, exit code)."""
    out, err = process.communicate(timeout=120)
    end = [line for line in out.splitlines() if line.startswith("end ")]
    assert end, err
    return json.loads(end[0][4:]), process.returncode


def same_rows():
    """(rows, X, y) of the processes."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(300, 20)), generator.integers(0, 5, 300)
    net = Network(Dense(20, 48), Tanh(), Dense(48, 5), loss=SoftmaxCrossEntropy())
    settings = dict(optimizer=Adam(1e-3), batch_size=10)
    return [Run(net, epochs=EPOCHS + i % 3, seed=1000 + i, **settings) for i in range(12)], x, y


@pytest.mark.jit_only
def test_sigkill_in_the_middle_loses_no_finished_row(tmp_path, trained):
    """The last rerun happens here, where trainings can be counted: only the missing rows run."""
    journal = tmp_path / "journal.sqlite"
    for done in ("done 2", "done 7"):  # twice on the same file: the second start already resumes
        process = start(journal)
        wait_for(process, done)
        time.sleep(0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    rows, x, y = same_rows()
    calls = []
    got = fit_many(rows, x, y, journal=journal, threads=2, progress=lambda done, total: calls.append(done))
    assert len(got) == calls[-1] == 12 and 1 <= len(trained) <= 5
    for a, b in zip(got, fit_many(rows, x, y, threads=2), strict=True):
        same(a, b)


@pytest.mark.jit_only
@pytest.mark.parametrize("with_journal", [True, False])
def test_ctrl_c_keeps_finished_rows(tmp_path, with_journal):
    journal = tmp_path / "journal.sqlite" if with_journal else "-"
    process = start(journal)
    wait_for(process, "done 4")
    process.send_signal(signal.SIGINT)
    begun = time.perf_counter()
    stopped, code = finish(process)
    assert code == 130 and time.perf_counter() - begun < 10
    assert 4 <= stopped["n"] < 12 and stopped["n"] + len(stopped["missing"]) == 12
    if with_journal:
        rows, x, y = same_rows()
        done = [i for i in range(12) if i not in stopped["missing"]]
        whole = fit_many(rows, x, y, journal=journal, threads=2)
        assert [float(whole[i].theta.sum()) for i in done] == stopped["sum"]
        assert [float(whole[i].loss[-1]) for i in done] == stopped["last"]


def test_rows_in_flight_are_finished_and_kept(monkeypatch):
    """Without a process: KeyboardInterrupt in the waiting thread, while the second row is surely running."""
    real, begun, calls = coreops.sweep.train_row, threading.Event(), []

    def slow(*args):
        calls.append(1)
        if len(calls) == 2:
            begun.set()
            time.sleep(0.2)
        real(*args)

    def stop(done, total):
        assert begun.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(coreops.sweep, "train_row", slow)
    with pytest.raises(SweepInterrupted) as caught:
        fit_many(ROWS, X, Y, threads=1, progress=stop)
    table, missing = caught.value.table, list(caught.value.missing)
    assert len(table) == len(calls) == 2 and len(missing) == len(ROWS) - 2
    whole = fit_many(ROWS, X, Y)
    for i, result in zip([i for i in range(len(ROWS)) if i not in missing], table, strict=True):
        same(result, whole[i])
