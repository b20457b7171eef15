"""The committed comparisons with peers say what was measured, and what a bar beyond the arithmetic looks like."""

import json
from pathlib import Path

import pytest

from tests.bench.rig.report import markdown

REPORTS = Path(__file__).parents[1] / "reports"
pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", sorted(path.stem for path in REPORTS.glob("performance*.json")))
def test_each_report_is_written_from_its_numbers(name):
    numbers = json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))
    assert (REPORTS / f"{name}.md").read_text(encoding="utf-8") == markdown(numbers)


def test_a_bar_that_the_arithmetic_alone_does_not_meet_is_marked():
    numbers = json.loads((REPORTS / "performance_zen.json").read_text(encoding="utf-8"))
    part = numbers["tables"]["one"]["S1"]
    (bar,) = [bar for bar in part["bars"] if bar["peer"].startswith("JAX")]
    peer = part["cells"][bar["peer"]]["us_per_step"]["median"]
    for share, marked in ((0.9, True), (1.1, False)):  # of the time in which the bar would just be met
        part["arithmetic"] = dict.fromkeys(("low", "median", "high"), peer / bar["bar"] / share)
        (line,) = [
            line
            for line in markdown(numbers).splitlines()
            if line.startswith(f"| S1 | {bar['peer']} | {bar['ratio']['median']:.3g} ")
        ]
        assert line.endswith("**below the bar** |") == marked, line
