"""Bootstrap intervals of a mean over seeds."""

import warnings

import numpy as np
from scipy import stats

RESAMPLES = 10_000
SEED = 20_100  # of the resampling only: an interval depends on the data alone


def finite(values, name, ndim=1):
    """`values` as a float64 array of `ndim` axes; ValueError naming what is wrong with it."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one value, got none")
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(
            f"{name} holds {bad} of {array.size} non-finite values: say beforehand what a diverged run counts as"
        )
    return array


def number(value, name):
    """`value` as a finite float; ValueError naming it otherwise."""
    return float(finite([value], name)[0])


def interval(values, levels=(0.95,)):
    """Confidence intervals of the mean of `values` (n,), one (low, high) per level.

    BCa over 10 000 resamples (Efron 1987); the percentile interval where BCa degenerates; the point itself
    where all values are equal or there is only one.
    """
    values = finite(values, "values")
    mean = float(values.mean())
    if np.ptp(values) <= 4 * np.finfo(np.float64).eps * np.abs(values).max():
        return [(mean, mean) for _ in levels]
    results, previous, resamples = [], None, RESAMPLES
    for level in levels:
        for method in ("BCa", "percentile"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scipy warns where BCa degenerates; the percentile follows
                previous = stats.bootstrap(
                    (values,),
                    np.mean,
                    n_resamples=resamples,
                    confidence_level=level,
                    method=method,
                    vectorized=True,
                    rng=np.random.default_rng(SEED),
                    bootstrap_result=previous,
                )
            resamples = 0  # every level and method reads the same resamples
            low, high = map(float, previous.confidence_interval)
            if np.isfinite(low) and np.isfinite(high):
                break
        results.append((low, high))
    return results
