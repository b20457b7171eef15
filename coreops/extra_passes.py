"""Passes through the network before the normal one: adversarial examples, and the gradient of a Jacobian penalty."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, flag, number, positive_integer, wrong
from coreops.interpreter import backward, forward
from coreops.records import (
    INPUT_GRADIENT,
    NO_LOSS,
    NO_PARAMETER_GRADIENT,
    RECALIBRATE,
    TRAIN,
    UPDATE_STATISTICS,
)
from coreops.rng import ATTACK, draw, uniform
from coreops.target import barrier, block_sum, kernel, lane, lanes


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


@kernel(inline=True)
def attack(row, ops, m, arena, mode, step, clean):
    """Move the gathered inputs towards a higher loss; clean: scratch for the inputs as they were."""
    n, zero = m * row["n_in"], arena.dtype.type(0)
    x = arena[row["inputs"] : row["inputs"] + n]
    dx = arena[row["input_gradient"] : row["input_gradient"] + n]
    radius, move = arena.dtype.type(row["attack_radius"]), arena.dtype.type(row["attack_step"])
    low, high = arena.dtype.type(row["attack_low"]), arena.dtype.type(row["attack_high"])
    for i in range(lane(), n, lanes()):
        clean[i] = x[i]
    barrier()
    if row["attack_random_start"]:
        ordinal = np.int64(0)  # no literal, for which `draw` would be compiled anew
        for block in range(lane(), (n + 3) // 4, lanes()):
            words = draw(row["seed"], ATTACK, ordinal, step, block)
            for k in range(4):
                i = 4 * block + k
                if i < n:
                    x[i] = min(max(x[i] + radius * arena.dtype.type(2.0 * uniform(words[k]) - 1.0), low), high)
        barrier()
    gradient = (mode | TRAIN | INPUT_GRADIENT | NO_PARAMETER_GRADIENT) & ~(UPDATE_STATISTICS | RECALIBRATE)
    for _ in range(row["attack_steps"]):
        forward(ops, m, arena, gradient, row["seed"], step, row["example_weights"])
        backward(ops, m, arena, gradient, row["seed"], step)
        for i in range(lane(), n, lanes()):
            g = dx[i]
            moved = x[i] + (move if g > zero else (-move if g < zero else zero))
            moved = min(max(moved, clean[i] - radius), clean[i] + radius)
            x[i] = min(max(moved, low), high)
        barrier()


@kernel(inline=True)
def jacobian_gradient(row, ops, m, arena, mode, step, scratch):
    """(1/m) sum_i ||df(x_i)/dx||_F^2, and its gradient with respect to theta in scratch[:padded].

    scratch: padded theta, then m n_in inputs, then m n_out outputs.
    """
    last, padded, d = ops[ops.size - 1], row["grad"], row["n_in"]
    n = last["n_in"]
    x = arena[row["inputs"] : row["inputs"] + m * d]
    z, dz = arena[last["x"] : last["x"] + m * n], arena[last["dx"] : last["dx"] + m * n]
    grad = arena[padded : 2 * padded]
    total, clean = scratch[:padded], scratch[padded : padded + m * d]
    high = scratch[padded + m * d : padded + m * d + m * n]
    quiet = (mode | NO_LOSS | TRAIN) & ~(UPDATE_STATISTICS | RECALIBRATE)
    h = arena.dtype.type(row["jacobian_step"])
    for i in range(lane(), padded, lanes()):
        total[i] = arena.dtype.type(0)
    for i in range(lane(), m * d, lanes()):
        clean[i] = x[i]
    barrier()
    value = 0.0
    for k in range(d):
        for side in range(3):  # +h, -h, and +h again for its gradient
            for i in range(lane(), m, lanes()):
                x[i * d + k] = clean[i * d + k] + (-h if side == 1 else h)
            barrier()
            forward(ops, m, arena, quiet, row["seed"], step, row["example_weights"])
            if side == 0:
                for i in range(lane(), m * n, lanes()):
                    high[i] = z[i]
                barrier()
                continue
            if side == 1:
                for i in range(lane(), m * n, lanes()):
                    high[i] = (high[i] - z[i]) / (h + h)  # J e_k
                barrier()
                for i in range(lane(), m * n, lanes()):
                    value += np.float64(high[i]) ** 2
            scale = arena.dtype.type(1.0 / m) / h
            for i in range(lane(), m * n, lanes()):
                dz[i] = (-scale if side == 1 else scale) * high[i]
            barrier()
            backward(ops, m, arena, quiet, row["seed"], step)
            for i in range(lane(), row["n_theta"], lanes()):
                total[i] += grad[i]
            barrier()
        for i in range(lane(), m, lanes()):
            x[i * d + k] = clean[i * d + k]
        barrier()
    return block_sum(value) / m
