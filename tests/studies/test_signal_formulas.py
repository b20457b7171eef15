"""Closed forms of the signal study against slow oracles: simulation, quadrature, finite differences."""

import numpy as np
import pytest
from scipy import integrate

import coreops
from studies.initialization import (
    _signal_backward,
    _signal_decay,
    _signal_depth,
    _signal_fluctuation,
    _signal_nets,
    _signal_symmetry,
)


@pytest.mark.jit_only  # 60 000 draws
@pytest.mark.parametrize("name", list(_signal_nets.RULES))
def test_a_rules_variance_is_that_of_its_weights(name):
    rule, (n, m) = _signal_nets.RULES[name], (24, 40)
    weights = np.empty((60, n, m))
    _signal_nets.fill(rule.init, 3, 0, weights)
    assert weights.var() == pytest.approx(rule.variance(n, m), rel=0.03)


@pytest.mark.parametrize("sphere", [None, 9])
def test_mean_over_the_law_of_a_sum_against_quadrature(sphere):
    def density(f):
        return np.exp(-(f**2) / 2) if sphere is None else (1 - f**2 / sphere) ** ((sphere - 3) / 2)

    edge = 12 if sphere is None else np.sqrt(sphere)
    whole = integrate.quad(density, -edge, edge)[0]
    expected = integrate.quad(lambda f: np.tanh(1.7 * f) ** 2 * density(f), -edge, edge)[0] / whole
    found = _signal_nets.unit_mean(lambda f: np.tanh(f) ** 2, [1.7, 1.0], sphere)
    assert found[0] == pytest.approx(expected, rel=1e-6)
    assert _signal_nets.unit_mean(np.square, 1.0, sphere) == pytest.approx(1.0, rel=1e-6)


def test_levels_are_those_of_a_plain_forward_pass():
    rule = _signal_nets.RULES["he"].init
    q = _signal_nets.levels(rule, ("ReLU", "tanh"), 6, 3, 5, 11, inputs=2)
    x = _signal_nets.orthogonal_inputs(11, 5, 2, 6)
    assert np.einsum("dkn,dln->dkl", x, x) == pytest.approx(np.broadcast_to(6 * np.eye(2), (5, 2, 2)), abs=1e-12)
    for activation in q:
        g = x[3, 1]
        for layer in range(3):
            weights = np.empty((5, 6, 6))
            rule.fill(weights, 11, layer, 6, 6)
            g = _signal_nets.ACTIVATIONS[activation](weights[3].T @ g)
            assert q[activation][3, 1, layer + 1] == pytest.approx(np.mean(g**2))


def test_law_of_a_he_layer_against_its_simulation():
    """q_(l+1)/q_l is 2/n times the sum of the squares of the positive ones of n normals."""
    n = 12
    f = np.random.default_rng(1).standard_normal((200_000, n)) * np.sqrt(2)
    ratio = np.mean(np.maximum(f, 0) ** 2, 1)
    ratio = ratio[ratio > 0]
    mean, variance = _signal_fluctuation.log_moments(n)
    assert np.log(ratio).mean() == pytest.approx(mean, abs=0.006)
    assert np.log(ratio).var() == pytest.approx(variance, rel=0.02)
    assert ratio.var() == pytest.approx(_signal_fluctuation.variance(n, 1), rel=0.02)
    wide = _signal_fluctuation.log_moments(1000)
    assert wide == pytest.approx((-2.5e-3, 5e-3), rel=0.02)


def test_tanh_recursion_falls_as_one_over_twice_the_layer():
    layers = np.arange(5, 61)
    q = _signal_decay.recursion("tanh", 4000)
    assert (2 * layers * q[5:61] > 0.9).all() and (2 * layers * q[5:61] < 1.05).all()
    assert 2 * 4000 * q[-1] == pytest.approx(1, abs=0.002)
    assert _signal_decay.recursion("ReLU", 7)[-1] == pytest.approx(2.0**-7)


def test_gains_of_a_net_of_unequal_widths_against_finite_differences():
    net = _signal_backward.network(coreops.HeNormal(), "tanh", [3, 5, 4, 2])
    draw = coreops.rng.host_generator(5, "backward")
    x, cotangent = draw.standard_normal((1, 3))[0], draw.standard_normal((1, 2))[0]
    named = net.parameters(net.initialize(5))
    weights = [v for k, v in named.items() if k.endswith("weight")]

    def output(shift, layer):
        """The loss when `shift` is added to the sums of a layer."""
        g = x
        for k, weight in enumerate(weights):
            f = g @ weight + (shift if k == layer else 0)
            g = np.tanh(f)
        return f @ cotangent

    h = 1e-6
    size = [
        np.mean([((output(h * e, k) - output(-h * e, k)) / (2 * h)) ** 2 for e in np.eye(w.shape[1])])
        for k, w in enumerate(weights)
    ]
    found = _signal_backward.gains(net, 5)
    assert [row[:2] for row in found] == [(5, 4), (4, 2)]
    assert [row[4] for row in found] == pytest.approx([size[0] / size[1], size[1] / size[2]], rel=1e-6)
    g = np.tanh(x @ weights[0])
    assert found[0][2] == pytest.approx(np.mean((g @ weights[1]) ** 2) / np.mean(g**2))
    assert found[0][3] == pytest.approx(np.mean((1 - g**2) ** 2))


def test_reached_depth_counts_half_the_gaps():
    depths = np.array([1, 2, 4, 16])
    success = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 0]])
    assert _signal_depth.reach(depths, success) == pytest.approx([1.5, 5.0, 0.0, 3.0])


def test_logistic_depth_finds_the_centre_of_its_own_curve():
    depths = np.array([1, 2, 4, 8, 16, 32, 64, 128])
    share = 1 / (1 + np.exp(2.0 * (np.log2(depths) - 3.4)))
    success = (np.arange(4000) + 0.5)[:, None] / 4000 < share
    centre, slope = _signal_depth.logistic_depth(depths, success)
    assert np.log2(centre) == pytest.approx(3.4, abs=0.01)
    assert slope == pytest.approx(2.0, rel=0.02)
    assert _signal_depth.fitted(depths, np.ones((5, 8)), 0.9) == "above 128"


def test_one_unit_computes_what_all_equal_ones_do():
    full, one = (_signal_symmetry.digits_net(n, n, dtype="float64") for n in (16, 1))
    theta = full.initialize(2)
    w, b, v = _signal_symmetry.parts(full, theta)
    b += 0.3
    x = np.random.default_rng(0).standard_normal((4, 64))
    w1, b1, v1 = _signal_symmetry.parts(one, _signal_symmetry.single(full, one, theta))
    expected = np.maximum(x @ w + b, 0) @ v
    assert np.maximum(x @ w1 + b1, 0) @ v1 == pytest.approx(expected)
    assert _signal_symmetry.distance(full, theta) == 0
    v[3, 5] += 1e-7
    assert _signal_symmetry.distance(full, theta) == pytest.approx(1e-7)
