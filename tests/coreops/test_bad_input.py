"""Bad input: an error that names the argument, what it got and what it wanted, before anything runs."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import coreops.sweep
from coreops import (
    SGD,
    BinaryCrossEntropy,
    Data,
    Dense,
    EarlyStopping,
    Flatten,
    Network,
    Run,
    SigmoidSquaredError,
    SquaredError,
    StepDecay,
    fit,
    fit_many,
    gradient_check,
    loss_and_gradient,
)
from coreops.kernel_cache import usable
from coreops.rng import philox4x32
from tests.coreops import cases
from tests.coreops.cases import complains

NAN, INF = float("nan"), float("inf")
X, Y = cases.problem()
N = len(X)
LINE = Network(Dense(3, 2), loss=SquaredError())
BITS = Network(Dense(3, 1), loss=BinaryCrossEntropy())


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    def refuse(*args):
        raise AssertionError("training began in spite of bad input")

    monkeypatch.setattr(coreops.sweep, "train_row", refuse)


def with_value(array, value):
    array = np.array(array, float)
    array.reshape(-1)[3] = value
    return array


DATA = {  # X, y -> name, got, wanted
    "X of one dimension": (X[:, 0], Y, r"^X\b", r"\(12,\)", r"\(n, 3\)"),
    "X of three dimensions": (X[None], Y, r"^X\b", r"\(1, 12, 3\)", r"\(n, 3\)"),
    "X too narrow": (X[:, :2], Y, r"^X\b", r"\(12, 2\)", r"\(n, 3\)"),
    "X empty": (X[:0], Y[:0], r"^X\b", r"\(0, 3\)", "n >= 1"),
    "X with NaN": (with_value(X, NAN), Y, r"^X\b", "1 NaN", "finite"),
    "X with inf": (with_value(X, INF), Y, r"^X\b", "1 NaN or inf", "finite"),
    "X of strings": ([["a", "b", "c"]] * N, Y, r"^X\b", "<U1", "numbers"),
    "X ragged": ([[1, 2, 3], [1, 2]], Y, r"^X\b", "list", "rectangular"),
    "X complex": (X + 1j, Y, r"^X\b", "complex", "real"),
    "X of objects": (np.full((N, 3), None), Y, r"^X\b", "object", "real"),
    "y too short": (X, Y[:-1], r"^y\b", r"\(11,\)", "12 targets"),
    "y a number": (X, 1, r"^y\b", r"\(\)", "12 targets"),
    "labels not integers": (X, Y + 0.5, r"^y\b", "float64", r"integer class labels in \[0, 3\)"),
    "labels negative": (X, Y - 1, r"^y\b", "-1", r"\[0, 3\)"),
    "labels too large": (X, Y + 1, r"^y\b", "3", r"\[0, 3\)"),
    "labels one-hot": (X, np.eye(3)[Y], r"^y\b", r"\(12, 3\)", "one-dimensional"),
    "labels boolean": (X, Y > 0, r"^y\b", "bool", "integer class labels"),
    "labels NaN": (X, with_value(Y, NAN), r"^y\b", "1 NaN", "finite"),
    "labels of strings": (X, Y.astype(str), r"^y\b", "<U", "numbers"),
}


@pytest.mark.parametrize("case", DATA)
def test_data(case):
    x, y, name, got, wanted = DATA[case]
    complains(name, got, wanted, fit, cases.mlp(), x, y, optimizer=SGD(0.1), epochs=1)
    complains(name.replace("^", r"\b"), got, wanted, fit_many, [Run(cases.mlp(), optimizer=SGD(0.1), epochs=1)], x, y)
    complains(
        name.replace("^", r"\b"),
        got,
        wanted,
        fit_many,
        [Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, data=Data(x, y))],
    )
    complains(name, got, wanted, loss_and_gradient, cases.mlp(), cases.mlp().initialize(0), x, y)


@pytest.mark.parametrize(
    ("network", "y", "got"),
    [
        (LINE, Y.astype(float), r"\(12,\)"),
        (LINE, np.zeros((N, 3)), r"\(12, 3\)"),
        (BITS, Y, "2"),
        (BITS, Y / 4, "0.25"),
        (Network(Dense(3, 1), loss=SigmoidSquaredError()), Y - 1, "-1"),
        (Network(Dense(3, 2), loss=BinaryCrossEntropy()), np.zeros((N, 3)), r"\(12, 3\)"),
        (Network(Dense(3, 2), loss=BinaryCrossEntropy()), Y, "2"),
        (Network(Dense(3, 2), loss=BinaryCrossEntropy()), np.full((N, 2), 0.5), "0.5"),
    ],
)
def test_targets_that_do_not_fit_the_loss(network, y, got):
    complains(r"^y\b", got, r"shape|0 or 1|\[0, 2\)", fit, network, X, y, optimizer=SGD(0.1), epochs=1)


SETTINGS = {  # argument -> values, what is wanted
    "batch_size": ((0, -1, N + 1, 2.0, "4", True), r"integer"),
    "epochs": ((-1, 1.5, None, "3"), r"integer >= 0"),
    "seed": ((-1, 2**64, 0.5, None), r"integer in \[0"),
    "evaluate_every": ((-1, 0.5), r"integer >= 0"),
    "record_loss_every": ((-1, 0.5), r"integer >= 0"),
    "record_theta_every": ((-1, 0.5), r"integer >= 0"),
    "drop_last": ((1, None, "yes"), "True or False"),
    "optimizer": (("sgd", None, 0.1, SGD), "an optimizer such as"),
    "schedule": (("constant", None, StepDecay), "a schedule such as"),
    "sampling": (("reshuffle", None), "a sampl"),
    "early_stopping": ((3, True), "EarlyStopping"),
    "theta0": (
        ([1.0], np.zeros(3), np.zeros((1, 38)), "zeros", np.full(38, NAN)),
        r"shape \(38,\)|finite|numbers|dimension",
    ),
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, (values, _) in SETTINGS.items() for v in values], ids=str)
def test_settings_of_a_run(name, value):
    wanted = SETTINGS[name][1]
    settings = dict(optimizer=SGD(0.1), batch_size=4, epochs=1) | {name: value}
    if name == "early_stopping":
        settings["validation"] = (X, Y)
    complains(rf"\b{name}\b", "got", wanted, fit, cases.mlp(), X, Y, **settings)
    if name == "early_stopping":
        settings["validation"] = np.arange(3)
    complains(rf"\b{name}\b", "got", wanted, lambda: fit_many([Run(cases.mlp(), **settings)], X, Y))


def test_tables():
    run = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1)
    complains("^rows", "empty", "at least one", fit_many, [], X, Y)
    images = Network(Flatten(), Dense(4, 3), loss=SquaredError(), input_shape=(2, 2, 1))
    flat = Network(Dense(4, 3), loss=SquaredError())
    wanted = r"\(n, 4\)"  # whatever shape the row before it takes
    pair = [Run(network, optimizer=SGD(0), epochs=1) for network in (images, flat)]
    complains("X", r"\(5, 2, 2\)", wanted, fit_many, pair, np.ones((5, 2, 2)), np.ones((5, 3)))
    complains("^rows", "got", "Run", fit_many, 5, X, Y)
    complains(r"^rows\[1\]", "int|3", "a Run", fit_many, [run, 3], X, Y)
    complains("^rows", "got", "Run", fit_many, run, X, Y)
    complains("^target", "tpu", "cpu", fit_many, [run], X, Y, target="tpu")
    for threads in (0, -1, 1.5, "2"):
        complains("^threads", str(threads), "integer >= 1", fit_many, [run], X, Y, threads=threads)
    complains("^X", "None", "data", fit_many, [run])
    complains(
        r"rows\[1\].*batch_size",
        "13",
        r"\[1, 12\]",
        fit_many,
        [run, Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, batch_size=13)],
        X,
        Y,
    )
    complains("progress", "got", "callable", fit_many, [run], X, Y, progress=3)


@pytest.mark.parametrize("name", ["train", "validation"])
@pytest.mark.parametrize("index", [[], [0, N], [-1], [0.5], [[0, 1]], [True, False], "all", (0, 2**40)], ids=str)
def test_index_arrays(name, index):
    run = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, **{name: index})
    complains(rf"\b{name}\b", "got", "wanted", fit_many, [run], X, Y)


def test_a_batch_is_counted_against_the_rows_own_examples():
    run = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, batch_size=5, train=np.arange(4))
    complains("batch_size", "5", r"\[1, 4\]", fit_many, [run], X, Y)


def test_validation_sets():
    for wrong in (X, (X,), (X, Y, Y), "both", 3):
        complains(
            "validation", "got", r"\(Xv, yv\)", fit, cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1, validation=wrong
        )
    complains(
        "validation X",
        r"\(12, 2\)",
        r"\(n, 3\)",
        fit,
        cases.mlp(),
        X,
        Y,
        optimizer=SGD(0.1),
        epochs=1,
        validation=(X[:, :2], Y),
    )
    complains(
        "validation y", "3", r"\[0, 3\)", fit, cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1, validation=(X, Y + 1)
    )
    complains("early_stopping", "EarlyStopping", "validation", fit, cases.mlp(), X, Y, optimizer=SGD(0.1), epochs=1,
              early_stopping=EarlyStopping(1))  # fmt: skip


def test_records_too_large_for_memory_are_refused():
    run = Run(cases.mlp(), optimizer=SGD(0.1), epochs=10**9, batch_size=1, record_theta_every=1, evaluate_every=0)
    complains("record", "GiB", "GiB", fit_many, [run], X, Y)


def test_parameters_of_the_wrong_size():
    complains("theta", r"\(3,\)", r"\(38,\)", cases.mlp().parameters, np.zeros(3))
    complains("theta", r"\(3,\)", r"\(38,\)", loss_and_gradient, cases.mlp(), np.zeros(3), X, Y)
    for name in ("seed", "step"):
        complains(name, "-1", "integer", loss_and_gradient, cases.mlp(), cases.mlp().initialize(0), X, Y, **{name: -1})
    complains("theta", r"\(3,\)", r"\(38,\)", gradient_check, cases.mlp(), X, Y, theta=np.zeros(3))
    complains("network", "got", "Network", fit, "mlp", X, Y, optimizer=SGD(0.1), epochs=1)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 9), st.integers(1, 4), st.booleans())
def test_any_shapes_that_do_not_fit_are_refused(n, d, m, k, flat):
    """loss_and_gradient on X (n, d), y (m,) or (m, k), for a network 3 -> 2 with squared error."""
    x, y = np.zeros((n, d)), np.zeros(m if flat else (m, k))
    if d == 3 and m == n and not flat and k == 2:
        assert loss_and_gradient(LINE, LINE.initialize(0), x, y)[0] == 0
    else:
        bad, shape = ("X", x.shape) if d != 3 else ("y", y.shape)
        complains(rf"^{bad}\b", re.escape(str(shape)), "wanted", loss_and_gradient, LINE, LINE.initialize(0), x, y)


HUGE = 2**70


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("epochs", {"epochs": HUGE}),
        ("evaluate_every", {"evaluate_every": HUGE}),
        ("record_loss_every", {"record_loss_every": HUGE}),
    ],
)
def test_integers_that_no_record_holds(name, settings):
    complains(name, str(HUGE), "< 2\\*\\*63", Run, cases.mlp(), **({"optimizer": SGD(0.1), "epochs": 1} | settings))


def test_values_that_overflow_in_single_precision():
    train, line = dict(optimizer=SGD(0.1), epochs=1), LINE.astype("float32")
    for name, data in (("X", (X * 1e300, X[:, :2])), ("y", (X, X[:, :2] * 1e300))):
        complains(rf"^{name}\b", "e\\+", "float32", fit, line, *data, **train)
    complains("theta0", "e\\+300", "float32", fit, line, X, X[:, :2], theta0=np.full(line.n_parameters, 1e300), **train)


def test_networks_and_batches_too_large_for_memory():
    complains("layers", str(2**64), "parameters|at most", Network, Dense(2**32, 2**32, bias=False), loss=SquaredError())
    wide = Network(Dense(3, 10**7, bias=False), Dense(10**7, 1), loss=SquaredError())
    complains("batch_size", "GiB", "GiB", fit, wide, np.ones((10**4, 3)), np.ones(10**4), optimizer=SGD(0.1), epochs=1)


def test_early_stopping_on_errors_that_are_not_counted():
    complains("early_stopping monitor", "validation_error", "validation_loss", Run, LINE, optimizer=SGD(0.1), epochs=1,
              validation=[0], early_stopping=EarlyStopping(1, "validation_error"))  # fmt: skip


def test_arguments_of_the_wrong_kind(tmp_path):
    run = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1)
    complains("journal", "5", "path", fit_many, [run], X, Y, journal=5)
    complains("journal", "unable to open", "a journal", fit_many, [run], X, Y, journal=tmp_path)
    (tmp_path / "text").write_text("no journal " * 200)
    complains("journal", "not a database", "a journal", fit_many, [run], X, Y, journal=tmp_path / "text")
    ragged = Run(cases.mlp(), optimizer=SGD(0.1), epochs=1, train=[[1], [2, 3]])
    complains("train", "list", "example numbers", fit_many, [ragged], X, Y)
    for data, name in (((None, Y), "X"), ((X, None), "y")):
        complains(f"^{name}:", "None", "array of real numbers", fit, cases.mlp(), *data, optimizer=SGD(0.1), epochs=1)
    complains("network", "3", "Network", gradient_check, 3, X, Y)
    complains("network", "3", "Network", loss_and_gradient, 3, np.zeros(2), X, Y)
    complains("step", "0", "> 0", gradient_check, cases.mlp(), X, Y, step=0)
    complains("SGD lr", "beyond", "finite", SGD, 10**400)
    complains("counter", "1.5", "integers", philox4x32, (1.5, 0, 0, 0), (0, 0))
    complains("key", "3", "2 integers", philox4x32, (0, 0, 0, 0), 3)


def test_a_cache_that_cannot_be_written_is_not_used(tmp_path):
    """Numba's next choice, __pycache__ beside the sources, does not see edits in callees."""
    (tmp_path / "file").touch()
    assert usable(tmp_path / "new" / "folder") and not usable(tmp_path / "file" / "folder")
