"""Mirror descent: gradient descent in other coordinates, which chooses another one among many minima."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, flag, instance, integer, wrong
from coreops.minimize import Minimum, Objective, starting_point
from coreops.network import Network


class Potential(ABC):
    """phi(w), strictly convex; z = dphi/dw are the mirror coordinates of w. All functions of a whole vector."""

    @abstractmethod
    def value(self, w):
        """phi(w)."""

    @abstractmethod
    def coordinates(self, w):
        """z = dphi/dw."""

    @abstractmethod
    def point(self, z):
        """w from z."""


@dataclass(frozen=True)
class PNorm(Potential):
    """phi(w) = ||w||_p^2/2, z_i = sign(w_i) |w_i|^(p-1) ||w||_p^(2-p).   1 < p <= 2; 2 is gradient descent.

    Back with the dual exponent p/(p - 1); beyond 2 phi is not strongly convex, and steps overshoot at w_i = 0.
    Grove, Littlestone & Schuurmans 2001, section 2.
    """

    p: float

    def __post_init__(self):
        if not 1 < finite_number("PNorm p", self.p) <= 2:
            raise wrong("PNorm p", self.p, "a number in (1, 2]")

    def value(self, w):
        return 0.5 * np.linalg.norm(w, self.p) ** 2

    def coordinates(self, w):
        return self._link(w, self.p)

    def point(self, z):
        return self._link(z, self.p / (self.p - 1))

    @staticmethod
    def _link(v, p):
        norm = np.linalg.norm(v, p)
        return norm * np.sign(v) * (np.abs(v) / norm) ** (p - 1) if norm > 0 else np.zeros_like(v)


@dataclass(frozen=True)
class Hypentropy(Potential):
    """phi(w) = sum_i w_i arcsinh(w_i/beta) - sqrt(w_i^2 + beta^2), z_i = arcsinh(w_i/beta).   beta: finite, > 0.

    From the squared norm for beta above all |w_i| to the 1-norm, times a logarithm, far below them. Steps multiply the
    weights: dw is about -lr sqrt(w^2 + beta^2) g. It is what descent on w = u v does to w, or on u^2 - v^2.
    Ghai, Hazan & Singer 2020, "Exponentiated gradient meets gradient descent", definition 1.
    """

    beta: float

    def __post_init__(self):
        if finite_number("Hypentropy beta", self.beta, 0) == 0:
            raise wrong("Hypentropy beta", self.beta, "a finite number > 0")

    def value(self, w):
        return float(np.sum(w * np.arcsinh(w / self.beta) - np.hypot(w, self.beta)))

    def coordinates(self, w):
        return np.arcsinh(w / self.beta)

    def point(self, z):
        return self.beta * np.sinh(z)


def mirror_descent(
    network, X, y, potential, *, lr, theta0=None, stats0=None, seed=0, iterations=1000, tolerance=1e-8,
    record_theta=False,
):  # fmt: skip
    """z <- z - lr dE/dw(w), w the point of z: over all of X, y at once, in float64; returns a Minimum.

    potential: PNorm(p) or Hypentropy(beta); lr: finite, >= 0; all else as in `minimize`, with status "failed" where E
    is no longer finite. On an underdetermined linear model with a loss of (w . x, y) whose minimum is finite, z - z_0
    stays in the span of the examples, so that the limit is the interpolant of least Bregman distance phi(w) - phi(w_0)
    - z_0 . (w - w_0) from the start, at every lr that converges: from 0, least phi.
    Nemirovski & Yudin 1983; Gunasekar, Lee, Soudry & Srebro 2018, theorem 1.

    >>> mirror_descent(net, X, y, Hypentropy(1e-3), lr=0.1, theta0=np.zeros(net.n_parameters))
    """
    instance("network", network, Network, "a Network")
    instance("potential", potential, Potential, "PNorm(p) or Hypentropy(beta)")
    finite_number("lr", lr, 0)
    integer("iterations", iterations, 1)
    integer("seed", seed, 0, 2**64 - 1)
    finite_number("tolerance", tolerance, 0)
    flag("record_theta", record_theta)
    network = network.astype("float64")
    w, stats = starting_point(network, seed, theta0, stats0)
    objective, z, path, steps = Objective(network, X, y, stats, 0.0), potential.coordinates(w), [w], 0
    loss, gradient = objective(w)
    with np.errstate(over="ignore", invalid="ignore"):  # a step may be too long: that is an outcome
        while np.abs(gradient).max() > tolerance and steps < iterations and np.isfinite(loss):
            z, steps = z - lr * gradient, steps + 1
            w = potential.point(z)
            loss, gradient = objective(w)
            if record_theta:
                path.append(w)
    size = float(np.abs(gradient).max())
    if not np.isfinite(loss):
        status, message = "failed", "the loss is not finite: wanted a smaller lr"
    elif size <= tolerance:
        status, message = "converged", "the gradient is below the tolerance"
    else:
        status, message = "iterations", "the largest number of iterations"
    steps_taken = np.array(path if record_theta else np.empty((0, w.size)))
    return Minimum(network, w, stats, loss, size, status, message, steps, np.array(objective.losses), steps_taken)
