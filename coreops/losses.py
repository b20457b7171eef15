"""Losses: specs, and kernels that return the summed loss and leave d(mean loss)/d(output) behind.

A kernel takes examples first ... first + m of the batch, sums over them in float64 and, in TRAIN mode, writes `scale`
times the gradient of the sum; the caller decides on means and weights. The sum is returned as (a, b) for a + log b: a
logarithm takes as long as all else in a tiny network's loss, and whoever adds up losses needs one for many of them.
With COUNT_ERRORS a kernel counts wrong predictions (classifiers only).
"""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.elementary import exp, sigmoid, softplus
from coreops.records import COUNT_ERRORS, TRAIN
from coreops.spans import scale_span, shift_span
from coreops.target import at, barrier, block_sum, kernel, lane, lanes

# What a target is: n_out reals, one class number, n_out bits 0/1, n_out signs -1/+1.
OUTPUTS, LABEL, BITS, SIGNS = "outputs", "label", "bits", "signs"
LARGE_PRODUCT = 1e150  # two such, and one more mass, are no overflow
FEW = 8  # logits below which no vector is filled
TWO_VALUES = {BITS: (0, 1), SIGNS: (-1, 1)}


@dataclass(frozen=True)
class Loss:
    """Closes a network; `targets` says what y must be, `classifier` whether errors are counted.

    link: what makes probabilities of outputs, "softmax" or "sigmoid", or None.
    """

    link = None

    def build(self, plan, x):
        plan.close(self.kind, x, 1 if self.targets == LABEL else x.width)


@dataclass(frozen=True)
class SquaredError(Loss):
    """E = (1/m) sum_i sum_j (x_ij - y_ij)^2, no 1/2.   x, y: (m, n); dE/dx = 2 (x - y)/m.   Bishop 2006, eq. 3.12."""

    kind, targets, classifier = records.SQUARED_ERROR, OUTPUTS, False


@dataclass(frozen=True)
class LinearLoss(Loss):
    """E = (1/m) sum_i sum_j x_ij y_ij: the target is the gradient.   x, y: (m, n); dE/dx = y/m.   Zinkevich 2003."""

    kind, targets, classifier = records.LINEAR_LOSS, OUTPUTS, False


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """E = (1/m) sum_ij log(1 + e^z) - y z, from logits z, in the form max(z, 0) - y z + log(1 + e^-|z|).

    z: (m, n); y: 0/1, (m,) or (m, n), or class numbers (m,) if n > 1 (one against all); dE/dz = (sigmoid(z) - y)/m.
    Wrong prediction: z > 0 against y (n = 1), the largest z against the largest y (n > 1).   Bishop 2006, eq. 4.90.
    """

    kind, targets, classifier, link = records.BINARY_CROSS_ENTROPY, BITS, True, "sigmoid"


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """E = (1/m) sum_i log sum_j e^(z_ij - z_i,y_i).   z: (m, n), y: class numbers (m,).

    dE/dz = (softmax(z) - onehot)/m.   Bishop 2006, eq. 4.108, with the largest logit subtracted first.
    """

    kind, targets, classifier, link = records.SOFTMAX_CROSS_ENTROPY, LABEL, True, "softmax"


@dataclass(frozen=True)
class SigmoidSquaredError(Loss):
    """E = (1/m) sum_ij (s - y)^2 with s = sigmoid(z); dE/dz = 2 (s - y) s (1 - s)/m, which vanishes when s saturates.

    z: (m, n); y and wrong predictions as for BinaryCrossEntropy.   Goodfellow et al. 2016, section 6.2.2.2.
    """

    kind, targets, classifier, link = records.SIGMOID_SQUARED_ERROR, BITS, True, "sigmoid"


@kernel(inline=True)
def outputs(op, start, n, arena):
    """(z, y, dz): n outputs, targets and gradients from the start-th on, where targets are as wide as outputs."""
    x, x2, dx = op["x"] + start, op["x2"] + start, op["dx"] + start
    return arena[x : x + n], arena[x2 : x2 + n], arena[dx : dx + n]


@kernel(inline=True)
def regression_loss(op, first, m, arena, mode, scale):
    """Squared error or linear loss."""
    start, n, linear = first * op["n_in"], m * op["n_in"], op["kind"] == records.LINEAR_LOSS
    z, y, dz = outputs(op, start, n, arena)
    total, scale = 0.0, arena.dtype.type(scale)
    if linear:
        for i in range(lane(), n, lanes()):
            total += np.float64(z[i]) * np.float64(y[i])
    else:
        for i in range(lane(), n, lanes()):
            gap = np.float64(z[i] - y[i])
            total += gap * gap
    if mode & TRAIN:
        regression_gradient(z, y, dz, linear, scale)
    barrier()
    return block_sum(total), 1.0, 0


@kernel(inline=True)
def regression_gradient(z, y, dz, linear, scale):
    two = z.dtype.type(2) * scale
    for i in range(lane(), z.size, lanes()):
        dz[i] = scale * y[i] if linear else two * (z[i] - y[i])


