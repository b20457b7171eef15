"""What the normalisation layers share: eps, and a learned gain and shift per channel."""

from dataclasses import dataclass

from coreops.checks import finite_number, flag, optional_instance
from coreops.initializers import Constant, Initializer


@dataclass(frozen=True, kw_only=True)
class Normalization:
    """gain, shift: whether they exist; gain_init, shift_init: their start, default 1 and 0. No penalty sees them."""

    eps: float = 1e-5
    gain: bool = True
    shift: bool = True
    gain_init: Initializer | None = None
    shift_init: Initializer | None = None

    def __post_init__(self):
        name = type(self).__name__
        finite_number(f"{name} eps", self.eps, 0)
        flag(f"{name} gain", self.gain)
        flag(f"{name} shift", self.shift)
        for key in ("gain_init", "shift_init"):
            wanted = "an initializer such as Constant(1.0), or None"
            optional_instance(f"{name} {key}", getattr(self, key), Initializer, wanted)

    def affine(self, plan, channels):
        """The parameters (gain, shift), None where switched off."""
        gain = plan.gain("gain", (channels,), self.gain_init or Constant(1.0)) if self.gain else None
        shift = plan.gain("shift", (channels,), self.shift_init or Constant(0.0)) if self.shift else None
        return gain, shift
