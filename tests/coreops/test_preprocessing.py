"""Preprocessing: moments on the training data, scikit-learn as oracle, constant features, noise at its rate."""

import numpy as np
import pytest
from scipy import stats
from sklearn import datasets, decomposition, preprocessing

from coreops.preprocessing import (
    add_target_noise,
    fit_centre,
    fit_scale,
    fit_standardise,
    fit_whiten,
    flip_labels,
    legendre_features,
)
from tests.coreops.cases import complains

pytestmark = pytest.mark.once

FITS = (fit_centre, fit_scale, fit_standardise, fit_whiten)


def data(n=50, d=4, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) + 10 * generator.normal(size=d)


@pytest.mark.parametrize(
    ("fit", "oracle"),
    [
        (fit_centre, preprocessing.StandardScaler(with_std=False)),
        (fit_scale, preprocessing.StandardScaler(with_mean=False)),
        (fit_standardise, preprocessing.StandardScaler()),
    ],
)
def test_agrees_with_scikit_learn_on_new_data(fit, oracle):
    train, test = data(), data(seed=1)
    np.testing.assert_allclose(fit(train)(test), oracle.fit(train).transform(test), rtol=1e-12)


def test_whitening_agrees_with_scikit_learn_up_to_signs():
    train, test = data(), data(seed=1)
    want = decomposition.PCA(whiten=True).fit(train).transform(test) * np.sqrt(50 / 49)  # it divides by n - 1
    got = fit_whiten(train)(test)
    np.testing.assert_allclose(got * np.sign(got * want)[0], want, rtol=1e-9, atol=1e-12)


