"""`check`: two runs of a study, number by number."""

from dataclasses import asdict, dataclass

IDENTICAL, WITHIN, MOVED, FLIPPED = "identical", "within tolerance", "moved", "verdict flipped"
NUMBERS = ("estimate", "low", "high")


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
    """identical, within `tolerance` of max(|old|, |new|, |threshold|), or moved."""
    if old == new:
        return IDENTICAL
    if old is None or new is None:
        return MOVED
    scale = max(abs(old), abs(new), abs(threshold or 0.0))
    return WITHIN if abs(old - new) <= tolerance * scale else MOVED


def compare(old, new) -> list[Compared]:
    """Every verdict and number of two reports of one study; a finding that only one of them has is moved."""
    out = []
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
        flipped = IDENTICAL if f.verdict == g.verdict else FLIPPED
        out.append(Compared(f.name, "verdict", f.verdict, g.verdict, None, flipped))
        for quantity in NUMBERS:
            a, b = getattr(f, quantity), getattr(g, quantity)
            if a is not None or b is not None:
                status = judge_number(a, b, f.tolerance, f.threshold)
                out.append(Compared(f.name, quantity, a, b, f.tolerance, status))
    out += [Compared(name, "finding", "absent", "present", None, MOVED) for name in new_findings]
    return out
