"""Layers: y = f(x, parameters) and the vector-Jacobian products, one example after the other."""

import numpy as np

from tests.oracles import normalization


def dense(layer, x, weight, bias=None):
    """y_ij = sum_k x_ik W_kj + b_j.   Rumelhart, Hinton & Williams 1986, eq. 1."""
    y = np.zeros((len(x), layer.n_out))
    for i in range(len(x)):
        for j in range(layer.n_out):
            y[i, j] = np.sum(x[i] * weight[:, j]) + (0.0 if bias is None else bias[j])
    return y


def dense_vjp(layer, x, dy, weight, bias=None):
    """dx_ik = sum_j dy_ij W_kj,  dW_kj = sum_i x_ik dy_ij,  db_j = sum_i dy_ij   (the chain rule, ibid. eq. 4-6)."""
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for i in range(len(x)):
        for k in range(layer.n_in):
            dx[i, k] = np.sum(dy[i] * weight[k])
            dweight[k] += x[i, k] * dy[i]
    return dx, {"weight": dweight} | ({} if bias is None else {"bias": dy.sum(axis=0)})


def scale(layer, x, scale):
    """y_ij = theta_j x_ij   (diagonal linear map; Goh 2017, "Why momentum really works")."""
    return np.array([scale * row for row in x])


def scale_vjp(layer, x, dy, scale):
    """dx_ij = theta_j dy_ij,  dtheta_j = sum_i dy_ij x_ij."""
    return np.array([scale * row for row in dy]), {"scale": sum(d * row for d, row in zip(dy, x, strict=True))}


def relu(layer, x):
    """y = max(0, x).   Nair & Hinton 2010."""
    return np.maximum(x, 0.0)


def relu_vjp(layer, x, dy):
    """dx = dy [x > 0]   (the subgradient 0 at the kink)."""
    return np.where(x > 0, dy, 0.0), {}


def leaky_relu(layer, x):
    """y = max(0, x) + a min(0, x).   Maas, Hannun & Ng 2013, eq. 2."""
    return np.maximum(x, 0.0) + layer.slope * np.minimum(x, 0.0)


def leaky_relu_vjp(layer, x, dy):
    """dx = dy (1 if x > 0 else a)."""
    return np.where(x > 0, dy, layer.slope * dy), {}


def sigmoid(layer, x):
    """y = 1/(1 + e^-x) = (1 + tanh(x/2))/2, which cannot overflow.   Rumelhart et al. 1986, eq. 2."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def sigmoid_vjp(layer, x, dy):
    """dx = dy y (1 - y) = dy/(4 cosh^2(x/2))."""
    return dy * np.exp(-np.abs(x)) / (1.0 + np.exp(-np.abs(x))) ** 2, {}


def tanh(layer, x):
    """y = tanh(x).   LeCun, Bottou, Orr & Mueller 1998, section 4.4."""
    return np.tanh(x)


def tanh_vjp(layer, x, dy):
    """dx = dy (1 - tanh(x)^2) = dy/cosh(x)^2."""
    return dy * 4 * np.exp(-2 * np.abs(x)) / (1.0 + np.exp(-2 * np.abs(x))) ** 2, {}


def residual(layer, x, **parameters):
    """y = x + c F(x).   He, Zhang, Ren & Sun 2016, eq. 1."""
    from tests.oracles import networks

    return x + layer.scale * networks.outputs(layer.layers, parameters, x)


def residual_vjp(layer, x, dy, **parameters):
    """dx = dy + c F'(x)^T dy."""
    from tests.oracles import networks

    values = networks.activations(layer.layers, parameters, x)
    dx, gradient = networks.stack_vjp(layer.layers, parameters, values, layer.scale * dy)
    return dy + dx, gradient


# class name -> (forward, vector-Jacobian product, has a kink at 0)
LAYERS = {
    "Dense": (dense, dense_vjp, False),
    "Scale": (scale, scale_vjp, False),
    "ReLU": (relu, relu_vjp, True),
    "LeakyReLU": (leaky_relu, leaky_relu_vjp, True),
    "Sigmoid": (sigmoid, sigmoid_vjp, False),
    "Tanh": (tanh, tanh_vjp, False),
    "Residual": (residual, residual_vjp, False),
    "BatchNorm": (normalization.batch_norm, normalization.batch_norm_vjp, False),
    # Before its corrections set in; they have tests of their own.
    "BatchRenorm": (normalization.batch_norm, normalization.batch_norm_vjp, False),
    "LayerNorm": (normalization.layer_norm, normalization.layer_norm_vjp, False),
    "InstanceNorm": (normalization.instance_norm, normalization.instance_norm_vjp, False),
    "GroupNorm": (normalization.group_norm, normalization.group_norm_vjp, False),
    "WeightNorm": (normalization.weight_norm, normalization.weight_norm_vjp, False),
}
