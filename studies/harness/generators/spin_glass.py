"""The spherical p-spin glass: a random landscape whose saddles of each index live at their own energy."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from coreops.checks import integer
from coreops.rng import host_generator


@dataclass(frozen=True, eq=False)
class SphericalSpinGlass:
    """H(s) = N^(-(p-1)/2) sum J_(i1 ... ip) s_i1 ... s_ip on |s|^2 = N, all J ~ N(0, 1); E H(s) H(s') = N (s s'/N)^p.

    couplings: J, made symmetric, (N,) * p. All functions take s (N,) of norm sqrt(N); gradient and Hessian are those
    of the sphere: the tangent part of dH/ds, and P (d2H/ds2) P - (p H/N) P with P = 1 - s s^T/N, which has one more
    zero eigenvalue, along s. As N grows their eigenvalues at a critical point of energy N E fill
    -p E +- 2 sqrt(p (p - 1)), so that the index vanishes below E = -2 sqrt((p - 1)/p), -1.633 for p = 3.
    Source: Auffinger, Ben Arous & Cerny 2013, sections 1 and 2.
    """

    couplings: np.ndarray

    @property
    def n(self):
        return self.couplings.shape[0]

    @property
    def p(self):
        return self.couplings.ndim

    @property
    def threshold(self):
        """Energy per spin below which saddles give way to minima."""
        return -2 * math.sqrt((self.p - 1) / self.p)

    def energy(self, s):
        """H(s)."""
        return float(self._contract(s, self.p))

    def gradient(self, s):
        """(N,), orthogonal to s."""
        g = self.p * self._contract(s, self.p - 1)
        return g - (g @ s / self.n) * s

    def hessian(self, s):
        """(N, N), symmetric; s is an eigenvector with eigenvalue 0."""
        h = self.p * (self.p - 1) * self._contract(s, self.p - 2)
        projection = np.eye(self.n) - np.outer(s, s) / self.n
        return projection @ h @ projection - self.p * self.energy(s) / self.n * projection

    def _contract(self, s, times):
        tensor = self.couplings * self.n ** (-(self.p - 1) / 2)
        for _ in range(times):
            tensor = tensor @ s
        return tensor


def spherical_spin_glass(n, seed, p=3):
    """A `SphericalSpinGlass` of n >= 2 spins; p in [2, 4], n^p couplings."""
    integer("n", n, 2)
    integer("p", p, 2, 4)
    couplings = host_generator(seed, "spin glass").standard_normal((n,) * p)
    orders = list(itertools.permutations(range(p)))
    return SphericalSpinGlass(sum(couplings.transpose(order) for order in orders) / len(orders))


def random_spins(n, seed):
    """A point (n,) uniform on the sphere of radius sqrt(n)."""
    s = host_generator(seed, "spins").standard_normal(n)
    return s * math.sqrt(n) / np.linalg.norm(s)
