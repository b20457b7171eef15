"""One table whose rows have nothing in common: each trains as fit would alone, and is sized before anything starts."""

import numpy as np
import pytest

import coreops.sweep
from coreops import (
    FGSM,
    L1,
    L2,
    SGD,
    Adam,
    BinaryCrossEntropy,
    ClassBalanced,
    Data,
    Dense,
    EarlyStopping,
    LeakyReLU,
    LinearLoss,
    Network,
    ReLU,
    Residual,
    Run,
    Scale,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    Stratified,
    Tanh,
    WithReplacement,
    fit,
    fit_many,
)
from tests.coreops import cases
from tests.coreops.cases import complains
from tests.coreops.test_fit_many import same

N = 40
X, Y = cases.problem(n=N)
GENERATOR = np.random.default_rng(0)
SUBSETS = [GENERATOR.permutation(N)[:n] for n in (40, 25, 12, 30, 18, 33)]
REST = [np.setdiff1d(np.arange(N), subset)[:9] for subset in SUBSETS]


def noisy(share, seed):
    """Labels of which a share is drawn anew."""
    generator = np.random.default_rng(seed)
    return np.where(generator.random(N) < share, generator.integers(0, 3, N), Y)


# (network, targets, settings of the run besides data and subset)
KINDS = [
    (cases.mlp("float32"), noisy(0.4, 1), dict(optimizer=Adam(0.01), batch_size=7, sampling=Stratified())),
    (
        Network(
            Dense(3, 6), ReLU(), Residual((Dense(6, 6), Tanh())), Dense(6, 2), loss=SquaredError(), dtype="float64"
        ),
        GENERATOR.normal(size=(N, 2)),
        dict(optimizer=SGD(0.01), batch_size=5, penalty=L1(0.1), target_noise=0.1, seed=2**63),
    ),
    (
        Network(Dense(3, 1), loss=BinaryCrossEntropy()),
        (noisy(0.2, 2) > 0).astype(int),
        dict(optimizer=SGD(1.0), adversary=FGSM(0.1), batch_size=None),
    ),
    (
        Network(Dense(3, 9), LeakyReLU(), Dense(9, 3), loss=SigmoidSquaredError()),
        noisy(1.0, 3),
        dict(optimizer=Adam(0.1), batch_size=4, sampling=ClassBalanced(), drop_last=True, penalty=L2(0.01)),
    ),
    (
        Network(Dense(3, 3, bias=False), loss=SoftmaxCrossEntropy(), dtype="float64"),
        noisy(0.0, 4),
        dict(optimizer=SGD(0.5), batch_size=1, record_loss_every=3, weights=GENERATOR.random(N)),
    ),
    (
        Network(Scale(3), loss=LinearLoss()),
        GENERATOR.normal(size=(N, 3)),
        dict(optimizer=SGD(3e38), batch_size=6, sampling=WithReplacement(), record_theta_every=1),
    ),
]


def rows(**settings):
    return [
        Run(network, y=y, train=subset, epochs=3 + k, **({"seed": k} | kind | settings))
        for k, ((network, y, kind), subset) in enumerate(zip(KINDS, SUBSETS, strict=True))
    ]


@pytest.mark.parametrize("threads", [1, 2])
def test_architecture_subset_label_noise_loss_and_targets_at_once(threads):
    """Bitwise what fit returns on the examples of the subset alone."""
    runs = rows()
    table = fit_many(runs, X, np.zeros(N, int), threads=threads)
    for run, result, (network, y, kind) in zip(runs, table, KINDS, strict=True):
        kind = {"seed": run.seed} | kind | {"epochs": run.epochs}
        if "weights" in kind:
            kind["weights"] = kind["weights"][run.train]
        same(fit(network, X[run.train], y[run.train], **kind), result)
    assert list(table["status"]) == ["completed"] * 5 + ["diverged"]
    np.testing.assert_array_equal(table["epochs_run"][:5], [3, 4, 5, 6, 7])


def test_stopping_of_single_rows():
    """Status and best epoch of each row are those of its own run with its own held-out examples."""
    runs = [
        Run(network, y=y, train=subset, validation=rest, epochs=30, early_stopping=EarlyStopping(2), **kind)
        for (network, y, kind), subset, rest in list(zip(KINDS, SUBSETS, REST, strict=True))[1:4]
    ]
    table = fit_many(runs, X, Y)
    for run, result, (network, y, kind) in zip(runs, table, KINDS[1:4], strict=True):
        held_out = X[run.validation], y[run.validation]
        settings = kind | dict(epochs=30, validation=held_out, early_stopping=EarlyStopping(2))
        same(fit(network, X[run.train], y[run.train], **settings), result)
    assert "stopped" in table["status"] and (table["best_epoch"] > 0).all()


def test_rows_may_also_bring_other_inputs():
    wide = np.random.default_rng(5).normal(size=(N, 8))
    other = Run(Network(Dense(8, 3), loss=SoftmaxCrossEntropy()), optimizer=SGD(0.1), epochs=2, data=Data(wide, Y))
    table = fit_many([*rows(), other], X, Y)
    same(fit(other.network, wide, Y, optimizer=SGD(0.1), epochs=2), table[-1])


def nothing_starts(monkeypatch):
    def refuse(*args):
        raise AssertionError("a row began although the table does not fit")

    monkeypatch.setattr(coreops.sweep, "train_row", refuse)


def test_results_are_sized_before_the_first_row_starts(monkeypatch):
    """Each row would fit alone; the limit is on the sum, to the byte."""
    table = fit_many(rows(record_theta_every=1, record_loss_every=1), X, Y)
    size = sum(r.theta.nbytes + r.stats.nbytes + r.curves.nbytes + r.step_loss.nbytes + r.step_theta.nbytes
               for r in table)  # fmt: skip
    monkeypatch.setattr(coreops.sweep, "LIMIT", size)
    assert len(fit_many(rows(record_theta_every=1, record_loss_every=1), X, Y)) == 6
    monkeypatch.setattr(coreops.sweep, "LIMIT", size - 1)
    nothing_starts(monkeypatch)
    complains("record", "GiB", "at most", fit_many, rows(record_theta_every=1, record_loss_every=1), X, Y)


def test_scratch_is_sized_before_the_first_row_starts(monkeypatch):
    nothing_starts(monkeypatch)
    monkeypatch.setattr(coreops.sweep, "SCRATCH_LIMIT", 1000)
    complains("batch_size", "GiB", "at most", fit_many, rows(), X, Y)


def test_one_bad_row_stops_the_table_before_it_starts(monkeypatch):
    nothing_starts(monkeypatch)
    bad = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, y=Y + 1)
    complains(r"^rows\[6\]: y", "3", r"\[0, 3\)", fit_many, [*rows(), bad], X, Y)
