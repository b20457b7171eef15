"""Rows trained abreast are, bit for bit, the rows trained alone; which rows are; vectors of rows against loops."""

import math

import numpy as np
import pytest

import coreops.sweep
from coreops import (
    FGSM,
    L1,
    L2,
    SGD,
    AdaGrad,
    Adam,
    AMSGrad,
    BatchNorm,
    BinaryCrossEntropy,
    Cyclic,
    Data,
    Dense,
    Dropout,
    EarlyStopping,
    ExponentialDecay,
    HeavyBall,
    JacobianPenalty,
    LeakyReLU,
    LinearLoss,
    MaxNorm,
    Nesterov,
    Network,
    ReLU,
    RMSProp,
    Run,
    Scale,
    ShuffleOnce,
    Sigmoid,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    Stratified,
    Tanh,
    WarmUp,
    WithReplacement,
    fit_many,
    records,
)
from coreops.abreast import bundles
from coreops.abreast.spans import dots, rows_abreast, softmax_end, softmax_start, width
from coreops.losses import LARGE_PRODUCT
from coreops.products import TINY
from coreops.runs import encode
from coreops.step_sizes import step_size, step_sizes
from coreops.target import JIT, kernel
from tests.coreops.cases import DTYPES

N = 11
generator = np.random.default_rng(0)
X = generator.normal(size=(N, 2))
LABELS, REALS, BITS = np.arange(N) % 3, generator.normal(size=(N, 3)), generator.integers(0, 2, (N, 3)).astype(float)
LOSSES = {
    SoftmaxCrossEntropy(): LABELS,
    SquaredError(): REALS,
    LinearLoss(): REALS,
    BinaryCrossEntropy(): BITS,
    SigmoidSquaredError(): BITS,
}
HIDDEN = {"relu": [ReLU()], "leaky": [LeakyReLU(-0.1)], "sigmoid": [Sigmoid()], "tanh": [Tanh(), Scale(4), ReLU()]}
RULES = [
    lambda lr: SGD(lr),
    lambda lr: HeavyBall(lr, 0.8),
    lambda lr: Nesterov(lr, 0.8),
    lambda lr: AdaGrad(lr, eps_inside=True),
    lambda lr: RMSProp(lr),
    lambda lr: Adam(lr),
    lambda lr: Adam(lr, eps_inside=True),
]
NAMES = ("sgd", "heavy-ball", "nesterov", "adagrad", "rmsprop", "adam", "adam-inside")
COLUMNS = ("theta", "curves", "step_loss")


def network(loss=None, hidden=None, dtype="float32", bias=True):
    hidden = [ReLU()] if hidden is None else hidden
    return Network(Dense(2, 4), *hidden, Dense(4, 3, bias=bias), loss=loss or SoftmaxCrossEntropy(), dtype=dtype)


def rows_of(net, rule, count, **settings):
    """Rows that differ in all in which rows abreast may."""
    drawn = WithReplacement() if settings.get("drop_last") else Cyclic()  # as many examples as all others
    own = [
        {},
        {"schedule": ExponentialDecay(0.9), "sampling": drawn},
        {"schedule": WarmUp(3), "sampling": Cyclic()},
        {"train": np.arange(N)[::-1], "sampling": ShuffleOnce()},
        {"theta0": np.linspace(-1, 1, net.n_parameters)},
    ]
    settings = {"batch_size": 4, "epochs": 2, **settings}
    return [Run(net, optimizer=rule(0.02 * (i + 1)), seed=i, **own[i % len(own)], **settings) for i in range(count)]


@pytest.fixture
def together(monkeypatch):
    """Numbers of rows that were trained abreast, and of those that then had to be trained alone."""
    counts, train = [], coreops.sweep.train_bundle

    def counted(tasks, scratch):
        train(tasks, scratch)
        counts.append((len(tasks), sum(not task.done for task in tasks)))

    monkeypatch.setattr(coreops.sweep, "train_bundle", counted)
    return counts


