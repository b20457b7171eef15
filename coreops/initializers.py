"""Initializers: how the weights of a layer are drawn. Biases start at 0.

The k-th weighted operation of a network draws from its own Philox stream (seed, k), so that adding a layer
without weights does not change the others' start. Draws are made in float64 and rounded to the run's dtype.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, wrong
from coreops.rng import fill_normal, fill_uniform


class Initializer(ABC):
    """Fills one weight tensor; subclasses say with what."""

    @abstractmethod
    def fill(self, out, seed, ordinal, fan_in, fan_out):
        """Write the tensor (float64, flat). seed: uint64, ordinal: index of the weighted operation."""


@dataclass(frozen=True)
class Normal(Initializer):
    """Base of the normal initializers: w ~ N(0, gain^2 v(n_in, n_out)). gain: finite number >= 0."""

    gain: float = 1.0

    def __post_init__(self):
        finite_number(f"{type(self).__name__} gain", self.gain, 0)

    @abstractmethod
    def variance(self, fan_in, fan_out):
        """v(n_in, n_out) at gain 1."""

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        fill_normal(np.uint64(seed), ordinal, self.gain * np.sqrt(self.variance(fan_in, fan_out)), out)


@dataclass(frozen=True)
class HeNormal(Normal):
    """w ~ N(0, 2/n_in): variance 2/n_in, standard deviation sqrt(2/n_in).   He et al. 2015, eq. 10."""

    def variance(self, fan_in, fan_out):
        return 2.0 / fan_in


@dataclass(frozen=True)
class LecunNormal(Normal):
    """w ~ N(0, 1/n_in).   LeCun, Bottou, Orr & Mueller 1998, eq. 16."""

    def variance(self, fan_in, fan_out):
        return 1.0 / fan_in


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """w ~ U(-a, a), a = gain sqrt(6/(n_in + n_out)): variance 2/(n_in + n_out).   Glorot & Bengio 2010, eq. 16."""

    gain: float = 1.0

    def __post_init__(self):
        finite_number("GlorotUniform gain", self.gain, 0)

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        limit = self.gain * np.sqrt(6.0 / (fan_in + fan_out))
        fill_uniform(np.uint64(seed), ordinal, -limit, limit, out)


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
        fill_uniform(np.uint64(seed), ordinal, float(self.low), float(self.high), out)


@dataclass(frozen=True)
class Constant(Initializer):
    """w = value everywhere: a symmetric start that hidden units cannot leave.   Goodfellow et al. 2016, section 8.4."""

    value: float = 0.0

    def __post_init__(self):
        finite_number("Constant value", self.value)

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        out[:] = self.value
