"""From images to vectors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flatten:
    """y = x, an image (..., channels) as a row of numbers, last axis fastest: no operation at all.

    LeCun, Bottou, Bengio & Haffner 1998, section II.B (the step from maps to fully connected units).
    """

    def build(self, plan, x):
        return plan.reshaped(x, x.width)
