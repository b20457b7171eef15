"""Spirals: arms that wind around each other, one class each."""

import numpy as np

from coreops.checks import finite_number, integer, positive_integer
from coreops.rng import host_generator


def spirals(n, seed, *, arms=2, turns=1.5, noise=0.05):
    """X (n, 2), y (n,): r (cos a, sin a) + N(0, noise^2), a = 2 pi (turns r + class/arms), r^2 ~ U(0.01, 1).

    Classes take turns, so each has n/arms points.   Lang & Witbrock 1988 (without noise: equally spaced, 2 arms).
    """
    positive_integer("n", n)
    integer("arms", arms, 2)
    finite_number("noise", noise, 0)
    finite_number("turns", turns)
    generator, y = host_generator(seed, "spirals"), np.arange(n) % arms
    draws = generator.random(n), generator.standard_normal((n, 2))
    r = np.sqrt(0.01 + 0.99 * draws[0])
    angle = 2 * np.pi * (turns * r + y / arms)
    return r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + noise * draws[1], y
