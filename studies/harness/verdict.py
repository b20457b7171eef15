"""The verdict words, from the most to the least severe."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a criterion says. The order of definition is the order of severity, worst first."""

    VOID = "void"  # a control went wrong
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_REGENERABLE = "not-regenerable"  # needs data or machines out of reach
    QUALIFIED = "qualified"  # true on a measured part of the axis, false on another
    NULL = "null"  # equivalence shown
    CONFIRMED = "confirmed"
    EXACT = "exact"  # an identity, up to rounding

    @property
    def severity(self) -> int:
        """0 for the worst word."""
        return list(Verdict).index(self)

    @property
    def passes(self) -> bool:
        """Whether a criterion with this verdict counts as met."""
        return self in (Verdict.CONFIRMED, Verdict.EXACT, Verdict.QUALIFIED)


def worst(verdicts):
    """The most severe of the given verdicts; ValueError when there is none."""
    return min((Verdict(v) for v in verdicts), key=lambda v: v.severity)
