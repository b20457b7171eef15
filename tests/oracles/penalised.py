"""Gradient descent with everything that may be added to the loss or done to a batch, in float64."""

import numpy as np

from tests.oracles.adversaries import ADVERSARIES
from tests.oracles.losses import LOSSES
from tests.oracles.networks import activations, name, stack_vjp
from tests.oracles.penalties import PENALTIES


def input_gradient(network, theta, X, y):
    """dE_i/dx_i of each example's own loss: m times the gradient of the mean."""
    parameters = network.parameters(theta)
    values = activations(network.layers, parameters, X)
    dz = LOSSES[name(network.loss)][0](values[-1], np.asarray(y), **vars(network.loss))[1]
    return len(X) * stack_vjp(network.layers, parameters, values, dz)[0]


def jacobians(network, theta, X):
    """df_k(x_i)/dx_j, (m, n_out, d): one vector-Jacobian product per output."""
    parameters = network.parameters(theta)
    values = activations(network.layers, parameters, X)
    units = np.eye(values[-1].shape[1])
    rows = [stack_vjp(network.layers, parameters, values, np.tile(e, (len(X), 1)))[0] for e in units]
    return np.stack(rows, axis=1)


class Problem:
    """One batch: the gradient of its weighted loss, and that of (1/m) sum_i ||df(x_i)/dx||_F^2."""

    def __init__(self, network, X, y, weights=None):
        self.network, self.X, self.y = network, X, y
        self.weights = np.ones(len(X)) if weights is None else weights
        self.is_weight = np.zeros(network.n_parameters, bool)
        for key, part in network.parameters(self.is_weight).items():
            part[...] = not key.endswith("bias")

    def gradient(self, theta):
        """(1/m) sum_i w_i dE_i/dw, example by example."""
        network, total = self.network, np.zeros_like(theta)
        for x, y, weight in zip(self.X, self.y, self.weights, strict=True):
            values = activations(network.layers, network.parameters(theta), x[None])
            dz = LOSSES[name(network.loss)][0](values[-1], np.asarray(y)[None], **vars(network.loss))[1]
            _, parts = stack_vjp(network.layers, network.parameters(theta), values, dz)
            for key, part in network.parameters(total).items():
                part += weight * parts[key] / len(self.X)
        return total

    def jacobian_gradient(self, theta, h=1e-3):
        """By differences of fourth order: (8 (R(h) - R(-h)) - (R(2h) - R(-2h)))/12h."""
        result = np.empty_like(theta)
        for i in range(theta.size):
            R = {}
            for k in (-2, -1, 1, 2):
                moved = theta.copy()
                moved[i] += k * h
                R[k] = np.sum(jacobians(self.network, moved, self.X) ** 2) / len(self.X)
            result[i] = (8 * (R[1] - R[-1]) - (R[2] - R[-2])) / (12 * h)
        return result


def train(network, X, y, *, lr, order, theta0, penalty=None, adversary=None, weights=None, starts=None):
    """SGD; returns theta before the first step and after each.

    order: one list of index arrays (the batches) per epoch; starts: a function of (step from 1, shape) to the uniform
    numbers in (-1, 1) that a random start takes.
    """
    thetas, step = [np.array(theta0, np.float64)], 0
    for batches in order:
        for batch in batches:
            step, x, theta = step + 1, X[batch], thetas[-1]
            if adversary is not None:
                start = None if starts is None else starts(step, x.shape)
                x = ADVERSARIES[name(adversary)](
                    adversary, x, lambda x, b=batch, t=theta: input_gradient(network, t, x, y[b]), start
                )
            problem = Problem(network, x, y[batch], None if weights is None else weights[batch])
            rule = PENALTIES["NoPenalty" if penalty is None else name(penalty)]
            thetas.append(rule(penalty, theta, problem, lr))
    return np.array(thetas)
