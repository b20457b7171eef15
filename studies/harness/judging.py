"""From what each criterion says to what each claim gets: Holm, controls, the worst primary."""

from studies.harness.statistics.holm import holm
from studies.harness.verdict import Verdict, worst

ALPHA = 0.05


def settle(findings, criteria):
    """The findings in the order of `criteria`, after Holm's correction and after the controls.

    ValueError when `findings` are not exactly the declared ones.
    """
    by_name = {}
    for f in findings:
        if f.name in by_name:
            raise ValueError(f"judge returned the finding {f.name!r} twice")
        by_name[f.name] = f
    declared = [c.name for c in criteria]
    missing, extra = [n for n in declared if n not in by_name], [n for n in by_name if n not in declared]
    if missing or extra:
        raise ValueError(f"judge must return the declared findings: missing {missing}, undeclared {extra}")
    return _controls(_holm([by_name[n] for n in declared]))


def _holm(findings):
    """Over all primary findings with a p value: a decision that does not survive becomes inconclusive."""
    family = [f for f in findings if f.role == "primary" and f.p_value is not None]
    adjusted = dict(zip([f.name for f in family], holm([f.p_value for f in family]), strict=True))
    out = []
    for f in findings:
        if f.name in adjusted:
            p = float(adjusted[f.name])
            update = {"p_adjusted": p}
            if p > ALPHA and f.verdict in (Verdict.CONFIRMED, Verdict.REFUTED):
                update |= {"verdict": Verdict.INCONCLUSIVE, "unguarded": f.verdict}
                update["note"] = _join(f.note, f"{f.verdict} before Holm's correction")
            f = f.model_copy(update=update)
        out.append(f)
    return out


def _controls(findings):
    """A control that went wrong makes what it guards void."""
    broken = {}
    for f in findings:
        if f.control_ok is False:
            for name in f.guards:
                broken.setdefault(name, []).append(f)
    out = []
    for f in findings:
        if f.name in broken:
            controls = ", ".join(c.name for c in broken[f.name])
            note = _join(f.note, f"control went wrong: {controls}; {f.verdict} without it")
            f = f.model_copy(update={"verdict": Verdict.VOID, "unguarded": f.unguarded or f.verdict, "note": note})
        out.append(f)
    return out


def _join(*notes):
    return "; ".join(n for n in notes if n)


def claim_verdict(claim, findings, regenerable=True) -> Verdict:
    """The worst primary finding of a claim; a claim out of reach is at best `not-regenerable`."""
    verdicts = [f.verdict for f in findings if f.claim == claim and f.role == "primary"]
    return worst(verdicts if regenerable else [*verdicts, Verdict.NOT_REGENERABLE])


def wants_more_seeds(findings) -> bool:
    """Whether a primary finding that may be extended is inconclusive."""
    return any(f.role == "primary" and f.extendable and f.verdict is Verdict.INCONCLUSIVE for f in findings)
