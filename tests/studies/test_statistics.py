"""Statistics against cases whose answer is known."""

import numpy as np
import pytest
from scipy import stats

from studies.harness import statistics
from studies.harness.verdict import Verdict

pytestmark = pytest.mark.once

noise = np.random.default_rng(1).normal(size=40)


@pytest.mark.parametrize(
    ("measured", "theory", "tol", "verdict"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-12], 1e-10, "exact"),
        ([1.0, 2.0], [1.0, 2.01], 0.01, "confirmed"),
        ([1.0, 2.0], [1.0, 2.1], 0.01, "refuted"),
    ],
)
def test_exact(measured, theory, tol, verdict):
    assert statistics.exact(measured, theory, tol=tol).verdict == verdict


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_formula_whose_fault_is_to_give_no_number_says_so(value):
    outcome = statistics.exact([value, 2.0], [1.0, 2.0], undefined_is_wrong=True)
    assert (outcome.verdict, outcome.estimate) == (Verdict.REFUTED, np.inf)


def test_exact_is_absolute_at_zero_and_refuses_other_shapes():
    assert statistics.exact([1e-12], [0.0]).estimate == 1e-12
    with pytest.raises(ValueError, match="shape"):
        statistics.exact([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("shift", "delta", "verdict"),
    [(1.0, 0.2, "confirmed"), (-1.0, 0.2, "refuted"), (0.0, 1.0, "null"), (0.15, 0.2, "inconclusive")],
)
def test_paired_reaches_every_verdict(shift, delta, verdict):
    centred = noise - noise.mean()
    outcome = statistics.paired(centred + shift, np.zeros(40), claimed="greater", delta=delta)
    assert outcome.verdict == verdict
    mirrored = statistics.paired(np.zeros(40), centred + shift, claimed="less", delta=delta)
    assert mirrored.verdict == verdict


def test_paired_effect_below_the_margin_is_not_confirmed():
    a = 0.5 + 0.01 * noise
    assert statistics.paired(a, 0 * a, claimed="greater", delta=0.6).verdict == Verdict.NULL
    assert statistics.paired(a, 0 * a, claimed="greater", delta=0.4).verdict == Verdict.CONFIRMED


def test_equal_arms_have_a_point_interval():
    outcome = statistics.paired(np.full(20, 2.5), np.full(20, 1.5), claimed="greater", delta=0.5)
    assert (outcome.low, outcome.high) == (1.0, 1.0)
    assert outcome.verdict == Verdict.CONFIRMED
    same = statistics.paired(noise, noise, claimed="greater", delta=0.5)
    assert (same.verdict, same.p_value) == (Verdict.NULL, 1.0)


def test_interval_is_scipys_bca_and_repeats():
    ((low, high),) = statistics.interval(noise)
    reference = stats.bootstrap(
        (noise,), np.mean, n_resamples=10_000, method="BCa", rng=np.random.default_rng(20_100)
    ).confidence_interval
    assert (low, high) == (reference.low, reference.high)
    assert statistics.interval(noise) == [(low, high)]
    assert low < noise.mean() < high


def test_interval_falls_back_where_bca_degenerates():
    ((low, high),) = statistics.interval([1.0, 2.0])
    assert 1.0 <= low <= high <= 2.0


def test_coverage_of_the_interval_is_near_its_level():
    random = np.random.default_rng(3)
    hits = [low <= 0 <= high for low, high in (statistics.interval(random.normal(size=20))[0] for _ in range(60))]
    assert sum(hits) >= 50


def test_non_finite_values_are_refused():
    with pytest.raises(ValueError, match="a holds 1 of 3 non-finite"):
        statistics.paired([1.0, np.nan, 2.0], np.zeros(3), claimed="greater", delta=0.1)
    with pytest.raises(ValueError, match="pair them by seed"):
        statistics.paired([1.0, 2.0], [1.0], claimed="greater", delta=0.1)
    with pytest.raises(ValueError, match="claimed"):
        statistics.paired([1.0], [1.0], claimed="up", delta=0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("name", "criterion"),
    [
        ("value", lambda bad: statistics.bound(bad, at_least=0.0)),
        ("value", lambda bad: statistics.bound(bad, at_most=0.0)),
        ("the bound", lambda bad: statistics.bound(0.0, at_least=bad)),
        ("measured", lambda bad: statistics.exact([1.0, bad], [1.0, 1.0])),
        ("tol", lambda bad: statistics.exact([1.0], [1.0], tol=bad)),
        ("scale", lambda bad: statistics.exact([1.0], [1.0], scale=bad)),
        ("a", lambda bad: statistics.paired([1.0, bad], [0.0, 0.0], claimed="greater", delta=0.1)),
        ("b", lambda bad: statistics.equivalence([1.0, 2.0], bad, delta=0.1)),
        ("delta", lambda bad: statistics.paired([1.0], [0.0], claimed="greater", delta=bad)),
        ("delta", lambda bad: statistics.equivalence([1.0], delta=bad)),
        ("values", lambda bad: statistics.located([1.0, bad], expected=1.0, tol=0.1)),
        ("expected", lambda bad: statistics.located([1.0], expected=bad, tol=0.1)),
        ("tol", lambda bad: statistics.located([1.0], expected=1.0, tol=bad)),
        ("y", lambda bad: statistics.slope([1.0, 2.0], [1.0, bad], expected=1.0, tol=0.1)),
        ("mean", lambda bad: statistics.monte_carlo([bad], [0.1], [1.0], n=9)),
        ("standard_error", lambda bad: statistics.monte_carlo([1.0], [bad], [1.0], n=9)),
        ("relative", lambda bad: statistics.monte_carlo([1.0], [0.1], [1.0], n=9, relative=bad)),
        ("the bound", lambda bad: statistics.proportion(1, 2, at_least=bad)),
    ],
)
def test_no_criterion_decides_on_what_is_no_number(name, criterion, bad):
    """Whose comparisons fail: a break control would be content with it."""
    with pytest.raises(ValueError, match=f"^{name} holds 1 of . non-finite values"):
        criterion(bad)


@pytest.mark.parametrize(("shift", "verdict"), [(0, "confirmed"), (0.25, "inconclusive"), (2, "refuted")])
def test_equivalence(shift, verdict):
    values = 0.5 * (noise - noise.mean()) + shift
    assert statistics.equivalence(values, delta=0.3).verdict == verdict


def test_slope():
    x = np.array([1.0, 10.0, 100.0])
    curves = np.exp(0.001 * noise[:20])[:, None] * x**-0.5
    assert statistics.slope(x, curves, expected=-0.5, tol=0.01).verdict == Verdict.CONFIRMED
    assert statistics.slope(x, curves, expected=-0.6, tol=0.01).verdict == Verdict.REFUTED
    wild = x ** (-0.5 + 0.3 * noise[:20])[:, None]
    assert statistics.slope(x, wild, expected=-0.5, tol=0.01).verdict == Verdict.INCONCLUSIVE
    one = statistics.slope([0.0, 1.0, 2.0], np.exp([0.0, 2.0, 4.0]), expected=2, tol=0.01, scale="semilog-y")
    assert (one.verdict, one.low) == (Verdict.CONFIRMED, one.high)
    with pytest.raises(ValueError, match="values <= 0"):
        statistics.slope([0.0, 1.0], [1.0, 2.0], expected=1, tol=0.1)


def test_monte_carlo():
    theory = np.array([1.0, 2.0])
    assert statistics.monte_carlo([1.01, 2.0], [0.01, 0.02], theory, n=9).verdict == Verdict.CONFIRMED
    assert statistics.monte_carlo([1.04, 2.0], [0.01, 0.02], theory, n=9).verdict == Verdict.REFUTED
    assert statistics.monte_carlo([1.2, 2.0], [0.2, 0.02], theory, n=9).verdict == Verdict.INCONCLUSIVE


def test_monte_carlo_level_holds_over_many_points():
    random = np.random.default_rng(5)
    refuted = 0
    for _ in range(100):
        mean = 1 + 0.01 * random.normal(size=72)
        refuted += statistics.monte_carlo(mean, np.full(72, 0.01), np.ones(72), n=9).verdict == Verdict.REFUTED
    assert refuted <= 12


@pytest.mark.parametrize(("k", "verdict"), [(20, "confirmed"), (12, "inconclusive"), (1, "refuted")])
def test_proportion_is_wilson(k, verdict):
    outcome = statistics.proportion(k, 20, at_least=0.5)
    ci = stats.binomtest(k, 20).proportion_ci(method="wilson")
    assert outcome.verdict == verdict
    assert (outcome.low, outcome.high) == (ci.low, ci.high)
    assert statistics.proportion(0, 20, at_most=0.5).verdict == Verdict.CONFIRMED


def test_holm_against_a_worked_example():
    np.testing.assert_allclose(statistics.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(statistics.holm([0.9, 0.8]), [1.0, 1.0])


def test_along_axis():
    good, bad = statistics.bound(1, at_least=0), statistics.bound(1, at_least=2)
    exact = statistics.exact([1.0], [1.0])
    unclear = statistics.proportion(10, 20, at_least=0.5)
    assert statistics.along_axis([1, 10], [good, exact]).verdict == Verdict.CONFIRMED
    mixed = statistics.along_axis([1, 10, 100], [good, bad, unclear])
    assert mixed.verdict == Verdict.QUALIFIED
    assert mixed.note == "holds at 1; fails at 10; undecided at 100"
    assert statistics.along_axis([1, 10], [good, unclear]).verdict == Verdict.INCONCLUSIVE
    assert statistics.along_axis([1, 10], [bad, unclear]).verdict == Verdict.REFUTED


def test_along_axis_keeps_its_points_and_leaves_the_correction_to_the_judge():
    weak = statistics.Outcome(Verdict.CONFIRMED, p_value=0.04)
    joined = statistics.along_axis([1, 2], [weak, weak])
    assert (joined.verdict, joined.points) == (Verdict.CONFIRMED, (("1", weak), ("2", weak)))
    with pytest.raises(ValueError, match="give all their points at once"):
        statistics.along_axis(["a"], [joined])
    with pytest.raises(ValueError, match="every point once, got 1, 1"):
        statistics.along_axis([1, 1.0], [weak, weak])
