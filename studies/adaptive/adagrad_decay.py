"""AdaGrad's step decays by itself: how fast, when too fast, and what it buys on rare features.

Claims: adagrad-sqrt-decay, adagrad-decays-too-fast, adagrad-sparse.   Duchi, Hazan & Singer 2011.
"""

import pandas as pd

from studies.adaptive import (
    _adagrad_digits,
    _adagrad_figure,
    _adagrad_judge,
    _adagrad_sparse,
    _adagrad_streams,
)
from studies.adaptive._adagrad_criteria import CRITERIA
from studies.adaptive._adagrad_params import FULL, QUICK, Params  # noqa: F401  part of the contract
from studies.adaptive._adagrad_text import PROTOCOL, SCOPE, THEORY  # noqa: F401  part of the contract

TITLE = "AdaGrad's shrinking step: its law, its price and its use"
CLAIMS = ("adagrad-sqrt-decay", "adagrad-decays-too-fast", "adagrad-sparse")
VERSION = 4
CHANGES = (
    "Twice the seeds, by the doubling rule for undecided comparisons: with the first number the control "
    "dense-equal was undecided, hence sparse-accuracy void. No criterion, threshold or tuning was changed.",
    "60 seeds instead of 40: the registered protocol of the noisy streams asks for at least 60 with the seed as the "
    "unit of replication, which versions 1 and 2 overlooked; the coordinates of a seed are no replicates. And "
    "Holm's family now holds the points of sparse-accuracy, too, which were corrected among themselves only. No "
    "threshold or tuning was changed.",
    "stall-steps says what its criterion tests, the formula's number within a step, not that it is rounded up.",
)
EXPECTED_SECONDS = {"quick": 8, "full": 95}
ALT = (
    "Six panels. Step length against step number: AdaGrad falls with slope -1/2, RMSProp, Adam and the "
    "accumulator as printed stay level. Steps needed after a burst against burst size: AdaGrad on the "
    "dashed formula, Adam and RMSProp below. Training loss on the digits by epoch for three tuned "
    "rules, shallow and deep network. AdaGrad's gain in accuracy over SGD on Zipf, equally frequent and "
    "dense features. Effective step against feature frequency: AdaGrad with slope -1/2, SGD level."
)


def measure(p, seeds, sweep):
    parts = [
        *_adagrad_streams.constant(p, sweep),
        *_adagrad_streams.noisy(p, seeds, sweep),
        *_adagrad_streams.decaying(p, sweep),
        *_adagrad_streams.burst(p, sweep),
        *_adagrad_streams.periodic(p, sweep),
        *_adagrad_digits.digits(p, seeds, sweep),
        *_adagrad_sparse.sparse(p, seeds, sweep),
    ]
    return pd.concat(parts, ignore_index=True)


def predict(p):
    """Time to cross the slope against burst size, for every setting."""
    time = _adagrad_streams.crossing_time
    rows = [(m, d, size, time(d, size, m)) for m, d in p.settings for size in p.bursts]
    return pd.DataFrame(rows, columns=["number", "distance", "size", "time"])


def judge(data, p):
    notes = _adagrad_judge.notes(data, p)
    return [
        CRITERIA.finding(name, outcome, note=notes.get(name, ""))
        for name, outcome in _adagrad_judge.outcomes(data, p).items()
    ]


def draw(data, p):
    return _adagrad_figure.draw(data, p)
