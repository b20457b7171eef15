"""Closed forms against brute force and plain linear algebra; judge on data for each verdict; one small run."""

import numpy as np
import pytest
from scipy import integrate

from studies.generalization import (
    _benign_aliasing as aliasing,
)
from studies.generalization import (
    _benign_double_descent as descent,
)
from studies.generalization import (
    _benign_features as features,
)
from studies.generalization import (
    _benign_grid,
    _benign_grid_criteria,
    _benign_polynomials,
    _benign_random,
    _benign_ranks,
    benign_overfitting,
)
from studies.harness import Criteria, judging, plotting
from studies.harness.overrides import override
from studies.harness.statistics import bootstrap

pytestmark = pytest.mark.once

SMALL = benign_overfitting.FULL.model_copy(
    update={
        "seeds": 60,
        "grid_seeds": 20,
        "grid_points": (15, 45, 135),
        "copies": (1, 3, 9),
        "map_seeds": 2,
        "map_copies": (1, 9, 81),
        "map_weights": (1e-4, 1.0, 4),
        "null_tol": 0.1,
        "random_features": (1, 3, 7, 11, 15, 17, 61, 601),
        "degrees": (1, 2, 4, 9, 11, 15, 31, 1001),
        "examples": 20,
        "features": 50,
        "margin": 6,
        "monte_carlo": 0.2,
        "rank_points": (50, 100, 200),
        "rank_features": 1000,
        "rank_seeds": 8,
    }
)
SEEDS = list(range(SMALL.seeds))
KINDS = ("isotropic", "bilevel", "0.6", "2", "exponential")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    """The data below are far from every threshold."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1000)


@pytest.fixture(scope="module")
def data():
    return benign_overfitting.measure(SMALL, SEEDS, None)


def judged(data, part):
    """name -> finding of one of the modules that judge, with its own family for Holm's correction."""
    criteria = Criteria(*(_benign_grid_criteria if part is _benign_grid else part).CRITERIA)
    outcomes = {n: o if isinstance(o, tuple) else (o, "") for n, o in part.judge(data, SMALL).items()}
    findings = [criteria.finding(n, o, note=note) for n, (o, note) in outcomes.items()]
    return {f.name: f for f in judging.settle(findings, criteria)}


def changed(data, part, function, arm=None, x=None):
    """A copy with the values of one part (and arm, and x) replaced."""
    data = data.copy()
    chosen = (data.part == part) & (True if arm is None else data.arm == arm) & (True if x is None else data.x == x)
    assert chosen.any()
    data.loc[chosen, "value"] = function(data[chosen])
    return data


def real_weights(lam):
    """Square roots of symmetric weights, in the order of the real Fourier features."""
    k = (np.arange(lam.size) + 1) // 2
    return np.sqrt(lam.ravel()[k])


