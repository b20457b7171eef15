"""Made data: each against the identity or the known answer that it was made for, and what its examples depend on."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from coreops.rng import host_generator
from studies.harness.generators import (
    boolean,
    easy_hard,
    linear,
    motifs,
    quadratics,
    reddi,
    separation,
    signals,
    sinusoids,
    sparse,
    spirals,
)

pytestmark = pytest.mark.once

W = linear.dense_weights(5, 1)
SAMPLES = {  # name -> (n, seed) -> arrays, one row per example
    "spirals": lambda n, seed: spirals.spirals(n, seed),
    "sinusoids": lambda n, seed: sinusoids.sinusoid_regression(n, seed, design="random", noise=0.3),
    "linear": lambda n, seed: linear.gaussian_linear(n, linear.power(5, 1.0), W, seed),
    "sparse": lambda n, seed: sparse.zipf_logistic(n, 20, seed)[:2],
    "motifs": lambda n, seed: motifs.motifs(n, seed),
    "signals": lambda n, seed: signals.signals(n, seed),
    "majority": lambda n, seed: easy_hard.easy_and_hard(n, seed, bits=4),
    "parity": lambda n, seed: easy_hard.easy_and_hard(n, seed, hard="parity"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_seeds_decide_and_nothing_else(name):
    first, again, other = (SAMPLES[name](40, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    for array in SAMPLES[name](40, 3):
        assert len(array) == 40 and np.isfinite(array).all()


@pytest.mark.parametrize("name", ["linear", "sparse", "majority", "parity"])
def test_smaller_samples_are_beginnings_of_larger_ones(name):
    for small, large in zip(SAMPLES[name](10, 3), SAMPLES[name](40, 3), strict=True):
        np.testing.assert_allclose(small, large[:10], rtol=1e-12)


@pytest.mark.parametrize("bits", [1, 2, 3, 5])
def test_parity_is_uncorrelated_with_all_smaller_products(bits):
    X, y = boolean.parity(bits)
    assert len(np.unique(X, axis=0)) == 2**bits
    sign = 2 * y - 1
    correlations = [(sign * X[:, subset.astype(bool)].prod(1)).mean() for subset in (boolean.parity(bits)[0] > 0)]
    assert not np.any(correlations[:-1]) and abs(correlations[-1]) == 1  # the last subset is all bits


def test_xor_is_not_linearly_separable_and_three_of_four_points_are():
    X, y = boolean.xor()
    margins = (2 * y - 1)[:, None] * np.column_stack([X, np.ones(4)])

    def separable(rows):
        program = optimize.linprog(np.zeros(3), A_ub=-margins[rows], b_ub=-np.ones(len(rows)), bounds=(None, None))
        return program.status == 0

    assert not separable([0, 1, 2, 3])
    assert all(separable([i for i in range(4) if i != left_out]) for left_out in range(4))


def test_spirals_are_turns_of_one_arm():
    X, y = spirals.spirals(3000, 5, arms=3, turns=2.0, noise=0.0)
    r = np.linalg.norm(X, axis=1)
    angle = np.angle(np.exp(1j * (np.arctan2(X[:, 1], X[:, 0]) - 2 * np.pi * (2.0 * r + y / 3))))
    np.testing.assert_allclose(angle, 0, atol=1e-9)
    assert 0.1 <= r.min() < 0.11 and 0.99 < r.max() <= 1
    assert stats.kstest(r**2, stats.uniform(0.01, 0.99).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(np.bincount(y), [1000] * 3)
    noise = spirals.spirals(3000, 5, arms=3, turns=2.0, noise=0.1)[0] - X
    assert stats.kstest(noise.ravel() / 0.1, "norm").pvalue > 1e-3


def test_sinusoids_on_the_grid_are_orthogonal_and_recovered():
    settings = dict(amplitudes=[2.0, 0.5], frequencies=[1, 3], phases=[0.0, np.pi / 2])
    x, y = sinusoids.sinusoid_regression(16, 1, **settings)
    np.testing.assert_allclose(x, np.arange(16) / 16)
    spectrum = np.fft.rfft(y) / 8
    want = np.zeros(9, complex)
    want[1], want[3] = -2j, 0.5
    np.testing.assert_allclose(spectrum, want, atol=1e-13)
    moved, same = sinusoids.sinusoid_regression(16, 1, interval=(-1.0, 3.0), **settings)
    np.testing.assert_allclose(moved, 4 * x - 1)
    np.testing.assert_allclose(same, 2 * np.sin(2 * np.pi * moved) + 0.5 * np.cos(6 * np.pi * moved), atol=1e-12)


def test_designs_share_the_noise():
    grid_x, grid_y = sinusoids.sinusoid_regression(500, 2, noise=0.3)
    x, y = sinusoids.sinusoid_regression(500, 2, design="random", interval=(-2, 2), noise=0.3)
    noise = grid_y - sinusoids.sinusoid(grid_x)
    np.testing.assert_allclose(y - sinusoids.sinusoid(x), noise, atol=1e-12)
    assert stats.kstest(noise / 0.3, "norm").pvalue > 1e-3
    assert stats.kstest(x, stats.uniform(-2, 4).cdf).pvalue > 1e-3


def test_linear_model_has_the_spectrum_axes_and_noise_asked_for():
    h, axes, w = linear.power(4, 1.5), quadratics.rotation(4, 1), np.array([1.0, -2.0, 0.0, 0.5])
    X, y = linear.gaussian_linear(4000, h, w, 3, noise=0.5, axes=axes)
    white = X @ axes / np.sqrt(h)
    np.testing.assert_allclose(white.T @ white / 4000, np.eye(4), atol=5 * np.sqrt(2 / 4000))
    assert stats.kstest(white.ravel(), "norm").pvalue > 1e-3
    assert stats.kstest((y - X @ w) / 0.5, "norm").pvalue > 1e-3
    assert np.abs(X.T @ (y - X @ w)).max() / 4000 < 5 * 0.5 / np.sqrt(4000)


def test_spectra():
    np.testing.assert_array_equal(linear.isotropic(3), [1, 1, 1])
    np.testing.assert_allclose(linear.power(4, 2.0), [1, 1 / 4, 1 / 9, 1 / 16])
    np.testing.assert_allclose(linear.log_power(3), [1, 1 / (2 * (1 + np.log(2)) ** 2), 1 / (3 * (1 + np.log(3)) ** 2)])
    np.testing.assert_array_equal(linear.spiked(5, 2, 0.1), [1, 1, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(linear.exponential(3, 0.01), np.exp([-1, -2, -3]) + 0.01)
    assert linear.dense_weights(50, 3, norm=2.0) @ linear.dense_weights(50, 3, norm=2.0) == pytest.approx(4)
    w = linear.sparse_weights(30, 5, 3, size=2.0)
    assert np.count_nonzero(w) == 5 and set(np.abs(w)) == {0, 2.0}
    assert len({tuple(np.flatnonzero(linear.sparse_weights(30, 5, seed))) for seed in range(10)}) > 5


def test_zipf_features_have_their_frequencies_and_labels_their_probabilities():
    X, y, w = sparse.zipf_logistic(20_000, 50, 1, top=0.4)
    f = sparse.zipf_frequencies(50, 0.4)
    np.testing.assert_allclose(f * np.arange(1, 51), 0.4)
    assert set(np.unique(X)) == {0, 1}
    assert (np.abs(X.mean(0) - f) < 5 * np.sqrt(f * (1 - f) / 20_000)).all()
    probability = expit(X @ w)
    z = (y - probability).sum() / np.sqrt((probability * (1 - probability)).sum())
    assert abs(z) < 4
    slope = ((y - probability) * (X @ w)).sum() / np.sqrt((probability * (1 - probability) * (X @ w) ** 2).sum())
    assert abs(slope) < 4
    assert stats.kstest(w, "norm").pvalue > 1e-3


@pytest.mark.parametrize(("region", "columns"), [("anywhere", (0, 9)), ("left", (0, 3)), ("right", (6, 9))])
def test_motifs_are_found_where_they_are_said_to_be(region, columns):
    X, y, corners = motifs.motifs(800, 2, region=region, noise=0.0)
    assert set(X.sum((1, 2))) == {5.0}
    windows = np.lib.stride_tricks.sliding_window_view(X, (3, 3), axis=(1, 2))
    found = (windows[:, None] == motifs.MOTIFS[None, :, None, None]).all((-1, -2))
    np.testing.assert_array_equal(np.argwhere(found), np.column_stack([np.arange(800), y, corners]))
    assert (corners[:, 1].min(), corners[:, 1].max()) == columns
    assert (corners[:, 0].min(), corners[:, 0].max()) == (0, 9)
    assert stats.chisquare(np.unique(corners, axis=0, return_counts=True)[1]).pvalue > 1e-3
    noise = motifs.motifs(800, 2, region=region, noise=0.2)[0] - X
    assert stats.kstest(noise[:100].ravel() / 0.2, "norm").pvalue > 1e-3


def test_signals_are_moved_stretched_scaled_and_tilted_templates():
    """Written out again, one signal and one sample at a time, from the same draws."""
    X, y = signals.signals(40, 3, noise=0.0)
    places = host_generator(3, "signal places").random((40, 4))
    for x, k, (w, s, c, rise) in zip(X, y, places, strict=True):
        width, factor = 10 + 6 * w, 0.8 + 0.4 * c
        start = s * (39 - width)
        for t in range(40):
            u = (t - start) / width
            template = sum(a * np.sin(np.pi * m * u) for m, a in enumerate(signals.templates()[k], 1))
            want = factor * template * (0 <= u <= 1) + (rise - 0.5) * (t / 39 - 0.5)
            assert x[t] == pytest.approx(want, abs=1e-12)
    np.testing.assert_array_equal(np.bincount(y), [4] * 10)


def test_templates_have_unit_power_and_differ():
    u = np.linspace(0, 1, 2001)
    T = signals.templates() @ np.sin(np.pi * np.arange(1, 6)[:, None] * u)
    np.testing.assert_allclose((T[:, :-1] ** 2).mean(1), 1, rtol=1e-6)
    overlaps = np.abs(T @ T.T / 2001)[~np.eye(10, dtype=bool)]
    assert overlaps.max() < 0.95


def test_noise_of_signals_is_correlated_at_its_level():
    level = np.where(np.arange(4000) < 2000, 0.2, 1.0)
    noise = signals.signals(4000, 1, noise=level)[0] - signals.signals(4000, 1, noise=0.0)[0]
    assert stats.kstest(noise[:, 0] / level, "norm").pvalue > 1e-3
    unit = noise / level[:, None]
    for lag in (1, 2, 4):
        want = np.exp(-(lag**2) / 16)
        assert (unit[:, 20] * unit[:, 20 + lag]).mean() == pytest.approx(want, abs=5 * np.sqrt(2 / 4000))


@pytest.mark.parametrize(("hard", "bits"), [("majority", 4), ("majority", 7), ("parity", 3)])
def test_the_hard_features_decide_and_the_easy_one_is_reliable(hard, bits):
    X, y = easy_hard.easy_and_hard(4000, 2, hard=hard, bits=bits, reliability=0.85)
    assert set(np.unique(X)) == {-1, 1}
    easy, rest = X[:, 0] > 0, X[:, 1:]
    right = rest.sum(1) > 0 if hard == "majority" else rest.prod(1) * (-1) ** (bits + 1) > 0
    np.testing.assert_array_equal(y, right)
    assert hard == "parity" or (rest.sum(1) != 0).all()
    assert stats.binomtest(int((easy == y).sum()), 4000, 0.85).pvalue > 1e-3
    agree = ((rest > 0) == y[:, None]).mean(0)
    if hard == "parity":
        assert (np.abs(agree - 0.5) < 5 * np.sqrt(0.25 / 4000)).all()
    else:
        assert (agree > 0.5 + 5 * np.sqrt(0.25 / 4000)).all() and (agree < 0.85).all()
    removed, labels = easy_hard.easy_and_hard(4000, 2, hard=hard, bits=bits, reliability=0.5)
    np.testing.assert_array_equal(removed[:, 1:], rest)
    assert stats.binomtest(int(((removed[:, 0] > 0) == labels).sum()), 4000, 0.5).pvalue > 1e-3


def adam(gradients, amsgrad, rate, beta2, w=0.0):
    """Without momentum, projected on [-1, 1], rates rate/sqrt(t); the mean of the last tenth of the path."""
    path, v, most = [], 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        v = beta2 * v + (1 - beta2) * g * g
        most = max(most, v) if amsgrad else v
        w = min(max(w - rate / np.sqrt(t) * g / np.sqrt(most), -1.0), 1.0)
        path.append(w)
    return np.mean(path[-len(path) // 10 :])


def test_adam_goes_to_the_worst_point_and_amsgrad_to_the_best():
    cycle = reddi.cycle(6000, C=3.0)
    np.testing.assert_array_equal(cycle[:4], [3, -1, -1, 3])
    assert cycle.mean() > 0  # so -1 is the best point
    assert adam(cycle, False, 0.5, 1 / (1 + 3.0**2)) > 0.9
    assert adam(cycle, True, 0.5, 1 / (1 + 3.0**2)) < -0.9
    g = reddi.random(20_000, 1)
    assert set(g) == {1010.0, -10.0}
    assert stats.binomtest(int((g > 0).sum()), g.size, 0.01).pvalue > 1e-3
    assert pytest.approx(0.2) == 1010 * 0.01 - 10 * 0.99
    assert adam(g, False, 0.5, 0.9) > 0.9


def test_sign_like_rules_interpolate_and_fail_where_least_norm_does_not():
    (X, y), (X_test, y_test) = separation.separation(50, 4, share=0.7, n_test=200)
    assert X.shape == (50, 253) and X_test.shape == (200, 253)
    assert y.sum() == 20 and y_test.sum() == 80
    sign = np.sign(X.T @ y)
    np.testing.assert_array_equal(X @ sign, 4 * y)
    least = np.linalg.pinv(X) @ y
    np.testing.assert_allclose(X @ least, y, atol=1e-12)
    assert (X_test @ sign > 0).all()
    np.testing.assert_array_equal(np.sign(X_test @ least), y_test)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("n", lambda: spirals.spirals(0, 1)),
        ("arms", lambda: spirals.spirals(9, 1, arms=1)),
        ("noise", lambda: spirals.spirals(9, 1, noise=-1)),
        ("bits", lambda: boolean.parity(0)),
        ("design", lambda: sinusoids.sinusoid_regression(9, 1, design="sobol")),
        ("weights", lambda: linear.gaussian_linear(9, [1, 1], [1], 0)),
        ("relevant", lambda: linear.sparse_weights(3, 4, 0)),
        ("top", lambda: sparse.zipf_logistic(9, 5, 0, top=1.5)),
        ("region", lambda: motifs.motifs(9, 0, region="top")),
        ("side", lambda: motifs.motifs(9, 0, side=5)),
        ("noise", lambda: signals.signals(9, 0, noise=[1.0, 2.0])),
        ("hard", lambda: easy_hard.easy_and_hard(9, 0, hard="xor")),
        ("C", lambda: reddi.cycle(9, C=2)),
        ("share", lambda: separation.separation(9, 0, share=0.5)),
        ("seed", lambda: motifs.motifs(9, -1)),
    ],
)
def test_bad_input(name, action):
    with pytest.raises(ValueError, match=rf"^{name}: got .*, wanted"):
        action()