def check_alone(rows, x, y, table):
    for i, (row, result) in enumerate(zip(rows, table, strict=True)):
        (alone,) = fit_many([row], x, y)
        assert repr(alone) == repr(result) and alone.diverged_step == result.diverged_step, i
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(result, name), getattr(alone, name), err_msg=f"row {i}: {name}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_loss_and_activation(together, dtype, loss, hidden):
    count = rows_abreast(dtype) // 2 + 1
    net = network(loss, HIDDEN[hidden], dtype, bias=hidden != "tanh")
    rows = rows_of(net, RULES[-2], count, validation=np.arange(3), record_loss_every=2)
    table = fit_many(rows, X, LOSSES[loss])
    assert together == [(count, 0)] and np.isfinite(table["validation_loss"]).all()
    check_alone(rows, X, LOSSES[loss], table)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_rule_with_all_lanes_taken_and_some(together, dtype, rule):
    most = rows_abreast(dtype)
    rows = rows_of(network(dtype=dtype), rule, 2 * most - 1, drop_last=True, evaluate_every=2, epochs=3)
    table = fit_many(rows, X, LABELS, threads=2)
    assert sorted(together) == [(most - 1, 0), (most, 0)]
    check_alone(rows, X, LABELS, table)


def test_rows_have_their_own_targets(together):
    rows = rows_of(network(), RULES[0], 8, evaluate_every=0)
    rows = [Run(**(vars(row) | {"y": (LABELS + i) % 3})) for i, row in enumerate(rows)]
    check_alone(rows, X, LABELS, fit_many(rows, X, LABELS))
    assert together == [(8, 0)]


@pytest.mark.parametrize("evaluate_every", [0, 1])
def test_a_row_that_diverges_is_recorded_as_alone_and_harms_no_other(together, evaluate_every):
    net = network(SquaredError(), hidden=())
    rows = rows_of(net, lambda lr: SGD(lr / 10), 16, epochs=4, evaluate_every=evaluate_every, record_loss_every=1)
    for i in (0, 7, 15):
        rows[i] = Run(**(vars(rows[i]) | {"optimizer": SGD(1e15)}))
    table = fit_many(rows, X, REALS)
    assert together == [(16, 3)]
    assert np.flatnonzero(table["status"] == "diverged").tolist() == [0, 7, 15]
    check_alone(rows, X, REALS, table)


@pytest.mark.parametrize("evaluate_every", [0, 1])
def test_a_row_whose_last_step_overflows_diverges(together, evaluate_every):
    """Which no batch's loss has seen."""
    net, settings = Network(Dense(2, 3), loss=LinearLoss()), {"epochs": 1, "evaluate_every": evaluate_every}
    rows = [Run(net, optimizer=SGD(lr), **settings) for lr in [0.1] * 7 + [1e39]]
    x = X * 1e3
    table = fit_many(rows, x, REALS)
    assert together == [(8, 1)] and table["status"].tolist() == ["completed"] * 7 + ["diverged"]
    check_alone(rows, x, REALS, table)


def test_rows_that_all_diverge_are_not_trained_to_the_end(together):
    net = network(SquaredError(), ())
    rows = [Run(net, optimizer=SGD(1e15), epochs=10**6, seed=i, batch_size=4) for i in range(8)]  # minutes, or hours
    assert set(fit_many(rows, X, REALS)["status"]) == {"diverged"} and together == [(8, 8)]


@pytest.mark.jit_only
def test_the_losses_of_a_long_epoch_are_the_mean_of_its_steps(together):
    """The product of whose masses, at most 3 each, no float64 holds."""
    n = 2000
    x, y = np.random.default_rng(1).normal(size=(n, 2)), np.arange(n) % 3
    net = Network(Dense(2, 3), loss=SoftmaxCrossEntropy())
    rows = [Run(net, optimizer=SGD(1e-4 * i), batch_size=1, epochs=2, seed=i, record_loss_every=1) for i in range(16)]
    table = fit_many(rows, x, y)
    for result in table:
        np.testing.assert_allclose(result.batch_loss, result.step_loss.reshape(2, n).mean(axis=1), rtol=1e-12)
    assert together == [(16, 0)]
    check_alone(rows, x, y, table)


def parts(*runs, y=LABELS):
    data = Data(X, y)
    return sorted(map(len, bundles.bundles([encode(run, data) for run in runs])))


PLAIN = {"optimizer": Adam(0.1), "epochs": 2, "batch_size": 4}
ALONE = {
    "stopping": {"early_stopping": EarlyStopping(2), "validation": np.arange(3)},
    "L2": {"penalty": L2(0.1)},
    "L1": {"penalty": L1(0.1)},
    "norm": {"penalty": MaxNorm(1.0)},
    "jacobian": {"penalty": JacobianPenalty(0.1)},
    "adversary": {"adversary": FGSM(0.1)},
    "tolerance": {"gradient_tolerance": 0.1},
    "trajectory": {"record_theta_every": 1},
    "weights": {"weights": np.ones(N)},
    "groups": {"sampling": Stratified()},
    "rule": {"optimizer": AMSGrad(0.1)},
    "no-epoch": {"epochs": 0},
}


