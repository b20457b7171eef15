"""Dropout: its scaling, what it averages, the ridge it is, and when it helps.   Srivastava et al. 2014.

Claims: dropout-scaling, dropout-geometric-mean, dropout-linear-ridge, dropout-helps, dropout-half-best.
"""

import pandas as pd

from studies.regularization import (
    _dropout_digits,
    _dropout_digits_judge,
    _dropout_ensemble,
    _dropout_figure,
    _dropout_judge,
    _dropout_ridge,
    _dropout_scaling,
)
from studies.regularization._dropout_criteria import CRITERIA
from studies.regularization._dropout_params import FULL, QUICK, Params  # noqa: F401  part of the contract
from studies.regularization._dropout_texts import ALT, PROTOCOL, SCOPE, THEORY  # noqa: F401  part of the contract

TITLE = "Dropout: scaling, averaging, shrinkage, and when it helps"
CLAIMS = (
    "dropout-scaling",
    "dropout-geometric-mean",
    "dropout-linear-ridge",
    "dropout-helps",
    "dropout-half-best",
)
VERSION = 1
CHANGES = ()
EXPECTED_SECONDS = {"quick": 10, "full": 90}


def measure(p, seeds, sweep):
    parts = [
        *_dropout_scaling.measure(p, seeds, sweep),
        *_dropout_ensemble.measure(p, seeds, sweep),
        *_dropout_ridge.measure(p, seeds, sweep),
        *_dropout_digits.measure(p, seeds, sweep),
    ]
    return pd.concat(parts, ignore_index=True)


def judge(data, p):
    outcomes = _dropout_judge.outcomes(data, p) | _dropout_digits_judge.outcomes(data, p)
    return [CRITERIA.finding(name, outcome) for name, outcome in outcomes.items()]


def draw(data, p):
    return _dropout_figure.draw(data, p)
