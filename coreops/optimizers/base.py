"""What every optimizer spec has: its kind, its state size and the numbers that its record carries."""

from dataclasses import dataclass

from coreops.checks import finite_number, flag
from coreops.elementary import least_root
from coreops.target import kernel

GRADIENT, HEAVY_BALL, NESTEROV, ADAGRAD, RMSPROP, ADAM = 0, 1, 2, 3, 4, 5
# The rules from here on share one kernel that is not inlined, so that they cost the ones above nothing.
FIRST_OTHER = 6
EMA_MOMENTUM, ACCELERATED, ADADELTA, ADAM_VARIANT, AMSGRAD, SIGN = 6, 7, 8, 9, 10, 11
AVERAGED, FULL_MATRIX, PATH = 12, 13, 14
SLIDE_MOMENTUM, SLIDE_NESTEROV, SLIDE_MEAN, SLIDE_ADAM = 15, 16, 17, 18


@dataclass(frozen=True)
class Optimizer:
    """lr: finite, >= 0 (0 is a control: nothing moves). Subclasses set `kind` and `slots`, the number of vectors kept.

    The attributes below are what the row's record carries; a rule sets those it uses.
    """

    lr: float

    kind = -1
    slots = 0
    beta1 = beta2 = eps = weight_decay = start = 0.0
    eps_inside = False
    correct_bias = True

    def __post_init__(self):
        rule = type(self).__name__
        finite_number(f"{rule} lr", self.lr, 0)
        for name in ("eps", "weight_decay", "start"):
            finite_number(f"{rule} {name}", getattr(self, name), 0)
        for name in ("eps_inside", "correct_bias"):
            flag(f"{rule} {name}", getattr(self, name))
        for name in ("momentum", "decay", "beta1", "beta2"):
            finite_number(f"{rule} {name}", getattr(self, name, 0.0), 0, 1, high_open=True)

    def state_size(self, p, network):
        """Elements that the rule keeps for the network, whose theta has p elements, padding included."""
        return self.slots * p

    def check(self, network):
        """Raise ValueError if the rule cannot train this network; most can train all."""


@kernel(inline=True)
def outside_root(eps, eps_inside, theta):
    """What is added to a root of squares: eps, or 0 if that is within; at least the smallest root, so that 0/0 is 0."""
    zero = theta.dtype.type(0)
    return max(zero if eps_inside else theta.dtype.type(eps), least_root(zero))
