"""One step of gradient descent under each penalty: step(spec, theta, problem, lr) -> theta, in float64.

problem: .gradient(theta) of the loss alone; .is_weight, True where theta is penalised; .jacobian_gradient(theta).
"""

import numpy as np


def soft(w, t):
    """S(w, t) = sign(w) max(|w| - t, 0): the proximal map of t |w|.   Donoho & Johnstone 1994."""
    return np.sign(w) * np.maximum(np.abs(w) - t, 0.0)


def no_penalty(spec, theta, problem, lr):
    """w <- w - a g.   Cauchy 1847."""
    return theta - lr * problem.gradient(theta)


def l2(spec, theta, problem, lr):
    """w <- (1 - 2 a lambda) w - a g for weights, w <- w - a g for the rest.   Krogh & Hertz 1992, eq. 2."""
    kept = np.where(problem.is_weight, 1 - 2 * lr * spec.strength, 1.0)
    return kept * theta - lr * problem.gradient(theta)


def l1(spec, theta, problem, lr):
    """w <- S(w - a g, a lambda), or w <- w - a (g + lambda sign(w)).   Beck & Teboulle 2009, eq. 1.4."""
    step = theta - lr * problem.gradient(theta)
    if not spec.proximal:
        return step - lr * spec.strength * np.sign(theta) * problem.is_weight
    return np.where(problem.is_weight, soft(step, lr * spec.strength), step)


def elastic_net(spec, theta, problem, lr):
    """As l1, with g + 2 mu w in place of g.   Zou & Hastie 2005, eq. 3."""
    shrunk = np.where(problem.is_weight, 2 * lr * spec.ridge * theta, 0.0)
    step = theta - lr * problem.gradient(theta) - shrunk
    if not spec.proximal:
        return step - lr * spec.strength * np.sign(theta) * problem.is_weight
    return np.where(problem.is_weight, soft(step, lr * spec.strength), step)


def jacobian(spec, theta, problem, lr):
    """w <- w - a (g + lambda dR/dw), R = (1/m) sum_i ||df(x_i)/dx||_F^2.   Bishop 1995."""
    return theta - lr * (problem.gradient(theta) + spec.strength * problem.jacobian_gradient(theta))


def max_norm(spec, theta, problem, lr):
    """w <- w - a g, then the columns of each dense W with ||w_j|| > c by c/||w_j||.   Srivastava et al. 2014, 5.1."""
    step = theta - lr * problem.gradient(theta)
    for key, part in problem.network.parameters(step).items():
        if not key.endswith("bias"):
            for j in range(part.shape[1]):
                length = np.sqrt(np.sum(part[:, j] ** 2))
                part[:, j] *= spec.radius / length if length > spec.radius else 1.0
    return step


def shrink_first(spec, theta, problem, lr):
    """Erratum E41: u = S(w, lambda), w <- u - a g(u)."""
    u = np.where(problem.is_weight, soft(theta, spec.strength), theta)
    return u - lr * problem.gradient(u)


PENALTIES = {
    "NoPenalty": no_penalty,
    "L2": l2,
    "L1": l1,
    "ElasticNet": elastic_net,
    "JacobianPenalty": jacobian,
    "MaxNorm": max_norm,
    "ShrinkFirst": shrink_first,
}
