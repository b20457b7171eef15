"""A network applied to data outside training: outputs, evaluation, and the loss with its gradient."""

import numpy as np

from coreops import records
from coreops.checks import cast, instance, real_array, wrong
from coreops.interpreter import backward, forward
from coreops.network import Network
from coreops.plan import aligned
from coreops.records import NO_LOSS, TRAIN
from coreops.training import evaluate

CHUNK = 256


def aligned_empty(n, dtype):
    """An uninitialised buffer of n elements that starts on a 64-byte boundary."""
    raw = np.empty(n * np.dtype(dtype).itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * np.dtype(dtype).itemsize].view(dtype)


def _check_theta(network, theta):
    theta = real_array("theta", theta)
    if theta.shape != (network.n_parameters,):
        raise wrong("theta", f"shape {theta.shape}", f"shape ({network.n_parameters},)")
    return cast("theta", theta, network.dtype)


def _prepare(network, theta, capacity):
    """(ops, row record, arena with theta in place)."""
    ops, layout, size = network.lay_out(capacity)
    rows = np.zeros(1, records.ROW)
    for name, value in layout.items():
        rows[name] = value
    arena = aligned_empty(aligned(size), network.dtype)
    arena[: network.n_parameters] = theta
    return ops, rows, arena


def network_outputs(network, theta, X):
    """Outputs before the loss, (n, n_out); of a diverged theta they are not finite."""
    x = network.encode_inputs(X)
    capacity = min(CHUNK, len(x))
    ops, rows, arena = _prepare(network, theta, capacity)
    at, final = int(rows["inputs"][0]), int(ops[-1]["x"])
    out = np.empty((len(x), network.n_out), network.dtype)
    for start in range(0, len(x), capacity):
        part = x[start : start + capacity]
        arena[at : at + part.size] = part.reshape(-1)
        forward(ops, len(part), arena, np.int64(NO_LOSS))
        out[start : start + len(part)] = arena[final : final + len(part) * network.n_out].reshape(len(part), -1)
    return out


def evaluate_network(network, theta, X, y):
    """(mean loss, share of wrong predictions or NaN)."""
    x = network.encode_inputs(X)
    y = network.encode_targets(y, len(x))
    ops, rows, arena = _prepare(network, theta, min(CHUNK, len(x)))
    loss, error = evaluate(rows[0], ops, x.reshape(-1), y.reshape(-1), np.arange(len(x), dtype=np.int64), arena)
    return float(loss), float(error) if network.loss.classifier else float("nan")


def loss_and_gradient(network, theta, X, y):
    """(E(theta), dE/dtheta) over all examples at once: the function that scipy.optimize minimises.

    theta: (P,); X: (n, n_in); y as the loss wants it; returns a float and (P,) in the network's dtype.
    """
    instance("network", network, Network, "a Network")
    x = network.encode_inputs(X)
    y = network.encode_targets(y, len(x))
    m = len(x)
    ops, rows, arena = _prepare(network, _check_theta(network, theta), m)
    row = rows[0]
    arena[row["inputs"] : row["inputs"] + x.size] = x.reshape(-1)
    arena[row["targets"] : row["targets"] + y.size] = y.reshape(-1)
    loss, _ = forward(ops, m, arena, np.int64(TRAIN))
    backward(ops, m, arena, np.int64(TRAIN))
    gradient = arena[row["grad"] : row["grad"] + network.n_parameters].copy()
    return float(loss) / m, gradient
