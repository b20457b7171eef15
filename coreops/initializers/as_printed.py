"""Initializers exactly as slides print them, for studies of the errata. Do not train with them."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number
from coreops.initializers.base import Initializer, normal, uniform


@dataclass(frozen=True)
class AsPrinted(Initializer):
    """A rule that looks at n_in alone.   gain: number >= 0, multiplies every weight."""

    gain: float = 1.0

    def __post_init__(self):
        finite_number(f"{type(self).__name__} gain", self.gain, 0)


@dataclass(frozen=True)
class E01HeAsVariance(AsPrinted):
    """ERRATUM E01: w ~ N(0, 2/sqrt(n_in)), read as the variance. A rectifier layer gains sqrt(n_in), not 1.

    Right is variance 2/n_in: HeNormal; He et al. 2015, eq. 10.
    """

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        normal(out, seed, ordinal, self.gain * np.sqrt(2 / np.sqrt(fan_in)))


@dataclass(frozen=True)
class E01HeAsDeviation(AsPrinted):
    """ERRATUM E01: w ~ N(0, 2/sqrt(n_in)), read as the standard deviation. A rectifier layer gains 2, not 1.

    Right is standard deviation sqrt(2/n_in): HeNormal; He et al. 2015, eq. 10.
    """

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        normal(out, seed, ordinal, self.gain * 2 / np.sqrt(fan_in))


@dataclass(frozen=True)
class E02ClassicalUniform(AsPrinted):
    """ERRATUM E02: w ~ U(-1/n_in, 1/n_in). Variance 1/(3 n_in^2): a linear layer gains 1/(3 n_in), the signal dies.

    The heuristic in use is U(-1/sqrt(n_in), 1/sqrt(n_in)): HeuristicUniform; Glorot & Bengio 2010, eq. 1.
    """

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        uniform(out, seed, ordinal, self.gain / fan_in)


@dataclass(frozen=True)
class E03DeviationAsVariance(AsPrinted):
    """ERRATUM E03: w ~ N(0, sqrt(2/n_in)) with the variance in the second place, as elsewhere in the lectures.

    What is printed is the standard deviation; as a variance a rectifier layer gains sqrt(n_in/2), not 1.
    Right is variance 2/n_in: HeNormal; He et al. 2015, eq. 10.
    """

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        normal(out, seed, ordinal, self.gain * np.sqrt(np.sqrt(2 / fan_in)))


@dataclass(frozen=True)
class E04LecunUniform(AsPrinted):
    """ERRATUM E04: w ~ U(-1/sqrt(n_in), 1/sqrt(n_in)) under LeCun's name. Variance 1/(3 n_in): sqrt(3) too narrow.

    Right is standard deviation 1/sqrt(n_in), U(-sqrt(3/n_in), sqrt(3/n_in)): LecunUniform; LeCun et al. 1998, eq. 16.
    The printed rule is HeuristicUniform, Glorot & Bengio 2010, eq. 1.
    """

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        uniform(out, seed, ordinal, self.gain / np.sqrt(fan_in))
