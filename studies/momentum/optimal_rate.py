"""Heavy ball on quadratics: its best rate, its regimes, its memory, and what it does in a ravine.

Claims: momentum-optimal-rate, momentum-phase-regimes, momentum-unrolled, momentum-damps-oscillation.
"""

import pandas as pd

from studies.momentum import _contraction, _phase, _ravine, _stream
from studies.momentum._optimal_rate_criteria import CRITERIA
from studies.momentum._optimal_rate_figure import draw as _draw
from studies.momentum._optimal_rate_params import FULL, QUICK, Params
from studies.momentum._optimal_rate_texts import ALT, PROTOCOL, SCOPE, THEORY

__all__ = ["ALT", "FULL", "PROTOCOL", "QUICK", "SCOPE", "THEORY", "Params"]

TITLE = "Heavy ball on quadratics: best rate, regimes, memory and ravines"
CLAIMS = (
    "momentum-optimal-rate",
    "momentum-phase-regimes",
    "momentum-unrolled",
    "momentum-damps-oscillation",
)
VERSION = 2
CHANGES = ("The control at condition number 1 runs heavy ball, too, not gradient descent alone.",)
EXPECTED_SECONDS = {"quick": 5, "full": 60}


def measure(p, seeds, sweep):
    """part, arm, seed, x, y, value: see the four modules that measure."""
    many = _contraction.measure(p, seeds, sweep)
    frames = (*many, *(m.measure(p, seeds, sweep) for m in (_phase, _stream, _ravine)))
    return pd.concat(frames, ignore_index=True)


def predict(p):
    return _contraction.predict(p)


def judge(data, p):
    findings = []
    for part in (_contraction, _phase, _stream, _ravine):
        for name, outcome in part.judge(data, p).items():
            outcome, note = outcome if isinstance(outcome, tuple) else (outcome, "")
            findings.append(CRITERIA.finding(name, outcome, note=note))
    return findings


def draw(data, p):
    return _draw(data, p, predict(p))
