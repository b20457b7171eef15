"""Initial weights: mean, variance and range per layer, and what they do not depend on."""

import numpy as np
import pytest

from coreops import Constant, Dense, HeNormal, Network, ReLU, Scale, SquaredError, Tanh, Uniform
from tests.coreops import cases
from tests.oracles.initializers import INITIALIZERS
from tests.oracles.networks import name

N_IN, N_OUT = (120, 80) if cases.JIT else (60, 20)


@pytest.mark.parametrize("init", cases.flat(cases.INITIALIZERS), ids=repr)
def test_moments(init):
    network = Network(Dense(N_IN, N_OUT), loss=SquaredError(), init=init, dtype="float64")
    parts = network.parameters(network.initialize(1000))
    w, n = parts["0.weight"], N_IN * N_OUT
    mean, variance, limit = INITIALIZERS[name(init)](init, N_IN, N_OUT)
    assert w.shape == (N_IN, N_OUT)
    assert abs(w.mean() - mean) <= 5 * np.sqrt(variance / n)
    assert abs(w.var() - variance) <= 5 * np.sqrt(2 / n) * variance  # normal: sd of s^2; a uniform's is smaller
    assert np.abs(w).max() <= limit
    assert not parts["0.bias"].any()


def test_a_layer_may_bring_its_own():
    network = Network(Dense(2, 3, init=Constant(7.0)), ReLU(), Dense(3, 1), loss=SquaredError(), init=Uniform(-1, 1))
    parts = network.parameters(network.initialize(3))
    assert (parts["0.weight"] == 7).all()
    assert (np.abs(parts["2.weight"]) < 1).all()


def test_start_depends_on_seed_and_on_nothing_else():
    a, b = cases.mlp("float32"), cases.mlp("float64")
    np.testing.assert_array_equal(a.initialize(5), b.initialize(5).astype(np.float32))
    assert (a.initialize(5) != a.initialize(6)).any()
    assert a.initialize(5).dtype == np.float32


def test_a_layer_without_weights_leaves_the_others_start_alone():
    """The stream's key is the ordinal among weighted layers, so two arms of a study stay paired."""
    plain = Network(Dense(4, 4), Dense(4, 2), loss=SquaredError())
    more = Network(Dense(4, 4), Tanh(), Dense(4, 2), loss=SquaredError())
    np.testing.assert_array_equal(plain.initialize(9), more.initialize(9))


def test_weights_come_first_and_parameters_are_views():
    network = Network(Scale(2), Dense(2, 3), Tanh(), Dense(3, 1, bias=False), loss=SquaredError())
    theta = np.arange(network.n_parameters, dtype=np.float32)
    parts = network.parameters(theta)
    assert list(parts) == ["0.scale", "1.weight", "3.weight", "1.bias"]
    assert network.n_parameters == 2 + 6 + 3 + 3
    np.testing.assert_array_equal(np.concatenate([p.reshape(-1) for p in parts.values()]), theta)
    parts["1.weight"][0, 0] = -1
    assert theta[2] == -1
    assert network.n_in == 2 and network.n_out == 1


def test_default_is_he():
    assert Network(Dense(2, 2), loss=SquaredError()).init == HeNormal()
