"""From what each criterion says to what each claim gets: Holm, controls, the worst primary."""

from studies.harness.statistics.axis import join
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


def _parts(f):
    """What of a finding may hold a p value: the points of its axis, else the finding itself."""
    return f.points or (f,)


def _holm(findings):
    """A decision that does not survive Holm's correction becomes inconclusive.

    The p values of all primary findings are one family, be it one per finding or one per point of its axis.
    Other findings are descriptive: those with an axis are corrected over their own points, the rest is not.
    """
    families = [[f for f in findings if f.role == "primary"]]
    families += [[f] for f in findings if f.role != "primary" and f.points]
    adjusted = {}
    for family in families:
        tested = {(f.name, i): part.p_value for f in family for i, part in enumerate(_parts(f))}
        tested = {key: p for key, p in tested.items() if p is not None}
        adjusted |= zip(tested, map(float, holm(list(tested.values()))), strict=True)
    return [_corrected(f, [adjusted.get((f.name, i)) for i in range(len(_parts(f)))]) for f in findings]


def _corrected(f, adjusted):
    """The finding with the adjusted p values of its parts, None where there is none."""
    parts = []
    for part, p in zip(_parts(f), adjusted, strict=True):
        lost = p is not None and p > ALPHA and part.verdict in (Verdict.CONFIRMED, Verdict.REFUTED)
        verdict = Verdict.INCONCLUSIVE if lost else part.verdict
        parts.append(part.model_copy(update={"p_adjusted": p, "verdict": verdict}))
    if f.points:
        labels = [point.at for point in f.points]
        before = join(labels, [point.verdict for point in f.points])[2]
        verdict, share, after = join(labels, [point.verdict for point in parts])
        note = f.note.replace(before, after, 1)
        new = f.model_copy(update={"points": tuple(parts), "verdict": verdict, "estimate": share, "note": note})
    else:
        (new,) = parts
    if new.verdict is not f.verdict:
        note = _joined(new.note, f"{f.verdict} before Holm's correction")
        new = new.model_copy(update={"unguarded": f.verdict, "note": note})
    return new


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
            note = _joined(f.note, f"control went wrong: {controls}; {f.verdict} without it")
            f = f.model_copy(update={"verdict": Verdict.VOID, "unguarded": f.unguarded or f.verdict, "note": note})
        out.append(f)
    return out


def _joined(*notes):
    return "; ".join(n for n in notes if n)


def claim_verdict(claim, findings, regenerable=True) -> Verdict:
    """The worst primary finding of a claim; a claim out of reach is at best `not-regenerable`."""
    verdicts = [f.verdict for f in findings if f.claim == claim and f.role == "primary"]
    return worst(verdicts if regenerable else [*verdicts, Verdict.NOT_REGENERABLE])


def wants_more_seeds(findings) -> bool:
    """Whether a primary finding that may be extended is inconclusive."""
    return any(f.role == "primary" and f.extendable and f.verdict is Verdict.INCONCLUSIVE for f in findings)
