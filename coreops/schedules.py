"""Learning-rate schedules: the factor by which `lr` is multiplied at a step.

`step` counts updates from 0, `epoch` passes over the data from 0.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from coreops.checks import finite_number, instance, positive_integer, wrong
from coreops.target import kernel

CONSTANT, STEP, EXPONENTIAL, HARMONIC, PROGRESSIVE, INVERSE_SQUARE_ROOT, COSINE = 0, 1, 2, 3, 4, 5, 6


class Schedule:
    """`kind`, one real, two integers: what the row's record carries.   order: lr(t) falls like t^-order in the end."""

    kind: int
    rate: float = 1.0
    every: int = 1
    warmup: int = 0
    order: float = 0.0


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

    @property
    def order(self):
        return math.inf if self.factor < 1 else 0.0


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

    @property
    def order(self):
        return math.inf if self.factor < 1 else 0.0


@dataclass(frozen=True)
class HarmonicDecay(Schedule):
    """lr(t) = lr/(floor(step/every) + offset).   every: steps >= 1; offset > 0, default 10.   Robbins & Monro 1951."""

    every: int
    offset: float = 10.0
    kind = HARMONIC
    order = 1.0

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

    @property
    def order(self):
        return 1.0 if self.decay > 0 else 0.0


@dataclass(frozen=True)
class InverseSquareRoot(Schedule):
    """lr(t) = lr/sqrt(1 + step).   Zinkevich 2003, theorem 1; Nesterov 2004, section 3.2.3."""

    kind = INVERSE_SQUARE_ROOT
    order = 0.5


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """lr(t) = lr (floor + (1 - floor)(1 + cos(pi min(step, steps)/steps))/2).   steps >= 1; floor in [0, 1], default 0.

    From lr at step 0 to floor lr at `steps` and from then on.   Loshchilov & Hutter 2017, eq. 5 (no restarts).
    """

    steps: int
    floor: float = 0.0
    kind = COSINE

    def __post_init__(self):
        positive_integer("CosineDecay steps", self.steps)
        finite_number("CosineDecay floor", self.floor, 0, 1)

    @property
    def rate(self):
        return self.floor

    @property
    def every(self):
        return self.steps

    @property
    def order(self):
        return 0.0 if self.floor > 0 else math.inf


@dataclass(frozen=True)
class WarmUp(Schedule):
    """lr(t) = min(1, (step + 1)/steps) lr_after(t).   steps >= 1; after: any other schedule, default ConstantRate().

    The rate rises linearly to that of `after`, whose own clock also starts at step 0.   Goyal et al. 2017, section 2.2.
    """

    steps: int
    after: Schedule = ConstantRate()

    def __post_init__(self):
        positive_integer("WarmUp steps", self.steps)
        instance("WarmUp after", self.after, Schedule, "a schedule such as ConstantRate()")
        if self.after.warmup:
            raise wrong("WarmUp after", self.after, "a schedule without a warm-up of its own")

    kind = property(lambda self: self.after.kind)
    rate = property(lambda self: self.after.rate)
    every = property(lambda self: self.after.every)
    order = property(lambda self: self.after.order)
    warmup = property(lambda self: self.steps)


class RobbinsMonro(NamedTuple):
    """Whether the rates sum to infinity, so that no start is too far, and whether their squares sum to less."""

    sum_diverges: bool
    squares_converge: bool


def robbins_monro(schedule):
    """RobbinsMonro(sum a_t = inf, sum a_t^2 < inf): with both, SGD converges with probability 1 on convex losses.

    With a_t ~ t^-p the first needs p <= 1, the second p > 1/2.   Robbins & Monro 1951.
    """
    order = instance("schedule", schedule, Schedule, "a schedule such as ConstantRate()").order
    return RobbinsMonro(order <= 1, order > 0.5)


def _factor(name, value):
    if finite_number(name, value, 0, 1) == 0:
        raise wrong(name, value, "a number in (0, 1]")


@kernel(inline=True)
def scheduled(row, step, epoch):
    """lr at an update, in float64."""
    kind, lr, rate, every = row["schedule"], row["lr"], row["schedule_rate"], row["schedule_every"]
    if step + 1 < row["warmup"]:
        lr *= (step + 1) / row["warmup"]
    if kind == CONSTANT:
        return lr
    elif kind == STEP:
        return lr * rate ** (epoch // every)
    elif kind == EXPONENTIAL:
        return lr * rate**epoch
    elif kind == HARMONIC:
        return lr / (step // every + rate)
    elif kind == PROGRESSIVE:
        return lr / (1.0 + step * rate)
    return lr * rarer_factor(kind, rate, every, step)


@kernel
def rarer_factor(kind, rate, every, step):
    if kind == INVERSE_SQUARE_ROOT:
        return 1.0 / math.sqrt(1.0 + step)
    return rate + (1.0 - rate) * 0.5 * (1.0 + math.cos(math.pi * min(step, every) / every))
