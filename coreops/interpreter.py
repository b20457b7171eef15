"""Runs a plan: the only dispatch over operation kinds."""

from coreops import records
from coreops.layers.activation import activation_backward, rectifier_forward, sigmoid_forward, tanh_forward
from coreops.layers.dense import dense_backward, dense_forward
from coreops.layers.scale import scale_backward, scale_forward
from coreops.losses import regression_loss, sigmoid_loss, softmax_loss
from coreops.records import NO_LOSS, SQUARED_ERROR
from coreops.target import kernel


@kernel
def forward(ops, m, arena, mode):
    """Run every operation on the m gathered examples; returns (summed loss, wrong predictions)."""
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
        elif mode & NO_LOSS:
            continue
        elif kind == records.SOFTMAX_CROSS_ENTROPY:
            loss, errors = softmax_loss(op, m, arena, mode)
        elif kind == records.BINARY_CROSS_ENTROPY or kind == records.SIGMOID_SQUARED_ERROR:
            loss, errors = sigmoid_loss(op, m, arena, mode)
        else:
            loss, errors = regression_loss(op, m, arena, mode)
    return loss, errors


@kernel
def backward(ops, m, arena, mode):
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
        else:
            activation_backward(op, m, arena, mode)
