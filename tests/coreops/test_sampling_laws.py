"""Every sampler against its law: how often each example is expected in each batch; the gradients that follow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreops import (
    SGD,
    BinaryCrossEntropy,
    ClassBalanced,
    Curriculum,
    Cyclic,
    Data,
    Dense,
    ImportanceSampling,
    Network,
    Run,
    SoftmaxCrossEntropy,
    SortedCyclic,
    SquaredError,
    Stratified,
    Stream,
    WithReplacement,
    fit,
    fit_many,
)
from coreops.runs import encode
from coreops.sampling.arrange import arrange, interval
from coreops.sampling.grouped import stratified_counts
from tests.coreops import cases
from tests.coreops.cases import JIT, complains, distance
from tests.oracles import penalised
from tests.oracles.sampling import SAMPLING

LABELS, N = cases.LABELS, len(cases.LABELS)
X = np.random.default_rng(0).normal(size=(N, 3))
NET = Network(Dense(3, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
LINE = Network(Dense(3, 1), loss=SquaredError(), dtype="float64")


def encoded(sampling, labels=LABELS, batch_size=4, seed=0, network=NET, **settings):
    run = Run(network, optimizer=SGD(0.1), batch_size=batch_size, epochs=1, seed=seed, sampling=sampling, **settings)
    return encode(run, Data(np.zeros((len(labels), network.n_in)), labels))


def order_of(row, epoch=0):
    """Positions of one epoch, as the training loop gets them."""
    order = np.full(row.order_size, -1)
    for earlier in {0, epoch}:
        arrange(row.record[0], earlier, len(row.train), row.groups, order)
    return order


def visits(row, epoch=0):
    """(batches, n): how often each position is in each batch."""
    order, size, n = order_of(row, epoch), int(row.record[0]["batch_size"]), len(row.train)
    return np.array([np.bincount(order[k : k + size], minlength=n) for k in range(0, len(order), size)])


@pytest.mark.parametrize("batch_size", [1, 4, 13])
@pytest.mark.parametrize("sampling", cases.flat(cases.SAMPLING), ids=lambda s: type(s).__name__)
def test_expected_visits(sampling, batch_size):
    """Over many seeds and two epochs; impossible ones never occur and certain ones always."""
    seeds, total = 400 if JIT else 60, 0
    rows = [encoded(sampling, batch_size=batch_size, seed=1000 + s) for s in range(seeds)]
    for epoch in (0, 1):
        law = SAMPLING[type(sampling).__name__](sampling, LABELS, LABELS[:, None], batch_size, epoch)
        got = [visits(row, epoch) for row in rows]
        assert got[0].shape == law.shape
        np.testing.assert_array_equal(got[0].sum(axis=1), np.rint(law.sum(axis=1)))
        total, expected = np.sum(got, axis=0), seeds * law
        assert (total[law == 0] == 0).all()
        if not sampling.full_batches and set(np.unique(law)) <= {0, 1}:
            np.testing.assert_array_equal(total, expected)
        z = (total - expected)[law > 0] / np.sqrt(expected[law > 0])
        assert np.abs(z).max() < 5


def test_two_epochs_and_two_seeds_differ():
    for sampling in (Stratified(), ClassBalanced(), Curriculum(np.arange(N), 1.0), ImportanceSampling(np.ones(N))):
        row, other = encoded(sampling), encoded(sampling, seed=1)
        assert (order_of(row) != order_of(row, 1)).any() and (order_of(row) != order_of(other)).any()


# --- the orders themselves ---


def test_sorted_cyclic():
    np.testing.assert_array_equal(LABELS[order_of(encoded(SortedCyclic()))], np.sort(LABELS))
    y = np.random.default_rng(1).normal(size=N)
    np.testing.assert_array_equal(order_of(encoded(SortedCyclic(), y, network=LINE), 1), np.argsort(y))


def test_stream_is_one_pass_in_the_given_order():
    np.testing.assert_array_equal(order_of(encoded(Stream())), np.arange(N))
    complains("epochs", "2", "Stream", Run, NET, optimizer=SGD(0.1), epochs=2, sampling=Stream())
    run = fit(NET, X, LABELS, optimizer=SGD(0.1), batch_size=1, epochs=1, sampling=Stream())
    same = fit(NET, X, LABELS, optimizer=SGD(0.1), batch_size=1, epochs=1, sampling=Cyclic())
    np.testing.assert_array_equal(run.theta, same.theta)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=8), st.data())
def test_stratified_counts(counts, data):
    """Within one of b n_c/n in every batch, every example once; no batch is ever the wrong size."""
    n = sum(counts)
    batch_size = data.draw(st.integers(1, n))
    table = stratified_counts(np.array(counts), batch_size)
    sizes = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    np.testing.assert_array_equal(table.sum(axis=1), sizes)
    np.testing.assert_array_equal(table.sum(axis=0), counts)
    exact = np.outer(sizes, counts) / n
    assert (table >= np.floor(exact - 1e-9)).all() and (table <= np.ceil(exact + 1e-9)).all()


def test_rounding_up_is_spread_over_the_epoch():
    """90 of one class and 10 of the other in batches of 5: the rare one never stays away for 4 batches of 20."""
    rare = stratified_counts(np.array([90, 10]), 5)[:, 1]
    assert rare.sum() == 10 and max(np.diff(np.flatnonzero(np.r_[1, rare, 1]))) <= 4


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 7])
def test_stratified_epochs(batch_size):
    for epoch in range(3):
        row = encoded(Stratified(), batch_size=batch_size)
        order = order_of(row, epoch)
        np.testing.assert_array_equal(np.sort(order), np.arange(N))
        table = stratified_counts(np.bincount(LABELS), batch_size)
        got = [np.bincount(LABELS[order[k : k + batch_size]], minlength=3) for k in range(0, N, batch_size)]
        np.testing.assert_array_equal(got, table)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 12])
def test_class_balanced_shares(batch_size):
    """In every batch the numbers of two classes differ by one at most."""
    for epoch in range(5):
        order = order_of(encoded(ClassBalanced(), batch_size=batch_size), epoch).reshape(-1, batch_size)
        for batch in order:
            shares = np.bincount(LABELS[batch], minlength=3)
            assert shares.max() - shares.min() <= 1


def test_one_output_has_two_classes():
    bits = Network(Dense(3, 1), loss=BinaryCrossEntropy())
    order = order_of(encoded(ClassBalanced(), (LABELS > 0).astype(int), 2, network=bits))
    np.testing.assert_array_equal(np.sort((LABELS > 0)[order].reshape(-1, 2), axis=1), [[0, 1]] * 7)


def test_curriculum_pacing():
    """Shares 0.2, 0.4, ..., 1 of ten examples, whole numbers all: rounding must not let one more in."""
    difficulty = np.random.default_rng(0).permutation(10)
    sampling, y = Curriculum(difficulty, 0.2, 4), np.arange(10) % 3
    for epoch, share in enumerate((2, 4, 6, 8, 10, 10)):
        seen = np.concatenate([order_of(encoded(sampling, y, 10, seed), epoch) for seed in range(30)])
        assert difficulty[seen].max() == share - 1 and len(set(seen)) == share
    tenth = Curriculum(difficulty, 0.1, 3)  # 0.1 + 0.9/3 = 0.4 + 5.6e-17
    assert difficulty[np.concatenate([order_of(encoded(tenth, y, 10, s), 1) for s in range(30)])].max() == 3


def test_a_word_on_an_edge_belongs_to_the_next():
    edges = np.array([2, 5, 9])
    assert [int(interval(edges, value)) for value in range(9)] == [0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_importance_edges_cover_all_words():
    groups = encoded(ImportanceSampling(np.random.default_rng(0).uniform(1e-6, 1, N))).groups
    assert groups[-1] == 2**32 and (np.diff(groups) > 0).all()


def test_importance_is_a_matter_of_proportion():
    """Also where the sum of the numbers is beyond float64."""
    p = np.random.default_rng(0).uniform(0.5, 1, N)
    want, got = (encoded(ImportanceSampling(q)).groups for q in (p, p * 2.0**1023))
    np.testing.assert_array_equal(got, want)


# --- gradients ---


def mean_gradient(sampling, batch_size, seeds=None):
    """The gradient of one batch, its expectation taken exactly over the sampler's law: sum_i E[visits_i] w_i g_i/b."""
    row = encoded(sampling, batch_size=batch_size)
    weights = row.weights if row.weights.size else np.ones(N)
    law = SAMPLING[type(sampling).__name__](sampling, LABELS, LABELS[:, None], batch_size, 0)
    theta = NET.initialize(3)
    each = [penalised.Problem(NET, X[i : i + 1], LABELS[i : i + 1]).gradient(theta) for i in range(N)]
    return (law * weights / law.sum(axis=1, keepdims=True)) @ np.array(each), np.mean(each, axis=0)