@pytest.mark.parametrize("settings", ALONE.values(), ids=ALONE)
def test_a_run_with_another_step_or_end_is_trained_alone(settings):
    assert parts(*[Run(network(), **PLAIN)] * 8) == [8]
    assert parts(*[Run(network(), **(PLAIN | settings))] * 8) == [1] * 8


def test_a_run_with_noise_on_its_targets_is_trained_alone():
    runs = [Run(network(SquaredError()), **PLAIN, target_noise=0.1)] * 8
    assert parts(*runs, y=REALS) == [1] * 8


@pytest.mark.parametrize(
    "hidden", [[Dropout(0.5)], [BatchNorm()], [Dense(4, TINY // 16 + 1), ReLU(), Dense(TINY // 16 + 1, 4)]]
)
def test_a_network_with_other_layers_or_larger_ones_is_trained_alone(hidden):
    assert parts(*[Run(network(hidden=hidden), **PLAIN)] * 8) == [1] * 8


FIRST = X[:9].astype(np.float32)  # which no network copies


def test_rows_abreast_have_the_same_plan_batches_sets_and_rule():
    net, other = network(), network(hidden=[Tanh()])
    different = [
        Run(net, **PLAIN),
        Run(other, **PLAIN),
        Run(network(dtype="float64"), **PLAIN),
        Run(net, **(PLAIN | {"batch_size": 5})),
        Run(net, **(PLAIN | {"epochs": 3})),
        Run(net, **(PLAIN | {"optimizer": Adam(0.1, beta1=0.8)})),
        Run(net, **(PLAIN | {"optimizer": SGD(0.1)})),
        Run(net, **PLAIN, train=np.arange(N - 1)),
        Run(net, **PLAIN, validation=np.arange(2)),
        Run(net, **PLAIN, drop_last=True),
        Run(net, **PLAIN, data=Data(X.copy(), LABELS)),
        Run(net, **PLAIN, data=Data(FIRST, LABELS[:9]), train=np.arange(9)),
        Run(net, **PLAIN, data=Data(FIRST[:-1], LABELS[:8]), train=np.arange(8)),
        Run(net, **PLAIN, data=Data(FIRST, LABELS[:9]), train=np.arange(8)),
    ]
    assert parts(*different) == [1] * len(different)
    assert parts(*different * 8) == [8] * len(different)


def test_too_few_are_trained_alone_and_networks_built_twice_are_alike():
    few = rows_abreast("float32") // 2
    assert parts(*[Run(network(), **PLAIN)] * (few - 1)) == [1] * (few - 1)
    assert parts(*[Run(network(), **PLAIN) for _ in range(5 * few)]) == [few, 2 * few, 2 * few]


def test_rows_of_a_journal_are_not_trained_again(together, tmp_path):
    rows = rows_of(network(), RULES[1], 16)
    for part in (rows[2:12], rows[:12], rows):
        fit_many(part, X, LABELS, journal=tmp_path / "journal")
    assert together == [(10, 0), (2, 0), (4, 0)]
    check_alone(rows, X, LABELS, fit_many(rows, X, LABELS, journal=tmp_path / "journal"))
    assert len(together) == 3


def test_progress_counts_rows(together):
    told = []
    fit_many(rows_of(network(), RULES[0], 20), X, LABELS, progress=lambda done, total: told.append((done, total)))
    assert told == [(i + 1, 20) for i in range(20)] and together == [(16, 0)]


def test_every_offset_of_a_plan_is_widened():
    """All fields of an operation that are no offsets: a new one must be put on either side."""
    others = {"kind", "stats", "examples", "n_in", "n_out", "dims", "ordinal", "flags", "slope", "rate", "eps", "decay"}
    assert set(records.OP.names) - others == set(bundles.OFFSETS)
    row = encode(Run(network(), **PLAIN), Data(X, LABELS))
    wide = bundles.widened(row.ops, 16)
    for name in bundles.OFFSETS:
        there = row.ops[name] != records.NONE
        np.testing.assert_array_equal(wide[name], np.where(there, 16 * row.ops[name], records.NONE))


def test_a_tiny_softmax_needs_no_second_product():
    """m rows of n classes with m n_in n <= TINY: the product of their masses is at most n^m <= e^(TINY/e)."""
    assert max(n ** (TINY // n) for n in range(1, TINY + 1)) <= math.exp(TINY / math.e) < LARGE_PRODUCT


# --- vectors of rows ---


@kernel
def all_spans(buffer, what, numbers, real, sums):
    if what == 0:
        dots(
            buffer, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7],
            numbers[8],
        )  # fmt: skip
    elif what == 1:
        softmax_start(buffer, numbers[0], numbers[1], numbers[2], numbers[3], sums)
    elif what == 2:
        softmax_end(buffer, numbers[0], numbers[1], numbers[2], real, sums)
    else:
        sums[0] = width(buffer)


def changed(buffer, what, *numbers, real=0.0, sums=None):
    after, sums = buffer.copy(), np.ones(1) if sums is None else sums.copy()
    all_spans(after, np.int64(what), np.array([*numbers, *[0] * (9 - len(numbers))]), buffer.dtype.type(real), sums)
    return after, sums


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("start", [-1, 0])
def test_products_of_vectors(dtype, n, k, start):
    step = rows_abreast(dtype)
    buffer = np.random.default_rng(n).normal(size=200 * step).astype(dtype)
    x, w, y = 10 * step, 40 * step, 150 * step
    after, _ = changed(buffer, 0, start, x, 2 * step, w, 9 * step, step, y, n, k)
    v = buffer.reshape(-1, step)
    want = v[:n].copy() if start == 0 else np.zeros((n, step), dtype)
    for p in range(k):
        want += v[10 + 2 * p] * v[40 + 9 * p : 40 + 9 * p + n]
    np.testing.assert_array_equal(after[y : y + n * step], want.reshape(-1))
    after[y : y + n * step] = buffer[y : y + n * step]
    np.testing.assert_array_equal(after, buffer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_softmax_of_vectors(dtype, n):
    step = rows_abreast(dtype)
    generator = np.random.default_rng(n)
    buffer = generator.normal(size=40 * step).astype(dtype)
    labels = generator.integers(0, n, step)
    buffer[-step:] = labels
    sums = generator.normal(size=step)
    after, losses = changed(buffer, 1, 0, 20 * step, n, 39 * step, sums=sums)
    logits = buffer[: n * step].reshape(n, step)
    shifted = logits - logits.max(axis=0)
    np.testing.assert_array_equal(after[20 * step : (20 + n) * step], shifted.reshape(-1))
    np.testing.assert_array_equal(losses, sums - shifted[labels, np.arange(step)].astype(np.float64))

    buffer[: n * step] = np.abs(buffer[: n * step])
    shares = buffer[: n * step].reshape(n, step)
    after, products = changed(buffer, 2, 0, n, 39 * step, real=0.25, sums=sums)
    mass = shares[0].copy()
    for share in shares[1:]:
        mass += share
    want = shares * (buffer.dtype.type(0.25) / mass)
    want[labels, np.arange(step)] -= buffer.dtype.type(0.25)
    np.testing.assert_array_equal(after[: n * step], want.reshape(-1))
    np.testing.assert_array_equal(products, sums * mass.astype(np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_vector_holds_as_many_rows_as_the_host_says(dtype):
    assert changed(np.zeros(4, dtype), 3)[1][0] == rows_abreast(dtype) == 64 // np.dtype(dtype).itemsize


@kernel
def applied(lr, theta):
    sizes = step_sizes(lr, 3.0, theta)
    for i in range(theta.size):
        theta[i] = step_size(sizes, i)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [4, 8, 12, 44])
def test_step_sizes_of_one_row_and_of_several(dtype, n):
    real, rates = np.dtype(dtype).type, np.array([0.1, 0.2, 0.7, 1e-3])
    theta = np.zeros(n, dtype)
    applied(0.1, theta)
    np.testing.assert_array_equal(theta, real(0.1 / 3.0))
    applied((rates, np.empty(n, dtype)), theta)
    np.testing.assert_array_equal(theta, np.tile((rates / 3.0).astype(dtype), n // 4))


@pytest.mark.skipif(not JIT, reason="needs compiled kernels")
def test_nothing_is_compiled_for_another_tiny_network():
    from coreops.abreast.training import train_abreast

    fit_many(rows_of(network(), RULES[0], 8), X, LABELS)
    before = list(train_abreast.signatures)
    net = Network(Dense(2, 5), Tanh(), Dense(5, 2), loss=BinaryCrossEntropy())
    fit_many([Run(net, **PLAIN, seed=i) for i in range(16)], X, BITS[:, :2])
    assert train_abreast.signatures == before and len(before) <= 2
