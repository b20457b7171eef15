"""Newton, quasi-Newton and conjugate gradients over the whole data set: scipy.optimize on loss_and_gradient."""

from dataclasses import dataclass

import numpy as np
import scipy

from coreops.checks import choice, finite_number, flag, instance, integer, optional_instance, real_array, wrong
from coreops.inference import loss_and_gradient
from coreops.network import Network
from coreops.penalties import L2
from coreops.results import Fitted

METHODS = ("Newton", "BFGS", "L-BFGS", "CG")
SCIPY = {"BFGS": "BFGS", "L-BFGS": "L-BFGS-B", "CG": "CG"}
MOST_PARAMETERS = 5000  # of Newton, which holds the Hessian
ARMIJO, HALVINGS = 1e-4, 40


@dataclass(eq=False, repr=False)
class Minimum(Fitted):
    """Where a deterministic method ended, in float64.

    theta: (P,); loss: E(theta) with its penalty; gradient_norm: the gradient's largest absolute component; iterations
    status: "converged", "iterations" (their limit was reached) or "failed", with the reason in `message`
    evaluations: of loss and gradient; losses: (evaluations,), E at each, those for line searches and Hessians included
    step_theta: (iterations + 1, P), the first before step 1, or (0, P) unless asked for
    """

    network: Network
    theta: np.ndarray
    stats: np.ndarray
    loss: float
    gradient_norm: float
    status: str
    message: str
    iterations: int
    losses: np.ndarray
    step_theta: np.ndarray

    @property
    def evaluations(self):
        return len(self.losses)

    def __repr__(self):
        return f"Minimum(status={self.status!r}, iterations={self.iterations}, loss={self.loss:.4g})"


class Objective:
    """theta -> (E, gradient), with the record of every E; infinite where theta is not finite."""

    def __init__(self, network, X, y, stats, strength):
        self.network, self.X, self.y, self.stats, self.strength, self.losses = network, X, y, stats, strength, []
        self.n_weights = sum(weight.size for weight in network.plan.weights)

    def __call__(self, theta):
        loss, gradient = np.inf, np.full(theta.size, np.nan)
        if np.isfinite(theta).all():
            loss, gradient = loss_and_gradient(self.network, theta, self.X, self.y, stats=self.stats, training=False)
            weights = theta[: self.n_weights]
            loss += self.strength * float(weights @ weights)
            gradient[: self.n_weights] += 2 * self.strength * weights
        self.losses.append(loss)
        return loss, gradient

    def hessian(self, theta):
        """Central differences of gradients, symmetrised; 2 P evaluations."""
        H = np.empty((theta.size, theta.size))
        for i in range(theta.size):
            h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(theta[i]))
            shift = np.zeros(theta.size)
            shift[i] = h
            high, low = theta + shift, theta - shift
            H[i] = (self(high)[1] - self(low)[1]) / (high[i] - low[i])
        return (H + H.T) / 2


