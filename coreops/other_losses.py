"""Absolute, Huber, hinge, logistic and softmax-squared losses: like those of `losses`, behind one call."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import finite_number, wrong
from coreops.elementary import exp, sigmoid
from coreops.losses import LABEL, OUTPUTS, SIGNS, Loss, count_bit_errors, largest, outputs
from coreops.records import COUNT_ERRORS, TRAIN
from coreops.target import barrier, block_sum, kernel, lane, lanes


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """E = (1/m) sum_ij |x_ij - y_ij|.   x, y: (m, n); dE/dx = sign(x - y)/m, 0 at 0.   Bishop 2006, section 1.5.5."""

    kind, targets, classifier = records.ABSOLUTE_ERROR, OUTPUTS, False


@dataclass(frozen=True)
class Huber(Loss):
    """E = (1/m) sum_ij h(x_ij - y_ij), h(r) = r^2/2 where |r| <= delta, else delta (|r| - delta/2).

    x, y: (m, n); dE/dx = clip(x - y, -delta, delta)/m; delta: finite, > 0, default 1. Half of SquaredError for large
    delta.   Huber 1964, "Robust estimation of a location parameter", section 1.
    """

    delta: float = 1.0
    kind, targets, classifier = records.HUBER, OUTPUTS, False

    def __post_init__(self):
        if finite_number("Huber delta", self.delta, 0) == 0:
            raise wrong("Huber delta", self.delta, "a finite number > 0")

    def build(self, plan, x):
        plan.close(self.kind, x, x.width, slope=self.delta)


@dataclass(frozen=True)
class Hinge(Loss):
    """E = (1/m) sum_ij max(0, 1 - y z).   z: (m, n); dE/dz = -y/m where y z < 1, else 0.

    y: -1/+1, (m,) or (m, n), or class numbers (m,) if n > 1 (one against all). Wrong prediction: z > 0 against y
    (n = 1), the largest z against the largest y (n > 1).   Cortes & Vapnik 1995; Bishop 2006, section 7.1.2.
    """

    kind, targets, classifier = records.HINGE, SIGNS, True


@dataclass(frozen=True)
class Logistic(Loss):
    """E = (1/m) sum_ij log(1 + e^(-y z));   dE/dz = -y sigmoid(-y z)/m.

    BinaryCrossEntropy with y in -1/+1 for 0/1; z, y and wrong predictions as in Hinge.   Bishop 2006, section 7.1.2.
    """

    kind, targets, classifier, link = records.LOGISTIC, SIGNS, True, "sigmoid"


@dataclass(frozen=True)
class SoftmaxSquaredError(Loss):
    """E = (1/m) sum_ij (p - onehot(y))^2 with p = softmax(z); it vanishes with its gradient when p saturates.

    dE/dz_k = 2 p_k sum_j p_j (g_k - g_j)/m with g = p - onehot(y).   z: (m, n), y: class numbers (m,).
    Brier 1950; Golik, Doetsch & Ney 2013, "Cross-entropy vs. squared error training".
    """

    kind, targets, classifier, link = records.SOFTMAX_SQUARED_ERROR, LABEL, True, "softmax"

    def build(self, plan, x):
        plan.close(self.kind, x, 1, work_per_example=x.width)


@kernel(merge=True)
def other_loss(op, first, m, arena, mode, scale):
    kind = op["kind"]
    if kind == records.SOFTMAX_SQUARED_ERROR:
        return softmax_squared_loss(op, first, m, arena, mode, scale)
    elif kind == records.HINGE or kind == records.LOGISTIC:
        return margin_loss(op, first, m, arena, mode, scale)
    return robust_loss(op, first, m, arena, mode, scale)


@kernel
def robust_loss(op, first, m, arena, mode, scale):
    """Huber's loss, or the absolute error."""
    n, huber = m * op["n_in"], op["kind"] == records.HUBER
    z, y, dz = outputs(op, first * op["n_in"], n, arena)
    total, delta, zero = 0.0, arena.dtype.type(op["slope"]), arena.dtype.type(0)
    scale = arena.dtype.type(scale)
    for i in range(lane(), n, lanes()):
        gap = np.float64(z[i] - y[i])
        size = abs(gap)
        if huber:
            total += 0.5 * gap * gap if size <= op["slope"] else op["slope"] * (size - 0.5 * op["slope"])
        else:
            total += size
    if mode & TRAIN:
        for i in range(lane(), n, lanes()):
            gap = z[i] - y[i]
            if huber:
                dz[i] = scale * min(max(gap, -delta), delta)
            else:
                dz[i] = scale if gap > 0 else (-scale if gap < 0 else zero)
    barrier()
    return block_sum(total), 1.0, 0


@kernel
def margin_loss(op, first, m, arena, mode, scale):
    """Hinge or logistic loss of the margin y z."""
    n, hinge = m * op["n_in"], op["kind"] == records.HINGE
    z, y, dz = outputs(op, first * op["n_in"], n, arena)
    total, scale, one, zero = 0.0, arena.dtype.type(scale), arena.dtype.type(1), arena.dtype.type(0)
    for i in range(lane(), n, lanes()):
        margin = np.float64(y[i] * z[i])
        if hinge:
            total += max(1.0 - margin, 0.0)
        else:
            total += max(-margin, 0.0) + np.log1p(np.exp(-abs(margin)))  # a sum, which does not vectorise anyway
    if mode & TRAIN:
        for i in range(lane(), n, lanes()):
            margin = y[i] * z[i]
            dz[i] = -scale * y[i] * ((one if margin < one else zero) if hinge else sigmoid(-margin))
    barrier()
    errors = count_bit_errors(z, y, m, op["n_in"]) if mode & COUNT_ERRORS else 0
    return block_sum(total), 1.0, errors


@kernel
def softmax_squared_loss(op, first, m, arena, mode, scale):
    """Squared error after a softmax.

    p_y - 1 is taken as minus the sum of the others, and the gradient as a sum over pairs: nothing cancels when p
    saturates, on the right class or on a wrong one.
    """
    n = op["n_in"]
    x, dx, x2, work = op["x"] + first * n, op["dx"] + first * n, op["x2"] + first, op["work"] + first * n
    z, dz = arena[x : x + m * n], arena[dx : dx + m * n]
    y, probabilities = arena[x2 : x2 + m], arena[work : work + m * n]
    total, errors, two = 0.0, 0, arena.dtype.type(2.0 * scale)
    for i in range(lane(), m, lanes()):
        label, p, slope = np.int64(y[i]), probabilities[i * n : i * n + n], dz[i * n : i * n + n]
        best = largest(z, i * n, n)
        mass, rest = arena.dtype.type(0), arena.dtype.type(0)
        for j in range(n):
            p[j] = exp(z[i * n + j] - z[i * n + best])
            mass += p[j]
        for j in range(n):
            p[j] /= mass
            if j != label:
                rest += p[j]
                total += np.float64(p[j]) ** 2
        total += np.float64(rest) ** 2
        errors += best != label
        if mode & TRAIN:
            for k in range(n):
                gap = -rest if k == label else p[k]
                pull = arena.dtype.type(0)
                for j in range(n):
                    pull += p[j] * (gap + rest if j == label else gap - p[j])
                slope[k] = two * p[k] * pull
    barrier()
    return block_sum(total), 1.0, block_sum(errors) if mode & COUNT_ERRORS else 0
