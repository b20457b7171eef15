"""Two problems that show an optimizer alone: a given sequence of gradients, and a diagonal quadratic."""

import numpy as np

from coreops import Cyclic, LinearLoss, Network, Scale, SquaredError, fit


def stream(optimizer, gradients, theta0=0.0, dtype="float64", **settings):
    """Feed a given sequence of gradients (T, n) to an optimizer; returns theta before and after each step."""
    gradients = np.asarray(gradients, float)
    t, n = gradients.shape
    network = Network(Scale(n), loss=LinearLoss(), dtype=dtype)
    run = fit(
        network,
        np.ones((t, n)),
        gradients,
        optimizer=optimizer,
        batch_size=1,
        epochs=1,
        seed=0,
        sampling=Cyclic(),
        record_theta_every=1,
        theta0=np.full(n, theta0),
        evaluate_every=0,
        **settings,
    )
    return run.step_theta


def quadratic(optimizer, h, theta0, steps):
    """theta over `steps` steps of full-batch descent on f = sum h_j theta_j^2 / 2."""
    h, n = np.asarray(h, float), len(h)
    network = Network(Scale(n), loss=SquaredError(), dtype="float64")
    run = fit(
        network,
        np.sqrt(h / 2)[None],
        np.zeros((1, n)),
        optimizer=optimizer,
        batch_size=1,
        epochs=steps,
        seed=0,
        record_theta_every=1,
        theta0=np.broadcast_to(theta0, n),
        evaluate_every=0,
    )
    return run.step_theta
