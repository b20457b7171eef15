"""Checks that a person can run on a network."""

import numpy as np

from coreops.checks import finite_number, instance, real_array, wrong
from coreops.inference import loaded, pass_mode
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
    prepared, m = loaded(network, theta, X, y)
    mode, moved = pass_mode(training=True), prepared.theta
    gradient, difference = prepared.differentiate(m, mode)[1].copy(), np.empty_like(theta)
    for i, center in enumerate(theta):
        h = step * max(1.0, abs(center))
        moved[i] = center + h
        high = prepared.loss(m, mode)
        moved[i] = center - h
        low = prepared.loss(m, mode)
        moved[i] = center
        difference[i] = (high - low) / (2 * h)
    errors = {}
    exact, numeric = network.parameters(gradient), network.parameters(difference)
    for name in exact:
        scale = np.linalg.norm(exact[name]) + np.linalg.norm(numeric[name])
        errors[name] = float(np.linalg.norm(exact[name] - numeric[name]) / scale) if scale else 0.0
    return errors
