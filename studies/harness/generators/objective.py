"""A smooth function of a vector, with its derivatives and what is known about its stationary points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Objective:
    """E: R^d -> R.   value(w), gradient(w) (d,), hessian(w) (d, d) of w (d,), float64.

    minima: all local minimisers, the best first; saddles: all other stationary points.
    """

    dimension: int
    value: Callable
    gradient: Callable
    hessian: Callable
    minima: tuple[np.ndarray, ...] = ()
    saddles: tuple[np.ndarray, ...] = ()
