"""SL(s, tol): a slope, or any number per seed, against an expected value."""

import numpy as np

from studies.harness.statistics.bootstrap import finite, interval, number
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict

SCALES = {
    "log-log": (True, True),
    "semilog-y": (False, True),
    "semilog-x": (True, False),
    "linear": (False, False),
}


def slopes(x, y, scale="log-log"):
    """Least-squares slope of each seed's curve: x (k,), y (k,) or (n, k) -> (n,). Natural logarithms."""
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, got {scale!r}")
    x, y = finite(x, "x"), finite(np.atleast_2d(y), "y", 2)
    if x.size < 2 or y.shape[1] != x.size:
        raise ValueError(f"x has {x.size} points and y {y.shape[1]} per seed: they must be equal and at least 2")
    log_x, log_y = SCALES[scale]
    if (log_x and (x <= 0).any()) or (log_y and (y <= 0).any()):
        raise ValueError(f"scale {scale!r} takes logarithms, but x or y holds values <= 0")
    x, y = np.log(x) if log_x else x, np.log(y) if log_y else y
    centred = x - x.mean()
    return y @ centred / (centred @ centred)


def located(values, *, expected, tol, level=0.95):
    """Mean of `values` (n,) over seeds at `expected` within `tol`.

    `confirmed`: the interval meets [expected - tol, expected + tol] and is no wider than 2 tol. `refuted`: it
    misses that range. `inconclusive`: too wide to tell.
    """
    values = finite(values, "values")
    expected, tol = number(expected, "expected"), number(tol, "tol")
    ((low, high),) = interval(values, (level,))
    slack = 1e-12 * max(abs(expected), tol)
    if low > expected + tol + slack or high < expected - tol - slack:
        verdict = Verdict.REFUTED
    elif high - low > 2 * tol + slack:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.CONFIRMED
    return Outcome(
        verdict=verdict,
        estimate=float(values.mean()),
        low=low,
        high=high,
        level=level,
        n=int(values.size),
        threshold=expected,
        tolerance=0.01,
        note=f"tolerance {tol:g}",
    )


def slope(x, y, *, expected, tol, scale="log-log", level=0.95):
    """`located` on the slope of each seed's curve, see `slopes`. A single curve has a point interval."""
    return located(slopes(x, y, scale), expected=expected, tol=tol, level=level)