def test_whitened_training_data_have_unit_covariance_and_fixed_signs():
    X = data()
    white = fit_whiten(X)
    np.testing.assert_allclose(white(X).T @ white(X) / 50, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(white(X).mean(0), 0, atol=1e-12)
    axes = white.scale.T
    assert (axes[np.arange(4), np.abs(axes).argmax(1)] > 0).all()
    np.testing.assert_allclose(fit_whiten(X[::-1])(X), white(X), atol=1e-9)


def test_constant_features_are_guarded():
    """0.1 has no exact mean of 49, so a naive deviation is 1e-17 and not 0."""
    X = np.column_stack([data(n=49), np.full(49, 0.1), np.zeros(49)])
    assert X.std(0)[4] > 0
    standard, scaled, white = fit_standardise(X)(X), fit_scale(X)(X), fit_whiten(X)
    assert (standard[:, 4:] == 0).all()
    np.testing.assert_array_equal(scaled[:, 4:], X[:, 4:])
    assert white(X).shape == (49, 4)
    np.testing.assert_allclose(white(X), fit_whiten(X[:, :4])(X[:, :4]), atol=1e-9)
    assert fit_standardise(X)(X + 1)[0, 4] == 1  # unseen variation is not blown up


def test_dependent_features_are_left_out_of_whitening():
    X = data()
    X = np.column_stack([X, X @ [1.0, 2.0, -1.0, 0.5]])
    assert fit_whiten(X)(X).shape == (50, 4)
    assert fit_whiten(X[:3])(X).shape == (50, 2)
    far = np.column_stack([X[:, :4], X[:, 0] + 1e7])  # what is left of the fifth feature is rounding
    assert fit_whiten(far)(far).shape == (50, 4)


def test_condition_numbers_of_real_data():
    """Centred and standardised covariances: 6e11 and 1e5 (breast cancer), 1e7 and 46 (wine), 470 and 470 (diabetes)."""
    for load, raw, standard in (
        (datasets.load_breast_cancer, 6e11, 1e5),
        (datasets.load_wine, 1e7, 46),
        (datasets.load_diabetes, 470, 470),
    ):
        X, _ = load(return_X_y=True)
        for fit, kappa in ((fit_centre, raw), (fit_standardise, standard), (fit_whiten, 1)):
            Z = fit(X)(X)
            assert np.linalg.cond(Z.T @ Z) == pytest.approx(kappa, rel=0.5)


@pytest.mark.parametrize("fit", FITS)
def test_precision_and_refusals(fit):
    X = data()
    assert fit(X.astype(np.float32))(X.astype(np.float32)).dtype == np.float32
    assert fit(X.astype(int))(X.astype(int)).dtype == np.float64
    complains("X", r"\(50, 3\)", r"\(n, 4\)", fit(X), X[:, :3])
    complains("X", r"\(4,\)", "2 dimensions", fit, X[0])
    complains("X", r"\(0, 4\)", "one example", fit, X[:0])
    complains("X", "1 NaN", "finite", fit, np.where(X.min() < X, X, np.nan))


def test_whitening_needs_variation():
    complains("X", "do not vary", "feature", fit_whiten, np.full((7, 2), 0.1))


def test_legendre_features_are_orthonormal_polynomials():
    """By a quadrature that is exact for their products; on other nodes, or one degree too many, they are not."""
    nodes, w = np.polynomial.legendre.leggauss(9)
    F = legendre_features((nodes + 1) / 2, 8)
    np.testing.assert_allclose(F.T * w @ F / 2, np.eye(9), atol=1e-13)
    assert abs((legendre_features((nodes + 1) / 2, 9)[:, 9] ** 2 * w).sum() / 2 - 1) > 0.1
    x = np.array([0.0, 0.25, 1.0, 1.5])
    want = np.column_stack([np.ones(4), np.sqrt(3) * (2 * x - 1), np.sqrt(5) * (6 * x**2 - 6 * x + 1)])
    np.testing.assert_allclose(legendre_features(x, 2), want, rtol=1e-14)
    for name, got, wanted, arguments in (
        ("x", r"\(2, 1\)", "1 dimensions", (np.ones((2, 1)), 2)),
        ("order", "-1", ">= 0", (x, -1)),
    ):
        complains(name, got, wanted, legendre_features, *arguments)


def test_labels_flip_to_the_other_classes_alike_at_the_rate():
    y = np.arange(6000) % 3
    noisy = flip_labels(y, 0.3, 3, seed=5)
    changed = noisy != y
    assert stats.binomtest(int(changed.sum()), y.size, 0.3).pvalue > 1e-3
    steps = np.bincount((noisy - y)[changed] % 3, minlength=3)
    assert steps[0] == 0 and stats.binomtest(int(steps[1]), int(changed.sum())).pvalue > 1e-3
    assert noisy.dtype == y.dtype and set(noisy) == {0, 1, 2}


def test_label_noise_is_nested_in_rate_and_size():
    y = np.arange(300) % 10
    low, high = flip_labels(y, 0.1, 10, 7), flip_labels(y, 0.5, 10, 7)
    changed = low != y
    assert 0 < changed.sum() < (high != y).sum()
    np.testing.assert_array_equal(high[changed], low[changed])
    np.testing.assert_array_equal(flip_labels(y[:40], 0.5, 10, 7), high[:40])
    assert (flip_labels(y, 0.5, 10, 8) != high).any()
    np.testing.assert_array_equal(flip_labels(y, 0.0, 10, 7), y)
    np.testing.assert_array_equal(flip_labels(np.array([0, 1, 1.0]), 1.0, 2, 7), [1, 0, 0])


def test_target_noise_is_normal():
    y = np.linspace(0, 1, 4000).reshape(2000, 2)
    noise = add_target_noise(y, 0.25, 3) - y
    assert stats.kstest(noise.ravel() / 0.25, "norm").pvalue > 1e-3
    assert (add_target_noise(y, 0.25, 4) - y != noise).all()
    np.testing.assert_array_equal(add_target_noise(y, 0.0, 3), y)
    assert add_target_noise(y.astype(np.float32), 1.0, 3).dtype == np.float32
    assert add_target_noise(np.arange(3), 1.0, 3).dtype == np.float64


@pytest.mark.parametrize(
    ("name", "got", "wanted", "change"),
    [
        ("y", r"\[0 1 2\]", r"\[0, 2\)", dict(y=[0, 1, 2])),
        ("y", "0.5", "class numbers", dict(y=[0, 0.5])),
        ("y", "bool", "class numbers", dict(y=[True, False])),
        ("y", r"\(1, 2\)", "1 dimensions", dict(y=[[0, 1]])),
        ("rate", "1.5", r"\[0, 1\]", dict(rate=1.5)),
        ("classes", "1", ">= 2", dict(classes=1)),
        ("seed", "-1", "integer", dict(seed=-1)),
    ],
)
def test_bad_labels(name, got, wanted, change):
    complains(name, got, wanted, flip_labels, **(dict(y=[0, 1], rate=0.5, classes=2, seed=0) | change))


def test_bad_target_noise():
    complains("std", "-1", ">= 0", add_target_noise, [0.0], -1, 0)
    complains("y", "str|<U", "real numbers", add_target_noise, ["a"], 1, 0)