@kernel(inline=True)
def sigmoid_loss(op, first, m, arena, mode, scale):
    """Binary cross-entropy or squared error after a sigmoid; dz first holds sigmoid(z)."""
    n = m * op["n_in"]
    z, y, dz = outputs(op, first * op["n_in"], n, arena)
    squared = op["kind"] == records.SIGMOID_SQUARED_ERROR
    total, scale = 0.0, arena.dtype.type(scale)
    for i in range(lane(), n, lanes()):
        dz[i] = sigmoid(z[i])
    if squared:
        for i in range(lane(), n, lanes()):
            gap = np.float64(dz[i] - y[i])
            total += gap * gap
    else:
        for i in range(lane(), n, lanes()):
            total += cross_entropy_of_bit(np.float64(z[i]), np.float64(y[i]))
    if mode & TRAIN:
        sigmoid_gradient(z, y, dz, squared, scale)
    barrier()
    errors = count_bit_errors(z, y, m, op["n_in"]) if mode & COUNT_ERRORS else 0
    return block_sum(total), 1.0, errors


@kernel(inline=True)
def cross_entropy_of_bit(z, y):
    """log(1 + e^z) - y z."""
    return max(z, 0.0) - z * y + softplus(-abs(z))


@kernel(inline=True)
def sigmoid_gradient(z, y, dz, squared, scale):
    """dz holds s = sigmoid(z). With c = 1 - s as sigmoid(-z), s - y = s (1 - y) - c y does not cancel when the unit
    saturates.
    """
    one, two = z.dtype.type(1), z.dtype.type(2) * scale
    if squared:
        for i in range(lane(), z.size, lanes()):
            s, c = dz[i], sigmoid(-z[i])
            dz[i] = two * (s * (one - y[i]) - c * y[i]) * (s * c)
    else:
        for i in range(lane(), z.size, lanes()):
            dz[i] = scale * (dz[i] * (one - y[i]) - sigmoid(-z[i]) * y[i])


@kernel(inline=True)
def count_bit_errors(z, y, m, n):
    errors = 0
    for i in range(lane(), m, lanes()):
        if n == 1:
            errors += (z[i] > 0) != (y[i] > 0.5)
        else:
            errors += largest(z, i * n, n) != largest(y, i * n, n)
    return block_sum(errors)


@kernel(inline=True)
def largest(values, start, n):
    """Index of the first largest of n values."""
    best = 0
    for j in range(1, n):
        if values[at(start + j)] > values[at(start + best)]:
            best = j
    return best


@kernel(inline=True)
def softmax_loss(op, first, m, arena, mode, scale):
    """Cross-entropy of a softmax over each row of logits.

    Three passes, so that the exponentials run over one flat loop that vectorises.
    """
    n = op["n_in"]
    x, dx, y = op["x"] + first * n, op["dx"] + first * n, op["x2"] + first
    if m * n < FEW:
        return softmax_loss_of_few(arena, x, dx, y, m, n, mode, scale)
    total, errors, scale = 0.0, 0, arena.dtype.type(scale)
    for i in range(lane(), m, lanes()):
        logits, out = x + i * n, dx + i * n
        top = arena[at(logits)]
        for j in range(1, n):
            top = max(top, arena[at(logits + j)])
        shift_span(arena, logits, out, n, top)
        total -= np.float64(arena[at(out + np.int64(arena[at(y + i)]))])
    barrier()
    if mode & COUNT_ERRORS:
        for i in range(lane(), m, lanes()):
            errors += largest(arena, x + i * n, n) != np.int64(arena[at(y + i)])
    for i in range(lane(), m * n, lanes()):
        arena[at(dx + i)] = exp(arena[at(dx + i)])
    barrier()
    product = 1.0  # of the masses, each from 1 to n
    for i in range(lane(), m, lanes()):
        out = dx + i * n
        mass = arena[at(out)]
        for j in range(1, n):
            mass += arena[at(out + j)]
        product *= np.float64(mass)
        if product > LARGE_PRODUCT:
            total, product = total + np.log(product), 1.0
        if mode & TRAIN:
            scale_span(arena, out, n, scale / mass)
            arena[at(out + np.int64(arena[at(y + i)]))] -= scale
    barrier()
    if lanes() == 1:
        return total, product, errors
    return block_sum(total + np.log(product)), 1.0, block_sum(errors)


@kernel(inline=True)
def softmax_loss_of_few(arena, x, dx, y, m, n, mode, scale):
    """The same for less than a vector of logits: example by example, with one loop over all that happens to a logit."""
    total, product, errors, scale = 0.0, 1.0, 0, arena.dtype.type(scale)
    for i in range(lane(), m, lanes()):
        logits, out, label = x + i * n, dx + i * n, np.int64(arena[at(y + i)])
        top = arena[at(logits)]
        for j in range(1, n):
            top = max(top, arena[at(logits + j)])
        mass = arena.dtype.type(0)
        for j in range(n):
            share = exp(arena[at(logits + j)] - top)
            arena[at(out + j)] = share
            mass += share
        total -= np.float64(arena[at(logits + label)] - top)
        product *= np.float64(mass)
        if mode & COUNT_ERRORS:
            errors += largest(arena, logits, n) != label
        if mode & TRAIN:
            factor = scale / mass
            for j in range(n):
                arena[at(out + j)] *= factor
            arena[at(out + label)] -= scale
    barrier()
    if lanes() == 1:
        return total, product, errors
    return block_sum(total + np.log(product)), 1.0, block_sum(errors)