def minimize(
    network, X, y, *, method="BFGS", theta0=None, stats0=None, seed=0, penalty=None, iterations=200,
    tolerance=1e-8, damping=0.0, line_search=False, record_theta=False, options=None,
):  # fmt: skip
    """Minimise E over all of X, y at once and return a Minimum; arithmetic is float64 whatever the network's dtype.

    The network is that of an evaluation: nothing is dropped, and batch norms use the statistics in stats0.

    method: "Newton": w <- w - s (H + damping I)^-1 g, H by central differences of gradients (2 P evaluations a step, at
        most 5000 parameters); s = 1, or with line_search=True the first of 1, 1/2, 1/4, ... that decreases E by 1e-4 of
        what the slope promises. It goes to any stationary point, saddles too; a singular H, as in every network with
        gauge freedom, needs damping > 0.   Boyd & Vandenberghe 2004, algorithm 9.5.
        "BFGS", "L-BFGS", "CG" (nonlinear, Polak & Ribiere's with restarts), with the line searches of scipy.
        Nocedal & Wright 2006, algorithms 6.1, 7.5, 5.4.
    theta0, stats0: start, default drawn by the network's initializers with `seed`; penalty: L2(strength) or None;
    iterations: most steps; tolerance: converged when no component of the gradient exceeds it; record_theta: keep every
    iterate; options: dict of further options of scipy's method, such as {"c1": 1e-10, "c2": 1e-9} for a nearly exact
    line search of BFGS and CG.

    >>> found = minimize(net, X, y, method="L-BFGS", seed=1)
    """
    instance("network", network, Network, "a Network")
    choice("method", method, METHODS)
    integer("iterations", iterations, 1)
    integer("seed", seed, 0, 2**64 - 1)
    finite_number("tolerance", tolerance, 0)
    finite_number("damping", damping, 0)
    flag("line_search", line_search)
    flag("record_theta", record_theta)
    optional_instance("penalty", penalty, L2, "L2(strength) or None: these methods want a smooth function")
    options = {} if options is None else instance("options", options, dict, "a dict, or None")
    if method == "Newton":
        if network.n_parameters > MOST_PARAMETERS:
            raise wrong("method", f"'Newton' for {network.n_parameters} parameters", f"at most {MOST_PARAMETERS}")
        if options:
            raise wrong("options", options, "None with method 'Newton', which is not scipy's")
    elif damping or line_search:
        raise wrong("damping, line_search", (damping, line_search), f"their defaults with method {method!r}")
    network = network.astype("float64")
    theta, stats = starting_point(network, seed, theta0, stats0)
    objective = Objective(network, X, y, stats, penalty.l2 if penalty else 0.0)
    path = [theta.copy()] if record_theta else None
    if method == "Newton":
        found = _newton(objective, theta, iterations, tolerance, damping, line_search, path)
    else:
        found = _scipy(objective, theta, method, iterations, tolerance, options, path)
    theta, loss, gradient, status, message, steps = found
    path = np.array(path if record_theta else np.empty((0, theta.size)))
    size = float(np.abs(gradient).max())
    return Minimum(network, theta, stats, loss, size, status, message, steps, np.array(objective.losses), path)


def starting_point(network, seed, theta0, stats0):
    """theta and stats, checked and copied, in float64; None is as the network's initializers draw them."""
    if not network.n_parameters:
        raise wrong("network", network, "a network with something to learn")
    theta = network.initialize(seed) if theta0 is None else np.array(real_array("theta0", theta0), float)
    if theta.shape != (network.n_parameters,):
        raise wrong("theta0", f"shape {theta.shape}", f"shape ({network.n_parameters},)")
    stats = network.initial_statistics(seed) if stats0 is None else np.array(real_array("stats0", stats0), float)
    if stats.shape != (network.n_statistics,):
        raise wrong("stats0", f"shape {stats.shape}", f"shape ({network.n_statistics},)")
    network.check_variances("stats0", stats)
    return theta, stats


def _scipy(objective, theta, method, iterations, tolerance, options, path):
    def keep(current):
        if path is not None:
            path.append(current.copy())

    settings = {"maxiter": iterations, "gtol": tolerance}
    if method == "L-BFGS":  # its other limits out of the way
        settings |= {"ftol": 0.0, "maxfun": 10**9}
    found = scipy.optimize.minimize(
        objective, theta, jac=True, method=SCIPY[method], callback=keep, options=settings | options
    )
    done = np.abs(found.jac).max() <= tolerance
    status = "converged" if done else "iterations" if found.nit >= iterations else "failed"
    return found.x, float(found.fun), found.jac, status, str(found.message), int(found.nit)


def _newton(objective, theta, iterations, tolerance, damping, line_search, path):
    (loss, gradient), steps = objective(theta), 0
    while np.abs(gradient).max() > tolerance:
        if steps == iterations:
            return theta, loss, gradient, "iterations", "the largest number of iterations", steps
        H = objective.hessian(theta) + damping * np.eye(theta.size)
        try:
            direction = -np.linalg.solve(H, gradient)
        except np.linalg.LinAlgError:
            return theta, loss, gradient, "failed", "singular Hessian: wanted damping > 0", steps
        found = _step(objective, theta, direction, loss, gradient @ direction, line_search)
        if found is None:
            return theta, loss, gradient, "failed", "no finite or no smaller loss along the step", steps
        (theta, loss, gradient), steps = found, steps + 1
        if path is not None:
            path.append(theta.copy())
    return theta, loss, gradient, "converged", "the gradient is below the tolerance", steps


def _step(objective, theta, direction, loss, slope, line_search):
    """(theta, E, gradient) at the first of theta + direction/2^k that will do, or None."""
    for k in range(HALVINGS if line_search else 1):
        there = theta + direction / 2**k
        E, gradient = objective(there)
        enough = slope < 0 and loss + ARMIJO * slope / 2**k >= E
        if np.isfinite(E) and np.isfinite(gradient).all() and (enough or not line_search):
            return there, E, gradient
    return None
