"""A strongly convex function on which heavy ball, tuned for quadratics, runs in a circle of three points."""

import numpy as np

from studies.harness.generators.objective import Objective

CURVATURES = (1.0, 25.0)  # m and L
RATE, MOMENTUM = 1 / 9, 4 / 9  # 4/(sqrt L + sqrt m)^2 and ((sqrt L - sqrt m)/(sqrt L + sqrt m))^2
START = 3.3  # within [3.07, 3.46]: attracted by the cycle
CYCLE = (792 / 1225, -2208 / 1225, 2592 / 1225)


def piecewise_quadratic():
    """E' = 25 w for w < 1, w + 24 for 1 <= w < 2, 25 w - 24 for w >= 2; E(0) = 0, minimiser 0.

    Continuously differentiable with 1 <= E'' <= 25.   Lessard, Recht & Packard 2016, section 4.6.
    """
    pieces = (lambda x: x < 1, lambda x: x < 2)
    value = (lambda x: 12.5 * x**2, lambda x: 0.5 * x**2 + 24 * x - 12, lambda x: 12.5 * x**2 - 24 * x + 36)
    gradient = (lambda x: 25 * x, lambda x: x + 24, lambda x: 25 * x - 24)
    hessian = (lambda x: 25.0, lambda x: 1.0, lambda x: 25.0)

    def choose(functions):
        return lambda x: next((f(x) for test, f in zip(pieces, functions, strict=False) if test(x)), functions[2](x))

    e, g, h = map(choose, (value, gradient, hessian))
    return Objective(
        1, lambda w: e(w[0]), lambda w: np.array([g(w[0])]), lambda w: np.array([[h(w[0])]]), minima=(np.zeros(1),)
    )
