"""Independent weights of mean 0 whose variance is gain^2 scale/n, n a fan of the layer."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import choice, finite_number
from coreops.initializers.base import Initializer, laplace, normal, signs, uniform

# name -> (draw, square of the distribution's own parameter over its variance)
DISTRIBUTIONS = {"normal": (normal, 1.0), "uniform": (uniform, 3.0), "laplace": (laplace, 0.5), "signs": (signs, 1.0)}
FANS = {
    "in": lambda fan_in, fan_out: fan_in,
    "out": lambda fan_in, fan_out: fan_out,
    "average": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


class Scaled(Initializer):
    """Var w = gain^2 scale/n.   gain: number >= 0, multiplies every weight; fan: which n."""

    gain: float
    scale: float
    fan: str
    distribution: str

    def __post_init__(self):
        name = type(self).__name__
        finite_number(f"{name} gain", self.gain, 0)
        finite_number(f"{name} scale", self.scale, 0)
        for field, known in (("fan", FANS), ("distribution", DISTRIBUTIONS)):
            choice(f"{name} {field}", getattr(self, field), known)

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        draw, ratio = DISTRIBUTIONS[self.distribution]
        draw(out, seed, ordinal, self.gain * np.sqrt(ratio * self.scale / FANS[self.fan](fan_in, fan_out)))


@dataclass(frozen=True)
class VarianceScaling(Scaled):
    """Var w = gain^2 scale/n: the family of the rules below, with a choice of distribution.

    scale: number >= 0; fan: "in" (n = n_in), "out" (n_out) or "average" ((n_in + n_out)/2); gain: number >= 0;
    distribution: "normal", "uniform", "laplace" or "signs" (+s or -s with probability 1/2).
    Source: Glorot & Bengio 2010 and He et al. 2015, in the parametrisation of Chollet et al. 2015 (Keras).
    """

    scale: float = 1.0
    fan: str = "in"
    distribution: str = "normal"
    gain: float = 1.0


@dataclass(frozen=True)
class LecunNormal(Scaled):
    """w ~ N(0, gain^2/n_in); fan="out": n_out instead, which keeps the gradient.   LeCun et al. 1998, eq. 16."""

    gain: float = 1.0
    fan: str = "in"
    scale, distribution = 1.0, "normal"


@dataclass(frozen=True)
class LecunUniform(Scaled):
    """w ~ U(-a, a), a = gain sqrt(3/n_in): variance gain^2/n_in.   LeCun, Bottou, Orr & Mueller 1998, eq. 16."""

    gain: float = 1.0
    fan: str = "in"
    scale, distribution = 1.0, "uniform"


@dataclass(frozen=True)
class HeuristicUniform(Scaled):
    """w ~ U(-a, a), a = gain/sqrt(n_in): variance gain^2/(3 n_in).   Glorot & Bengio 2010, eq. 1."""

    gain: float = 1.0
    fan: str = "in"
    scale, distribution = 1.0 / 3.0, "uniform"


@dataclass(frozen=True)
class GlorotNormal(Scaled):
    """w ~ N(0, 2 gain^2/(n_in + n_out)).   Glorot & Bengio 2010, eq. 12."""

    gain: float = 1.0
    scale, fan, distribution = 1.0, "average", "normal"


@dataclass(frozen=True)
class GlorotUniform(Scaled):
    """w ~ U(-a, a), a = gain sqrt(6/(n_in + n_out)): variance 2/(n_in + n_out).   Glorot & Bengio 2010, eq. 16."""

    gain: float = 1.0
    scale, fan, distribution = 1.0, "average", "uniform"


@dataclass(frozen=True)
class HeNormal(Scaled):
    """w ~ N(0, 2 gain^2/n_in): standard deviation sqrt(2/n_in).   fan="out": n_out.   He et al. 2015, eq. 10, 14."""

    gain: float = 1.0
    fan: str = "in"
    scale, distribution = 2.0, "normal"


@dataclass(frozen=True)
class HeUniform(Scaled):
    """w ~ U(-a, a), a = gain sqrt(6/n_in): variance 2 gain^2/n_in.   fan="out": n_out.   He et al. 2015, eq. 10, 14."""

    gain: float = 1.0
    fan: str = "in"
    scale, distribution = 2.0, "uniform"
