"""Several networks as one: the average of what they predict; and all the networks that a dropout trains at once."""

from collections.abc import Iterable

import numpy as np
import scipy

from coreops.checks import choice, instance, real_array, wrong
from coreops.diagnostics import layer_outputs
from coreops.inference import checked_start, network_outputs
from coreops.layers import Dropout
from coreops.network import Network
from coreops.results import Fitted

MEANS = ("arithmetic", "geometric")
RESULTS = "a list of results of fit, fit_many or minimize"
MOST_UNITS, BLOCK = 16, 64  # 65536 thinned networks; masks per pass


def ensemble_predictions(members, X, *, mean="arithmetic", weights=None):
    """sum_k a_k f_k(X), (n, n_out) in float64: of probabilities if the loss has them, else of outputs.

    members: results of one loss and width, of any architecture; mean: "arithmetic", or "geometric", prod_k p_k^a_k
    over its sum, for probabilities alone; weights: a_k >= 0, taken over their sum, default all alike.
    The squared error is that of a member, on average, less the spread of the members around their mean (Krogh &
    Vedelsby 1995, section 2), and the cross-entropy of either mean is at most the average one (Jensen).
    Source: Hansen & Salamon 1990, "Neural network ensembles"; geometric: Heskes 1998, section 3.
    """
    if not isinstance(members, Iterable):
        raise wrong("members", members, RESULTS, TypeError)
    members = [instance("members", member, Fitted, RESULTS) for member in members]
    kinds = {(type(member.network.loss), member.network.n_out) for member in members}
    if len(kinds) != 1:
        got = ", ".join(f"{loss.__name__} of {n}" for loss, n in sorted(kinds, key=str)) or "none"
        raise wrong("members", got, "at least one result, all with the same loss and number of outputs")
    before, after = _links(members[0].network.loss, mean)
    a = np.ones(len(members)) if weights is None else real_array("weights", weights, 1)
    if len(a) != len(members) or a.min() < 0 or a.sum() == 0:
        raise wrong("weights", weights, f"{len(members)} numbers >= 0, not all 0")
    return after(np.average([before(member.outputs(X).astype(float)) for member in members], axis=0, weights=a))


def thinned_predictions(network, theta, X, *, mean="arithmetic", stats=None):
    """The same mean over all 2^k networks that a Dropout of k units thins out, by their probabilities, (n, n_out).

    network: with one Dropout among its own layers, of at most 16 units; what else draws or has batch statistics is as
    in an evaluation. Its evaluation is this mean where a linear map follows: the arithmetic one of outputs, the
    geometric one of probabilities; elsewhere it is near. Costs 2^k passes through the layers behind the dropout.
    Baldi & Sadowski 2013, "Understanding dropout", eq. 6.
    """
    k = _dropout(instance("network", network, Network, "a Network"))
    before, after = _links(network.loss, mean)
    theta, stats = checked_start(network, theta, stats)
    h = network.encode_inputs(X) if k == 0 else layer_outputs(network, theta, X, stats=stats)[str(k - 1)]
    h, rate, inverted = h.reshape(len(h), -1), network.layers[k].rate, network.layers[k].scaling == "inverted"
    masks = np.indices((2,) * h.shape[1]).reshape(h.shape[1], -1).T
    kept = masks.sum(1)
    a, scale = (1 - rate) ** kept * rate ** (h.shape[1] - kept), 1 / (1 - rate) if inverted else 1.0
    behind, total = _behind(network, theta, stats, k), 0.0
    for start in range(0, len(masks), BLOCK):
        block = masks[start : start + BLOCK]
        inputs = (scale * block[:, None] * h).reshape(-1, h.shape[1])
        outputs = before(network_outputs(behind[0], behind[1], inputs, behind[2]).astype(float))
        total = total + np.tensordot(a[start : start + BLOCK], outputs.reshape(len(block), len(h), -1), 1)
    return after(total)


def _links(loss, mean):
    """What to do with outputs before they are averaged, and with their mean.

    Of probabilities the geometric mean, normalised, is the link of the mean of the logits.
    """
    known = MEANS if loss.link else MEANS[:1]
    choice("mean", mean, known, " or ".join(map(repr, known)))
    links = {"softmax": lambda z: scipy.special.softmax(z, axis=-1), "sigmoid": scipy.special.expit, None: lambda z: z}
    link, same = links[loss.link], links[None]
    return (same, link) if mean == "geometric" else (link, same)


def _dropout(network):
    """The number of the network's only Dropout, which some layer must follow."""
    found = [k for k, layer in enumerate(network.layers) if isinstance(layer, Dropout)]
    if len(found) != 1 or found[0] == len(network.layers) - 1:
        raise wrong("network", network, "one with one Dropout among its layers, and layers behind it")
    width = network.plan.outputs[str(found[0])].output.width
    if width > MOST_UNITS:
        raise wrong("network", f"a Dropout of {width} units", f"at most {MOST_UNITS}, for 2^{MOST_UNITS} masks")
    return found[0]


def _behind(network, theta, stats, k):
    """(network, theta, stats) of the layers behind layer k."""
    shape = network.plan.outputs[str(k)].output.shape
    rest = Network(*network.layers[k + 1 :], loss=network.loss, dtype=network.dtype.name, input_shape=shape)
    parts = network.parameters(theta) | network.statistics(stats)
    new = np.empty(rest.n_parameters, rest.dtype), np.empty(rest.n_statistics, rest.dtype)
    for name, view in (rest.parameters(new[0]) | rest.statistics(new[1])).items():
        layer, inner = name.split(".", 1)
        view[...] = parts[f"{int(layer) + k + 1}.{inner}"]
    return rest, *new