@pytest.mark.parametrize("batch_size", [1, 3, 5])
def test_unbiased_gradients(batch_size):
    """Exact; with equal classes and no weights it is another objective."""
    unbiased = (
        WithReplacement(),
        ClassBalanced(reweight=True),
        ImportanceSampling(1.0 + LABELS),
        ImportanceSampling(np.random.default_rng(0).uniform(0.1, 1, N)),
    )
    for sampling in unbiased:
        got, want = mean_gradient(sampling, batch_size)
        for batch in got:
            assert distance(batch, want) < 1e-8, sampling
    got, want = mean_gradient(ClassBalanced(), batch_size)
    assert min(distance(batch, want) for batch in got) > 1e-2


@pytest.mark.parametrize(
    "sampling",
    [Stratified(), ClassBalanced(reweight=True), ImportanceSampling(1.0 + LABELS), Curriculum(np.arange(N), 0.5, 2)],
    ids=lambda s: type(s).__name__,
)
def test_training_takes_these_batches_with_these_weights(sampling):
    """fit against the oracle, with the order read off; `train` picks a subset, some of it twice."""
    train = np.array([3, 1, 4, 12, 5, 9, 2, 6, 8, 10, 11, 0, 7, 3, 3])[: None if sampling == Stratified() else 13]
    settings = dict(optimizer=SGD(0.5), batch_size=4, epochs=3, seed=1000, sampling=sampling, train=train)
    run = Run(NET, record_theta_every=1, **settings)
    row = encode(run, Data(X, LABELS))
    orders = [order_of(row, epoch) for epoch in range(3)]
    batches = [[train[o[k : k + 4]] for k in range(0, len(o), 4)] for o in orders]
    weights = None
    if row.weights.size:
        weights = np.empty(N)
        weights[train] = row.weights
    want = penalised.train(NET, X, LABELS, lr=0.5, order=batches, theta0=NET.initialize(1000), weights=weights)
    assert distance(fit_many([run], X, LABELS)[0].step_theta, want) <= 1e-12


