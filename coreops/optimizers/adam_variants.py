"""AdamW and AMSGrad."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.adam import Adam, adam_update
from coreops.optimizers.base import ADAM_VARIANT, AMSGRAD, outside_root
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class AdamW(Adam):
    """w <- (1 - lr weight_decay) w, weights only, then Adam's step: decay that no gradient scales.

    weight_decay >= 0, default 0.01; biases never decay; the other fields are Adam's. lr is the scheduled rate.
    Loshchilov & Hutter 2019, algorithm 2, with their eta_t lambda written lr weight_decay, as libraries do.
    """

    weight_decay: float = 0.01
    kind = ADAM_VARIANT


@dataclass(frozen=True)
class AMSGrad(Adam):
    """Adam with M <- max(M, G) in the place of G:  w <- w - lr m/(sqrt(M) + eps), elementwise, from 0.

    correct_bias, default False as in the source, divides m by 1 - b1^t and M by 1 - b2^t; the other fields are Adam's.
    Reddi, Kale & Kumar 2018, algorithm 2.
    """

    correct_bias: bool = False
    kind = AMSGRAD
    slots = 3


@kernel
def adam_variant_update(
    beta1, beta2, power1, power2, eps, eps_inside, decay, n_weights, lr, theta, grad, first, second
):
    """decay: of the first n_weights of theta; power1 = power2 = 0: no correction."""
    start, end, keep = 0, n_weights, 1.0 - lr * decay
    for _ in range(2):  # the weights, then all else
        part = slice(start, end)
        adam_update(
            end - start, beta1, beta2, power1, power2, eps, eps_inside, keep, lr,
            theta[part], grad[part], first[part], second[part],
        )  # fmt: skip
        start, end, keep = n_weights, theta.size, 1.0


@kernel
def amsgrad_update(beta1, beta2, power1, power2, eps, eps_inside, lr, theta, grad, first, second, largest):
    correct1, correct2 = 1.0 - power1, 1.0 - power2
    a, zero = theta.dtype.type(lr / correct1), theta.dtype.type(0)
    b1, rest1 = theta.dtype.type(beta1), theta.dtype.type(1.0 - beta1)
    b2, rest2 = theta.dtype.type(beta2), theta.dtype.type(1.0 - beta2)
    unbias = theta.dtype.type(1.0 / np.sqrt(correct2))
    inside = theta.dtype.type(eps * correct2) if eps_inside else zero
    outside = outside_root(eps, eps_inside, theta)
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        m = b1 * first[i] + rest1 * g
        s = b2 * second[i] + rest2 * (g * g)
        top = s if s > largest[i] else largest[i]
        first[i], second[i], largest[i] = m, s, top
        theta[i] -= a * m / (np.sqrt(top + inside) * unbias + outside)
    barrier()
