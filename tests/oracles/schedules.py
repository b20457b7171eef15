"""Schedules: the learning rate at update `step` (from 0) of pass `epoch` (from 0)."""

import math


def constant(spec, lr, step, epoch):
    """a(t) = a."""
    return lr


def step_decay(spec, lr, step, epoch):
    """a(t) = a f^floor(epoch/every).   He, Zhang, Ren & Sun 2016, section 4.1 (f = 0.1)."""
    return lr * spec.factor ** (epoch // spec.every)


def exponential(spec, lr, step, epoch):
    """a(t) = a f^epoch."""
    return lr * spec.factor**epoch


def harmonic(spec, lr, step, epoch):
    """a(t) = a/(floor(step/every) + offset).   Sums diverge, sums of squares converge: Robbins & Monro 1951."""
    return lr / (step // spec.every + spec.offset)


def progressive(spec, lr, step, epoch):
    """a(t) = a/(1 + decay step).   Bottou 2012, section 5.2."""
    return lr / (1 + spec.decay * step)


def inverse_square_root(spec, lr, step, epoch):
    """a(t) = a/sqrt(t), t = 1, 2, ...   Zinkevich 2003, theorem 1."""
    return lr * (step + 1) ** -0.5


def cosine(spec, lr, step, epoch):
    """a(t) = floor + (a - floor)(1 + cos(pi t/T))/2 up to T, floor after it.   Loshchilov & Hutter 2017, eq. 5."""
    low = spec.floor * lr
    return low if step >= spec.steps else low + (lr - low) * math.cos(math.pi * step / spec.steps / 2) ** 2


def warm_up(spec, lr, step, epoch):
    """a(t) = t/T times the other schedule for t = 1 ... T; then that schedule.   Goyal et al. 2017, section 2.2."""
    after = SCHEDULES[type(spec.after).__name__](spec.after, lr, step, epoch)
    return after * (step + 1) / spec.steps if step < spec.steps else after


SCHEDULES = {
    "ConstantRate": constant,
    "StepDecay": step_decay,
    "ExponentialDecay": exponential,
    "HarmonicDecay": harmonic,
    "ProgressiveDecay": progressive,
    "InverseSquareRoot": inverse_square_root,
    "CosineDecay": cosine,
    "WarmUp": warm_up,
}
