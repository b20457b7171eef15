"""Convolutions and pooling: the sums over windows, written out.

x: (m, values) of images of shape layer.image, (length, channels) or (height, width, channels). o numbers the outputs,
k the taps of the kernel and i the inputs, each along one axis or two.
"""

import numpy as np


def per_axis(layer, value):
    """A size or a stride along every axis of the image."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * (len(layer.image) - 1)


def geometry(layer):
    """(outputs, size, stride, padding) along every axis: floor((n + 2p - k)/s) + 1 outputs.   Dumoulin & Visin 2016."""
    size = per_axis(layer, layer.size)
    stride = size if layer.stride is None else per_axis(layer, layer.stride)
    pads = getattr(layer, "padding", "valid") != "valid"
    padding = tuple((k - 1) // 2 if pads else 0 for k in size)
    axes = zip(layer.image[:-1], size, stride, padding, strict=True)
    return tuple((n + 2 * p - k) // s + 1 for n, k, s, p in axes), size, stride, padding


def taps(layer):
    """All (o, k, i) with i = o s + k - p, around the ring or inside the image (zeros outside add nothing)."""
    outputs, size, stride, padding = geometry(layer)
    lengths = layer.image[:-1]
    for o in np.ndindex(outputs):
        for k in np.ndindex(size):
            i = tuple(a * s + b - p for a, s, b, p in zip(o, stride, k, padding, strict=True))
            if getattr(layer, "padding", "valid") == "circular":
                i = tuple(a % n for a, n in zip(i, lengths, strict=True))
            if all(0 <= a < n for a, n in zip(i, lengths, strict=True)):
                yield o, k, i


def images(layer, x):
    """x as (m, *image)."""
    return x.reshape(len(x), *layer.image)


def every(i):
    """Index of position i in all examples."""
    return (slice(None), *i)


def _weighted(index):
    """Forward and vector-Jacobian product of what multiplies tap (o, k) with the matrix weight[index(o, k)]."""

    def forward(layer, x, weight, bias=None):
        """y_of = b_f + sum_kc x_(o s + k - p)c W_kcf.   LeCun, Bottou, Bengio & Haffner 1998, section II."""
        x, outputs = images(layer, x), geometry(layer)[0]
        y = np.zeros((len(x), *outputs, weight.shape[-1]))
        for o, k, i in taps(layer):
            y[every(o)] += x[every(i)] @ weight[index(o, k)]
        if bias is not None:
            y += bias.reshape(*index(outputs, ()), -1)  # (F,), or one for every position
        return y.reshape(len(x), -1)

    def vjp(layer, x, dy, weight, bias=None):
        """dx_ic += sum_f dy_of W_kcf, dW_kcf += sum_m x_ic dy_of for every tap; db = sum of dy."""
        x, outputs = images(layer, x), geometry(layer)[0]
        dy = dy.reshape(len(x), *outputs, -1)
        dx, dweight = np.zeros_like(x), np.zeros_like(weight)
        for o, k, i in taps(layer):
            dx[every(i)] += dy[every(o)] @ weight[index(o, k)].T
            dweight[index(o, k)] += x[every(i)].T @ dy[every(o)]
        dbias = dy.sum(axis=0).reshape(-1, *index(outputs, ()), weight.shape[-1]).sum(axis=0)
        gradient = {"weight": dweight} | ({} if bias is None else {"bias": dbias.reshape(-1)})
        return dx.reshape(len(x), -1), gradient

    return forward, vjp


convolution, convolution_vjp = _weighted(lambda o, k: k)
# The weights of a position are its own: LeCun 1989, section 5.
locally_connected, locally_connected_vjp = _weighted(lambda o, k: o + k)


def windows(layer):
    """The inputs of every output: {o: [i, ...]}, row-major; all positions for a global pool."""
    if not hasattr(layer, "size"):
        return {(): list(np.ndindex(layer.image[:-1]))}
    found = {}
    for o, _, i in taps(layer):
        found.setdefault(o, []).append(i)
    return found


def values(layer, x):
    """What every window sees: (m, windows, values of a window, channels)."""
    x = images(layer, x)
    return np.stack([np.stack([x[every(i)] for i in window], axis=1) for window in windows(layer).values()], axis=1)


def max_pool(layer, x):
    """y_oc = max of x_ic over the window of o.   Ranzato, Huang, Boureau & LeCun 2007."""
    return values(layer, x).max(axis=2).reshape(len(x), -1)


def max_pool_vjp(layer, x, dy):
    """dx_ic += dy_oc at the first largest of each window."""
    seen, dx = values(layer, x), np.zeros_like(images(layer, x))
    dy = dy.reshape(len(x), seen.shape[1], -1)
    for o, window in enumerate(windows(layer).values()):
        first = seen[:, o].argmax(axis=1)  # (m, channels)
        for k, i in enumerate(window):
            dx[every(i)] += np.where(first == k, dy[:, o], 0.0)
    return dx.reshape(len(x), -1), {}


def max_pool_margin(layer, x):
    """Distance of the two largest of a window: where they meet, the maximum has its kink."""
    ranked = np.sort(values(layer, x), axis=2)
    return (ranked[:, :, -1] - ranked[:, :, -2]).min() if ranked.shape[2] > 1 else np.inf


def average_pool(layer, x):
    """y_oc = mean of x_ic over the window of o.   LeCun et al. 1998, section II (without its gain and bias)."""
    return values(layer, x).mean(axis=2).reshape(len(x), -1)


def average_pool_vjp(layer, x, dy):
    """dx_ic += dy_oc / (size of the window)."""
    seen, dx = windows(layer), np.zeros_like(images(layer, x))
    dy = dy.reshape(len(x), len(seen), -1)
    for o, window in enumerate(seen.values()):
        for i in window:
            dx[every(i)] += dy[:, o] / len(window)
    return dx.reshape(len(x), -1), {}


def flatten(layer, x):
    """y = x in one row.   LeCun et al. 1998, figure 2."""
    return x


def flatten_vjp(layer, x, dy):
    """dx = dy."""
    return dy, {}
