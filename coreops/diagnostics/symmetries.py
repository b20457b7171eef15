"""Other parameters of the same function: units renumbered, units rescaled."""

import numpy as np

from coreops.checks import cast, instance, integer, real_array, wrong
from coreops.inference import checked_start
from coreops.layers import Dense
from coreops.network import Network
from coreops.records import ELEMENTWISE, SCALE

PASSABLE = {*ELEMENTWISE, SCALE}


def permute_units(network, theta, layer, permutation):
    """theta with the outputs of Dense layer number `layer` renumbered, unit permutation[j] as unit j; same function.

    Only elementwise layers may stand between this and the next Dense layer (their parameters per unit move along);
    permutation: all of 0 ... n_out - 1.   Hecht-Nielsen 1990; Goodfellow, Bengio & Courville 2016, section 8.2.2.
    """
    new, incoming, between, outgoing = _around(network, theta, layer)
    n = outgoing.shape[0]
    permutation = real_array("permutation", permutation)
    whole = permutation.dtype.kind in "iu" and permutation.shape == (n,)
    if not whole or not np.array_equal(np.sort(permutation), np.arange(n)):
        raise wrong("permutation", permutation, f"all numbers from 0 to {n - 1}, once each")
    for part in (*incoming, *(part for part in between if part.shape == (n,))):
        part[:] = part[..., permutation]
    outgoing[:] = outgoing[permutation]
    return new


def rescale_units(network, theta, layer, factors):
    """theta with the inputs of unit j of Dense layer `layer` times factors[j], and its outputs divided by it.

    The same function if only rectifiers (ReLU, LeakyReLU, PReLU) follow and factors > 0, if only odd functions (Tanh)
    follow and factors are 1 or -1, or if only linear ones (Scale) do. Only elementwise layers may stand between this
    and the next Dense layer; factors: (n_out,), finite, not 0.   Neyshabur, Salakhutdinov & Srebro 2015, section 2.
    """
    new, incoming, _, outgoing = _around(network, theta, layer)
    factors = cast("factors", real_array("factors", factors), network.dtype)
    if factors.shape != (outgoing.shape[0],) or not factors.all():
        raise wrong("factors", factors, f"{outgoing.shape[0]} finite numbers, none 0")
    for part in incoming:
        part *= factors
    outgoing /= factors[:, None]
    return new


def _around(network, theta, layer):
    """(a copy of theta, and views into it: parameters of Dense layer `layer`, of what follows, weight of the next)."""
    instance("network", network, Network, "a Network")
    integer("layer", layer, 0, len(network.layers) - 1)
    theta = checked_start(network, theta, None)[0].copy()
    following = next((k for k in range(layer + 1, len(network.layers)) if isinstance(network.layers[k], Dense)), None)
    names = [str(k) for k in range(layer + 1, following or layer + 1)]
    kinds = {network.plan.operations[i]["kind"] for name in names for i in network.plan.outputs[name].operations}
    if not isinstance(network.layers[layer], Dense) or following is None or not kinds <= PASSABLE:
        got = f"{layer} of {network.layers}"
        raise wrong("layer", got, "the number of a Dense layer with elementwise layers up to another Dense layer")
    parts = network.parameters(theta)
    incoming, *between = [
        [part for key, part in parts.items() if key.startswith(f"{name}.")] for name in (str(layer), *names)
    ]
    return theta, incoming, [part for group in between for part in group], parts[f"{following}.weight"]
