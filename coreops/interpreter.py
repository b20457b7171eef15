"""Runs a plan: the only dispatch over operation kinds, but that rows abreast have dense layers and losses of their own.

The operations of plain multilayer networks are inlined; each of the others is a call, so that they cost the small
networks nothing.
"""

import numpy as np

from coreops import records
from coreops.layers.activation import (
    activation_backward,
    other_activation_backward,
    other_activation_forward,
    rectifier_forward,
    sigmoid_forward,
    tanh_forward,
)
from coreops.layers.batch_mean import batch_mean_backward, batch_mean_forward
from coreops.layers.batch_norm import batch_norm_backward, batch_norm_forward
from coreops.layers.batch_renorm import batch_renorm_forward
from coreops.layers.concatenate import concatenate_backward, concatenate_forward
from coreops.layers.convolution import convolution_backward, convolution_forward
from coreops.layers.dense import dense_backward, dense_forward
from coreops.layers.drop_connect import drop_connect_backward, drop_connect_forward, weight_noise_forward
from coreops.layers.dropout import dropout_backward, dropout_forward
from coreops.layers.features import sinusoid_backward, sinusoid_forward
from coreops.layers.group_norm import group_norm_backward, group_norm_forward
from coreops.layers.maxout import maxout_backward, maxout_forward
from coreops.layers.noise import noise_forward
from coreops.layers.pooling import pool_backward, pool_forward
from coreops.layers.prelu import prelu_backward, prelu_forward
from coreops.layers.residual import residual_backward, residual_forward
from coreops.layers.scale import scale_backward, scale_forward
from coreops.layers.weight_norm import weight_norm_backward, weight_norm_forward
from coreops.losses import regression_loss, sigmoid_loss, softmax_loss
from coreops.other_losses import other_loss
from coreops.records import LAST_FEATUREWISE, NO_LOSS, SQUARED_ERROR, TRAIN
from coreops.target import kernel

FIRST, ONE = np.int64(0), np.int64(1)  # not literals, which would be other types to the compiler


@kernel
def forward(ops, m, arena, mode, seed, step, example_weights):
    """Run every operation on the m gathered examples; returns (a, b, wrong predictions), summed loss a + log b.

    seed, step: key the draws of dropout and noise; example_weights: offset of m factors of the examples' losses in
    training, or NONE.
    """
    layers = ops.size - (ops[ops.size - 1]["kind"] >= SQUARED_ERROR)
    for k in range(layers):
        op = ops[k]
        kind = op["kind"]
        if kind == records.DENSE:
            dense_forward(op, m, arena)
        elif kind <= LAST_FEATUREWISE:
            featurewise_forward(op, m, arena)
        else:
            other_forward(op, m, arena, mode, seed, step)
    if layers == ops.size or mode & NO_LOSS:
        return 0.0, 1.0, 0
    op = ops[layers]  # after the loop: the compiler would prepare its constants before it
    if mode & TRAIN and example_weights >= 0:
        return weighted_loss(op, m, arena, mode, example_weights)
    if op["kind"] == records.SOFTMAX_CROSS_ENTROPY:
        return softmax_loss(op, FIRST, m, arena, mode, 1.0 / m)
    return examples_loss(op, FIRST, m, arena, mode, 1.0 / m)


@kernel(inline=True)
def featurewise_forward(op, m, arena):
    """What acts on each feature alone, for a row or, with as many times the features, for rows abreast."""
    kind = op["kind"]
    if kind == records.RECTIFIER:
        rectifier_forward(op, m, arena)
    elif kind == records.SIGMOID:
        sigmoid_forward(op, m, arena)
    elif kind == records.TANH:
        tanh_forward(op, m, arena)
    else:
        scale_forward(op, m, arena)


