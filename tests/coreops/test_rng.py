"""Philox4x32-10: known answers, the oracle, and the statistics of what is drawn from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coreops import Dense, HeNormal, Network, SquaredError, Uniform
from coreops.rng import host_generator, philox4x32
from tests.coreops.cases import JIT
from tests.oracles import philox

WORDS = st.integers(0, 2**32 - 1)
SIDE = 200 if JIT else 40


@pytest.mark.parametrize(("counter", "key", "answer"), philox.KNOWN_ANSWERS)
def test_known_answers(counter, key, answer):
    assert tuple(philox4x32(counter, key)) == answer
    assert philox.philox4x32(counter, key) == answer


@given(st.tuples(WORDS, WORDS, WORDS, WORDS), st.tuples(WORDS, WORDS))
def test_agrees_with_the_oracle(counter, key):
    assert tuple(philox4x32(counter, key)) == philox.philox4x32(counter, key)


@pytest.mark.parametrize(
    ("counter", "key"), [((0, 0, 0), (0, 0)), ((0, 0, 0, 0), (0,)), ((0, 0, 0, 2**32), (0, 0)), ((0, 0, 0, 0), (-1, 0))]
)
def test_words_out_of_range_are_refused(counter, key):
    with pytest.raises(ValueError, match=r"counter|key"):
        philox4x32(counter, key)


def weights(init, seed, layers=1):
    network = Network(
        *[Dense(SIDE, SIDE, bias=False) for _ in range(layers)], loss=SquaredError(), init=init, dtype="float64"
    )
    return network.initialize(seed).reshape(layers, -1)


def test_uniforms_are_uniform():
    u = weights(Uniform(0.0, 1.0), 1000)[0]
    assert 0 < u.min() < u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    counts = np.histogram2d(u[:-1:2], u[1::2], bins=8, range=[[0, 1], [0, 1]])[0]  # pairs fill the square
    assert stats.chisquare(counts.reshape(-1)).pvalue > 1e-4


def test_normals_are_normal():
    z = weights(HeNormal(), 1000)[0] * np.sqrt(SIDE / 2)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    n = z.size
    assert abs(z.mean()) < 5 / np.sqrt(n)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(stats.skew(z)) < 5 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(z)) < 5 * np.sqrt(24 / n)
    assert abs(np.corrcoef(z[::2], z[1::2])[0, 1]) < 5 / np.sqrt(n / 2)  # the two halves of one Box-Muller pair
    assert abs(np.corrcoef(z[::2] ** 2, z[1::2] ** 2)[0, 1]) < 5 / np.sqrt(n / 2)


def test_streams_of_seeds_and_layers_are_independent():
    first, second = weights(HeNormal(), 1000, layers=2)
    other = weights(HeNormal(), 1001)[0]
    for a, b in ((first, second), (first, other), (second, other)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(a.size)
        assert np.intersect1d(a, b).size == 0


def test_seeds_near_the_limit_differ():
    seeds = (0, 1, 2**32, 2**63, 2**64 - 1)
    starts = np.array([weights(Uniform(0.0, 1.0), seed)[0][:8] for seed in seeds])
    assert len(np.unique(starts)) == starts.size


def test_host_generators_differ_in_seed_use_and_index():
    keys = ((0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (2**64 - 1, "a", 2**32 - 1))
    first = [host_generator(*key).random() for key in keys]
    assert len(set(first)) == len(keys)
    assert first == [host_generator(*key).random() for key in keys]
    for bad in ((-1, "a", 0), (2**64, "a", 0), (0, "a", 2**32), (0.5, "a", 0)):
        with pytest.raises((ValueError, TypeError), match=r"seed|index"):
            host_generator(*bad)
