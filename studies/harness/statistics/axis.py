"""One criterion at several points of an axis: the way to `qualified`."""

from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict, worst


def along_axis(axis, outcomes):
    """Joins the outcomes at the points of `axis` (k labels or numbers), see `join`; the estimate is the share
    that passes.

    Nothing is corrected for the number of points here: `judging` does so, where the whole family is known, and
    joins again.
    """
    axis, outcomes = list(axis), list(outcomes)
    if len(axis) != len(outcomes) or not axis:
        raise ValueError(f"axis has {len(axis)} points and outcomes {len(outcomes)}: they must be equal and not 0")
    if any(o.points for o in outcomes):
        raise ValueError("outcomes must not be axes themselves: give all their points at once")
    labels = [f"{a:g}" if isinstance(a, (int, float)) else str(a) for a in axis]
    if len(set(labels)) < len(labels):
        raise ValueError(f"axis must name every point once, got {', '.join(labels)}")
    verdict, share, note = join(labels, [o.verdict for o in outcomes])
    points = tuple(zip(labels, outcomes, strict=True))
    return Outcome(verdict=verdict, estimate=share, n=len(axis), tolerance=0.0, note=note, points=points)


def join(labels, verdicts):
    """(verdict, share of points that pass, where it holds and where it does not in words).

    All points pass: the weakest passing word. Some pass and some are refuted or null: `qualified`. Some pass,
    the rest is undecided: `inconclusive`. None passes: the most severe word.
    """
    holds = [v.passes for v in verdicts]
    fails = [v in (Verdict.REFUTED, Verdict.NULL) for v in verdicts]
    if all(holds):
        verdict = worst(verdicts)
    elif any(holds) and any(fails):
        verdict = Verdict.QUALIFIED
    elif any(holds):
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = worst(verdicts)

    def points(chosen):
        return ", ".join(label for label, c in zip(labels, chosen, strict=True) if c) or "no point"

    undecided = [not (h or f) for h, f in zip(holds, fails, strict=True)]
    note = f"holds at {points(holds)}; fails at {points(fails)}"
    if any(undecided):
        note += f"; undecided at {points(undecided)}"
    return verdict, sum(holds) / len(verdicts), note
