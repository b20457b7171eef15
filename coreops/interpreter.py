"""Runs a plan: the only dispatch over operation kinds.

The operations of plain multilayer networks are inlined; the others stand behind one call each way, so that they cost
the small networks nothing.
"""

import numpy as np

from coreops import records
from coreops.layers.activation import activation_backward, rectifier_forward, sigmoid_forward, tanh_forward
from coreops.layers.dense import dense_backward, dense_forward
from coreops.layers.residual import residual_backward, residual_forward
from coreops.layers.scale import scale_backward, scale_forward
from coreops.losses import regression_loss, sigmoid_loss, softmax_loss
from coreops.records import NO_LOSS, SQUARED_ERROR, TRAIN
from coreops.target import kernel


@kernel
def forward(ops, m, arena, mode, seed, step, example_weights):
    """Run every operation on the m gathered examples; returns (summed loss, wrong predictions).

    seed, step: key the draws of dropout and noise; example_weights: offset of m factors of the examples' losses in
    training, or NONE.
    """
    loss, errors = 0.0, 0
    for k in range(ops.size):
        op = ops[k]
        kind = op["kind"]
        if kind == records.DENSE:
            dense_forward(op, m, arena)
        elif kind == records.RECTIFIER:
            rectifier_forward(op, m, arena)
        elif kind == records.SIGMOID:
            sigmoid_forward(op, m, arena)
        elif kind == records.TANH:
            tanh_forward(op, m, arena)
        elif kind == records.SCALE:
            scale_forward(op, m, arena)
        elif kind < SQUARED_ERROR:
            other_forward(op, m, arena, mode, seed, step)
        elif not mode & NO_LOSS:
            weighted = mode & TRAIN != 0 and example_weights >= 0
            size, first = 1 if weighted else m, 0
            while first < m:  # a range of variable step divides
                weight = np.float64(arena[example_weights + first]) if weighted else 1.0
                part, wrong = examples_loss(op, first, size, arena, mode, weight / m)
                loss, errors, first = loss + weight * part, errors + wrong, first + size
    return loss, errors


@kernel
def other_forward(op, m, arena, mode, seed, step):
    kind = op["kind"]
    if kind == records.RESIDUAL:
        residual_forward(op, m, arena)


@kernel(inline=True)
def examples_loss(op, first, m, arena, mode, scale):
    """(summed loss, wrong predictions) of examples first ... first + m; leaves scale times the gradient behind."""
    kind = op["kind"]
    if kind == records.SOFTMAX_CROSS_ENTROPY:
        return softmax_loss(op, first, m, arena, mode, scale)
    elif kind == records.BINARY_CROSS_ENTROPY or kind == records.SIGMOID_SQUARED_ERROR:
        return sigmoid_loss(op, first, m, arena, mode, scale)
    return regression_loss(op, first, m, arena, mode, scale)


@kernel
def backward(ops, m, arena, mode, seed, step):
    """From the gradient that the loss left behind to the gradient of every operand, last operation first."""
    for k in range(ops.size - 1, -1, -1):
        op = ops[k]
        kind = op["kind"]
        if kind >= SQUARED_ERROR:
            continue
        elif kind == records.DENSE:
            dense_backward(op, m, arena, mode)
        elif kind == records.SCALE:
            scale_backward(op, m, arena, mode)
        elif kind <= records.TANH:
            activation_backward(op, m, arena, mode)
        else:
            other_backward(op, m, arena, mode, seed, step)


@kernel
def other_backward(op, m, arena, mode, seed, step):
    kind = op["kind"]
    if kind == records.RESIDUAL:
        residual_backward(op, m, arena, mode)
