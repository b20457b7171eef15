"""Dense layers and losses of rows abreast: what mixes the numbers of an example.

What acts on each element, or on each feature, alone is the rows' own kernel, with WIDTH times the features.
"""

import numpy as np

from coreops import records
from coreops.abreast.spans import dots, softmax_end, softmax_start, width
from coreops.elementary import exp, sigmoid
from coreops.losses import cross_entropy_of_bit, outputs, regression_gradient, sigmoid_gradient
from coreops.records import ADD_DB, ADD_DW, ADD_DX, NONE, SKIP_DX
from coreops.spans import rectify, rectify_gradient
from coreops.target import at, kernel


@kernel(inline=True)
def dense_forward_abreast(op, m, arena):
    """As `layers.dense.dense_forward`, each sum in the order of `products.affine`."""
    n_in, n_out, step = op["n_in"], op["n_out"], width(arena)
    for i in range(m):
        x, y = op["x"] + i * n_in, op["y"] + i * n_out
        dots(arena, op["b"], x, step, op["w"], n_out, step, y, n_out // step, n_in // step)
    if op["slope"] != 1:
        rectify(arena, op["y"], op["y"], m * n_out, arena.dtype.type(op["slope"]))


@kernel(inline=True)
def dense_backward_abreast(op, m, arena):
    """As `layers.dense.dense_backward`."""
    n_in, n_out, flags, step = op["n_in"], op["n_out"], op["flags"], width(arena)
    x, w, dy, one = op["x"], op["w"], op["dy"], op["work"]
    if op["dw"] >= 0:
        for k in range(n_in // step):
            to = op["dw"] + k * n_out
            dots(arena, to if flags & ADD_DW else NONE, x + k * step, n_in, dy, n_out, step, to, n_out // step, m)
    if op["db"] >= 0:
        for r in range(step):
            arena[at(one + r)] = arena.dtype.type(1)
        to = op["db"]
        dots(arena, to if flags & ADD_DB else NONE, one, 0, dy, n_out, step, to, n_out // step, m)
    if not flags & SKIP_DX:
        for i in range(m):
            to, row = op["dx"] + i * n_in, dy + i * n_out
            dots(arena, to if flags & ADD_DX else NONE, row, step, w, step, n_out, to, n_in // step, n_out // step)
        if op["rate"] != 1:
            rectify_gradient(arena, x, op["dx"], op["dx"], m * n_in, arena.dtype.type(op["rate"]))


@kernel(inline=True)
def loss_abreast(op, m, arena, losses, products):
    """losses[r] + log products[r] = the summed loss of row r; leaves the gradient of the mean behind."""
    losses[:], products[:] = 0.0, 1.0
    if op["kind"] == records.SOFTMAX_CROSS_ENTROPY:
        softmax_loss_abreast(op, m, arena, losses, products)
    else:
        elementwise_loss_abreast(op, m, arena, losses)


@kernel(inline=True)
def softmax_loss_abreast(op, m, arena, losses, products):
    """As `losses.softmax_loss`, which starts a new product where one is large: tiny rows have none (e^(256/e))."""
    n, step, scale = op["n_in"], width(arena), arena.dtype.type(1.0 / m)
    x, dx, labels = op["x"], op["dx"], op["x2"]
    for i in range(m):
        softmax_start(arena, x + i * n, dx + i * n, n // step, labels + i * step, losses)
    for i in range(m * n):
        arena[at(dx + i)] = exp(arena[at(dx + i)])
    for i in range(m):
        softmax_end(arena, dx + i * n, n // step, labels + i * step, scale, products)


@kernel
def elementwise_loss_abreast(op, m, arena, losses):
    """Those of regression and of bits, as in `losses.py`."""
    n, step, kind = m * op["n_in"], width(arena), op["kind"]
    z, y, dz = outputs(op, 0, n, arena)
    scale, squared = arena.dtype.type(1.0 / m), kind == records.SIGMOID_SQUARED_ERROR
    bits = squared or kind == records.BINARY_CROSS_ENTROPY
    if bits:
        for i in range(n):
            dz[i] = sigmoid(z[i])
    if kind == records.LINEAR_LOSS:
        for i in range(0, n, step):
            for r in range(step):
                losses[r] += np.float64(z[i + r]) * np.float64(y[i + r])
    elif kind == records.BINARY_CROSS_ENTROPY:
        for i in range(0, n, step):
            for r in range(step):
                losses[r] += cross_entropy_of_bit(np.float64(z[i + r]), np.float64(y[i + r]))
    else:
        predicted = dz if bits else z
        for i in range(0, n, step):
            for r in range(step):
                gap = np.float64(predicted[i + r] - y[i + r])
                losses[r] += gap * gap
    if bits:
        sigmoid_gradient(z, y, dz, squared, scale)
    else:
        regression_gradient(z, y, dz, kind == records.LINEAR_LOSS, scale)
