"""Layers: y = f(x, parameters) in evaluation and the vector-Jacobian products, one example after the other."""

import numpy as np

from tests.oracles import images, normalization


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


def scaled_tanh(layer, x):
    """y = A tanh(S x).   LeCun, Bottou, Orr & Mueller 1998, section 4.4."""
    return layer.slope * np.tanh(layer.rate * x)


def scaled_tanh_vjp(layer, x, dy):
    """dx = dy A S/cosh(S x)^2."""
    return layer.slope * layer.rate * tanh_vjp(layer, layer.rate * x, dy)[0], {}


def softplus(layer, x):
    """y = log(e^0 + e^x).   Dugas et al. 2001."""
    return np.logaddexp(0.0, x)


def softplus_vjp(layer, x, dy):
    """dx = dy/(1 + e^-x)."""
    return dy * sigmoid(layer, x), {}


def threshold(layer, x):
    """y = 1 if x > 0 else 0.   McCulloch & Pitts 1943."""
    return np.array([[1.0 if v > 0 else 0.0 for v in row] for row in x])


def threshold_vjp(layer, x, dy):
    """dx = 0   (flat on either side of the jump)."""
    return np.zeros_like(x), {}


def identity(layer, x):
    """y = x   (linear unit; Bishop 2006, section 5.1)."""
    return x


def identity_vjp(layer, x, dy):
    """dx = dy."""
    return dy, {}


def prelu(layer, x, slope):
    """y_ic = x if x > 0 else a_c x, c the unit, or a_0 for all.   He, Zhang, Ren & Sun 2015, eq. 1."""
    return np.where(x > 0, x, slope * x)


def prelu_vjp(layer, x, dy, slope):
    """dx = dy (1 or a_c);  da_c = sum over x <= 0 of dy x   (ibid. eq. 2-3)."""
    da = np.where(x > 0, 0.0, dy * x).sum(axis=0)
    return np.where(x > 0, dy, slope * dy), {"slope": da if len(slope) > 1 else da.sum(keepdims=True)}


def pieces(layer, x, weight, bias=None):
    """z_ijp = (x W + b)_ijp: piece p of unit j is column j P + p."""
    z = x @ weight + (0.0 if bias is None else bias)
    return z.reshape(len(x), layer.n_out, layer.pieces)


def maxout(layer, x, weight, bias=None):
    """y_ij = max_p z_ijp.   Goodfellow et al. 2013, section 3."""
    return pieces(layer, x, weight, bias).max(axis=2)


def maxout_vjp(layer, x, dy, weight, bias=None):
    """dz_ijp = dy_ij where p is the first largest, then as in a dense layer."""
    z = pieces(layer, x, weight, bias)
    dz = (np.arange(layer.pieces) == z.argmax(axis=2)[:, :, None]) * dy[:, :, None]
    dz = dz.reshape(len(x), -1)
    return dz @ weight.T, {"weight": x.T @ dz} | ({} if bias is None else {"bias": dz.sum(axis=0)})


def maxout_margin(layer, x, weight, bias=None):
    """Distance of the two largest pieces: where they meet, maxout has its kink."""
    if layer.pieces == 1:
        return np.inf
    z = np.sort(pieces(layer, x, weight, bias), axis=2)
    return (z[:, :, -1] - z[:, :, -2]).min()


def fourier(layer, x, weight, bias, amplitude):
    """y_ij = a_j cos(x_i . w_j + b_j).   Rahimi & Recht 2007, algorithm 1."""
    return amplitude * np.cos(x @ weight + bias)


def fourier_vjp(layer, x, dy, weight, bias, amplitude):
    """dx_i = -sum_j dy_ij a_j sin(x_i . w_j + b_j) w_j."""
    return -(dy * amplitude * np.sin(x @ weight + bias)) @ weight.T, {}


def random_relu(layer, x, weight, bias):
    """y = max(0, x W + b).   Rahimi & Recht 2008."""
    return np.maximum(x @ weight + bias, 0.0)


def random_relu_vjp(layer, x, dy, weight, bias):
    """dx = (dy [x W + b > 0]) W^T."""
    return np.where(x @ weight + bias > 0, dy, 0.0) @ weight.T, {}


def random_relu_margin(layer, x, weight, bias):
    """Distance of x W + b to the kink at 0."""
    return np.abs(x @ weight + bias).min()


