"""Model selection: splits, the leave-one-out identity, searches against their formulas, and the classic leak."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import HalvingGridSearchCV

from studies.harness import selection

pytestmark = pytest.mark.once

Y = load_breast_cancer().target


def test_holdout_is_stratified_disjoint_and_seeded():
    train, validation = selection.holdout(Y, 114, seed=3)
    assert (train.size, validation.size) == (455, 114)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(569))
    assert abs(Y[validation].sum() - 114 * Y.mean()) <= 1
    np.testing.assert_array_equal(selection.holdout(Y, 114, seed=3)[1], validation)
    assert (selection.holdout(Y, 114, seed=4)[1] != validation).any()
    plain = [Y[selection.holdout(Y, 114, s, stratify=False)[1]].sum() for s in range(20)]
    assert np.std(plain) > 1
    assert len(selection.holdout(np.linspace(0, 1, 9), 3, 0, stratify=False)[1]) == 3


def test_folds_cover_each_example_once_per_repeat():
    splits = selection.folds(Y, 5, seed=1, repeats=3)
    assert len(splits) == 15
    for repeat in range(3):
        parts = [validation for _, validation in splits[5 * repeat : 5 * repeat + 5]]
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(569))
        assert all(abs(Y[p].sum() - p.size * Y.mean()) < 2 for p in parts)
    assert all(np.intersect1d(*split).size == 0 and sum(map(len, split)) == 569 for split in splits)
    assert (splits[0][1][:50] != splits[5][1][:50]).any()
    assert (selection.folds(Y, 5, seed=2)[0][1][:50] != splits[0][1][:50]).any()
    alone = selection.folds(np.linspace(0, 1, 6), 6, seed=1)
    assert [v.tolist() for _, v in alone] == [[i] for i in range(6)]
    assert len(selection.folds(np.linspace(0, 1, 6), 3, seed=1, stratify=False)) == 3


@pytest.mark.parametrize("intercept", [True, False])
def test_leave_one_out_ridge_is_exact(intercept):
    X, y = (part[:40] for part in load_diabetes(return_X_y=True))
    penalties = [1e-3, 0.1, 10.0]
    got = selection.leave_one_out_ridge(X, y, penalties, intercept=intercept)
    for residuals, penalty in zip(got, penalties, strict=True):
        for train, held_out in selection.folds(y, 40, 0):
            model = Ridge(penalty, fit_intercept=intercept).fit(X[train], y[train])
            assert residuals[held_out[0]] == pytest.approx((y - model.predict(X))[held_out[0]], rel=1e-9)
    best = RidgeCV(penalties, fit_intercept=intercept).fit(X, y).alpha_
    assert best == penalties[np.argmin((got**2).mean(1))]


def test_leave_one_out_works_beyond_as_many_features_as_examples():
    X, y = np.random.default_rng(0).normal(size=(8, 20)), np.arange(8.0)
    model = Ridge(0.5).fit(X[1:], y[1:])
    assert selection.leave_one_out_ridge(X, y, 0.5)[0, 0] == pytest.approx(y[0] - model.predict(X[:1])[0], rel=1e-9)


def test_grid_and_settings():
    points = selection.grid_points(2, 3)
    assert len(np.unique(points, axis=0)) == 9
    np.testing.assert_allclose(np.unique(points[:, 0]), [1 / 6, 1 / 2, 5 / 6])
    space = dict(lr=stats.loguniform(1e-4, 1.0), width=stats.randint(8, 11))
    values = selection.settings(points, space)
    assert list(values[0]) == ["lr", "width"]
    np.testing.assert_allclose(sorted({v["lr"] for v in values}), 10.0 ** np.array([-4 + 4 / 6, -2, -4 / 6]))
    assert {v["width"] for v in values} == {8, 9, 10}


def test_random_search_finds_the_best_twentieth_as_often_as_it_should():
    """60 trials: 1 - .95^60 = .954."""
    found = [(selection.random_points(60, 1, seed) < 0.05).any() for seed in range(2000)]
    assert stats.binomtest(sum(found), 2000, 1 - 0.95**60).pvalue > 1e-3
    assert stats.kstest(selection.random_points(1000, 2, 0)[:, 1], "uniform").pvalue > 1e-3


def test_expected_improvement_is_the_integral():
    f = np.linspace(-12, 12, 200_001)
    for mean, deviation, best in ((0.0, 1.0, 0.5), (2.0, 0.7, 0.0), (-1.0, 0.3, 0.0)):
        density = stats.norm.pdf(f, mean, deviation)
        want = np.trapezoid(np.maximum(best - f, 0) * density, f)
        assert selection.expected_improvement(mean, deviation, best) == pytest.approx(want, rel=1e-6)
    np.testing.assert_array_equal(selection.expected_improvement([1.0, -1.0], [0.0, 0.0], 0.0), [0, 1])


def branin(point):
    """Minimum 0.397887 in (-5, 10) x (0, 15).   Branin 1972."""
    x, y = 15 * point[0] - 5, 15 * point[1]
    ravine = (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2
    return ravine + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


def test_bayesian_search_beats_random_search_on_branin():
    points, losses = selection.bayesian_search(branin, 2, 20, seed=1, pool=100)
    assert points.shape == (20, 2) and ((points >= 0) & (points <= 1)).all()
    np.testing.assert_array_equal(losses, [branin(p) for p in points])
    regret = losses.min() - 0.397887
    random = [min(map(branin, selection.random_points(20, 2, seed))) - 0.397887 for seed in range(200)]
    assert 0 <= regret < np.quantile(random, 0.05)
    again, _ = selection.bayesian_search(branin, 2, 8, seed=1, pool=100)
    np.testing.assert_array_equal(again, points[:8])


def test_bayesian_search_replays_a_table_without_repeats():
    table = selection.random_points(60, 2, 5)
    points, losses = selection.bayesian_search(branin, 2, 14, seed=2, candidates=table)
    assert len(np.unique(points, axis=0)) == 14
    assert all((table == p).all(1).any() for p in points)
    ranks = np.searchsorted(np.sort([branin(p) for p in table]), losses)
    assert ranks.min() <= 1
    assert (selection.bayesian_search(branin, 2, 3, seed=3, candidates=table)[0] != points[:3]).any()


def test_bayesian_search_of_a_constant_is_not_confused():
    _, losses = selection.bayesian_search(lambda p: 2.0, 3, 8, seed=0, pool=20)
    assert (losses == 2).all()


class Stub(BaseEstimator):
    """A setting that is the better the nearer to 7, and known the better the larger the budget."""

    def __init__(self, index=0, budget=1):
        self.index, self.budget = index, budget

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return -loss(self.index, self.budget)


def loss(index, budget):
    return abs(index - 7) + np.cos(5 * index) * 20 / budget


@pytest.mark.parametrize(
    ("n", "least", "most", "factor"), [(27, 1, 27, 3), (20, 2, 20, 3), (10, 1, 99, 2), (16, 1, 4, 2)]
)
def test_successive_halving_keeps_scikit_learns_schedule(n, least, most, factor):
    best, rungs = selection.successive_halving(lambda i, b: [loss(k, b) for k in i], n, least, most, factor=factor)
    halving = HalvingGridSearchCV(
        Stub(), {"index": range(n)}, resource="budget", min_resources=least, max_resources=most, factor=factor,
        cv=[([0], [0])], refit=False,
    ).fit(np.zeros((1, 1)))  # fmt: skip
    assert [rung[0] for rung in rungs] == halving.n_resources_
    assert [len(rung[1]) for rung in rungs] == halving.n_candidates_
    for k, (_, indices, _) in enumerate(rungs):
        tried = halving.cv_results_["param_index"][halving.cv_results_["iter"] == k]
        assert set(indices) == set(tried)
    assert best == halving.best_params_["index"]


def test_successive_halving_drops_what_diverged():
    best, rungs = selection.successive_halving(lambda i, b: np.where(i < 3, np.nan, -i), 9, 1, 9)
    assert best == 8 and rungs[1][1].tolist() == [6, 7, 8]


def test_selecting_features_on_all_data_leaks():
    results = np.array([selection.leakage(40, 500, 20, 4, seed) for seed in range(4)])
    leaky, honest = results.T
    assert leaky.mean() > 0.8
    assert abs(honest.mean() - 0.5) < 4 * np.sqrt(0.25 / (4 * 40))
    all_features = selection.leakage(40, 30, 30, 5, 0)
    assert all_features[0] == all_features[1]  # nothing is selected, so nothing leaks


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("n_validation", lambda: selection.holdout(Y, 569, 0)),
        ("y", lambda: selection.holdout(Y[None], 3, 0)),
        ("k", lambda: selection.folds(Y, 1, 0)),
        ("repeats", lambda: selection.folds(Y, 5, 0, repeats=0)),
        ("penalties", lambda: selection.leave_one_out_ridge(np.eye(3), [1, 2, 3], [0.0])),
        ("y", lambda: selection.leave_one_out_ridge(np.eye(3), [1, 2], [1.0])),
        ("points", lambda: selection.settings([[0.5]], dict(a=stats.uniform(), b=stats.uniform()))),
        ("levels", lambda: selection.grid_points(2, 0)),
        ("candidates", lambda: selection.bayesian_search(branin, 2, 9, 0, candidates=np.zeros((8, 2)))),
        ("objective", lambda: selection.bayesian_search(lambda p: float("nan"), 2, 9, 0)),
        ("most", lambda: selection.successive_halving(None, 9, 4, 3)),
        ("evaluate", lambda: selection.successive_halving(lambda i, b: [1.0], 9, 1, 3)),
        ("keep", lambda: selection.leakage(40, 5, 6, 5, 0)),
        ("seed", lambda: selection.random_points(3, 2, -1)),
    ],
)
def test_bad_input(name, action):
    with pytest.raises(ValueError, match=rf"^{name}: got .*, wanted"):
        action()
