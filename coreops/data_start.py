"""A start that depends on data: weight-normalised units that begin standardised."""

import numpy as np

from coreops import records
from coreops.checks import instance, wrong
from coreops.inference import Prepared, checked_start
from coreops.network import Network


def initialize_from_data(network, theta, X, stats=None):
    """theta in which every unit of every WeightNorm has mean 0 and variance 1 over X before its activation.

    Layer after layer, with t = v.x/||v|| of the layer's input x: g <- 1/sd(t), b <- -mean(t)/sd(t); a unit that is
    constant over X keeps its g, and one without bias its mean. The other parameters stay.
    network: with at least one WeightNorm; theta: (P,), with no g at 0; X: (n, n_in), n >= 2; stats: as in evaluation,
    default as they start with seed 0. Returns (P,) in the network's dtype.
    Salimans & Kingma 2016, section 3.

    >>> run = fit(net, X, y, theta0=initialize_from_data(net, net.initialize(0), X[:256]), ...)
    """
    instance("network", network, Network, "a Network")
    x = network.encode_inputs(X)
    prepared = Prepared(network, *checked_start(network, theta, stats), len(x))
    ops = prepared.ops
    layers = [k for k in range(len(ops)) if ops[k]["kind"] == records.WEIGHT_NORM]
    if not layers:
        raise wrong("network", network, "a network with a WeightNorm layer")
    if len(x) < 2:
        raise wrong("X", f"{len(x)} example", "at least 2, to take a variance over")
    for k in layers:
        prepared.forward(x)
        affine = ops[k + 1]
        outputs = np.asarray(prepared.part(affine["y"], len(x), affine["n_out"]), float)
        deviation = outputs.std(axis=0)
        deviation[deviation <= np.finfo(network.dtype).eps * np.abs(outputs).max(axis=0)] = 1.0
        prepared.part(ops[k]["b"], 1, affine["n_out"])[:] /= deviation
        if affine["b"] >= 0:
            bias = prepared.part(affine["b"], 1, affine["n_out"])
            bias[:] = (bias - outputs.mean(axis=0)) / deviation
    return prepared.arena[: network.n_parameters].copy()
