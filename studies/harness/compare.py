"""`check`: two runs of a study, number by number."""

from dataclasses import asdict, dataclass

from studies.harness.result import result_hash

IDENTICAL, WITHIN, MOVED, FLIPPED = "identical", "within tolerance", "moved", "verdict flipped"
NOT_COMPARED = "timing: not compared"
NUMBERS = ("estimate", "low", "high", "p_value")
EQUAL = ("n", "threshold")  # counts and limits have no tolerance
ALPHA = 0.05  # p values far below it differ by chance between machines


@dataclass(frozen=True)
class Compared:
    """One number (or the verdict) of one finding in the stored and in the new run."""

    finding: str
    quantity: str
    old: float | str | None
    new: float | str | None
    tolerance: float | None
    status: str

    @property
    def bad(self) -> bool:
        return self.status in (MOVED, FLIPPED)

    def as_dict(self) -> dict:
        return asdict(self)


def judge_number(old, new, tolerance, threshold=None) -> str:
    """identical, within `tolerance` of max(|old|, |new|, |threshold|), or moved.

    A tolerance of 1 and more belongs to rounding errors, which may be any number up to their threshold: beyond
    it they may differ by 5 %. (Of max(|old|, |new|) it would accept any two numbers of one sign.)
    """
    if old == new:
        return IDENTICAL
    if old is None or new is None:
        return MOVED
    largest, limit = max(abs(old), abs(new)), abs(threshold or 0.0)
    allowed = tolerance * max(largest, limit) if tolerance < 1 else max(tolerance * limit, 0.05 * largest)
    return WITHIN if abs(old - new) <= allowed else MOVED


def compare(old, new) -> list[Compared]:
    """Every verdict and number of two reports of one study; a finding that only one of them has is moved.

    Of a volatile finding, a timing, both verdicts are shown and nothing is judged.
    Findings that do not give the hash stored beside them were changed by hand, within a tolerance or not.
    """
    stated, own = old.result_hash[:16], result_hash(old.criteria_hash, old.findings)[:16]
    out = [Compared("stored report", "result hash", stated, own, None, IDENTICAL if stated == own else MOVED)]
    before, after = {c.id: c.verdict for c in old.claims}, {c.id: c.verdict for c in new.claims}
    for id in dict.fromkeys([*before, *after]):
        a, b = before.get(id), after.get(id)
        out.append(Compared(f"claim {id}", "verdict", a, b, None, IDENTICAL if a == b else FLIPPED))
    new_findings = {f.name: f for f in new.findings}
    for f in old.findings:
        g = new_findings.pop(f.name, None)
        if g is None:
            out.append(Compared(f.name, "finding", "present", "absent", None, MOVED))
            continue
        if f.volatile or g.volatile:
            out.append(Compared(f.name, "verdict", f.verdict, g.verdict, None, NOT_COMPARED))
            continue
        out += _measured(f.name, f, g)
        points, new_points = ({p.at: p for p in side.points} for side in (f, g))
        for at, point in points.items():
            if at in new_points:
                out += _measured(f"{f.name} at {at}", point, new_points[at])
        if list(points) != list(new_points):
            out.append(Compared(f.name, "points", ", ".join(points), ", ".join(new_points), None, MOVED))
    out += [Compared(name, "finding", "absent", "present", None, MOVED) for name in new_findings]
    return out


def _measured(name, f, g) -> list[Compared]:
    """Verdict and numbers of one finding, or of one point of its axis."""
    out = [Compared(name, "verdict", f.verdict, g.verdict, None, IDENTICAL if f.verdict == g.verdict else FLIPPED)]
    for quantity in (*NUMBERS, *EQUAL):
        a, b = getattr(f, quantity), getattr(g, quantity)
        if a is None and b is None:
            continue
        if quantity in EQUAL:
            out.append(Compared(name, quantity, a, b, None, IDENTICAL if a == b else MOVED))
        else:
            threshold = ALPHA if quantity == "p_value" else f.threshold
            out.append(Compared(name, quantity, a, b, f.tolerance, judge_number(a, b, f.tolerance, threshold)))
    return out
