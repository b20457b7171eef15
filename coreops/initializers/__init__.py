"""Initializers: how the weights of a layer are drawn. Any tensor may have one, biases too.

The k-th tensor of a network draws from its own Philox stream (seed, k), so that adding a layer without weights does
not change the others' start. Draws are made in float64 and rounded to the run's dtype.
Formulas that the slides print wrongly are in `coreops.initializers.as_printed`.
"""

from coreops.initializers.base import Initializer
from coreops.initializers.fixed import Constant, Uniform
from coreops.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    HeuristicUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from coreops.initializers.structured import Duplicated, GaugeImbalanced, Orthogonal

__all__ = [
    "Constant",
    "Duplicated",
    "GaugeImbalanced",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "HeuristicUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "Uniform",
    "VarianceScaling",
]
