"""One sigmoid unit on one example (x = 1, target 0), started on the wrong side: times and closed forms."""

import numpy as np

from coreops import (
    SGD,
    BinaryCrossEntropy,
    Dense,
    Network,
    Run,
    Sigmoid,
    SigmoidSquaredError,
    SquaredError,
    loss_and_gradient,
)

LOSSES = {"squared": SigmoidSquaredError(), "log": BinaryCrossEntropy()}
ONE, ZERO = np.ones((1, 1)), np.zeros(1)


def sigma(z):
    return 1 / (1 + np.exp(-np.asarray(z, float)))


def goal_logit(goal):
    return np.log(goal / (1 - goal))


def _antiderivative(loss, z):
    """-4 (squared) or -2 (log) times the integral of dz / (dz/dt) for the flow of w and b together."""
    z = np.asarray(z, float)
    if loss == "squared":
        return np.exp(z) + 3 * z - 3 * np.exp(-z) - 0.5 * np.exp(-2 * z)
    return z - np.exp(-z)


def flow_time(loss, z0, z1):
    """Time of the flow dz/dt = -4 s^2 (1 - s) (squared) or -2 s (log) from logit z0 down to z1."""
    return (_antiderivative(loss, z0) - _antiderivative(loss, z1)) / (4 if loss == "squared" else 2)


def starts(p):
    return np.linspace(0, p.z_max, round(p.z_max / p.z_step) + 1)


def unit(loss, units=1):
    """`units` independent units, each with its own weight and bias on the same input."""
    return Network(Dense(1, units), loss=LOSSES[loss], dtype="float64")


def _row(loss, z0, rate, steps, every):
    return Run(
        unit(loss), optimizer=SGD(lr=rate), batch_size=1, epochs=steps, seed=0, evaluate_every=0,
        record_theta_every=every, theta0=np.full(2, z0 / 2),
    )  # fmt: skip


def measure(p, sweep):
    """Records (part, arm, metric, x, seed, value): "time" in units of step times rate, "path", "gradient"."""
    out, z0s = [], starts(p)
    rates = {"fine": p.fine_rate, "coarse": p.coarse_rate}
    keys = [(name, loss, float(z)) for name in rates for loss in LOSSES for z in z0s]
    steps = [int(p.horizon * flow_time(loss, z, goal_logit(p.goal)) / rates[name]) + 10 for name, loss, z in keys]
    every = [max(1, n // p.records) for n in steps]
    rows = [_row(loss, z, rates[name], n, k) for (name, loss, z), n, k in zip(keys, steps, every, strict=True)]
    for (name, loss, z), n, k, result in zip(keys, steps, every, sweep(rows, ONE, ZERO), strict=True):
        reached = np.flatnonzero(result.step_theta.sum(1) <= goal_logit(p.goal))
        count = reached[0] * k if reached.size else n
        out.append(("time", loss, name, z, -1, count * rates[name]))
    out += [("time", "rescaled", "fine", z, -1, n * p.fine_rate) for z, n in zip(z0s, _rescaled(p, z0s), strict=True)]
    paths = [_row(loss, 2 * p.start, p.coarse_rate, p.path_steps, 1) for loss in LOSSES]
    for loss, result in zip(LOSSES, sweep(paths, ONE, ZERO), strict=True):
        out += [("path", loss, "sigma", t, -1, v) for t, v in enumerate(sigma(result.step_theta.sum(1)))]
    for loss in LOSSES:
        out += [("start", loss, "gradient", z, -1, g) for z, g in zip(z0s, start_gradients(loss, z0s), strict=True)]
    shown = Network(Dense(1, 1), Sigmoid(), loss=SquaredError(), dtype="float64")
    still = Run(shown, optimizer=SGD(lr=0.0), batch_size=1, epochs=0, seed=0, theta0=np.full(2, p.start))
    prediction = float(sweep([still], ONE, ZERO)[0].outputs(ONE)[0, 0])
    out.append(("start", "unit", "prediction", 2 * p.start, -1, prediction))
    return out


def start_gradients(loss, z0s):
    """dE/dw of units started at w = b = z0/2."""
    n = len(z0s)
    _, gradient = loss_and_gradient(unit(loss, n), np.tile(np.asarray(z0s) / 2, 2), ONE, np.zeros((1, n)))
    return gradient[:n]


def _rescaled(p, z0s):
    """Steps to the goal when the squared loss's gradient is divided by 2 s (1 - s): the null control."""
    n, network, targets = len(z0s), unit("squared", len(z0s)), np.zeros((1, len(z0s)))
    theta, steps, t = np.tile(z0s / 2, 2), np.full(len(z0s), -1), 0
    limit = int(p.horizon * flow_time("log", p.z_max, goal_logit(p.goal)) / p.fine_rate) + 10
    while (steps < 0).any() and t <= limit:
        z = theta[:n] + theta[n:]
        steps[(steps < 0) & (z <= goal_logit(p.goal))] = t
        _, gradient = loss_and_gradient(network, theta, ONE, targets)
        theta = theta - p.fine_rate * gradient / np.tile(2 * sigma(z) * sigma(-z), 2)
        t += 1
    return np.where(steps < 0, limit, steps)
