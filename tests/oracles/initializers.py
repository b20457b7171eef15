"""Initializers: mean and variance of a weight from the sizes of its layer, and its range if it has one."""

import math


def fan(spec, n_in, n_out):
    """The n of a rule: weights per output, per input, or their mean.   Glorot & Bengio 2010, section 4.2.1."""
    return {"in": n_in, "out": n_out, "average": (n_in + n_out) / 2}[spec.fan]


def he_normal(spec, n_in, n_out):
    """N(0, 2 gain^2/n).   He, Zhang, Ren & Sun 2015, eq. 10 (n = n_in) and 14 (n = n_out)."""
    return 0.0, 2 * spec.gain**2 / fan(spec, n_in, n_out), math.inf


def he_uniform(spec, n_in, n_out):
    """U(-a, a) with a^2/3 = 2 gain^2/n.   He, Zhang, Ren & Sun 2015, eq. 10 (n = n_in) and 14 (n = n_out)."""
    return symmetric(spec.gain * math.sqrt(6 / fan(spec, n_in, n_out)))


def lecun_normal(spec, n_in, n_out):
    """N(0, gain^2/n).   LeCun, Bottou, Orr & Mueller 1998, eq. 16."""
    return 0.0, spec.gain**2 / fan(spec, n_in, n_out), math.inf


def lecun_uniform(spec, n_in, n_out):
    """U(-a, a) with a^2/3 = gain^2/n.   LeCun, Bottou, Orr & Mueller 1998, eq. 16."""
    return symmetric(spec.gain * math.sqrt(3 / fan(spec, n_in, n_out)))


def heuristic_uniform(spec, n_in, n_out):
    """U(-a, a) with a = gain/sqrt(n).   Glorot & Bengio 2010, eq. 1."""
    return symmetric(spec.gain / math.sqrt(fan(spec, n_in, n_out)))


def glorot_normal(spec, n_in, n_out):
    """N(0, 2 gain^2/(n_in + n_out)).   Glorot & Bengio 2010, eq. 12."""
    return 0.0, 2 * spec.gain**2 / (n_in + n_out), math.inf


def glorot_uniform(spec, n_in, n_out):
    """U(-a, a) with a = gain sqrt(6/(n_in + n_out)), variance a^2/3.   Glorot & Bengio 2010, eq. 16."""
    return symmetric(spec.gain * math.sqrt(6 / (n_in + n_out)))


def variance_scaling(spec, n_in, n_out):
    """Variance s^2 = gain^2 scale/n; U(-a, a) has a^2/3, Laplace 2 b^2, +-s s^2.   Chollet et al. 2015 (Keras)."""
    variance = spec.gain**2 * spec.scale / fan(spec, n_in, n_out)
    limits = {"uniform": math.sqrt(3 * variance), "signs": math.sqrt(variance)}
    return 0.0, variance, limits.get(spec.distribution, math.inf)


def symmetric(limit):
    """U(-limit, limit): mean 0, variance limit^2/3."""
    return 0.0, limit**2 / 3, limit


def uniform(spec, n_in, n_out):
    """U(low, high): mean (low + high)/2, variance (high - low)^2/12."""
    return (spec.low + spec.high) / 2, (spec.high - spec.low) ** 2 / 12, max(abs(spec.low), abs(spec.high))


def constant(spec, n_in, n_out):
    """w = value."""
    return spec.value, 0.0, abs(spec.value)


def orthogonal(spec, n_in, n_out):
    """An entry of a unit vector of max(n_in, n_out) numbers, times gain.   Saxe et al. 2014."""
    return 0.0, spec.gain**2 / max(n_in, n_out), spec.gain


def duplicated(spec, n_in, n_out):
    """As the rule that is duplicated."""
    return INITIALIZERS[type(spec.base).__name__](spec.base, n_in, n_out)


def gauge_imbalanced(spec, n_in, n_out):
    """Variance of the rule times E c^2 and E 1/c^2, both sinh(L)/L with L = 2 s ln 10 for ln c ~ U(-L/2, L/2)."""
    mean, variance, _ = INITIALIZERS[type(spec.base).__name__](spec.base, n_in, n_out)
    width = 2 * spec.spread * math.log(10)
    factor = math.sinh(width) / width if width else 1.0
    return mean, variance * factor ** ((spec.inputs is not None) + (spec.outputs is not None)), math.inf


def e01_he_as_variance(spec, n_in, n_out):
    """Variance 2/sqrt(n_in)."""
    return 0.0, spec.gain**2 * 2 / math.sqrt(n_in), math.inf


def e01_he_as_deviation(spec, n_in, n_out):
    """Standard deviation 2/sqrt(n_in)."""
    return 0.0, spec.gain**2 * 4 / n_in, math.inf


def e02_classical_uniform(spec, n_in, n_out):
    """U(-1/n_in, 1/n_in)."""
    return symmetric(spec.gain / n_in)


def e03_deviation_as_variance(spec, n_in, n_out):
    """Variance sqrt(2/n_in)."""
    return 0.0, spec.gain**2 * math.sqrt(2 / n_in), math.inf


def e04_lecun_uniform(spec, n_in, n_out):
    """U(-1/sqrt(n_in), 1/sqrt(n_in))."""
    return symmetric(spec.gain / math.sqrt(n_in))


INITIALIZERS = {
    "HeNormal": he_normal,
    "HeUniform": he_uniform,
    "LecunNormal": lecun_normal,
    "LecunUniform": lecun_uniform,
    "HeuristicUniform": heuristic_uniform,
    "GlorotNormal": glorot_normal,
    "GlorotUniform": glorot_uniform,
    "VarianceScaling": variance_scaling,
    "Uniform": uniform,
    "Constant": constant,
    "Orthogonal": orthogonal,
    "Duplicated": duplicated,
    "GaugeImbalanced": gauge_imbalanced,
    "E01HeAsVariance": e01_he_as_variance,
    "E01HeAsDeviation": e01_he_as_deviation,
    "E02ClassicalUniform": e02_classical_uniform,
    "E03DeviationAsVariance": e03_deviation_as_variance,
    "E04LecunUniform": e04_lecun_uniform,
}