def test_weights_belong_to_positions_of_the_training_set():
    """An example that stands twice in `train` with two probabilities has two weights."""
    row = encoded(ImportanceSampling([1.0, 3.0, 4.0]), batch_size=1, train=np.array([5, 5, 6]))
    np.testing.assert_allclose(row.weights, [8 / 3, 8 / 9, 8 / 12], rtol=1e-9)


# --- bad input ---


@pytest.mark.parametrize("sampling", [Stratified(), ClassBalanced()], ids=repr)
def test_samplers_of_classes_want_classes(sampling):
    name = f"sampling {type(sampling).__name__}"
    complains(name, "not classes", "class labels", encoded, sampling, LABELS.astype(float), network=LINE)
    complains(name, r"class \[1\]", "at least one example", encoded, sampling, np.where(LABELS == 1, 0, LABELS))
    complains(name, r"class \[2\]", "at least one", encoded, sampling, train=np.flatnonzero(LABELS != 2))


@pytest.mark.parametrize(
    ("name", "got", "wanted", "cls", "arguments"),
    [
        ("difficulty", "2 dim|shape", "1 dim", Curriculum, ([[1.0]],)),
        ("difficulty", "NaN", "finite", Curriculum, ([float("nan")],)),
        ("start", "0", r"\(0, 1\]", Curriculum, ([1.0], 0.0)),
        ("start", "1.5", r"\[0, 1\]", Curriculum, ([1.0], 1.5)),
        ("epochs", "0", ">= 1", Curriculum, ([1.0], 0.5, 0)),
        ("probabilities", "0.0", "> 0", ImportanceSampling, ([1.0, 0.0],)),
        ("probabilities", "None", "> 0", ImportanceSampling, ([],)),
        ("reweight", "1", "True or False", ClassBalanced, (1,)),
    ],
)
def test_bad_samplers(name, got, wanted, cls, arguments):
    complains(name, got, wanted, cls, *arguments)


def test_numbers_per_example_must_be_as_many():
    complains("difficulty", "2 numbers", "13", encoded, Curriculum([1.0, 2.0]))
    complains("probabilities", "2 numbers", "13", encoded, ImportanceSampling([1.0, 2.0]))
    complains("probabilities", "share of 8.33e-14", "2\\*\\*-32", encoded, ImportanceSampling([1e-12] + [1.0] * 12))
