"""The moments at which an optimizer acts, and the only dispatch over optimizer kinds.

probe: before the gradient, may move theta to where it is to be taken (Nesterov's look-ahead).
retreat: undoes probe, if no update is to follow.
update: from the gradient to the new theta.
readout: swaps theta with what is evaluated and returned (an average); a second call swaps back.

The rules of small networks' inner loops are inlined; all others are behind one call.
"""

from coreops.optimizers.accelerated import accelerated_probe, accelerated_update
from coreops.optimizers.adadelta import adadelta_update
from coreops.optimizers.adagrad import adagrad_update
from coreops.optimizers.adam import adam_update
from coreops.optimizers.adam_variants import adam_variant_update, amsgrad_update
from coreops.optimizers.as_printed import slide_adam_update, slide_momentum_update
from coreops.optimizers.averaged import averaged_readout, averaged_start, averaged_update
from coreops.optimizers.base import (
    ACCELERATED,
    ADADELTA,
    ADAGRAD,
    ADAM_VARIANT,
    AMSGRAD,
    AVERAGED,
    EMA_MOMENTUM,
    FIRST_OTHER,
    FULL_MATRIX,
    GRADIENT,
    HEAVY_BALL,
    NESTEROV,
    PATH,
    RMSPROP,
    SIGN,
    SLIDE_ADAM,
    SLIDE_MEAN,
    SLIDE_MOMENTUM,
    SLIDE_NESTEROV,
)
from coreops.optimizers.full_matrix import full_matrix_update
from coreops.optimizers.momentum import (
    ema_momentum_update,
    heavy_ball_update,
    nesterov_probe,
    nesterov_retreat,
    nesterov_update,
)
from coreops.optimizers.path import path_update
from coreops.optimizers.rmsprop import rmsprop_update
from coreops.optimizers.sgd import sgd_update
from coreops.optimizers.sign import sign_update
from coreops.target import kernel

EIGHT = 8  # divides the size of theta: `plan.ALIGN` pads it, and rows abreast are that many, or twice


@kernel(inline=True)
def probe(row, step, theta, state):
    """step: number of the update to come, from 1. theta and what state holds of its size are padded with zeros."""
    if row["optimizer"] == NESTEROV:
        nesterov_probe(row["beta1"], theta, state[: theta.size])
    elif row["optimizer"] >= FIRST_OTHER:
        other_probe(row, step, theta, state)


@kernel(merge=True)
def update(row, ops, arena, step, power1, power2, lr, theta, grad, state):
    """power1, power2: beta1^t, beta2^t at t = step, from 1; lr: scheduled; theta and grad lie in arena, as ops say."""
    if row["optimizer"] < FIRST_OTHER:
        first_update(row, power1, power2, lr, theta, grad, state)
    else:
        other_update(row, ops, arena, step, power1, power2, lr, theta, grad, state)


@kernel(merge=True)
def first_update(row, power1, power2, lr, theta, grad, state):
    """The rules that act on each element alone; lr: a number, or those of rows abreast (`step_sizes.py`)."""
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
        whole = p & -EIGHT  # is p, but now the compiler knows that no remainder follows whole vectors
        first, second = state[:p], state[p : 2 * p]
        adam_update(whole, beta1, beta2, power1, power2, eps, eps_inside, 1.0, lr, theta, grad, first, second)


@kernel
def retreat(row, step, theta, state):
    kind, p = row["optimizer"], theta.size
    if kind == NESTEROV:
        nesterov_retreat(row["beta1"], theta, state[:p])
    elif kind == SLIDE_NESTEROV:
        nesterov_probe(row["beta1"], theta, state[:p])
    elif kind == ACCELERATED:
        accelerated_probe(-1.0, theta, state)


@kernel
def readout(row, theta, state):
    if row["optimizer"] == AVERAGED:
        averaged_readout(theta, state[: theta.size])


@kernel
def other_probe(row, step, theta, state):
    kind, p = row["optimizer"], theta.size
    if kind == ACCELERATED:
        accelerated_probe(1.0, theta, state)
    elif kind == SLIDE_NESTEROV:
        nesterov_retreat(row["beta1"], theta, state[:p])  # its velocity points uphill
    elif kind == AVERAGED and step == 1:
        averaged_start(theta, state[:p])


@kernel  # merged, each of its calls would clear two words when a row begins, and all would be compiled with the loop
def other_update(row, ops, arena, step, power1, power2, lr, theta, grad, state):
    kind, p = row["optimizer"], theta.size
    beta1, beta2, eps, eps_inside = row["beta1"], row["beta2"], row["eps"], row["eps_inside"] != 0
    if row["correct_bias"] == 0:
        power1, power2 = 0.0, 0.0
    if kind == EMA_MOMENTUM:
        ema_momentum_update(beta1, lr, theta, grad, state[:p])
    elif kind == ACCELERATED:
        accelerated_update(lr, theta, grad, state)
    elif kind == ADADELTA:
        adadelta_update(step, beta2, eps, eps_inside, row["start"], lr, theta, grad, state[:p], state[p : 2 * p])
    elif kind == ADAM_VARIANT:
        adam_variant_update(
            beta1, beta2, power1, power2, eps, eps_inside, row["weight_decay"], row["n_weights"], lr,
            theta, grad, state[:p], state[p : 2 * p],
        )  # fmt: skip
    elif kind == AMSGRAD:
        amsgrad_update(
            beta1, beta2, power1, power2, eps, eps_inside, lr,
            theta, grad, state[:p], state[p : 2 * p], state[2 * p : 3 * p],
        )  # fmt: skip
    elif kind == SIGN:
        sign_update(lr, theta, grad)
    elif kind == AVERAGED:
        averaged_update(step, row["start"], lr, theta, grad, state[:p])
    elif kind == FULL_MATRIX:
        full_matrix_update(row["n_theta"], eps, eps_inside, lr, theta, grad, state)
    elif kind == PATH:
        path_update(ops, arena, eps, lr, state)
    elif kind in (SLIDE_MOMENTUM, SLIDE_NESTEROV):
        slide_momentum_update(beta1, kind == SLIDE_NESTEROV, lr, theta, grad, state[:p])
    elif kind == SLIDE_MEAN:
        rmsprop_update((step - 1.0) / step, eps, eps_inside, lr, theta, grad, state[:p])
    elif kind == SLIDE_ADAM:
        slide_adam_update(beta1, beta2, power1, power2, eps, lr, theta, grad, state[:p], state[p : 2 * p])
