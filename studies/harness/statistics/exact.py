"""EX(tol): an identity or a closed form, without seeds."""

import numpy as np

from studies.harness.statistics.bootstrap import finite, number
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict

ROUNDING = 1e-6  # a tolerance above this is agreement with a formula, not an identity


def exact(measured, theory, *, tol=1e-10, scale=0.0, undefined_is_wrong=False):
    """Largest relative error of `measured` against `theory` (any equal shapes) at most `tol`.

    The error is |m - t| / max(|t|, scale), absolute where that is 0. Verdict: `exact` (for tol <= 1e-6) or
    `confirmed` (for a wider tolerance) when met, `refuted` otherwise. With `undefined_is_wrong`, for a formula
    whose fault is to give no number somewhere, a non-finite value is an infinite error.
    """
    tol, scale = number(tol, "tol"), number(scale, "scale")
    measured, theory = np.asarray(measured, np.float64), np.asarray(theory, np.float64)
    if measured.shape != theory.shape and theory.ndim:
        raise ValueError(f"measured has shape {measured.shape} and theory {theory.shape}: they must be equal")
    if measured.size == 0 or not np.isfinite(theory).all():
        raise ValueError("measured must hold values and theory must be finite everywhere")
    if not undefined_is_wrong:
        finite(measured.ravel(), "measured")
    size = np.maximum(np.abs(theory), scale)
    with np.errstate(all="ignore"):
        error = np.abs(measured - theory) / np.where(size > 0, size, 1.0)
    error = float(np.where(np.isfinite(error), error, np.inf).max())
    good = Verdict.EXACT if tol <= ROUNDING else Verdict.CONFIRMED
    return Outcome(
        verdict=good if error <= tol else Verdict.REFUTED,
        estimate=error,
        n=int(measured.size),
        threshold=tol,
        tolerance=1.0,  # a rounding error may be any number below the threshold elsewhere
        note="" if np.isfinite(error) else "not finite somewhere",
    )


def bound(value, *, at_least=None, at_most=None, n=1, tolerance=0.05):
    """A number without sampling noise against one bound: `confirmed` or `refuted`."""
    if (at_least is None) == (at_most is None):
        raise ValueError("bound wants exactly one of at_least and at_most")
    value, limit = number(value, "value"), number(at_least if at_most is None else at_most, "the bound")
    met = value >= limit if at_most is None else value <= limit
    return Outcome(
        verdict=Verdict.CONFIRMED if met else Verdict.REFUTED,
        estimate=value,
        n=n,
        threshold=limit,
        tolerance=tolerance,
    )
