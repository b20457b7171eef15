"""Convolutions: the same weights at every place of a window that slides over an image.

The kernels serve locally connected layers too: all that differs is the product with the patches.
"""

import numpy as np

from coreops import records
from coreops.layers.locally_connected import bias_gradients, local_outputs, patch_gradients, weight_gradients
from coreops.layers.patches import gather_patches, patch_gradients_at, patch_size, patches_at, scatter_patches
from coreops.layers.sliding import Sliding
from coreops.layers.window import BY_COLUMNS, COLUMNS, ROWS
from coreops.products import column_sums
from coreops.records import ADD_DB, ADD_DW, ADD_DX, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, NONE, SKIP_DX
from coreops.target import gemm, kernel


class Convolution(Sliding):
    def build(self, plan, x):
        return self.add(plan, x, records.CONVOLUTION, self.window(plan, x), (), 1)


class Conv2D(Convolution):
    """y_rsf = b_f + sum_{k,l,c} x_{r t + k, s t + l, c} W_klcf, t the stride (a cross-correlation).

    x: (m, height, width, in_channels), W: (size, size, in_channels, out_channels), b: (out_channels,), y: (m, rows,
    columns, out_channels) with rows = (height + 2 p - size)//stride + 1. padding: "valid", the default, p = 0; "same",
    p = (size - 1)/2 zeros on every side; "circular", as wide but wrapped round. size, stride: positive integers or
    pairs (vertical, horizontal), stride default 1; bias, init, bias_init as in Dense, fans size^2 channels.
    Raises ValueError for an even size with padding, a window beyond its input, channels or shapes that do not fit.
    LeCun, Bottou, Bengio & Haffner 1998, section II.A.
    """

    rank = 2


class Conv1D(Convolution):
    """y_rf = b_f + sum_{k,c} x_{r t + k, c} W_kcf, t the stride.

    x: (m, length, in_channels), W: (size, in_channels, out_channels), y: (m, places, out_channels); all else as in
    Conv2D. Waibel, Hanazawa, Hinton, Shikano & Lang 1989, section II (time-delay networks).
    """

    rank = 1


@kernel
def convolution_forward(op, m, arena):
    """Y = P W + 1 b^T, P the patches."""
    dims, n_out, k, patches = op["dims"], op["n_out"], patch_size(op), patches_at(op)
    places, one = dims[ROWS] * dims[COLUMNS], np.int64(1)
    f = n_out // places
    for first in range(0, m, op["examples"]):
        part = min(op["examples"], m - first)
        n, y = part * places, op["y"] + first * n_out
        gather_patches(op, first, part, arena)
        if op["kind"] == records.CONVOLUTION:
            row, column = (one, n) if dims[BY_COLUMNS] else (k, one)
            gemm(arena, n, f, k, patches, row, column, op["w"], False, y, op["b"], 0)
        else:
            local_outputs(op, first, part, arena)


@kernel
def convolution_backward(op, m, arena, mode):
    """dW = P^T dY, db = sum over places and examples of dY, dP = dY W^T."""
    dims, n_out, k, patches, flags = op["dims"], op["n_out"], patch_size(op), patches_at(op), op["flags"]
    gradients = patch_gradients_at(op)
    places, one, shared = dims[ROWS] * dims[COLUMNS], np.int64(1), op["kind"] == records.CONVOLUTION
    f, dw = n_out // places, op["dw"]
    learning = mode & NO_PARAMETER_GRADIENT == 0
    downwards = mode & INPUT_GRADIENT != 0 or flags & SKIP_DX == 0
    for first in range(0, m, op["examples"]):
        part, dy = min(op["examples"], m - first), op["dy"] + first * n_out
        n = part * places
        if learning and dw >= 0:
            if m > op["examples"]:  # otherwise they are the forward pass's
                gather_patches(op, first, part, arena)
            add = first > 0 or flags & ADD_DW != 0
            if shared:
                row, column = (one, n) if dims[BY_COLUMNS] else (k, one)
                gemm(arena, k, f, n, patches, column, row, dy, False, dw, dw if add else NONE, f)
            else:
                weight_gradients(op, first, part, arena, add)
        if downwards:
            if not shared:
                patch_gradients(op, first, part, arena)
            elif dims[BY_COLUMNS]:
                gemm(arena, k, n, f, op["w"], f, 1, dy, True, gradients, NONE, 0)
            else:
                gemm(arena, n, k, f, dy, f, 1, op["w"], True, gradients, NONE, 0)
            scatter_patches(op, first, part, arena, flags & ADD_DX != 0)
    if learning and op["db"] >= 0:
        if shared:
            column_sums(arena, op["work"], op["dy"], op["db"], m * places, f, flags & ADD_DB != 0)
        else:
            bias_gradients(op, m, arena)
