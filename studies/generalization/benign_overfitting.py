"""Benign overfitting: interpolation with sinusoids, polynomials and Gaussian features, exact and measured.

Claims: benign-sinusoid-exact, benign-sinusoid-random, benign-effective-ranks, overfit-polynomial-picture,
double-descent-exact.
"""

import pandas as pd
from threadpoolctl import threadpool_limits

from studies.generalization import (
    _benign_double_descent,
    _benign_grid,
    _benign_grid_criteria,
    _benign_polynomials,
    _benign_random,
    _benign_ranks,
)
from studies.generalization._benign_figure import draw as _draw
from studies.generalization._benign_params import FULL, QUICK, Params
from studies.generalization._benign_texts import ALT, PROTOCOL, SCOPE, THEORY
from studies.harness import Criteria

__all__ = ["ALT", "FULL", "PROTOCOL", "QUICK", "SCOPE", "THEORY", "Params"]

TITLE = "Benign overfitting: interpolation with sinusoids, polynomials and Gaussian features"
CLAIMS = (
    "benign-sinusoid-exact",
    "benign-sinusoid-random",
    "benign-effective-ranks",
    "overfit-polynomial-picture",
    "double-descent-exact",
)
VERSION = 2
CHANGES = (
    "ranks-slow says what its criterion tests, that the risk falls, and no longer how fast. No criterion was changed.",
)
EXPECTED_SECONDS = {"quick": 10, "full": 90}

PARTS = (_benign_grid, _benign_random, _benign_ranks, _benign_polynomials, _benign_double_descent)
CRITERIA = Criteria(
    *_benign_grid_criteria.CRITERIA,
    *_benign_random.CRITERIA,
    *_benign_ranks.CRITERIA,
    *_benign_polynomials.CRITERIA,
    *_benign_double_descent.CRITERIA,
)


def measure(p, seeds, sweep):
    """part, arm, seed, x, y, value: see the five modules that measure."""
    with threadpool_limits(1, "blas"):  # many small problems: more threads only wait for one another
        return pd.concat([part.measure(p, seeds, sweep) for part in PARTS], ignore_index=True)


def predict(p):
    return pd.concat([part.predict(p) for part in (_benign_ranks, _benign_double_descent)], ignore_index=True)


def judge(data, p):
    findings = []
    for part in PARTS:
        for name, outcome in part.judge(data, p).items():
            outcome, note = outcome if isinstance(outcome, tuple) else (outcome, "")
            findings.append(CRITERIA.finding(name, outcome, note=note))
    return findings


def draw(data, p):
    return _draw(data, p, predict(p))
