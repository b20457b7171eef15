"""Test functions of one or two variables whose stationary points are known."""

import numpy as np
from scipy import optimize

from coreops.checks import finite_number
from studies.harness.generators.objective import Objective


def rosenbrock(dimension=2):
    """E(w) = sum_i 100 (w_(i+1) - w_i^2)^2 + (1 - w_i)^2: a bent valley.   Rosenbrock 1960, through SciPy.

    Minimiser (1, ..., 1); only stationary point for 2 and 3 variables, so only those are offered.
    """
    if dimension not in (2, 3):
        raise ValueError(f"dimension: got {dimension!r}, wanted 2 or 3")
    return Objective(dimension, optimize.rosen, optimize.rosen_der, optimize.rosen_hess, minima=(np.ones(dimension),))


def beale():
    """E(x, y) = sum_(k=1..3) (c_k - x (1 - y^k))^2, c = (1.5, 2.25, 2.625).   Beale 1958.

    Minimiser (3, 1/2), saddle (0, 1); flat far away, steep towards the corners.
    """
    c, k = np.array([1.5, 2.25, 2.625]), np.arange(1, 4)

    def terms(w):
        """Residuals, their gradient (2, 3) and the two second derivatives that are not 0."""
        x, y = w
        slope = k * y ** (k - 1)
        bend = np.array([0, 2, 6 * y])
        return c - x * (1 - y**k), np.stack([y**k - 1, x * slope]), slope, x * bend

    def value(w):
        return (terms(w)[0] ** 2).sum()

    def gradient(w):
        r, j, _, _ = terms(w)
        return 2 * j @ r

    def hessian(w):
        r, j, mixed, bend = terms(w)
        return 2 * (j @ j.T + np.array([[0, r @ mixed], [r @ mixed, r @ bend]]))

    return Objective(2, value, gradient, hessian, minima=(np.array([3, 0.5]),), saddles=(np.array([0.0, 1.0]),))


def saddle():
    """E(x, y) = x^2 - y^2: descent multiplies y by 1 + 2 alpha a step.   Dauphin et al. 2014, fig. 1."""
    signs = np.array([1.0, -1.0])
    return Objective(
        2,
        lambda w: (signs * w**2).sum(),
        lambda w: 2 * signs * w,
        lambda w: np.diag(2 * signs),
        saddles=(np.zeros(2),),
    )


def monkey_saddle():
    """E(x, y) = x^3 - 3 x y^2: three ways down from a point whose Hessian is 0.   Dauphin et al. 2014, fig. 1."""
    return Objective(
        2,
        lambda w: w[0] ** 3 - 3 * w[0] * w[1] ** 2,
        lambda w: np.array([3 * w[0] ** 2 - 3 * w[1] ** 2, -6 * w[0] * w[1]]),
        lambda w: np.array([[6 * w[0], -6 * w[1]], [-6 * w[1], -6 * w[0]]]),
        saddles=(np.zeros(2),),
    )


def double_well(tilt=0.3):
    """E(w) = (w^2 - 1)^2 + tilt w, 0 <= tilt < 8/sqrt(27): two wells, the left one deeper.   Holmes 1979.

    Stationary points are the roots of 4 w^3 - 4 w + tilt; the one in the middle is the top of the barrier.
    """
    finite_number("tilt", tilt, 0, 8 / np.sqrt(27), high_open=True)
    left, top, right = np.sort(np.roots([4, 0, -4, tilt]).real)
    return Objective(
        1,
        lambda w: (w[0] ** 2 - 1) ** 2 + tilt * w[0],
        lambda w: np.array([4 * w[0] ** 3 - 4 * w[0] + tilt]),
        lambda w: np.array([[12 * w[0] ** 2 - 4]]),
        minima=(np.array([left]), np.array([right])),
        saddles=(np.array([top]),),
    )