# the regular grid


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "copies"), [(5, 1), (7, 5), (15, 3)])
def test_the_risk_on_the_grid_is_that_of_a_pseudo_inverse(kind, n, copies):
    lam, noise, target = aliasing.weights(kind, n, copies, low=1, light=0.1), 0.7, features.fourier_target(n * copies)
    w = real_weights(lam)
    phi = features.fourier(np.arange(n) / n, lam.size)
    solve = w[:, None] * np.linalg.pinv(phi * w)
    expected = ((solve @ phi @ target - target) ** 2).sum(), noise**2 * (solve**2).sum()
    assert aliasing.risk(lam, aliasing.sine(n, copies), noise) == pytest.approx(expected, rel=1e-7, abs=1e-10)
    assert aliasing.dense(lam, aliasing.sine(n, copies), noise)[:2] == pytest.approx(expected, rel=1e-7, abs=1e-10)
    assert np.linalg.cond(phi * w) ** 2 == pytest.approx(aliasing.condition(lam), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_risk_on_the_grid_is_a_mean_of_squared_errors(kind):
    n, copies, noise, draws = 9, 5, 0.5, 4000
    lam, rng = aliasing.weights(kind, n, copies, light=0.05), np.random.default_rng(0)
    y = np.sin(2 * np.pi * np.arange(n) / n) + noise * rng.standard_normal((draws, n))
    x = np.arange(n * copies) / (n * copies)
    curves = np.array([aliasing.values(aliasing.fit(v, lam)) for v in y])
    assert curves[:, ::copies] == pytest.approx(y, abs=1e-12)  # they interpolate
    errors = ((curves - np.sin(2 * np.pi * x)) ** 2).mean(1)
    z = (errors.mean() - sum(aliasing.risk(lam, aliasing.sine(n, copies), noise))) / (errors.std() / np.sqrt(draws))
    assert abs(z) < 4
    risks, parts = _benign_grid.fits(y - np.sin(2 * np.pi * np.arange(n) / n), lam)
    assert risks == pytest.approx(errors, rel=1e-10)
    assert parts.mean() == pytest.approx(aliasing.risk(lam, 0 * lam, noise)[1], rel=0.05)


def test_a_ridge_shrinks_by_the_class_sum():
    n, copies, ridge = 7, 3, 0.3
    lam, y = aliasing.weights("2", n, copies), np.random.default_rng(1).standard_normal(n)
    w = real_weights(lam)
    phi = features.fourier(np.arange(n) / n, lam.size) * w
    plain = w * np.linalg.solve(phi.T @ phi / n + ridge * np.eye(lam.size), phi.T @ y / n)
    fine = features.fourier(np.arange(n * copies) / (n * copies), lam.size) @ plain
    assert aliasing.values(aliasing.fit(y, lam, ridge)) == pytest.approx(fine, abs=1e-12)


def test_bilevel_formula_and_the_values_of_the_prediction():
    for n, expected in ((15, 0.282), (45, 0.1127), (135, 0.0417), (405, 0.01476)):
        lam, light = aliasing.weights("bilevel", n, n, light=n**-1.5), n**-1.5
        bias, noise = aliasing.risk(lam, aliasing.sine(n, n))
        survival, low_bias, low_noise = aliasing.bilevel(n, n, 2, light)
        assert bias + noise == pytest.approx(expected, rel=2e-3)
        assert (bias, noise) == pytest.approx((0.5 * low_bias, low_noise), rel=1e-12)
        assert abs(aliasing.fit(np.sin(2 * np.pi * np.arange(n) / n), lam)[0, 1]) == pytest.approx(0.5 * survival)
    assert aliasing.risk(aliasing.weights("isotropic", 15, 9), aliasing.sine(15, 9)) == pytest.approx(
        (0.5 * (1 - 1 / 9), 1 / 9)
    )


def test_best_tail_minimises_the_limit():
    n, energy, noise = 45, 0.5, 0.8
    best, m = aliasing.best_tail(n, 2, energy, noise), 10**7
    tails = best * np.geomspace(0.5, 2, 401)
    risks = [energy * b + noise**2 * v for _, b, v in (aliasing.bilevel(n, m, 2, t / (m - 1)) for t in tails)]
    assert tails[np.argmin(risks)] == pytest.approx(best, rel=0.01)


def test_limit_of_power_weights():
    assert aliasing.limit_noise(2) == pytest.approx(2 / 3, rel=1e-9)
    for power, expected in ((1.5, 0.458), (3, 0.820), (8, 0.938)):
        assert aliasing.limit_noise(power) == pytest.approx(expected, abs=6e-4)
    for n, expected in ((15, 0.602), (135, 0.660)):
        finite = aliasing.risk(aliasing.weights("2", n, 1001), aliasing.sine(n, 1001))[1]
        assert finite == pytest.approx(expected, abs=6e-4)


# features and fits


def test_features_are_orthonormal_and_targets_are_projections():
    nodes, w = np.polynomial.legendre.leggauss(200)
    x, w = (nodes + 1) / 2, w / 2
    for basis, target in (
        (features.fourier, features.fourier_target),
        (features.legendre_features, features.legendre_target),
    ):
        phi = basis(x, 21)
        assert phi.T * w @ phi == pytest.approx(np.eye(21), abs=1e-12)
        assert target(21) == pytest.approx(phi.T @ (w * np.sin(2 * np.pi * x)), abs=1e-12)
        assert (target(101) ** 2).sum() == pytest.approx(0.5, rel=1e-12)


def test_weights_are_powers_of_frequency_and_degree():
    assert features.fourier_weights(7, 2.0) == pytest.approx([1, 1, 1, 1 / 4, 1 / 4, 1 / 9, 1 / 9])
    assert features.legendre_weights(4, 1.0) == pytest.approx([1, 1, 1 / 2, 1 / 3])
    assert features.fourier([0.1], 5)[0] == pytest.approx(
        [1, *(np.sqrt(2) * f(2 * np.pi * k * 0.1) for k in (1, 2) for f in (np.cos, np.sin))]
    )


def test_min_norm_interpolates_with_the_least_weighted_norm():
    rng = np.random.default_rng(2)
    phi, y, w = rng.standard_normal((6, 15)), rng.standard_normal(6), rng.uniform(0.1, 1, 15)
    c, smallest = features.min_norm(phi, y, w, 1e-14)
    assert phi @ c == pytest.approx(y, abs=1e-12)
    null = np.linalg.svd(phi)[2][6:]
    assert null @ (c / w**2) == pytest.approx(np.zeros(9), abs=1e-11)  # stationary along every free direction
    s = np.linalg.svd(phi * w)[1]
    assert smallest == pytest.approx(s[-1] / s[0])
    both = features.min_norm(phi, np.stack([y, 2 * y], axis=1), w, 1e-14)[0]
    assert both == pytest.approx(np.stack([c, 2 * c], axis=1), rel=1e-10)


def test_risks_from_coefficients_are_integrals():
    c, target = np.array([0.3, -0.2, 0.5]), features.fourier_target(3)
    expected = integrate.quad(
        lambda x: ((features.fourier([x], 3) @ c).item() - np.sin(2 * np.pi * x)) ** 2, 0, 1, epsabs=1e-12
    )[0]
    assert features.energy_risk(c[:, None], target) == pytest.approx([expected])
    assert features.energy_risk(c[:1, None], target[:1], 0.5) == pytest.approx([0.3**2 + 0.5])


def test_peak_share():
    rng, x = np.random.default_rng(3), np.arange(10)
    curves = -((x - 4) ** 2) + 0.1 * rng.standard_normal((50, 10))
    assert features.peak_share(curves, x, 4, 5, resamples=50) == (1.0, 4.0)
    assert features.peak_share(curves, x, 6, 9, resamples=50) == (0.0, 4.0)


# double descent


@pytest.mark.parametrize("kind", descent.SIGNALS)
def test_double_descent_formula_against_fits(kind):
    n, size, noise, draws = 12, 30, 0.4, 2000
    b, rng = descent.signal(kind, size), np.random.default_rng(4)
    assert (b**2).sum() == pytest.approx(1)
    x = rng.standard_normal((draws, n, size))
    y = x @ b + noise * rng.standard_normal((draws, n))
    counts = [1, 4, 25, 30]
    for k, expected in zip(counts, descent.theory(b, counts, n, noise), strict=True):
        w = (np.linalg.pinv(x[:, :, :k]) @ y[:, :, None])[:, :, 0]
        risks = ((w - b[:k]) ** 2).sum(1) + (b[k:] ** 2).sum() + noise**2
        assert abs(risks.mean() - expected) < 4.5 * risks.std() / np.sqrt(draws), k
    assert np.isinf(descent.theory(b, [11, 12, 13], n, noise)).all()


def test_double_descent_values_of_the_prediction():
    values = descent.theory(descent.signal("flat", 100), [10, 30, 60, 100], 40, 0.3)
    assert values == pytest.approx([1.331, 3.423, 1.722, 0.751], abs=6e-4)
    assert descent.theory(descent.signal("flat", 100), [60], 40, 0.3, omitted=False)[0] < 1


def test_risks_of_one_data_set_are_those_of_lstsq():
    p = SMALL.model_copy(update={"examples": 12, "features": 30})
    rng = np.random.default_rng(5)
    b = np.stack([descent.signal(k, 30) for k in descent.SIGNALS], axis=1)
    x = rng.standard_normal((2, 12, 30))
    y = x @ b + 0.3 * rng.standard_normal((2, 12, 1))
    found = {(k, arm): risks for k, arm, risks in descent.risks_of(x, y, b, p)}
    for k in (4, 12, 20):
        for i, arm in enumerate(descent.SIGNALS):
            w = np.stack([np.linalg.lstsq(x[j, :, :k], y[j, :, i], rcond=None)[0] for j in range(2)])
            expected = ((w - b[:k, i]) ** 2).sum(1) + (b[k:, i] ** 2).sum() + p.noise**2
            assert found[k, arm] == pytest.approx(expected, rel=1e-6)
        penalty = descent.best_ridge(b[:, 0], k, p.noise)
        z = x[0, :, :k]
        w = np.linalg.solve(z.T @ z + penalty * np.eye(k), z.T @ y[0, :, 0])
        expected = ((w - b[:k, 0]) ** 2).sum() + (b[k:, 0] ** 2).sum() + p.noise**2
        assert found[k, "ridge"][0] == pytest.approx(expected)


def test_best_ridge_and_its_asymptotic_risk():
    n, size, k, noise, draws = 40, 100, 60, 0.3, 300
    b, rng = descent.signal("flat", size), np.random.default_rng(6)
    x = rng.standard_normal((draws, n, size))
    y = x @ b + noise * rng.standard_normal((draws, n))
    z, best = x[:, :, :k], descent.best_ridge(b, k, noise)

    def risk(penalty):
        w = z.swapaxes(1, 2) @ np.linalg.solve(z @ z.swapaxes(1, 2) + penalty * np.eye(n), y[:, :, None])
        return (((w[:, :, 0] - b[:k]) ** 2).sum(1) + (b[k:] ** 2).sum() + noise**2).mean()

    assert risk(best) < min(risk(best / 2), risk(2 * best))
    assert risk(best) == pytest.approx(descent.ridge_theory(b, [k], n, noise)[0], rel=0.03)


# spectra


def test_variance_is_that_of_fitted_noise():
    n, d, draws, rng = 10, 40, 4000, np.random.default_rng(7)
    z, eigenvalues = rng.standard_normal((n, d)), np.arange(1.0, d + 1) ** -1.5
    noise = rng.standard_normal((n, draws))
    w = np.linalg.pinv(z * np.sqrt(eigenvalues)) @ noise
    passed = (eigenvalues[:, None] * w**2).sum(0)
    exact = _benign_ranks.variance(z, (eigenvalues, 0.0, 0.0))
    assert abs(passed.mean() - exact) < 4 * passed.std() / np.sqrt(draws)


def test_coordinates_beyond_the_explicit_ones_may_enter_by_their_mean():
    rng, p = np.random.default_rng(8), SMALL.model_copy(update={"rank_features": 1000})
    z = rng.standard_normal((30, 20_000))
    for name, eigenvalues in (
        ("k^-1.5", np.arange(1.0, 20_001) ** -1.5),
        ("log", _benign_ranks.slow(np.arange(1.0, 20_001))),
    ):
        own, beyond, squares = _benign_ranks.spectra(30, p)[name]
        assert own == pytest.approx(eigenvalues[:1000])
        # the explicit matrix ends at 20 000: its own remainder is the difference
        rest = beyond - eigenvalues[1000:].sum(), squares - (eigenvalues[1000:] ** 2).sum()
        assert min(rest) > 0
        short, long = _benign_ranks.variance(z, (own, beyond, squares)), _benign_ranks.variance(z, (eigenvalues, *rest))
        assert short == pytest.approx(long, rel=0.01)


def test_effective_ranks_of_simple_spectra():
    flat = (np.ones(200), 0.0, 0.0)
    assert _benign_ranks.effective_ranks(flat, 50, 1.0) == (0, pytest.approx(50 / 200))
    spiked = (np.concatenate([np.ones(3), np.full(500, 1e-4)]), 0.0, 0.0)
    assert _benign_ranks.effective_ranks(spiked, 50, 1.0) == (3, pytest.approx(3 / 50 + 50 / 500))


def test_deterministic_equivalent():
    assert _benign_ranks.equivalent((np.ones(150), 0.0, 0.0), 50) == pytest.approx(50 / 100)
    p = benign_overfitting.FULL
    for a in p.tempered_powers:
        assert _benign_ranks.equivalent(_benign_ranks.spectra(400, p)[f"k^-{a:g}"], 400) == pytest.approx(
            a - 1, rel=0.02
        )


# the study


def test_small_run_reaches_the_expected_verdicts(data):
    findings = judging.settle(benign_overfitting.judge(data, SMALL), benign_overfitting.CRITERIA)
    found = {f.name: f for f in findings}
    assert {n for n, f in found.items() if f.control_ok is False} == set()
    primary = {n: f.verdict for n, f in found.items() if f.role == "primary"}
    assert {n for n, v in primary.items() if not v.passes} <= {"ranks-scaling", "descent-formula", "random-floor"}
    assert {n for n, v in primary.items() if v == "exact"} == {
        "grid-dense",
        "grid-fft",
        "grid-bilevel",
        "grid-interpolates",
    }
    secondary = {n: f.verdict for n, f in found.items() if f.role == "secondary"}
    assert secondary.pop("polynomial-best") == "refuted"
    assert secondary.pop("polynomial-unweighted") == "null"
    assert secondary.pop("descent-second-lower") == "qualified"
    assert secondary.pop("grid-tail-is-ridge") == "exact"
    assert set(secondary.values()) == {"confirmed"}
    with plotting.context():
        figure = benign_overfitting.draw(data, SMALL)
        figure.draw_without_rendering()
    assert plotting.smallest_text(figure) >= 6


def test_risk_on_the_grid_of_points_is_the_noise_variance_at_p_equal_n(data):
    risks = _benign_random.curves(data, "regular-risk", "1")[15.0]  # noise^2 chi^2_15/15
    assert risks.mean() == pytest.approx(SMALL.noise**2, rel=4 * np.sqrt(2 / 15 / SMALL.seeds))


def test_arms_share_their_data(data):
    for part in ("random-risk", "regular-risk"):
        first = [_benign_random.curves(data, part, f"{a:g}")[7.0].to_numpy() for a in SMALL.exponents]
        assert first[1] == pytest.approx(first[0], rel=1e-9)
        assert first[2] == pytest.approx(first[0], rel=1e-9)


@pytest.mark.parametrize(
    ("part", "arm", "finding"),
    [
        ("grid-dense-bias", None, "grid-dense"),
        ("grid-fft-variance", "2", "grid-fft"),
        ("grid-survival", "bilevel", "grid-bilevel"),
        ("grid-through", None, "grid-interpolates"),
        ("grid-ridge", None, "grid-tail-is-ridge"),
        ("grid-dense-residual", None, "grid-dense-through"),
        ("grid-risk", "exponential", "grid-monte-carlo"),
        ("long-noise", "2", "grid-tempered"),
        ("long-fft", None, "grid-power-law"),
        ("ranks", "k^-2", "ranks-equivalent"),
    ],
)
def test_a_wrong_number_is_refuted(data, part, arm, finding):
    judge = _benign_ranks if part == "ranks" else _benign_grid
    found = judged(changed(data, part, lambda d: 1.5 * d.value + 0.1, arm), judge)[finding]
    assert (found.unguarded or found.verdict) == "refuted"


def test_grid_verdicts(data):
    rng = np.random.default_rng(0)
    flat = judged(changed(data, "sequence-risk", lambda d: 0.5 + 0.0 * d.x, "bilevel"), _benign_grid)
    assert flat["grid-benign"].verdict == "refuted"
    barely = judged(
        changed(data, "sequence-risk", lambda d: d.x ** (-0.5 + 0.3 * rng.standard_normal(len(d))), "bilevel"),
        _benign_grid,
    )
    assert barely["grid-benign"].verdict == "inconclusive"
    noisy = judged(
        changed(data, "grid-risk", lambda d: d.value * np.exp(2 * rng.standard_normal(len(d))), "2"), _benign_grid
    )
    assert noisy["grid-monte-carlo"].verdict in ("inconclusive", "refuted")
    benign = judged(changed(data, "sequence-risk", lambda d: 1 / d.x, "isotropic"), _benign_grid)
    assert benign["grid-benign"].verdict == "void"  # the break control passes
    assert benign["grid-benign"].unguarded == "confirmed"
    harmless = judged(changed(data, "grid-risk", lambda d: 0.1, "isotropic"), _benign_grid)
    assert harmless["grid-benign"].verdict == "void"
    doubled = data[(data.part == "grid-fft-variance") & (data.y == 1)].index
    wrong = data.copy()
    wrong.loc[doubled, "value"] *= 2
    assert {judged(wrong, _benign_grid)[n].verdict for n in ("grid-benign", "grid-tempered")} == {"void"}
    level = data.copy()
    level.loc[(level.part == "long-noise") & (level.y == 1), "value"] = 2 / 3
    assert judged(level, _benign_grid)["grid-tempered"].verdict == "void"


def test_random_verdicts(data):
    later = judged(changed(data, "random-risk", lambda d: 1e12, "2", 61.0), _benign_random)
    assert later["random-peak"].verdict == "qualified"
    assert later["random-descent"].verdict in ("qualified", "inconclusive")
    same = judged(changed(data, "random-risk", lambda d: 0.49, "1", 601.0), _benign_random)
    assert same["random-floor"].verdict == "null"
    worse = judged(changed(data, "random-risk", lambda d: 5.0, "1", 601.0), _benign_random)
    assert worse["random-floor"].verdict == "refuted"
    peaked = data
    for a in SMALL.exponents:
        peaked = changed(peaked, "regular-risk", lambda d: 1e6, f"{a:g}", 15.0)
    above = judged(peaked, _benign_random)
    assert {above[n].verdict for n in ("random-peak", "random-descent")} == {"void"}
    dealt = judged(changed(data, "random-risk", lambda d: 0.01, "shuffled"), _benign_random)
    assert dealt["random-floor"].verdict == "void"
    unequal = judged(changed(data, "random-risk", lambda d: 2 * d.value, "1", 7.0), _benign_random)
    assert {unequal[n].verdict for n in ("random-peak", "random-floor", "random-floor-steep")} == {"void"}


def test_rank_verdicts(data):
    constant = judged(changed(data, "ranks", lambda d: 0.5 + 1e-3 * d.seed, "spikes"), _benign_ranks)
    assert constant["ranks-benign"].verdict == "qualified"
    falling = judged(changed(data, "ranks", lambda d: 50 * d.value / d.x, "k^-2"), _benign_ranks)
    assert falling["ranks-tempered"].verdict == "qualified"
    far = judged(changed(data, "ranks", lambda d: 10 * d.value, "exp"), _benign_ranks)
    assert far["ranks-factor"].verdict == "refuted"
    assert far["ranks-scaling"].verdict == "refuted"
    control = judged(changed(data, "ranks", lambda d: 50 / d.x, _benign_ranks.CONTROL), _benign_ranks)
    assert control["ranks-benign"].verdict == "void"
    assert control["ranks-scaling"].verdict == "void"


def test_polynomial_verdicts(data):
    stuck = judged(changed(data, "poly-risk", lambda d: 0.3, "weighted", 4.0), _benign_polynomials)
    assert stuck["polynomial-helps"].verdict == "null"
    mild = judged(changed(data, "poly-risk", lambda d: 0.01, "weighted", 9.0), _benign_polynomials)
    assert mild["polynomial-spoils"].verdict == "qualified"
    wild = judged(changed(data, "poly-risk", lambda d: 1e20, "weighted", 1001.0), _benign_polynomials)
    assert wild["polynomial-recovers"].verdict == "refuted"
    assert judged(changed(data, "poly-risk", lambda d: 1e-3, "weighted", 1001.0), _benign_polynomials)[
        "polynomial-best"
    ].verdict.passes
    tame = judged(changed(data, "poly-sup", lambda d: 1.0, "monomials", 1001.0), _benign_polynomials)
    assert {tame[n].verdict for n in ("polynomial-recovers", "polynomial-calms")} == {"void"}


def test_descent_verdicts(data):
    shifted = judged(changed(data, "descent-log", lambda d: 99.0, "flat", 30.0), descent)
    assert shifted["descent-peak"].verdict == "qualified"
    bare = judged(changed(data, "descent-log", lambda d: 0.0, "flat", 20.0), descent)
    assert bare["descent-both-sides"].verdict == "qualified"
    wrong = judged(changed(data, "descent-risk", lambda d: 2 * d.value, "ordered"), descent)
    assert wrong["descent-formula"].verdict == "refuted"
    rising = judged(changed(data, "descent-risk", lambda d: d.value + d.x, "ridge"), descent)
    assert {rising[n].verdict for n in ("descent-peak", "descent-both-sides")} == {"void"}
    peaked = judged(changed(data, "descent-log", lambda d: 9.0, "ridge", 20.0), descent)
    assert peaked["descent-both-sides"].verdict == "void"
    n, b = SMALL.examples, {k: descent.signal(k, SMALL.features) for k in descent.SIGNALS}
    naive = data
    for kind in descent.SIGNALS:
        rng = np.random.default_rng(1)
        naive = changed(
            naive,
            "descent-risk",
            lambda d, kind=kind, rng=rng: (
                np.nan_to_num(descent.theory(b[kind], d.x, n, SMALL.noise, omitted=False), posinf=9.0)
                * (1 + 1e-3 * rng.standard_normal(len(d)))
            ),
            kind,
        )
    assert judged(naive, descent)["descent-formula"].verdict == "void"  # the break control passes


def test_even_sizes_are_refused():
    for setting in ("grid_points=(14, 45)", "copies=(1, 4)", "points=16", "random_features=(0, 3)"):
        with pytest.raises(ValueError, match=r"must be odd and positive.*" + setting.split("=")[0].join(("(?:|", ")"))):
            override(benign_overfitting.FULL, [setting])


def test_named_sizes_are_always_measured():
    p = override(benign_overfitting.FULL, ["seeds=2", "random_features=(1, 31)", "degrees=(1, 31)"])
    rows = _benign_random.measure(p, [0, 1], None)
    assert {7.0, 15.0, 61.0} <= set(rows.x)
