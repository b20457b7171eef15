"""A share of runs against a bound."""

from scipy import stats

from studies.harness.statistics.bootstrap import number
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict


def proportion(successes, n, *, at_least=None, at_most=None, level=0.95):
    """`successes` of `n` runs, Wilson interval.

    `confirmed`: the whole interval is on the claimed side of the bound; `refuted`: on the other; else
    `inconclusive`.
    """
    if (at_least is None) == (at_most is None):
        raise ValueError("proportion wants exactly one of at_least and at_most")
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"successes must be in 0..n with n >= 1, got {successes!r} of {n!r}")
    limit = number(at_least if at_most is None else at_most, "the bound")
    ci = stats.binomtest(int(successes), int(n)).proportion_ci(level, method="wilson")
    low, high = float(ci.low), float(ci.high)
    above, below = low >= limit, high <= limit
    good, bad = (above, below) if at_most is None else (below, above)
    verdict = Verdict.CONFIRMED if good else Verdict.REFUTED if bad else Verdict.INCONCLUSIVE
    return Outcome(
        verdict=verdict,
        estimate=successes / n,
        low=low,
        high=high,
        level=level,
        n=int(n),
        threshold=limit,
        tolerance=0.1,
    )
