"""Paths through a rectifier network: their norm, and how much of it each weight carries."""

from typing import NamedTuple

import numpy as np

from coreops import records
from coreops.checks import instance
from coreops.inference import checked_start
from coreops.network import Network
from coreops.optimizers.path import rectifiers_only


class PathNorm(NamedTuple):
    """What `path_norm` returns: R, dR/dtheta (P,) and gamma (P,), all in float64."""

    value: float
    gradient: np.ndarray
    scales: np.ndarray


def path_norm(network, theta, *, stats=None):
    """R = sum over all paths of the product of their squared weights, of a network of Dense, ReLU and LeakyReLU layers.

    Paths run from an input to an output; a bias is an edge from a constant input. Its square root is the group norm
    phi_{2,2} of paths. Scaling the weights into a rectifier by c > 0 and those out of it by 1/c leaves R as it is,
    while sum w^2 changes. scales: gamma_e, R without the factor w_e^2, over the paths through e, by which PathSGD
    divides; gradient: 2 w_e gamma_e. Slopes of leaky rectifiers do not enter. stats: fixed weights, default as drawn
    with seed 0.   Neyshabur, Tomioka & Srebro 2015, "Norm-based capacity control in neural networks", section 4.
    """
    rectifiers_only("network", instance("network", network, Network, "a Network"))
    theta, stats = (part.astype(float) for part in checked_start(network, theta, stats))
    scales, unlearned = np.empty_like(theta), np.empty_like(stats)
    squares = network.parameters(theta**2) | network.statistics(stats**2)
    views = network.parameters(scales) | network.statistics(unlearned)
    into, layers = np.ones(network.n_in), []
    for op in network.plan.operations:
        if op["kind"] == records.DENSE:
            w, b = op["w"].name, op["b"] and op["b"].name
            layers.append((into, w, b))
            into = into @ squares[w] + (squares[b] if b else 0.0)
    value, out_of = float(into.sum()), np.ones(network.n_out)
    for into, w, b in reversed(layers):
        views[w][...] = np.outer(into, out_of)
        if b:
            views[b][...] = out_of
        out_of = squares[w] @ out_of
    return PathNorm(value, 2 * theta * scales, scales)
