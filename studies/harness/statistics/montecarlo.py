"""MC: sample means against a closed form."""

import numpy as np
from scipy import stats

from studies.harness.statistics.bootstrap import finite, number
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict


def monte_carlo(mean, standard_error, theory, *, n, relative=0.05, level=0.95, scale=0.0):
    """Means (k,) of `n` draws each against `theory` (k,): |mean - theory| <= z SE and <= `relative`
    everywhere.

    z is the normal quantile at `level` over all k points together (Bonferroni), so that a true formula fails
    somewhere with probability 1 - level. `confirmed`: both hold; `refuted`: a point is further than z SE
    away; `inconclusive`: within z SE, but the errors are too large for the relative limit. The estimate is
    the largest relative deviation; its interval is that point's.
    """
    mean, theory = finite(np.atleast_1d(mean), "mean"), finite(np.atleast_1d(theory), "theory")
    relative, level, scale = number(relative, "relative"), number(level, "level"), number(scale, "scale")
    se = finite(np.atleast_1d(standard_error), "standard_error")
    if not mean.shape == theory.shape == se.shape:
        raise ValueError(f"mean {mean.shape}, standard_error {se.shape}, theory {theory.shape} must be equal shapes")
    if (se < 0).any():
        raise ValueError("standard_error must not be negative")
    z = float(stats.norm.isf((1 - level) / (2 * mean.size)))
    size = np.maximum(np.abs(theory), scale)
    if (size == 0).any():
        raise ValueError("theory holds 0: give the scale that deviations are relative to")
    deviation, half = (mean - theory) / size, z * se / size
    rounding = 8 * np.finfo(np.float64).eps
    worst = int(np.argmax(np.abs(deviation)))
    if (np.abs(deviation) > half + rounding).any():
        verdict = Verdict.REFUTED
    elif (np.abs(deviation) > relative).any():
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.CONFIRMED
    return Outcome(
        verdict=verdict,
        estimate=float(deviation[worst]),
        low=float(deviation[worst] - half[worst]),
        high=float(deviation[worst] + half[worst]),
        level=level,
        n=int(n),
        threshold=relative,
        note=f"worst of {mean.size} points, z = {z:.2f}" if mean.size > 1 else "",
    )
