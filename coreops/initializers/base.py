"""What every initializer offers, and the one-dimensional distributions that they draw from."""

from abc import ABC, abstractmethod

import numpy as np

from coreops.rng import fill_normal, fill_uniform


class Initializer(ABC):
    """Fills one tensor; subclasses say with what.   needs_inputs: whether it must have two dimensions or more."""

    needs_inputs = False

    @abstractmethod
    def fill(self, out, seed, ordinal, fan_in, fan_out):
        """Write the tensor.   out: float64, C-contiguous, in its true shape with the outputs on the last axis;
        seed: integer in [0, 2^64); ordinal: number of the tensor's stream, in [0, 2^16); fan_in: weights that each
        output sums over, fan_out: weights that each input feeds.
        """


def normal(out, seed, ordinal, std):
    """N(0, std^2)."""
    fill_normal(np.uint64(seed), ordinal, std, out.reshape(-1))


def uniform(out, seed, ordinal, limit):
    """U(-limit, limit)."""
    fill_uniform(np.uint64(seed), ordinal, -limit, limit, out.reshape(-1))


def laplace(out, seed, ordinal, scale):
    """Density e^(-|w|/scale)/(2 scale), by inversion: -scale sign(u) ln(1 - |u|) with u ~ U(-1, 1)."""
    uniform(out, seed, ordinal, 1.0)
    out[:] = -scale * np.sign(out) * np.log1p(-np.abs(out))


def signs(out, seed, ordinal, size):
    """+size or -size with probability 1/2 each."""
    uniform(out, seed, ordinal, 1.0)
    out[:] = np.copysign(size, out)
