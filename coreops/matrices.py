"""Convolutions and locally connected layers as the matrices that they are, on the host; for looking, not for speed."""

import numpy as np
import scipy

from coreops.checks import instance, positive_integer, real_array, wrong
from coreops.layers.sliding import Sliding
from coreops.plan import Plan


def layer_matrix(layer, kernel, input_shape):
    """W (n_out, n_in) in float64 with y = W x + b for flattened images x and y, last axis fastest.

    layer: Conv1D, Conv2D, LocallyConnected1D or LocallyConnected2D, any padding and stride; kernel: its weight;
    input_shape: (length, channels) or (height, width, channels). Entries that no window sees are 0. A convolution
    repeats its kernel from place to place: one channel, stride 1, W is a Toeplitz matrix, with circular padding a
    circulant one, and in two dimensions blocks of such. Its transpose masks and ties the weight of a Dense layer.
    Raises ValueError for shapes that do not fit.   Gray 2006, "Toeplitz and circulant matrices", sections 3.1 and 4.1.
    """
    instance("layer", layer, Sliding, "a Conv1D, Conv2D, LocallyConnected1D or LocallyConnected2D")
    instance("input_shape", input_shape, (tuple, list), "a tuple such as (28, 28, 1)")
    plan = Plan(tuple(positive_integer("input_shape", n) for n in input_shape))
    y = plan.stack([layer], plan.input)
    shape, kernel = plan.weights[0].shape, real_array("kernel", kernel).astype(float)
    if kernel.shape != shape:
        raise wrong("kernel", f"shape {kernel.shape}", f"shape {shape}, as in {layer} on {plan.input.shape}")
    seen = [_seen(layer, axis, n, y.shape[axis]) for axis, n in enumerate(plan.input.shape[:-1])]
    own = "rs"[: layer.rank] if len(shape) > layer.rank + 2 else ""  # the weights of locally connected layers
    terms = ("rki", "slj")[: layer.rank]
    places, taps, positions = ("".join(term[k] for term in terms) for k in range(3))
    W = np.einsum(f"{','.join(terms)},{own}{taps}cf->{places}f{positions}c", *seen, kernel)
    return W.reshape(y.width, plan.input.width)


def _seen(layer, axis, n, places):
    """(places, size, n) of 0 and 1: whether tap k of the window at a place sees position i of the axis."""
    size, stride = layer.extents("size")[axis], layer.extents("stride")[axis]
    pad = 0 if layer.padding == "valid" else (size - 1) // 2
    framed = np.pad(np.eye(n), ((pad, pad), (0, 0)), mode="wrap" if layer.padding == "circular" else "constant")
    return framed[stride * np.arange(places)[:, None] + np.arange(size)]


def circulant(kernel, n):
    """C (n, n) in float64 with C x = Conv1D(1, 1, size, padding="circular") of x: y_r = sum_k kernel_k x_{r + k - p}.

    kernel: (size,), an odd number of them up to n; p = (size - 1)/2. C = F^H diag(h) F, with F the unitary discrete
    Fourier transform and h_q = sum_k kernel_k exp(2 pi i q (k - p)/n) the transform of C's first column; so C commutes
    with every circulant matrix, shifts among them.   Gray 2006, section 3.1; Davis 1979, "Circulant matrices".
    """
    kernel, n = real_array("kernel", kernel, 1).astype(float), positive_integer("n", n)
    if len(kernel) % 2 == 0 or len(kernel) > n:
        raise wrong("kernel", f"{len(kernel)} numbers", f"an odd number of them, at most n = {n}")
    column = np.zeros(n)
    column[(len(kernel) // 2 - np.arange(len(kernel))) % n] = kernel
    return scipy.linalg.circulant(column)
