"""Splits: fixed test part, stratification, no leak into standardisation or tuning."""

import numpy as np
import pytest

from studies.harness import datasets

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("load", "sizes"),
    [
        (datasets.digits, (200, 297, 500)),
        (datasets.breast_cancer, (364, 91, 114)),
        (datasets.wine, (114, 28, 36)),
    ],
)
def test_parts_are_disjoint_stratified_and_the_test_part_is_fixed(load, sizes):
    a, b = load(1000), load(1001)
    parts = (a.train, a.validation, a.test)
    assert tuple(map(len, parts)) == sizes
    assert np.unique(np.concatenate(parts)).size == sum(sizes)
    share = np.bincount(a.y) / a.y.size
    for rows in parts:
        counts = np.bincount(a.y[rows], minlength=share.size)
        assert np.abs(counts - share * len(rows)).max() <= 1.5
    np.testing.assert_array_equal(a.test, b.test)
    assert not np.array_equal(a.train, b.train)


def test_a_regression_is_split_without_classes():
    a, b = datasets.diabetes(1000), datasets.diabetes(1001)
    parts = (a.train, a.validation, a.test)
    assert tuple(map(len, parts)) == (284, 70, 88) and a.y.dtype == np.float64
    assert np.unique(np.concatenate(parts)).size == 442
    np.testing.assert_array_equal(a.test, b.test)
    assert not np.array_equal(a.validation, b.validation)


def test_a_seed_gives_one_split_nested_in_size():
    small, large = datasets.digits(1003, 100), datasets.digits(1003, 1000)
    np.testing.assert_array_equal(small.validation, large.validation)
    assert set(small.train) < set(large.train)
    np.testing.assert_array_equal(small.X, datasets.digits(1003, 100).X)


def test_standardised_on_the_training_part_alone_with_constant_pixels():
    split = datasets.digits(1000, 200, dtype="float64")
    X, _ = split.part("train")
    varies = split.scale != 1
    np.testing.assert_allclose(X.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(0)[varies], 1)
    assert np.isfinite(split.X).all()
    assert set(np.flatnonzero(~varies)) >= {0, 32, 39}
    raw = datasets.digits(1000, 200, standardise=False, dtype="float64").X
    np.testing.assert_allclose(split.X, (raw - split.mean) / split.scale)
    assert raw.max() == 1.0


def test_a_feature_that_is_constant_in_a_small_training_part_is_only_centred():
    """The mean of three equal numbers may be off by a rounding, and that is no standard deviation to divide by."""
    split = datasets.diabetes(6, 3, dtype="float64")
    X, _ = split.part("train")
    constant = np.ptp(datasets.raw("diabetes")[0][split.train], axis=0) == 0
    assert constant.any() and (split.scale[constant] == 1).all() and (X[:, constant] == 0).all()
    assert np.abs(split.X).max() < 1e3


def test_a_tuning_seed_cannot_see_the_test_part():
    with pytest.raises(ValueError, match="tuning seed"):
        _ = datasets.digits(500).test


def test_sizes_are_checked():
    with pytest.raises(ValueError, match=r"n_train must be in 1..1000 for digits, got 1001"):
        datasets.digits(1000, 1001)


def test_changed_content_is_noticed(monkeypatch):
    from dataclasses import replace

    changed = {"digits": replace(datasets.SOURCES["digits"], sha256="0")}
    monkeypatch.setattr(datasets, "SOURCES", changed)
    datasets.raw.cache_clear()
    with pytest.raises(RuntimeError, match="copy has changed"):
        datasets.raw("digits")
    datasets.raw.cache_clear()
