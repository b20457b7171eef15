"""Which examples each step sees. With one-hot gradients, plain descent writes the batches into theta."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coreops import SGD, Cyclic, LinearLoss, Network, Reshuffle, Scale, ShuffleOnce, WithReplacement, fit
from tests.coreops.cases import JIT

N = 10


def visits(sampling, n=N, batch_size=3, epochs=2, seed=0, drop_last=False):
    """(epochs, batches, n): the weight of every example in every batch (1/m for the m examples of the batch)."""
    network = Network(Scale(n), loss=LinearLoss(), dtype="float64")
    settings = {} if sampling is None else {"sampling": sampling}
    run = fit(
        network,
        np.ones((n, n)),
        np.eye(n),
        optimizer=SGD(1.0),
        batch_size=batch_size,
        epochs=epochs,
        seed=seed,
        drop_last=drop_last,
        theta0=np.zeros(n),
        record_theta_every=1,
        evaluate_every=0,
        **settings,
    )
    return -np.diff(run.step_theta, axis=0).reshape(epochs, -1, n)


def counts(weights, batch_size=3):
    """How often each example was in each batch, from the weights; a batch has the size that makes them whole."""
    sizes = [min(batch_size, N - k * batch_size) for k in range(weights.shape[1])]
    return np.rint(weights * np.array(sizes)[:, None]).astype(int)


@pytest.mark.parametrize("sampling", [None, Reshuffle(), ShuffleOnce(), Cyclic()], ids=repr)
def test_without_replacement_each_example_comes_once_per_epoch(sampling):
    weights = visits(sampling)
    assert weights.shape == (2, 4, N)
    np.testing.assert_array_equal(counts(weights).sum(axis=1), 1)
    # the short last batch divides by its own size: three batches of 1/3 and one of 1/1
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-12)
    np.testing.assert_allclose(np.sort(weights.max(axis=2), axis=1), [[1 / 3, 1 / 3, 1 / 3, 1.0]] * 2, rtol=1e-12)


def test_orders_differ_as_they_should():
    shuffled, once, cyclic = (visits(s, epochs=3) for s in (Reshuffle(), ShuffleOnce(), Cyclic()))
    assert (shuffled[0] != shuffled[1]).any() and (shuffled[1] != shuffled[2]).any()
    np.testing.assert_allclose(once[0], once[1], atol=1e-12)
    np.testing.assert_allclose(once[0], once[2], atol=1e-12)
    assert (once[0] != cyclic[0]).any() and (visits(ShuffleOnce(), seed=1)[0] != once[0]).any()
    np.testing.assert_array_equal(cyclic[0].argmax(axis=1), [0, 3, 6, 9])
    np.testing.assert_array_equal(counts(cyclic)[0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])


def test_default_is_reshuffle():
    np.testing.assert_array_equal(visits(None), visits(Reshuffle()))


def test_seed_decides_the_order():
    np.testing.assert_array_equal(visits(Reshuffle(), seed=7), visits(Reshuffle(), seed=7))
    assert (visits(Reshuffle(), seed=7) != visits(Reshuffle(), seed=8)).any()


def test_with_replacement_repeats_and_every_batch_is_full():
    weights = visits(WithReplacement(), epochs=20)
    np.testing.assert_allclose(weights * 3, np.rint(weights * 3), atol=1e-9)
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-12)
    per_epoch = np.rint(weights * 3).sum(axis=1)
    assert weights.shape == (20, 4, N) and (per_epoch.sum(axis=1) == 12).all()
    assert (per_epoch == 0).any() and (per_epoch > 1).any()
    total = per_epoch.sum(axis=0)
    assert stats.chisquare(total).pvalue > 1e-3


@pytest.mark.parametrize("sampling", [Reshuffle(), Cyclic(), WithReplacement()], ids=repr)
def test_drop_last(sampling):
    weights = visits(sampling, drop_last=True)
    assert weights.shape == (2, 3, N)
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-12)
    if not isinstance(sampling, WithReplacement):
        assert (counts(weights).sum(axis=(1, 2)) == 9).all()


def test_permutations_are_uniform():
    """Each example is equally likely to come first, and all orders of three occur equally often."""
    epochs = 20000 if JIT else 150  # a naive shuffle has 4/27 and 5/27 for 1/6
    order = visits(Reshuffle(), n=3, batch_size=1, epochs=epochs).argmax(axis=2)
    words = order @ [9, 3, 1]
    _, frequency = np.unique(words, return_counts=True)
    assert len(frequency) == 6 and stats.chisquare(frequency).pvalue > 1e-3


@given(st.integers(1, 9), st.data())
def test_batch_counts(n, data):
    """ceil(n/b) steps per epoch, floor(n/b) with drop_last; the visits stay a partition."""
    batch_size, drop_last = data.draw(st.integers(1, n)), data.draw(st.booleans())
    sampling = data.draw(st.sampled_from([Reshuffle(), ShuffleOnce(), Cyclic()]))
    weights = visits(sampling, n, batch_size, epochs=2, drop_last=drop_last)
    assert weights.shape[1] == (n // batch_size if drop_last else -(-n // batch_size))
    seen = (weights > 1e-9).sum(axis=1)
    assert seen.max() == 1 and (drop_last or seen.min() == 1)
