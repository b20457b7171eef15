"""Losses: mean over the batch of a sum over outputs, and the gradient with respect to the outputs z (m, n)."""

import numpy as np
from scipy.special import expit, log_softmax, softmax


def one_hot(y, n):
    """Class numbers (m,) -> (m, n) zeros and ones; anything else becomes float64 (m, n)."""
    y = np.asarray(y)
    if y.ndim == 1 and n > 1:
        return np.eye(n)[y.astype(int)]
    return y.reshape(len(y), n).astype(np.float64)


def signs(y, n):
    """Class numbers (m,) -> (m, n) of -1 and +1; anything else becomes float64 (m, n)."""
    y = np.asarray(y)
    return 2 * one_hot(y, n) - 1 if y.ndim == 1 and n > 1 else one_hot(y, n)


def squared_error(z, y):
    """E = (1/m) sum_ij (z_ij - y_ij)^2, no 1/2;  dE/dz = 2 (z - y)/m.   Bishop 2006, eq. 3.12 (times 2)."""
    gap = z - y.reshape(z.shape)
    return np.sum(gap**2) / len(z), 2 * gap / len(z)


def linear_loss(z, y):
    """E = (1/m) sum_ij y_ij z_ij;  dE/dz = y/m.   Zinkevich 2003 (online linear losses)."""
    y = y.reshape(z.shape)
    return np.sum(y * z) / len(z), y / len(z)


def binary_cross_entropy(z, y):
    """E = -(1/m) sum_ij [y log s(z) + (1 - y) log s(-z)];  dE/dz = (s(z) - y)/m.   Bishop 2006, eq. 4.90.

    -log s(z) = log(1 + e^-z) = logaddexp(0, -z);  s(z) - y = (1 - y) s(z) - y s(-z), free of cancellation.
    """
    y = one_hot(y, z.shape[1])
    value = np.sum(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)) / len(z)
    return value, ((1 - y) * expit(z) - y * expit(-z)) / len(z)


def softmax_cross_entropy(z, y):
    """E = -(1/m) sum_i log softmax(z_i)_{y_i};  dE/dz = (softmax(z) - onehot(y))/m.   Bishop 2006, eq. 4.108-4.109."""
    hot = np.eye(z.shape[1])[np.asarray(y).astype(int)]
    return -np.sum(hot * log_softmax(z, axis=1)) / len(z), (softmax(z, axis=1) - hot) / len(z)


def sigmoid_squared_error(z, y):
    """E = (1/m) sum_ij (s(z) - y)^2;  dE/dz = 2 (s - y) s (1 - s)/m.   Goodfellow, Bengio & Courville 2016, 6.2.2.2."""
    y = one_hot(y, z.shape[1])
    gap = (1 - y) * expit(z) - y * expit(-z)
    return np.sum(gap**2) / len(z), 2 * gap * expit(z) * expit(-z) / len(z)


def absolute_error(z, y):
    """E = (1/m) sum_ij |z_ij - y_ij|;  dE/dz = sign(z - y)/m.   Bishop 2006, section 1.5.5."""
    gap = z - y.reshape(z.shape)
    return np.abs(gap).sum() / len(z), np.sign(gap) / len(z)


def huber(z, y, delta):
    """h(r) = r^2/2, beyond delta its tangent delta |r| - delta^2/2;  h'(r) = r, beyond delta sign(r) delta.   1964."""
    gap, d = z - y.reshape(z.shape), delta
    inside = np.abs(gap) <= d
    value = np.where(inside, gap**2 / 2, d * np.abs(gap) - d**2 / 2)
    return value.sum() / len(z), np.where(inside, gap, d * np.sign(gap)) / len(z)


def hinge(z, y):
    """E = (1/m) sum_ij max(0, 1 - y z);  dE/dz = -y/m inside the margin.   Bishop 2006, section 7.1.2."""
    y = signs(y, z.shape[1])
    return np.maximum(0, 1 - y * z).sum() / len(z), np.where(y * z < 1, -y, 0) / len(z)


def logistic(z, y):
    """E = (1/m) sum_ij log(1 + e^-yz);  dE/dz = -y/(1 + e^yz)/m.   Bishop 2006, section 7.1.2."""
    y = signs(y, z.shape[1])
    return np.logaddexp(0, -y * z).sum() / len(z), -y * expit(-y * z) / len(z)


def softmax_squared_error(z, y):
    """E = (1/m) sum_ij (p - onehot)^2;  dE/dz = J^T 2 (p - onehot)/m with J = diag(p) - p p^T.   Brier 1950."""
    p, slopes = softmax(z, axis=1), []
    gap = p - np.eye(z.shape[1])[np.asarray(y).astype(int)]
    for p_i, gap_i in zip(p, gap, strict=True):
        slopes.append((np.diag(p_i) - np.outer(p_i, p_i)) @ (2 * gap_i) / len(z))
    return np.sum(gap**2) / len(z), np.array(slopes)


def loss_margin(loss, z, y):
    """Distance of the outputs to a kink of the loss (inf without one).   As in the definitions above."""
    kind = type(loss).__name__
    if kind == "Hinge":
        return np.abs(1 - signs(y, z.shape[1]) * z).min()
    if kind in ("AbsoluteError", "Huber"):
        gap = np.abs(z - np.asarray(y).reshape(z.shape))
        return np.abs(gap - (loss.delta if kind == "Huber" else 0)).min()
    return np.inf


def classification_error(z, y):
    """Share of wrong predictions: sign of the one logit, else the largest; NaN for a regression."""
    if z.shape[1] == 1:
        return np.mean((z[:, 0] > 0) != (np.asarray(y).reshape(-1) > 0.5))
    y = np.asarray(y)
    labels = y if y.ndim == 1 else y.argmax(axis=1)
    return np.mean(z.argmax(axis=1) != labels)


# class name -> (value and gradient of (z, y, fields of the spec), counts errors)
LOSSES = {
    "SquaredError": (squared_error, False),
    "LinearLoss": (linear_loss, False),
    "BinaryCrossEntropy": (binary_cross_entropy, True),
    "SoftmaxCrossEntropy": (softmax_cross_entropy, True),
    "SigmoidSquaredError": (sigmoid_squared_error, True),
    "AbsoluteError": (absolute_error, False),
    "Huber": (huber, False),
    "Hinge": (hinge, True),
    "Logistic": (logistic, True),
    "SoftmaxSquaredError": (softmax_squared_error, True),
}
