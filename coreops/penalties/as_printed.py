"""Penalties as lectures print them, errors included: for showing an erratum by running it, not for training."""

from dataclasses import dataclass

from coreops.checks import finite_number
from coreops.penalties.specs import SHRINK_FIRST, Penalty


@dataclass(frozen=True)
class ShrinkFirst(Penalty):
    """ERRATUM E41: as printed; do not use.   w <- S(w, strength), then the step, S(w, t) = sign(w) max(|w| - t, 0).

    The learning rate is missing from the threshold, and the step that follows moves every zero away: no weight stays
    exactly 0. With strength = lr lambda it is the other half of the erratum alone, the wrong order.
    strength: finite, >= 0. Right: L1, the step and then S(w, lr lambda) (Beck & Teboulle 2009, eq. 1.4).
    """

    strength: float
    kind = SHRINK_FIRST

    def __post_init__(self):
        finite_number("ShrinkFirst strength", self.strength, 0)

    @property
    def l1(self):
        return self.strength