def concatenate(layer, x, **parameters):
    """y = (F(x), G(x)).   Szegedy et al. 2015."""
    from tests.oracles import networks

    branches = enumerate((layer.first, layer.second))
    return np.hstack([networks.outputs(b, networks.of_layer(k, parameters), x) for k, b in branches])


def concatenate_vjp(layer, x, dy, **parameters):
    """dx = F'(x)^T dy_F + G'(x)^T dy_G."""
    from tests.oracles import networks

    dx, gradient = np.zeros_like(x), {}
    for k, branch in enumerate((layer.first, layer.second)):
        own = networks.of_layer(k, parameters)
        values = networks.activations(branch, own, x)
        mine, dy = dy[:, : values[-1].shape[1]], dy[:, values[-1].shape[1] :]
        part, of_branch = networks.stack_vjp(branch, own, values, mine)
        dx, gradient = dx + part, gradient | {f"{k}.{key}": value for key, value in of_branch.items()}
    return dx, gradient


def dropout(layer, x):
    """y = (1 - q) x if that is when it scales, else x: E[y] in training.   Srivastava et al. 2014, section 4."""
    return x * (1 - layer.rate if layer.scaling == "test" else 1)


def dropout_vjp(layer, x, dy):
    """dx = dy, scaled as y is."""
    return dropout(layer, dy), {}


def drop_connect(layer, x, weight, bias=None):
    """y = x ((1 - q) W or W) + b.   Wan, Zeiler, Zhang, LeCun & Fergus 2013, without its Gaussian sampling."""
    return dense(layer.layer, x, dropout(layer, weight), bias)


def drop_connect_vjp(layer, x, dy, weight, bias=None):
    """As in a dense layer, dW scaled as W is."""
    dx, gradient = dense_vjp(layer.layer, x, dy, dropout(layer, weight), bias)
    return dx, gradient | {"weight": dropout(layer, gradient["weight"])}


def weight_noise(layer, x, weight, bias=None):
    """y = x W + b: the noise has mean 0.   Graves 2011."""
    return dense(layer.layer, x, weight, bias)


def weight_noise_vjp(layer, x, dy, weight, bias=None):
    """As in a dense layer."""
    return dense_vjp(layer.layer, x, dy, weight, bias)


def slide_dropout(layer, x, weight, bias=None):
    """f = (1 - q)(x W + b), ERRATUM E42; right is (1 - q) x W + b (Srivastava et al. 2014, section 4)."""
    return (1 - layer.rate) * dense(layer.layer, x, weight, bias)


def slide_dropout_vjp(layer, x, dy, weight, bias=None):
    """As in a dense layer with (1 - q) dy."""
    return dense_vjp(layer.layer, x, (1 - layer.rate) * dy, weight, bias)


# class name -> (forward, vector-Jacobian product, kink: at 0 or not, or a function that gives the distance to it)
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
    "ScaledTanh": (scaled_tanh, scaled_tanh_vjp, False),
    "Softplus": (softplus, softplus_vjp, False),
    "Threshold": (threshold, threshold_vjp, True),
    "Identity": (identity, identity_vjp, False),
    "PReLU": (prelu, prelu_vjp, True),
    "Maxout": (maxout, maxout_vjp, maxout_margin),
    "FourierFeatures": (fourier, fourier_vjp, False),
    "FourierSeries": (fourier, fourier_vjp, False),
    "RandomReLUFeatures": (random_relu, random_relu_vjp, random_relu_margin),
    "Concatenate": (concatenate, concatenate_vjp, False),
    "Dropout": (dropout, dropout_vjp, False),
    "GaussianNoise": (identity, identity_vjp, False),
    "DropConnect": (drop_connect, drop_connect_vjp, False),
    "WeightNoise": (weight_noise, weight_noise_vjp, False),
    "DivideByMean": (normalization.divide_by_mean, normalization.divide_by_mean_vjp, False),
    "SlideDropout": (slide_dropout, slide_dropout_vjp, False),
    **dict.fromkeys(("Conv1D", "Conv2D"), (images.convolution, images.convolution_vjp, False)),
    **dict.fromkeys(
        ("LocallyConnected1D", "LocallyConnected2D"), (images.locally_connected, images.locally_connected_vjp, False)
    ),
    **dict.fromkeys(("MaxPool", "GlobalMaxPool"), (images.max_pool, images.max_pool_vjp, images.max_pool_margin)),
    **dict.fromkeys(("AveragePool", "GlobalAveragePool"), (images.average_pool, images.average_pool_vjp, False)),
    "Flatten": (images.flatten, images.flatten_vjp, False),
}
