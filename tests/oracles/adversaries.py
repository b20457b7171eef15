"""Adversarial examples: attack(spec, x, gradient, start) -> x', one example after the other.

gradient(x): dE_i/dx_i of each example's own loss, (m, d); start: (m, d) uniform numbers in (-1, 1), where needed.
"""

import numpy as np


def fgsm(spec, x, gradient, start=None):
    """x + r sign(dE/dx), kept in [low, high].   Goodfellow, Shlens & Szegedy 2015, section 4."""
    return np.clip(x + spec.radius * np.sign(gradient(x)), spec.low, spec.high)


def pgd(spec, x, gradient, start=None):
    """x_{k+1} = clip(x_k + s sign(dE/dx)), onto the ball around x_0 and then onto [low, high].   Madry et al. 2018."""
    moved = np.clip(x + spec.radius * start, spec.low, spec.high) if spec.random_start else x
    for _ in range(spec.steps):
        moved = moved + spec.step * np.sign(gradient(moved))
        moved = np.clip(np.clip(moved, x - spec.radius, x + spec.radius), spec.low, spec.high)
    return moved


ADVERSARIES = {"FGSM": fgsm, "PGD": pgd}
