"""Initializers that do not look at the size of the layer."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, wrong
from coreops.initializers.base import Initializer
from coreops.rng import fill_uniform


@dataclass(frozen=True)
class Uniform(Initializer):
    """w ~ U(low, high), both finite and low <= high.   The plain rule that Glorot & Bengio 2010, eq. 1 starts from."""

    low: float
    high: float

    def __post_init__(self):
        finite_number("Uniform low", self.low)
        finite_number("Uniform high", self.high)
        if self.low > self.high:
            raise wrong("Uniform low, high", f"{self.low} > {self.high}", "low <= high")

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        fill_uniform(np.uint64(seed), ordinal, float(self.low), float(self.high), out.reshape(-1))


@dataclass(frozen=True)
class Constant(Initializer):
    """w = value everywhere, 0 by default: a symmetric start that hidden units cannot leave.

    For biases the usual start; for the last layer of a residual branch the identity.
    Source: Goodfellow et al. 2016, section 8.4.
    """

    value: float = 0.0

    def __post_init__(self):
        finite_number("Constant value", self.value)

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        out[:] = self.value
