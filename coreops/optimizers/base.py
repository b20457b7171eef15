"""What every optimizer spec has: its kind, its state size and the numbers that its record carries."""

from dataclasses import dataclass

from coreops.checks import finite_number, flag

GRADIENT, HEAVY_BALL, NESTEROV, ADAGRAD, RMSPROP, ADAM = 0, 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Optimizer:
    """lr: finite, >= 0 (0 is a control: nothing moves). Subclasses set `kind` and `slots`, the number of vectors kept.

    The attributes beta1, beta2, eps, eps_inside are what the row's record carries; a rule sets those it uses.
    """

    lr: float

    kind = -1
    slots = 0
    beta1 = beta2 = eps = 0.0
    eps_inside = False

    def __post_init__(self):
        rule = type(self).__name__
        finite_number(f"{rule} lr", self.lr, 0)
        finite_number(f"{rule} eps", self.eps, 0)
        flag(f"{rule} eps_inside", self.eps_inside)
        for name in ("momentum", "decay", "beta1", "beta2"):
            finite_number(f"{rule} {name}", getattr(self, name, 0.0), 0, 1, high_open=True)
