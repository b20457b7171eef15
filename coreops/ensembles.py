"""Several networks as one: the average of what they predict."""

import numpy as np
from scipy.special import expit, softmax

from coreops.checks import instance, real_array, wrong
from coreops.results import Fitted

MEANS = ("arithmetic", "geometric")


def ensemble_predictions(members, X, *, mean="arithmetic", weights=None):
    """sum_k a_k f_k(X), (n, n_out) in float64: of probabilities if the loss has them, else of outputs.

    members: results of one loss and width, of any architecture; mean: "arithmetic", or "geometric", prod_k p_k^a_k
    over its sum, for probabilities alone; weights: a_k >= 0, taken over their sum, default all alike.
    The squared error is that of a member, on average, less the spread of the members around their mean (Krogh &
    Vedelsby 1995, eq. 6), and the cross-entropy of either mean is at most the average one (Jensen).
    Source: Hansen & Salamon 1990, "Neural network ensembles"; geometric: Heskes 1998, section 3.
    """
    members = [instance("members", member, Fitted, "results of fit, fit_many or minimize") for member in members]
    kinds = {(type(member.network.loss), member.network.n_out) for member in members}
    if len(kinds) != 1:
        got = ", ".join(f"{loss.__name__} of {n}" for loss, n in sorted(kinds, key=str)) or "none"
        raise wrong("members", got, "at least one result, all with the same loss and number of outputs")
    link = members[0].network.loss.link
    if mean not in MEANS or (mean == "geometric" and link is None):
        raise wrong("mean", mean, " or ".join(map(repr, MEANS if link else MEANS[:1])))
    a = np.ones(len(members)) if weights is None else real_array("weights", weights, 1)
    if len(a) != len(members) or a.min() < 0 or a.sum() == 0:
        raise wrong("weights", weights, f"{len(members)} numbers >= 0, not all 0")
    if mean == "geometric":  # of probabilities it is the link of the mean of the logits
        logits = np.average([member.outputs(X).astype(float) for member in members], axis=0, weights=a)
        return softmax(logits, axis=1) if link == "softmax" else expit(logits)
    return np.average([m.probabilities(X) if link else m.outputs(X).astype(float) for m in members], axis=0, weights=a)
