"""Schedules: the learning rate at update `step` (from 0) of pass `epoch` (from 0)."""


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


SCHEDULES = {
    "ConstantRate": constant,
    "StepDecay": step_decay,
    "ExponentialDecay": exponential,
    "HarmonicDecay": harmonic,
    "ProgressiveDecay": progressive,
}
