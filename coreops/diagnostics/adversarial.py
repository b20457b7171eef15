"""Adversarial examples against a network as it is."""

import numpy as np

from coreops.checks import instance, integer
from coreops.extra_passes import Adversary, attack
from coreops.inference import CHUNK, Prepared, checked_start
from coreops.network import Network
from coreops.records import TRAIN


def adversarial_examples(network, theta, X, y, adversary, *, stats=None, seed=0):
    """X moved towards a higher loss of each example, in the shape of X and the network's precision.

    adversary: FGSM(radius, ...) or PGD(radius, ...); the network is used as in an evaluation. seed: keys the random
    starts of PGD. The kernel is that of adversarial training.
    """
    instance("network", network, Network, "a Network")
    instance("adversary", adversary, Adversary, "FGSM(radius) or PGD(radius)")
    x = network.encode_inputs(X)
    targets = network.encode_targets(y, len(x))
    prepared = Prepared(network, *checked_start(network, theta, stats), min(CHUNK, len(x)))
    adversary.encode(prepared.row)
    prepared.row["seed"] = integer("seed", seed, 0, 2**64 - 1)
    clean, moved = np.empty(prepared.capacity * network.n_in, network.dtype), np.empty_like(x)
    for chunk, start in enumerate(range(0, len(x), CHUNK)):
        part = slice(start, start + CHUNK)
        m = len(x[part])
        prepared.load(x[part], targets[part])
        attack(prepared.row, prepared.ops, m, prepared.arena, np.int64(TRAIN), chunk, clean)
        moved[part] = prepared.inputs(m)
    return moved.reshape(np.shape(X))
