"""The training loop: given the start and the order of the examples, every loss and every theta, in float64."""

from types import SimpleNamespace

import numpy as np

from tests.oracles.networks import evaluate, loss_and_gradient, name
from tests.oracles.optimizers import OPTIMIZERS
from tests.oracles.schedules import SCHEDULES


def train(network, X, y, *, optimizer, order, theta0, schedule=None, validation=None):
    """w_{t+1} = step(w_t, gradient of the mean loss of batch t).   Robbins & Monro 1951.

    network: .layers, .loss and .parameters(theta), which names the parts of a flat theta.
    order: one list of index arrays (the batches) per epoch.
    Returns .theta, .thetas (theta before the first step and after each), .batch_losses (per step, at the point where
    the gradient was taken), .losses, .errors, .validation_losses, .validation_errors (after each epoch, whole sets).
    """
    layers, loss = network.layers, network.loss
    theta, t = np.array(theta0, np.float64), 0
    weights = np.ones_like(theta)
    for key, view in network.parameters(weights).items():
        view[...] = not key.endswith("bias")
    state = {"weights": weights, "network": network}
    run = SimpleNamespace(
        thetas=[theta], batch_losses=[], losses=[], errors=[], validation_losses=[], validation_errors=[]
    )
    for epoch, batches in enumerate(order):
        for batch in batches:
            seen = []

            def gradient(w, batch=batch, seen=seen):
                E, parts = loss_and_gradient(layers, loss, network.parameters(w), X[batch], y[batch])
                seen.append(E)
                flat = np.zeros_like(w)
                for key, view in network.parameters(flat).items():
                    view[...] = parts[key]
                return flat

            lr = optimizer.lr if schedule is None else SCHEDULES[name(schedule)](schedule, optimizer.lr, t, epoch)
            theta = OPTIMIZERS[name(optimizer)](optimizer, theta, gradient, state, lr, t + 1)
            t += 1
            run.thetas.append(theta)
            run.batch_losses.append(seen[0])
        result = state.get("result", theta)
        E, wrong = evaluate(layers, loss, network.parameters(result), X, y)
        run.losses.append(E)
        run.errors.append(wrong)
        if validation is not None:
            E, wrong = evaluate(layers, loss, network.parameters(result), *validation)
            run.validation_losses.append(E)
            run.validation_errors.append(wrong)
    run.theta = state.get("result", theta)
    return run


def cyclic(n, batch_size, epochs, drop_last=False):
    """The given order, cut into batches; the last one is shorter, or dropped."""
    starts = range(0, n - n % batch_size if drop_last else n, batch_size)
    return [[np.arange(s, min(s + batch_size, n)) for s in starts] for _ in range(epochs)]
