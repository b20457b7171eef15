"""Networks with known weights: what a proof constructs. Each function returns (network, theta)."""

import numpy as np

from coreops.checks import finite_number, instance, positive_integer, real_array, wrong
from coreops.layers import Dense, ReLU, Softplus, Threshold
from coreops.layers.activation import Activation
from coreops.losses import BinaryCrossEntropy, SquaredError
from coreops.network import Network


def with_parameters(network, values):
    """(network, theta) with theta from the named tensors, "0.weight" ...: a dict of array-likes."""
    theta = np.zeros(network.n_parameters, network.dtype)
    for name, view in network.parameters(theta).items():
        view[...] = values[name]
    return network, theta


def tent_map(depth, dtype="float64"):
    """t(t(... t(x))), `depth` times, with t(x) = 2x for x <= 1/2, 2 - 2x above: 2^depth linear pieces on [0, 1].

    Two ReLUs a layer: t(x) = 2 max(0, x) - 4 max(0, x - 1/2) for x in [0, 1]. depth: positive integer.
    Telgarsky 2015, "Representation benefits of deep feedforward networks".
    """
    depth = positive_integer("tent_map depth", depth)
    layers = [layer for k in range(depth) for layer in (Dense(1 if k == 0 else 2, 2), ReLU())]
    values = {"0.weight": [[1, 1]], f"{2 * depth}.weight": [[2], [-4]], f"{2 * depth}.bias": 0}
    values |= {f"{2 * k}.weight": [[2, 2], [-4, -4]] for k in range(1, depth)}
    values |= {f"{2 * k}.bias": [0, -0.5] for k in range(depth)}
    return with_parameters(Network(*layers, Dense(2, 1), loss=SquaredError(), dtype=dtype), values)


def product_gate(scale=0.01, dtype="float64"):
    """u v from four softplus units s: (s(c(u+v)) + s(-c(u+v)) - s(c(u-v)) - s(c(v-u)))/(4 s''(0) c^2), c = scale > 0.

    s''(0) = 1/4; the error is -c^2 u v (u^2 + v^2)/12 + O(c^4), and rounding adds about eps/c^2.
    Lin, Tegmark & Rolnick 2017, "Why does deep and cheap learning work so well?", fig. 2.
    """
    if finite_number("product_gate scale", scale, 0) == 0:
        raise wrong("product_gate scale", scale, "a finite number > 0")
    network = Network(Dense(2, 4), Softplus(), Dense(4, 1), loss=SquaredError(), dtype=dtype)
    first = scale * np.array([[1, -1, 1, -1], [1, -1, -1, 1]])
    last = np.array([[1], [1], [-1], [-1]]) / scale**2
    return with_parameters(network, {"0.weight": first, "0.bias": 0, "2.weight": last, "2.bias": 0})


def memoriser(X, y, *, unit=None, gain=1.0, offset=0.5, dtype="float64"):
    """One hidden unit phi(gain (x_i . x - d + offset)) for each i with y_i = 1; class 1 if their sum exceeds 1/2.

    X: (n, d) of -1 and +1; y: (n,) of 0 and 1, at least one 1; unit: phi, default Threshold(). x_i . x is d on example
    i and at most d - 2 elsewhere, so that any 0 < offset < 2 separates them; with Sigmoid(), a gain of a few.
    McCulloch & Pitts 1943 (a disjunction of conjunctions).
    """
    X, y = real_array("X", X, 2), real_array("y", y, 1)
    unit = instance("unit", Threshold() if unit is None else unit, Activation, "an activation such as Threshold()")
    if not np.isin(X, (-1, 1)).all():
        raise wrong("X", f"values {np.unique(X)[:5]}", "-1 and +1")
    if len(y) != len(X) or not np.isin(y, (0, 1)).all() or not y.any():
        raise wrong("y", f"shape {y.shape}, values {np.unique(y)[:5]}", f"{len(X)} numbers 0 or 1, at least one 1")
    gain, offset, remembered = finite_number("gain", gain), finite_number("offset", offset), X[y == 1]
    units, d = remembered.shape
    network = Network(Dense(d, units), unit, Dense(units, 1), loss=BinaryCrossEntropy(), dtype=dtype)
    first, bias = gain * remembered.T, gain * (offset - d)
    return with_parameters(network, {"0.weight": first, "0.bias": bias, "2.weight": 1, "2.bias": -0.5})
