"""Initial weights: how signal and gradient grow per layer, how deep a net they let train, and what symmetry does.

Claims: init-gain-table, init-he-fluctuation, init-tanh-decay, init-backward, init-trainability-depth,
init-symmetry-breaking.
"""

import pandas as pd

from studies.initialization import (
    _signal_backward,
    _signal_decay,
    _signal_depth,
    _signal_fluctuation,
    _signal_gain,
    _signal_symmetry,
)
from studies.initialization._signal_criteria import CRITERIA
from studies.initialization._signal_figure import draw as _draw
from studies.initialization._signal_params import FULL, QUICK, Params
from studies.initialization._signal_texts import ALT, PROTOCOL, SCOPE, THEORY

__all__ = ["ALT", "FULL", "PROTOCOL", "QUICK", "SCOPE", "THEORY", "Params"]

TITLE = "Initial weights: gain per layer, trainable depth, symmetry"
CLAIMS = (
    "init-gain-table",
    "init-he-fluctuation",
    "init-tanh-decay",
    "init-backward",
    "init-trainability-depth",
    "init-symmetry-breaking",
)
VERSION = 3
CHANGES = (
    "2, after results were seen: a rule whose runs all diverge counts as at the lower edge of its rates, up to 3 "
    "extensions instead of 1; tanh nets of 48 and 64 layers; comparisons that a rule at the last depth could change "
    "are undecided; the variance at width 256 up to L = 20 instead of 10, 1500 networks instead of 1000; the control "
    "noise-breaks asks whether the distance grows, instead of whether what started different is equal.",
    "one-unit names the rule for which it holds and was measured, plain descent. No criterion was changed.",
)
EXPECTED_SECONDS = {"quick": 12, "full": 460}
RANDOM = (_signal_gain, _signal_fluctuation, _signal_decay, _signal_backward)
TRAINED = (_signal_depth, _signal_symmetry)
FIRST_DRAW = 1000  # seed of the first random network


def measure(p, seeds, sweep):
    """part, arm, metric, x, seed, value: see the modules that measure. Random networks do not depend on `seeds`."""
    records = [r for part in RANDOM for r in part.measure(p, FIRST_DRAW)]
    records += [r for part in TRAINED for r in part.measure(p, seeds, sweep)]
    frame = pd.DataFrame(records, columns=["part", "arm", "metric", "x", "seed", "value"])
    return frame.astype({"x": float, "seed": int, "value": float})


def judge(data, p):
    found = {}
    for part in (*RANDOM, *TRAINED):
        found |= part.judge(data, p)
    return [CRITERIA.finding(name, outcome, note=note) for name, (outcome, note) in found.items()]


def draw(data, p):
    return _draw(data, p)
