"""Update rules as lectures print them, errors included: for showing an erratum by running it, not for training."""

from dataclasses import dataclass

import numpy as np

from coreops.optimizers.adadelta import Adadelta
from coreops.optimizers.base import SLIDE_ADAM, SLIDE_MEAN, SLIDE_MOMENTUM, SLIDE_NESTEROV, Optimizer
from coreops.optimizers.momentum import _Momentum
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class SlideMomentum(_Momentum):
    """ERRATUM E21: as printed; do not use.   v <- b v + lr g(w);  w <- b w - v.

    The momentum b also multiplies w: on h (w - w*)^2/2 the fixed point is w* lr h/((1 - b)^2 + lr h), not w*.
    Right: HeavyBall, w <- w - v (Polyak 1964, eq. 9).
    """

    kind = SLIDE_MOMENTUM


@dataclass(frozen=True)
class SlideNesterov(_Momentum):
    """ERRATUM E21: as printed; do not use.   v <- b v + lr g(w - b v);  w <- b w - v.

    On h (w - w*)^2/2 the fixed point is w* lr h/((1 - b)^2 + lr h (1 + b - b^2)), not w*.
    Right: Nesterov, w <- w - v (Sutskever, Martens, Dahl & Hinton 2013, eq. 3-4).
    """

    kind = SLIDE_NESTEROV


@dataclass(frozen=True)
class SlideMeanAdaGrad(Optimizer):
    """ERRATUM E24: as printed; do not use.   G <- (t-1)/t G + g^2/t;  w <- w - lr g/(sqrt(G) + eps), elementwise.

    The printed recursion is the mean of the squared gradients, not their sum: the steps do not decay.
    lr, eps and eps_inside as in AdaGrad, which is right (Duchi, Hazan & Singer 2011, fig. 1).
    """

    eps: float = 1e-8
    eps_inside: bool = False
    kind = SLIDE_MEAN
    slots = 1


@dataclass(frozen=True)
class SlideAdam(Optimizer):
    """ERRATUM E25: as printed; do not use.   m <- b2 m + (1-b1) g;  w <- w - lr mh/sqrt(Gh + eps), the rest as in Adam.

    m decays with the other moment's rate (b2 in the place of b1), though mh = m/(1 - b1^t): on a constant gradient the
    steps tend to lr (1 - b1)/(1 - b2), 100 lr at the defaults. This slip and eps stay as printed, what cannot run does
    not: t counts from 1 (printed, it stays 0 and divides by 0), m starts at 0, the last line's undefined symbol is mh.
    lr, beta1, beta2, eps as in Adam, which is right (Kingma & Ba 2015, algorithm 1).
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    kind = SLIDE_ADAM
    slots = 2
    eps_inside = True


@dataclass(frozen=True)
class SlideAdadelta(Adadelta):
    """ERRATUM E14: as printed; do not use.   s = g (sqrt(D) + eps)/(sqrt(G) + eps), the rest as in Adadelta.

    With D = 0 at the start the first step is eps/sqrt(1 - d), not sqrt(eps/(1 - d)).
    Right: Adadelta, eps inside both roots (Zeiler 2012, eq. 9 and 14).
    """

    eps_inside = False


@kernel
def slide_momentum_update(momentum, looks_ahead, lr, theta, grad, velocity):
    """theta holds w, or w - b v if the rule looks ahead."""
    a, b, zero = theta.dtype.type(lr), theta.dtype.type(momentum), theta.dtype.type(0)
    back = b if looks_ahead else zero
    for i in range(lane(), theta.size, lanes()):
        v = b * velocity[i] + a * grad[i]
        w = theta[i] + back * velocity[i]
        velocity[i], theta[i] = v, b * w - v
    barrier()


@kernel
def slide_adam_update(beta1, beta2, power1, power2, eps, lr, theta, grad, first, second):
    a, zero = theta.dtype.type(lr / (1.0 - power1)), theta.dtype.type(0)
    rest1, correct2 = theta.dtype.type(1.0 - beta1), theta.dtype.type(1.0 / (1.0 - power2))
    b2, rest2, inside = theta.dtype.type(beta2), theta.dtype.type(1.0 - beta2), theta.dtype.type(eps)
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        m = b2 * first[i] + rest1 * g
        s = b2 * second[i] + rest2 * (g * g)
        first[i], second[i] = m, s
        step = a * m / np.sqrt(s * correct2 + inside)
        theta[i] -= zero if m == 0 else step
    barrier()
