"""What a statistic returns."""

from dataclasses import dataclass

from studies.harness.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """A verdict with the numbers that it rests on. ``Criteria.finding(name, outcome)`` makes it a finding."""

    verdict: Verdict
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int = 0
    threshold: float | None = None
    p_value: float | None = None
    tolerance: float = 0.05  # of max(|old|, |new|, |threshold|), used by `check` on another machine
    note: str = ""
    points: tuple = ()  # of (label, Outcome), where one criterion was judged along an axis
