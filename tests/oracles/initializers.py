"""Initializers: mean and variance of a weight from the sizes of its layer, and its range if it has one."""

import math


def he_normal(spec, n_in, n_out):
    """N(0, 2 gain^2/n_in).   He, Zhang, Ren & Sun 2015, eq. 10."""
    return 0.0, 2 * spec.gain**2 / n_in, math.inf


def lecun_normal(spec, n_in, n_out):
    """N(0, gain^2/n_in).   LeCun, Bottou, Orr & Mueller 1998, eq. 16."""
    return 0.0, spec.gain**2 / n_in, math.inf


def glorot_uniform(spec, n_in, n_out):
    """U(-a, a) with a = gain sqrt(6/(n_in + n_out)), variance a^2/3.   Glorot & Bengio 2010, eq. 16."""
    limit = spec.gain * math.sqrt(6 / (n_in + n_out))
    return 0.0, limit**2 / 3, limit


def uniform(spec, n_in, n_out):
    """U(low, high): mean (low + high)/2, variance (high - low)^2/12."""
    return (spec.low + spec.high) / 2, (spec.high - spec.low) ** 2 / 12, max(abs(spec.low), abs(spec.high))


def constant(spec, n_in, n_out):
    """w = value."""
    return spec.value, 0.0, abs(spec.value)


INITIALIZERS = {
    "HeNormal": he_normal,
    "LecunNormal": lecun_normal,
    "GlorotUniform": glorot_uniform,
    "Uniform": uniform,
    "Constant": constant,
}
