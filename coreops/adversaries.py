"""Adversaries: what moves the inputs of a batch towards a higher loss."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, flag, number, positive_integer, wrong
from coreops.rng import ATTACK, draw, uniform
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class Adversary:
    """x + d in place of x, where d makes the loss larger, ||d||_inf <= radius and low <= x + d <= high."""

    radius: float
    low: float = -np.inf
    high: float = np.inf

    steps, random_start = 1, False

    def __post_init__(self):
        name = type(self).__name__
        finite_number(f"{name} radius", self.radius, 0)
        number(f"{name} low", self.low)
        number(f"{name} high", self.high)
        if not self.low < self.high:
            raise wrong(f"{name} low, high", f"{self.low}, {self.high}", "low < high")

    @property
    def step(self):
        return self.radius

    def encode(self, row):
        """Write what the kernel reads into a record."""
        for name in ("radius", "step", "steps", "random_start", "low", "high"):
            row[f"attack_{name}"] = getattr(self, name)


@dataclass(frozen=True)
class FGSM(Adversary):
    """d = radius sign(dE/dx), the fast gradient sign method.

    radius >= 0; low, high: bounds that the inputs keep (clean ones should lie between them), default none. In training
    all of the loss is on the adversarial examples.   Goodfellow, Shlens & Szegedy 2015, section 4.
    """


@dataclass(frozen=True)
class PGD(Adversary):
    """x <- clip(x + step sign(dE/dx)) `steps` times, clipped to the ball around the example and then to [low, high].

    radius, low, high: as in FGSM; step >= 0, default radius/4; steps >= 1, default 7; random_start: begin at a uniform
    point of the ball, default False.   Madry, Makelov, Schmidt, Tsipras & Vladu 2018, section 2.1.
    """

    step: float | None = None
    steps: int = 7
    random_start: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.step is None:
            object.__setattr__(self, "step", self.radius / 4)
        finite_number("PGD step", self.step, 0)
        positive_integer("PGD steps", self.steps)
        flag("PGD random_start", self.random_start)


@kernel
def begin_attack(row, m, arena, step, clean):
    """Keep the gathered inputs in `clean`, (m n_in,), and move them to a random point of the ball if that is asked."""
    n, ordinal = m * row["n_in"], np.int64(0)  # no literal, for which `draw` would be compiled anew
    x = arena[row["inputs"] : row["inputs"] + n]
    radius = arena.dtype.type(row["attack_radius"])
    low, high = arena.dtype.type(row["attack_low"]), arena.dtype.type(row["attack_high"])
    for i in range(lane(), n, lanes()):
        clean[i] = x[i]
    barrier()
    if row["attack_random_start"]:
        for block in range(lane(), (n + 3) // 4, lanes()):
            words = draw(row["seed"], ATTACK, ordinal, step, block)
            for k in range(4):
                i = 4 * block + k
                if i < n:
                    x[i] = min(max(x[i] + radius * arena.dtype.type(2.0 * uniform(words[k]) - 1.0), low), high)
        barrier()


@kernel
def climb(row, m, arena, clean):
    """One step along the signs of the input gradient, then back into the ball and the box."""
    n, zero = m * row["n_in"], arena.dtype.type(0)
    x = arena[row["inputs"] : row["inputs"] + n]
    dx = arena[row["input_gradient"] : row["input_gradient"] + n]
    radius, move = arena.dtype.type(row["attack_radius"]), arena.dtype.type(row["attack_step"])
    low, high = arena.dtype.type(row["attack_low"]), arena.dtype.type(row["attack_high"])
    for i in range(lane(), n, lanes()):
        g = dx[i]
        moved = x[i] + (move if g > zero else (-move if g < zero else zero))
        moved = min(max(moved, clean[i] - radius), clean[i] + radius)
        x[i] = min(max(moved, low), high)
    barrier()
