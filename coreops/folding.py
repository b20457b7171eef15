"""Batch norms merged into the affine layers before them: the network that is deployed."""

import dataclasses
from typing import NamedTuple

import numpy as np

from coreops.checks import instance, wrong
from coreops.layers.batch_norm import BatchStatistics
from coreops.layers.dense import Dense
from coreops.layers.residual import Residual
from coreops.layers.sliding import Sliding
from coreops.network import Network
from coreops.results import Result

AFFINE = (Dense, Sliding)  # a weight whose last axis are the channels, and a bias that can be switched on


class Folded(NamedTuple):
    """A network with its parameters and statistics."""

    network: Network
    theta: np.ndarray
    stats: np.ndarray


def fold_batch_norm(network, theta=None, stats=None):
    """The same function in evaluation, without the batch norms that follow an affine layer (Dense, a convolution).

    W' = W factor and b' = b factor + offset per output channel, the last axis of W, with factor = gain/sqrt(v + eps)
    and offset = shift - factor mu from the running mu and v. Batch norms elsewhere stay.
    network: a Network, with theta (P,) and stats, or a Result instead of all three. Returns Folded(network, theta,
    stats). Raises ValueError if no batch norm follows an affine layer, or a variance is negative.
    Ioffe & Szegedy 2015, section 3.1 (the single linear transform of inference).

    >>> network, theta, stats = fold_batch_norm(run)
    """
    if isinstance(network, Result):
        network, theta, stats = network.network, network.theta, network.stats
    instance("network", network, Network, "a Network, with theta and stats, or a Result")
    network.check_variances("stats", stats)
    kept = {}
    layers = _fold(network.layers, "", "", {**network.parameters(theta), **network.statistics(stats)}, kept)
    if layers == network.layers:
        raise wrong("network", network, "a batch norm right after a Dense or a convolution")
    settings = dict(loss=network.loss, init=network.init, dtype=network.dtype, input_shape=network.input_shape)
    folded = Network(*layers, **settings)
    theta, stats = (np.zeros(n, folded.dtype) for n in (folded.n_parameters, folded.n_statistics))
    for name, view in {**folded.parameters(theta), **folded.statistics(stats)}.items():
        channels = kept[name].shape[-1]  # a new bias is the same at all positions
        view.reshape(-1, channels)[...] = kept[name].reshape(-1, channels)
    return Folded(folded, theta, stats)


def _fold(layers, old, new, tensors, kept):
    """One stack of layers, folded; its tensors go to `kept`. old, new: what their names start with."""
    result, k = [], 0
    while k < len(layers):
        layer, own, target = layers[k], _within(tensors, f"{old}{k}."), f"{new}{len(result)}."
        if isinstance(layer, Residual):
            layer = dataclasses.replace(layer, layers=_fold(layer.layers, f"{old}{k}.", target, tensors, kept))
            own = {}
        elif k + 1 < len(layers) and isinstance(layer, AFFINE) and isinstance(layers[k + 1], BatchStatistics):
            k += 1
            factor, offset = layers[k].folded(_within(tensors, f"{old}{k}."))
            bias = own["bias"].reshape(-1, factor.size) if layer.bias else 0.0
            own = {"weight": own["weight"] * factor, "bias": bias * factor + offset}
            layer = dataclasses.replace(layer, bias=True)
        kept |= {target + name: value for name, value in own.items()}
        result.append(layer)
        k += 1
    return tuple(result)


def _within(tensors, start):
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
