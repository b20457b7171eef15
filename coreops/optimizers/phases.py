"""The moments at which an optimizer acts, and the only dispatch over optimizer kinds.

probe: before the gradient, may move theta to where it is to be taken (Nesterov's look-ahead).
update: from the gradient to the new theta.
"""

from coreops.optimizers.adagrad import adagrad_update
from coreops.optimizers.adam import adam_update
from coreops.optimizers.base import ADAGRAD, GRADIENT, HEAVY_BALL, NESTEROV, RMSPROP
from coreops.optimizers.momentum import heavy_ball_update, nesterov_probe, nesterov_update
from coreops.optimizers.rmsprop import rmsprop_update
from coreops.optimizers.sgd import sgd_update
from coreops.target import kernel


@kernel(inline=True)
def probe(row, theta, state):
    if row["optimizer"] == NESTEROV:
        nesterov_probe(row["beta1"], theta, state[: theta.size])


@kernel(inline=True)
def update(row, power1, power2, lr, theta, grad, state):
    """power1, power2: beta1^t, beta2^t, t = 1 at the first update; lr: scheduled; state: slots of theta.size each."""
    kind, p = row["optimizer"], theta.size
    beta1, beta2, eps, eps_inside = row["beta1"], row["beta2"], row["eps"], row["eps_inside"] != 0
    if kind == GRADIENT:
        sgd_update(lr, theta, grad)
    elif kind == HEAVY_BALL:
        heavy_ball_update(beta1, lr, theta, grad, state[:p])
    elif kind == NESTEROV:
        nesterov_update(beta1, lr, theta, grad, state[:p])
    elif kind == ADAGRAD:
        adagrad_update(eps, eps_inside, lr, theta, grad, state[:p])
    elif kind == RMSPROP:
        rmsprop_update(beta2, eps, eps_inside, lr, theta, grad, state[:p])
    else:
        adam_update(beta1, beta2, power1, power2, eps, eps_inside, lr, theta, grad, state[:p], state[p : 2 * p])
