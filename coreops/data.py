"""Examples and targets, encoded once for all rows that use them, and what rows take from them."""

import numpy as np

from coreops.checks import cast, real_array, wrong
from coreops.losses import LABEL, TWO_VALUES
from coreops.network import KERNEL_READY


class Data:
    """Examples X (n, n_in) and targets y, encoded once per network family however many rows use them."""

    def __init__(self, X, y):
        self.X, self.y = X, y
        self._inputs, self._targets, self._numbers = {}, {}, {}

    def inputs(self, network):
        key = (network.dtype, network.input_shape)
        if key not in self._inputs:
            self._inputs[key] = network.encode_inputs(self.X)
        return self._inputs[key]

    def targets(self, network):
        key = (network.dtype, network.n_out, network.loss.targets)
        if key not in self._targets:
            self._targets[key] = network.encode_targets(self.y, len(self.inputs(network)))
        return self._targets[key]

    def numbers(self, n):
        """0 ... n - 1: one array for all rows that train on everything."""
        if n not in self._numbers:
            self._numbers[n] = np.arange(n, dtype=np.int64)
        return self._numbers[n]


def index_array(name, value, n):
    """Numbers of examples in [0, n), checked, as kernels take them."""
    wanted = "a non-empty one-dimensional array of example numbers"
    try:
        index = np.asarray(value)
    except ValueError as error:
        raise wrong(name, type(value).__name__, wanted) from error
    if index.ndim != 1 or index.dtype.kind not in "iu" or index.size == 0:
        raise wrong(name, index, wanted)
    if index.min() < 0 or index.max() >= n:
        raise wrong(name, f"numbers from {index.min()} to {index.max()}", f"numbers in [0, {n})")
    return np.require(index, np.int64, KERNEL_READY)


def classes(network, targets):
    """(class numbers or None, number of classes) of encoded targets."""
    if network.loss.targets == LABEL:
        return targets[:, 0].astype(np.int64), network.n_out
    if network.loss.targets in TWO_VALUES:
        one = targets.shape[1] == 1
        return (targets[:, 0] > 0 if one else targets.argmax(axis=1)).astype(np.int64), 2 if one else network.n_out
    return None, 0


def position_weights(weights, sampler_weights, train, n, dtype):
    """Factors of the losses by position in `train`; empty if all are 1."""
    factors = [] if sampler_weights is None else [sampler_weights]
    if weights is not None:
        weights = real_array("weights", weights)
        if weights.shape != (n,):
            raise wrong("weights", f"shape {weights.shape}", f"{n} numbers >= 0, one per example of the data")
        if weights.min() < 0:
            raise wrong("weights", f"a least weight {weights.min()}", "numbers >= 0, one per example")
        factors.append(weights[train])
    if not factors:
        return np.zeros(0, dtype)
    with np.errstate(over="ignore"):
        product = np.prod(factors, axis=0, dtype=float)
    return cast("weights", real_array("weights times the sampler's", product), dtype, KERNEL_READY)
