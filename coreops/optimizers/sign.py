"""Sign descent."""

from dataclasses import dataclass

from coreops.optimizers.base import SIGN, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class SignDescent(Optimizer):
    """w <- w - lr sign(g), with sign(0) = 0.   lr >= 0.

    RMSProp with decay = eps = 0: the control that forgets every gradient but the last, and its size.
    Riedmiller & Braun 1993 with a constant step; Bernstein, Wang, Azizzadenesheli & Anandkumar 2018, algorithm 1.
    """

    kind = SIGN


@kernel
def sign_update(lr, theta, grad):
    a = theta.dtype.type(lr)
    for i in range(lane(), theta.size, lanes()):
        g = grad[i]
        theta[i] -= a if g > 0 else (-a if g < 0 else g)  # 0, or NaN, which must be seen
    barrier()