@kernel  # merged, each of its calls would clear two words when `forward` begins
def other_forward(op, m, arena, mode, seed, step):
    kind = op["kind"]
    if kind == records.RESIDUAL:
        residual_forward(op, m, arena)
    elif kind == records.BATCH_NORM:
        batch_norm_forward(op, m, arena, mode)
    elif kind == records.BATCH_RENORM:
        batch_renorm_forward(op, m, arena, mode, step)
    elif kind == records.GROUP_NORM:
        group_norm_forward(op, m, arena)
    elif kind == records.WEIGHT_NORM:
        weight_norm_forward(op, arena)
    elif kind == records.BATCH_MEAN:
        batch_mean_forward(op, m, arena, mode)
    elif kind == records.DROPOUT:
        dropout_forward(op, m, arena, mode, seed, step)
    elif kind == records.NOISE:
        noise_forward(op, m, arena, mode, seed, step)
    elif kind == records.DROP_CONNECT:
        drop_connect_forward(op, arena, mode, seed, step)
    elif kind == records.WEIGHT_NOISE:
        weight_noise_forward(op, arena, mode, seed, step)
    elif kind == records.PRELU:
        prelu_forward(op, m, arena)
    elif kind == records.MAXOUT:
        maxout_forward(op, m, arena)
    elif kind == records.SINUSOID:
        sinusoid_forward(op, m, arena)
    elif kind == records.CONCATENATE:
        concatenate_forward(op, m, arena)
    elif kind == records.CONVOLUTION or kind == records.LOCALLY_CONNECTED:
        convolution_forward(op, m, arena)
    elif kind == records.MAX_POOL or kind == records.AVERAGE_POOL:
        pool_forward(op, m, arena)
    elif kind == records.SOFTPLUS or kind == records.THRESHOLD or kind == records.SCALED_TANH:
        other_activation_forward(op, m, arena)


@kernel
def weighted_loss(op, m, arena, mode, weights):
    """The loss with factors of the m examples at offset `weights` of the arena."""
    loss, errors, first = 0.0, 0, FIRST
    while first < m:
        weight = np.float64(arena[weights + first])
        part, mass, wrong = examples_loss(op, first, ONE, arena, mode, weight / m)
        loss, errors, first = loss + weight * (part + np.log(mass)), errors + wrong, first + 1
    return loss, 1.0, errors


@kernel
def examples_loss(op, first, m, arena, mode, scale):
    """As `forward`, of examples first ... first + m; leaves scale times the gradient behind."""
    kind = op["kind"]
    if kind == records.SOFTMAX_CROSS_ENTROPY:
        return softmax_loss(op, first, m, arena, mode, scale)
    elif kind == records.BINARY_CROSS_ENTROPY or kind == records.SIGMOID_SQUARED_ERROR:
        return sigmoid_loss(op, first, m, arena, mode, scale)
    elif kind > records.SIGMOID_SQUARED_ERROR:
        return other_loss(op, first, m, arena, mode, scale)
    return regression_loss(op, first, m, arena, mode, scale)


@kernel
def backward(ops, m, arena, mode, seed, step):
    """From the gradient that the loss left behind to the gradient of every operand, last operation first."""
    last = ops.size - 1
    for k in range(last - (ops[last]["kind"] >= SQUARED_ERROR), -1, -1):
        op = ops[k]
        kind = op["kind"]
        if kind == records.DENSE:
            dense_backward(op, m, arena, mode)
        elif kind <= LAST_FEATUREWISE:
            featurewise_backward(op, m, arena, mode)
        else:
            other_backward(op, m, arena, mode, seed, step)


@kernel(inline=True)
def featurewise_backward(op, m, arena, mode):
    if op["kind"] == records.SCALE:
        scale_backward(op, m, arena, mode)
    else:
        activation_backward(op, m, arena, mode)


@kernel
def other_backward(op, m, arena, mode, seed, step):
    kind = op["kind"]
    if kind == records.RESIDUAL:
        residual_backward(op, m, arena, mode)
    elif kind == records.BATCH_NORM or kind == records.BATCH_RENORM:
        batch_norm_backward(op, m, arena, mode)
    elif kind == records.GROUP_NORM:
        group_norm_backward(op, m, arena, mode)
    elif kind == records.WEIGHT_NORM:
        weight_norm_backward(op, arena, mode)
    elif kind == records.BATCH_MEAN:
        batch_mean_backward(op, m, arena, mode)
    elif kind == records.DROPOUT or kind == records.NOISE:
        dropout_backward(op, m, arena, mode)
    elif kind == records.DROP_CONNECT or kind == records.WEIGHT_NOISE:
        drop_connect_backward(op, arena, mode)
    elif kind == records.PRELU:
        prelu_backward(op, m, arena, mode)
    elif kind == records.MAXOUT:
        maxout_backward(op, m, arena, mode)
    elif kind == records.SINUSOID:
        sinusoid_backward(op, m, arena, mode)
    elif kind == records.CONCATENATE:
        concatenate_backward(op, m, arena, mode)
    elif kind == records.CONVOLUTION or kind == records.LOCALLY_CONNECTED:
        convolution_backward(op, m, arena, mode)
    elif kind == records.MAX_POOL or kind == records.AVERAGE_POOL:
        pool_backward(op, m, arena, mode)
    elif kind == records.SOFTPLUS or kind == records.THRESHOLD or kind == records.SCALED_TANH:
        other_activation_backward(op, m, arena, mode)
