"""Criteria as functions: measured numbers in, an ``Outcome`` (verdict, estimate, interval) out.

The replication unit is the seed. Every function refuses non-finite input, thresholds included: a comparison with
NaN fails, which would refute a claim and be just what a control wants. A study says beforehand what a diverged run
counts as.
"""

from studies.harness.statistics.axis import along_axis
from studies.harness.statistics.bootstrap import interval
from studies.harness.statistics.exact import bound, exact
from studies.harness.statistics.holm import holm
from studies.harness.statistics.montecarlo import monte_carlo
from studies.harness.statistics.outcome import Outcome
from studies.harness.statistics.paired import equivalence, paired
from studies.harness.statistics.proportion import proportion
from studies.harness.statistics.slope import located, slope, slopes

__all__ = [
    "Outcome",
    "along_axis",
    "bound",
    "equivalence",
    "exact",
    "holm",
    "interval",
    "located",
    "monte_carlo",
    "paired",
    "proportion",
    "slope",
    "slopes",
]
