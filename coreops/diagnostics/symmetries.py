"""Other parameters of the same function: units renumbered, units rescaled."""

import numpy as np

from coreops.checks import cast, instance, integer, real_array, wrong
from coreops.inference import checked_start
from coreops.layers import Dense
from coreops.network import Network
from coreops.records import ELEMENTWISE


def permute_units(network, theta, layer, permutation):
    """theta with the outputs of Dense layer number `layer` renumbered, unit permutation[j] as unit j; same function.

    Between this and the next Dense layer only elementwise layers may stand; permutation: all of 0 ... n_out - 1.
    Hecht-Nielsen 1990; Goodfellow, Bengio & Courville 2016, section 8.2.2 (weight space symmetry).
    """
    incoming, bias, outgoing, new = _around(network, theta, layer)
    permutation = np.asarray(permutation)
    if permutation.shape != incoming.shape[1:] or not np.array_equal(np.sort(permutation), np.arange(permutation.size)):
        raise wrong("permutation", permutation, f"all numbers from 0 to {incoming.shape[1] - 1}, once each")
    incoming[:], outgoing[:] = incoming[:, permutation], outgoing[permutation]
    if bias is not None:
        bias[:] = bias[permutation]
    return new


def rescale_units(network, theta, layer, factors):
    """theta with the inputs of unit j of Dense layer `layer` times factors[j], and its outputs divided by it.

    The same function if only rectifiers (ReLU, LeakyReLU, PReLU) follow and factors > 0, if only odd functions (Tanh)
    follow and factors are 1 or -1, or if nothing stands before the next Dense layer. Only elementwise layers may stand
    there; factors: (n_out,) finite numbers != 0.   Neyshabur, Salakhutdinov & Srebro 2015, section 2.
    """
    incoming, bias, outgoing, new = _around(network, theta, layer)
    factors = cast("factors", real_array("factors", factors), network.dtype)
    if factors.shape != incoming.shape[1:] or not factors.all():
        raise wrong("factors", factors, f"{incoming.shape[1]} finite numbers, none 0")
    incoming *= factors
    outgoing /= factors[:, None]
    if bias is not None:
        bias *= factors
    return new


def _around(network, theta, layer):
    """(weight, bias or None of Dense layer `layer`, weight of the next Dense layer, theta): views into a new theta."""
    instance("network", network, Network, "a Network")
    integer("layer", layer, 0, len(network.layers) - 1)
    theta = checked_start(network, theta, None)[0].copy()
    following = next((k for k in range(layer + 1, len(network.layers)) if isinstance(network.layers[k], Dense)), None)
    between = [str(k) for k in range(layer + 1, following or layer + 1)]
    kinds = [network.plan.operations[i]["kind"] for name in between for i in network.plan.outputs[name].operations]
    if not isinstance(network.layers[layer], Dense) or following is None or not set(kinds) <= set(ELEMENTWISE):
        got = f"{layer} of {network.layers}"
        raise wrong("layer", got, "the number of a Dense layer with elementwise layers up to another Dense layer")
    parts = network.parameters(theta)
    return parts[f"{layer}.weight"], parts.get(f"{layer}.bias"), parts[f"{following}.weight"], theta
