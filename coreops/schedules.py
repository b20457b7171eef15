"""Learning-rate schedules: the factor by which `lr` is multiplied at a step.

`step` counts updates from 0, `epoch` passes over the data from 0.
"""

from dataclasses import dataclass

from coreops.checks import finite_number, positive_integer, wrong
from coreops.target import kernel

CONSTANT, STEP, EXPONENTIAL, HARMONIC, PROGRESSIVE = 0, 1, 2, 3, 4


class Schedule:
    """`kind`, one real and one integer: what the row's record carries."""

    kind: int
    rate: float = 1.0
    every: int = 1


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """Factor 1: lr(t) = lr.   Robbins & Monro 1951 need a decaying rate; this is the rate that does not."""

    kind = CONSTANT


@dataclass(frozen=True)
class StepDecay(Schedule):
    """lr(t) = lr factor^floor(epoch/every).   factor in (0, 1], default 0.1; every (epochs): 10.   He et al. 2016."""

    factor: float = 0.1
    every: int = 10
    kind = STEP

    def __post_init__(self):
        _factor("StepDecay factor", self.factor)
        positive_integer("StepDecay every", self.every)

    @property
    def rate(self):
        return self.factor


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """lr(t) = lr factor^epoch.   factor in (0, 1].   Bottou 2012, "Stochastic gradient descent tricks"."""

    factor: float
    kind = EXPONENTIAL

    def __post_init__(self):
        _factor("ExponentialDecay factor", self.factor)

    @property
    def rate(self):
        return self.factor


@dataclass(frozen=True)
class HarmonicDecay(Schedule):
    """lr(t) = lr/(floor(step/every) + offset).   every: steps >= 1; offset > 0, default 10.   Robbins & Monro 1951."""

    every: int
    offset: float = 10.0
    kind = HARMONIC

    def __post_init__(self):
        positive_integer("HarmonicDecay every", self.every)
        if finite_number("HarmonicDecay offset", self.offset, 0) == 0:
            raise wrong("HarmonicDecay offset", self.offset, "a finite number > 0")

    @property
    def rate(self):
        return self.offset


@dataclass(frozen=True)
class ProgressiveDecay(Schedule):
    """lr(t) = lr/(1 + decay step).   decay >= 0.   Bottou 2012, section 5.2 (with lambda lr for decay)."""

    decay: float
    kind = PROGRESSIVE

    def __post_init__(self):
        finite_number("ProgressiveDecay decay", self.decay, 0)

    @property
    def rate(self):
        return self.decay


def _factor(name, value):
    if finite_number(name, value, 0, 1) == 0:
        raise wrong(name, value, "a number in (0, 1]")


@kernel(inline=True)
def scheduled(row, step, epoch):
    """lr at an update, in float64."""
    kind, lr, rate, every = row["schedule"], row["lr"], row["schedule_rate"], row["schedule_every"]
    if kind == CONSTANT:
        return lr
    elif kind == STEP:
        return lr * rate ** (epoch // every)
    elif kind == EXPONENTIAL:
        return lr * rate**epoch
    elif kind == HARMONIC:
        return lr / (step // every + rate)
    return lr / (1.0 + step * rate)
