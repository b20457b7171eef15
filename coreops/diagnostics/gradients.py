"""Checks that a person can run on a network."""

import numpy as np

from coreops.checks import finite_number, instance, real_array, wrong
from coreops.inference import loss_and_gradient
from coreops.network import Network


def gradient_check(network, X, y, theta=None, *, seed=0, step=1e-6):
    """Compare backpropagation with central differences, in float64, per parameter tensor.

    Returns a dict from parameter name to ||g - d|| / (||g|| + ||d||), Euclidean norms over the tensor (0 if both
    vanish), with d_i = (E(theta + h e_i) - E(theta - h e_i)) / 2h, h = step max(1, |theta_i|).   Below 1e-7 for a right
    gradient away from kinks. theta: parameters to check at, default drawn with `seed` plus a small uniform shift, so
    that biases are not all 0; costs 2 P evaluations.   Baydin et al. 2018, section 2.1.
    """
    if finite_number("step", step, 0) == 0:
        raise wrong("step", step, "a finite number > 0")
    instance("network", network, Network, "a Network")
    network = network.astype("float64")
    if theta is None:
        theta = network.initialize(seed) + np.random.default_rng(seed).uniform(-0.1, 0.1, network.n_parameters)
    theta = np.array(real_array("theta", theta), float)
    if theta.shape != (network.n_parameters,):
        raise wrong("theta", f"shape {theta.shape}", f"shape ({network.n_parameters},)")
    _, gradient = loss_and_gradient(network, theta, X, y)
    difference = np.empty_like(theta)
    for i in range(theta.size):
        h, center = step * max(1.0, abs(theta[i])), theta[i]
        theta[i] = center + h
        high = loss_and_gradient(network, theta, X, y)[0]
        theta[i] = center - h
        low = loss_and_gradient(network, theta, X, y)[0]
        difference[i] = (high - low) / (2 * h)
        theta[i] = center
    errors = {}
    exact, numeric = network.parameters(gradient), network.parameters(difference)
    for name in exact:
        scale = np.linalg.norm(exact[name]) + np.linalg.norm(numeric[name])
        errors[name] = float(np.linalg.norm(exact[name] - numeric[name]) / scale) if scale else 0.0
    return errors
