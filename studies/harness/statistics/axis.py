"""One criterion at several points of an axis: the way to `qualified`."""

from studies.harness.statistics.holm import holm
from studies.harness.statistics.outcome import Outcome
from studies.harness.verdict import Verdict, worst


def along_axis(axis, outcomes, *, alpha=0.05):
    """Joins the outcomes at the points of `axis` (k labels or numbers); p values are Holm-corrected over the
    points.

    All points pass: the weakest passing word. Some pass and some are refuted or null: `qualified`. Some pass,
    the rest is undecided: `inconclusive`. None passes: the most severe word. The estimate is the share that
    passes.
    """
    axis, outcomes = list(axis), list(outcomes)
    if len(axis) != len(outcomes) or not axis:
        raise ValueError(f"axis has {len(axis)} points and outcomes {len(outcomes)}: they must be equal and not 0")
    verdicts = [o.verdict for o in outcomes]
    tested = [i for i, o in enumerate(outcomes) if o.p_value is not None]
    for i, p in zip(tested, holm([outcomes[i].p_value for i in tested]), strict=True):
        if p > alpha and verdicts[i] in (Verdict.CONFIRMED, Verdict.REFUTED):
            verdicts[i] = Verdict.INCONCLUSIVE
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
        text = ", ".join(
            f"{a:g}" if isinstance(a, (int, float)) else str(a) for a, c in zip(axis, chosen, strict=True) if c
        )
        return text or "no point"

    undecided = [not (h or f) for h, f in zip(holds, fails, strict=True)]
    note = f"holds at {points(holds)}; fails at {points(fails)}"
    if any(undecided):
        note += f"; undecided at {points(undecided)}"
    return Outcome(verdict=verdict, estimate=sum(holds) / len(axis), n=len(axis), tolerance=0.0, note=note)
