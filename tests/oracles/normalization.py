"""Normalisation layers: every set of values that shares a mean and a variance is standardised by itself.

x: (m, values); the values of an example are positions x channels, as many channels as the gain or the shift has.
The vector-Jacobian products multiply with the whole Jacobian of each set.
"""

import numpy as np


def standardized(values, eps, center_only=False):
    """xh_i = (x_i - mu)/sqrt(v + eps), v = (1/n) sum (x_i - mu)^2.   Ioffe & Szegedy 2015, algorithm 1."""
    mu = sum(values) / len(values)
    v = sum((x - mu) ** 2 for x in values) / len(values)
    return (values - mu) if center_only else (values - mu) / np.sqrt(v + eps)


def jacobian(values, eps, center_only=False):
    """d xh_i/d x_j = (delta_ij - 1/n - xh_i xh_j/n)/sqrt(v + eps): the derivative of the quotient above."""
    n = len(values)
    centering = np.eye(n) - np.ones((n, n)) / n
    if center_only:
        return centering
    xh, v = standardized(values, eps), np.mean((values - values.mean()) ** 2)
    return (centering - np.outer(xh, xh) / n) / np.sqrt(v + eps)


def divide_by_mean(layer, x, running_mean, batches):
    """Erratum E15: y_i = x_i/mu over the values that share a channel.   Right: Ioffe & Szegedy 2015, algorithm 1."""
    values = x.reshape(-1, len(running_mean))
    return np.array([row / np.mean(values, axis=0) for row in values]).reshape(x.shape)


def divide_by_mean_vjp(layer, x, dy, running_mean, batches):
    """dx_j = (dy_j - (1/n) sum_i dy_i x_i/mu)/mu, since dy_i/dx_j = delta_ij/mu - x_i/(n mu^2)."""
    values, d = x.reshape(-1, len(running_mean)), dy.reshape(-1, len(running_mean))
    mu = np.mean(values, axis=0)
    return ((d - np.mean(d * values, axis=0) / mu) / mu).reshape(x.shape), {}


def _image(x, gain, shift):
    """x as (m, positions, channels)."""
    given = gain if gain is not None else shift
    return x.reshape(len(x), -1, x.shape[1] if given is None else len(given))


def _sets(kind, layer, shape):
    """Index sets, into (m, positions, channels), of the values that share their statistics."""
    m, _, channels = shape
    whole = slice(None)
    if kind == "batch":
        return [(whole, whole, c) for c in range(channels)]
    groups = {"layer": 1, "instance": channels}.get(kind) or layer.groups
    size = channels // groups
    return [(i, whole, slice(g * size, (g + 1) * size)) for i in range(m) for g in range(groups)]


def _normalization(kind):
    def forward(layer, x, gain=None, shift=None, **running):
        """y = gain xh + shift."""
        image = _image(x, gain, shift)
        xh = np.zeros_like(image)
        for where in _sets(kind, layer, image.shape):
            part = image[where]
            xh[where] = standardized(part.reshape(-1), layer.eps, _centers(layer)).reshape(part.shape)
        y = xh * (1.0 if gain is None else gain) + (0.0 if shift is None else shift)
        return y.reshape(x.shape)

    def vjp(layer, x, dy, gain=None, shift=None, **running):
        """dxh = gain dy, dx = J^T dxh for each set; dgain = sum dy xh, dshift = sum dy."""
        image, given = _image(x, gain, shift), _image(dy, gain, shift)
        dxh, dx = given * (1.0 if gain is None else gain), np.zeros_like(image)
        for where in _sets(kind, layer, image.shape):
            part = image[where]
            J = jacobian(part.reshape(-1), layer.eps, _centers(layer))
            dx[where] = (J.T @ dxh[where].reshape(-1)).reshape(part.shape)
        plain = forward(layer, x).reshape(image.shape) if gain is None and shift is None else None
        if plain is None:
            ones = np.ones(image.shape[2])
            plain = forward(layer, x, ones, 0 * ones).reshape(image.shape)
        gradient = {} if gain is None else {"gain": np.sum(given * plain, axis=(0, 1))}
        return dx.reshape(x.shape), gradient | ({} if shift is None else {"shift": np.sum(given, axis=(0, 1))})

    return forward, vjp


def _centers(layer):
    return getattr(layer, "center_only", False)


batch_norm, batch_norm_vjp = _normalization("batch")
layer_norm, layer_norm_vjp = _normalization("layer")
instance_norm, instance_norm_vjp = _normalization("instance")
group_norm, group_norm_vjp = _normalization("group")


def renormalization(layer, x, mean, variance, step):
    """(r, d) per channel of x (N, channels).   Ioffe 2017, algorithm 1."""
    if step >= layer.end:
        r_max, d_max = layer.r_max, layer.d_max
    elif step <= layer.begin:
        r_max, d_max = 1.0, 0.0
    else:
        share = (step - layer.begin) / (layer.end - layer.begin)
        r_max, d_max = (1 - share) * 1.0 + share * layer.r_max, share * layer.d_max
    sd_batch, sd = np.sqrt(np.mean((x - x.mean(axis=0)) ** 2, axis=0) + layer.eps), np.sqrt(variance + layer.eps)
    r, d = sd_batch / sd, (x.mean(axis=0) - mean) / sd
    return np.clip(r, 1 / r_max, r_max), np.clip(d, -d_max, d_max)


def weight_norm(layer, x, direction, gain, bias=None):
    """y = x W + b with W_j = g_j v_j/||v_j||.   Salimans & Kingma 2016, eq. 1 and 2."""
    W = np.array([g * v / np.linalg.norm(v) for g, v in zip(gain, direction.T, strict=True)]).T
    return x @ W + (0.0 if bias is None else bias)


def weight_norm_vjp(layer, x, dy, direction, gain, bias=None):
    """dW = x^T dy; dg_j = dW_j . v_j/||v_j||; dv_j = J^T dW_j, J = g_j (I/||v|| - v v^T/||v||^3)."""
    dW, W = x.T @ dy, np.zeros_like(direction)
    dv, dg = np.zeros_like(direction), np.zeros_like(gain)
    for j, (g, v) in enumerate(zip(gain, direction.T, strict=True)):
        length = np.sqrt(np.sum(v * v))
        W[:, j] = g * v / length
        dg[j] = np.sum(dW[:, j] * v) / length
        dv[:, j] = g * (np.eye(len(v)) / length - np.outer(v, v) / length**3) @ dW[:, j]
    return dy @ W.T, {"direction": dv, "gain": dg} | ({} if bias is None else {"bias": dy.sum(axis=0)})
