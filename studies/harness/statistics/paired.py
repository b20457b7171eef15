"""PB(delta): two arms on the same seeds; and equivalence by two one-sided tests."""

import numpy as np
from scipy import stats

from studies.harness.statistics.bootstrap import SEED, finite, interval, number
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict


def difference(a, b):
    """a - b over seeds (n,), after checking both; `b` may be a number."""
    a = finite(a, "a")
    b = finite(b, "b") if np.ndim(b) else np.full(a.shape, number(b, "b"))
    if a.shape != b.shape:
        raise ValueError(f"a has {a.size} seeds and b {b.size}: pair them by seed")
    return a - b


def sign_flip_p(d):
    """Two-sided p of the sign-flip permutation test of mean(d) = 0 (scipy.stats.permutation_test).

    Under the null each paired difference is as likely with either sign. All 2^n patterns where that is at
    most 9999, else 9999 random ones, so p >= 2e-4; with n seeds p >= 2^(1-n), hence fewer than 6 can confirm
    nothing.
    """
    if not d.any():
        return 1.0
    if d.size < 2:
        return 1.0
    test = stats.permutation_test(
        (d,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=9_999,
        vectorized=True,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)


def paired(a, b, *, claimed, delta, level=0.95):
    """Mean of a - b over paired seeds. `claimed` is "greater" (a above b) or "less"; `delta` >= 0 is the
    margin.

    `confirmed`: the 95 % interval excludes 0 in the claimed direction and |mean| >= delta. `refuted`: it
    excludes 0 the other way. `null`: the 90 % interval lies inside (-delta, delta). Otherwise `inconclusive`.
    The p value (sign flips) serves Holm's correction over the study's primary endpoints.
    """
    if claimed not in ("greater", "less"):
        raise ValueError(f"claimed must be 'greater' or 'less', got {claimed!r}")
    if number(delta, "delta") < 0:
        raise ValueError(f"delta must be a number >= 0, got {delta!r}")
    d = difference(a, b)
    mean, sign = float(d.mean()), 1 if claimed == "greater" else -1
    (low, high), (low90, high90) = interval(d, (level, round(2 * level - 1, 12)))
    if min(sign * low, sign * high) > 0 and abs(mean) >= delta:
        verdict = Verdict.CONFIRMED
    elif max(sign * low, sign * high) < 0:
        verdict = Verdict.REFUTED
    elif -delta < low90 and high90 < delta:
        verdict = Verdict.NULL
    else:
        verdict = Verdict.INCONCLUSIVE
    return Outcome(
        verdict=verdict,
        estimate=mean,
        low=low,
        high=high,
        level=level,
        n=int(d.size),
        threshold=sign * delta,
        p_value=sign_flip_p(d),
        tolerance=0.1,
    )


def equivalence(a, b=0.0, *, delta, level=0.95):
    """No difference larger than `delta` between arms (n,) (or between `a` and a number `b`).

    Two one-sided tests at 5 %: `confirmed` when the 90 % interval of the mean of a - b lies inside (-delta,
    delta), `refuted` when it lies outside altogether, otherwise `inconclusive`.
    """
    if number(delta, "delta") <= 0:
        raise ValueError(f"delta must be a number > 0, got {delta!r}")
    d = difference(a, b)
    ((low, high),) = interval(d, (round(2 * level - 1, 12),))
    if -delta < low and high < delta:
        verdict = Verdict.CONFIRMED
    elif low >= delta or high <= -delta:
        verdict = Verdict.REFUTED
    else:
        verdict = Verdict.INCONCLUSIVE
    return Outcome(
        verdict=verdict,
        estimate=float(d.mean()),
        low=low,
        high=high,
        level=round(2 * level - 1, 12),
        n=int(d.size),
        threshold=delta,
        tolerance=0.1,
    )
