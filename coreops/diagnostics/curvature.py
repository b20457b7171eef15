"""The loss as a surface: its Hessian, the spectrum, the loss along a segment."""

import numpy as np

from coreops.checks import finite_number, instance, integer, real_array, wrong
from coreops.inference import Prepared, checked_start, draw_key, evaluation, pass_mode
from coreops.network import Network

MOST_PARAMETERS = 20_000  # a Hessian of 3 GiB


def hessian(network, theta, X, y, *, stats=None, training=True, seed=0, step=0):
    """d^2 E/dtheta^2, (P, P) in float64, of the mean loss without penalties: for small networks, 2 P gradients.

    Column j is (g(theta + h e_j) - g(theta - h e_j))/2h, h = eps^(1/3) max(1, |theta_j|), made symmetric; relative
    error about 1e-9 away from kinks. stats, training, seed, step: as for loss_and_gradient.
    Raises ValueError above 20000 parameters.   Pearlmutter 1994, section 1 (finite differences of gradients).
    """
    instance("network", network, Network, "a Network")
    network = network.astype("float64")
    if network.n_parameters > MOST_PARAMETERS:
        raise wrong("network", f"{network.n_parameters} parameters", f"at most {MOST_PARAMETERS} for a whole Hessian")
    x = network.encode_inputs(X)
    y, m = network.encode_targets(y, len(x)), len(x)
    prepared = Prepared(network, *checked_start(network, theta, stats), m)
    prepared.load(x, y)
    mode, key, theta = pass_mode(training), draw_key(seed, step), prepared.theta
    result = np.empty((theta.size, theta.size))
    for j, center in enumerate(theta.copy()):
        h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(center))
        theta[j] = center + h
        result[j] = prepared.differentiate(m, mode, *key)[1]
        theta[j] = center - h
        result[j] -= prepared.differentiate(m, mode, *key)[1]
        result[j] /= 2 * h
        theta[j] = center
    return 0.5 * (result + result.T)


def hessian_spectrum(network, theta, X, y, **settings):
    """Eigenvalues of `hessian`, ascending, (P,); the same arguments."""
    return np.linalg.eigvalsh(hessian(network, theta, X, y, **settings))


def effective_degrees_of_freedom(eigenvalues, strength):
    """sum_i h_i/(h_i + 2 strength): how many parameters the data decide when L2(strength) decides the rest.

    eigenvalues: of the Hessian of the mean loss without the penalty, all >= 0 but for rounding; strength >= 0, where
    0 counts the positive eigenvalues. For a linear model with squared error it is the trace of the hat matrix.
    MacKay 1992, "Bayesian interpolation", eq. 4.9; Bishop 2006, eq. 3.91.
    """
    h = real_array("eigenvalues", eigenvalues, 1).astype(float)
    strength = finite_number("strength", strength, 0)
    rounding = 1e-8 * np.abs(h).max(initial=0.0)
    if h.size and h.min() < -rounding:
        raise wrong("eigenvalues", f"a least value {h.min():.3g}", "numbers >= 0, as at a minimum")
    h = h[h > (0.0 if strength else rounding)]
    return float(np.sum(h / (h + 2 * strength)))


def loss_along(network, theta_a, theta_b, X, y, points, *, stats=None, batch_statistics=False):
    """Mean losses at (1 - t) theta_a + t theta_b, one for each of `points`, as in an evaluation.

    points: numbers t (0 and 1 are the ends; others may lie outside), or how many, equally spaced from 0 to 1;
    stats, batch_statistics: as for Result.evaluate.   Goodfellow, Vinyals & Saxe 2015, section 2.
    """
    instance("network", network, Network, "a Network")
    ends = [checked_start(network, theta, stats) for theta in (theta_a, theta_b)]
    if np.ndim(points) == 0:
        points = np.linspace(0, 1, integer("points", points, 2))
    points = real_array("points", points, 1)
    x = network.encode_inputs(X)
    y = network.encode_targets(y, len(x))
    mode, capacity = evaluation(batch_statistics, len(x))
    prepared, losses = Prepared(network, *ends[0], capacity), np.empty(len(points))
    for k, t in enumerate(points):
        prepared.theta[:] = (1 - t) * ends[0][0].astype(float) + t * ends[1][0].astype(float)
        losses[k] = prepared.evaluate(x, y, mode)[0]
    return losses
