"""A whole network as a list of layers and a loss: outputs, loss and gradient of every parameter, in float64."""

import numpy as np

from tests.oracles.layers import LAYERS
from tests.oracles.losses import LOSSES, classification_error, loss_margin


def name(spec):
    return type(spec).__name__


def of_layer(k, parameters):
    """The parameters of layer k: {"0.weight": W, "2.bias": b} -> {"weight": W} for k = 0."""
    return {
        key.split(".", 1)[1]: np.asarray(p, np.float64) for key, p in parameters.items() if key.split(".")[0] == str(k)
    }


def activations(layers, parameters, X):
    """The input and the output of every layer, X first."""
    values = [np.asarray(X, np.float64).reshape(len(X), -1)]
    for k, layer in enumerate(layers):
        values.append(LAYERS[name(layer)][0](layer, values[-1], **of_layer(k, parameters)))
    return values


def outputs(layers, parameters, X):
    return activations(layers, parameters, X)[-1]


def evaluate(layers, loss, parameters, X, y):
    """(mean loss, share of wrong predictions; NaN for a regression)."""
    z = outputs(layers, parameters, X)
    value_and_gradient, classifier = LOSSES[name(loss)]
    return value_and_gradient(z, np.asarray(y), **vars(loss))[0], classification_error(z, y) if classifier else np.nan


def stack_vjp(layers, parameters, values, dy):
    """(dx, {"0.weight": dW, ...}) of layers one after the other, given all their values and dE/dy of the last."""
    gradient = {}
    for k in range(len(layers) - 1, -1, -1):
        dy, of_this = LAYERS[name(layers[k])][1](layers[k], values[k], dy, **of_layer(k, parameters))
        gradient |= {f"{k}.{key}": value for key, value in of_this.items()}
    return dy, gradient


def loss_and_gradient(layers, loss, parameters, X, y):
    """(E, {"0.weight": dE/dW, ...}) by the chain rule from the last layer to the first."""
    values = activations(layers, parameters, X)
    E, dz = LOSSES[name(loss)][0](values[-1], np.asarray(y), **vars(loss))
    return E, stack_vjp(layers, parameters, values, dz)[1]


def margin(layers, parameters, X, loss=None, y=None):
    """Distance of the nearest input of a kinked layer, or of the loss, to its kink (inf without one)."""
    values = activations(layers, parameters, X)
    distances = [np.inf] if loss is None else [loss_margin(loss, values[-1], y)]
    for k, layer in enumerate(layers):
        kink = LAYERS[name(layer)][2]
        if callable(kink):
            distances.append(kink(layer, values[k], **of_layer(k, parameters)))
        elif kink:
            distances.append(np.abs(values[k]).min())
    return min(distances)
