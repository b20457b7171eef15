"""Networks that a proof constructs: the tent map, the product gate, the memoriser."""

import numpy as np
import pytest

from coreops import Sigmoid, input_gradient
from coreops.constructions import memoriser, product_gate, tent_map
from tests.coreops.cases import JIT, complains, evaluated


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_tent_map_has_two_to_the_depth_pieces(depth):
    """Exact at dyadic points; its slope is +-2^depth and changes sign at every multiple of 2^-depth."""
    network, theta = tent_map(depth)
    pieces = 2**depth
    corners = np.arange(pieces + 1)[:, None] / pieces
    np.testing.assert_array_equal(evaluated(network, theta, corners)[:, 0], np.arange(pieces + 1) % 2)
    middles = (np.arange(pieces)[:, None] + 0.5) / pieces
    np.testing.assert_array_equal(evaluated(network, theta, middles), 0.5)
    z = np.full((pieces, 1), 0.5)
    slopes = input_gradient(network, theta, middles, z + 1)[:, 0] / -2  # dE/dx = 2 (f - y) f', f - y = -1
    np.testing.assert_array_equal(slopes, pieces * (-1.0) ** np.arange(pieces))
    assert network.n_parameters == 4 + 6 * (depth - 1) + 3


def test_product_gate_errs_as_the_next_term_says():
    """-c^2 u v (u^2 + v^2)/12: quadratic in the scale."""
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, (50, 2))
    u, v = X.T
    for scale in (0.1, 0.03):
        error = evaluated(*product_gate(scale), X)[:, 0] - u * v
        want = -(scale**2) * u * v * (u**2 + v**2) / 12
        assert np.abs(error - want).max() < 0.1 * scale**4 + 1e-11 / scale**2 * 1e-3
        assert np.abs(error).max() > 1e-5 * (scale / 0.03) ** 2


def signs(n, d, seed=0):
    """n distinct vectors of -1 and +1, and random labels."""
    generator = np.random.default_rng(seed)
    X = np.unique(generator.choice([-1, 1], (3 * n, d)), axis=0)
    return generator.permutation(X)[:n], generator.integers(0, 2, n)


def test_memoriser_knows_every_example_and_nothing_else():
    n = 1000 if JIT else 200
    X, y = signs(2 * n, 20)
    network, theta = memoriser(X[:n], y[:n])
    logits = evaluated(network, theta, X)[:, 0]
    np.testing.assert_array_equal(logits[:n] > 0, y[:n] == 1)
    np.testing.assert_array_equal(logits[n:], -0.5)  # no unit fires on an unseen example


def test_memoriser_with_the_printed_bias_fires_always():
    """ERRATUM E37: with bias +d every unit fires on every input but the negative of its own."""
    X, y = signs(100, 20)
    network, theta = memoriser(X, y, offset=40)
    np.testing.assert_array_equal(network.parameters(theta)["0.bias"], 20)
    np.testing.assert_array_equal(evaluated(network, theta, X)[:, 0], y.sum() - 0.5)


def test_memoriser_of_sigmoids_needs_gain():
    """On the whole cube the others' sum is at most sum_r C(d, r) sigmoid(K (1/2 - 2r)), < 1/2 at d = 10, K = 2.25."""
    d = 10 if JIT else 6
    X = np.array(np.meshgrid(*[[-1, 1]] * d)).reshape(d, -1).T
    y = np.random.default_rng(1).integers(0, 2, len(X))

    def accuracy(gain):
        return np.mean((evaluated(*memoriser(X, y, unit=Sigmoid(), gain=gain), X)[:, 0] > 0) == (y == 1))

    assert accuracy(2.5) == 1 > accuracy(0.5)


def test_bad_input():
    complains("tent_map depth", "0", ">= 1", tent_map, 0)
    complains("product_gate scale", "0", "> 0", product_gate, 0.0)
    X, y = signs(8, 5)
    complains("X", "values", "-1 and", memoriser, X * 0.5, y)
    complains("y", "values", "0 or 1", memoriser, X, 2 * y)
    complains("y", "shape", "8 numbers", memoriser, X, y[:-1])
    complains("y", "values", "at least one 1", memoriser, X, 0 * y)
    complains("unit", "relu", "an activation", memoriser, X, y, unit="relu")
