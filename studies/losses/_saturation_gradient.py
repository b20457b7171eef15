"""The gradient of log-loss by the logit, read off the engine, against prediction minus label."""

import numpy as np

from coreops import (
    BinaryCrossEntropy,
    Dense,
    Network,
    Scale,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    gradient_check,
    loss_and_gradient,
)

CASES_KEY = 1000  # of the random logits of the softmax cases


def logits(p):
    """Coarse integers to the limit, and tenths where rounding of 1 - sigma starts to matter."""
    fine = np.arange(-10 * p.fine_limit, 10 * p.fine_limit + 1) / 10
    return np.unique(np.concatenate([np.arange(-p.z_limit, p.z_limit + 1.0), fine]))


def error_sigmoid(z, label):
    """sigmoid(z) - label without cancellation."""
    small = np.exp(-np.abs(z))
    tail, rest = small / (1 + small), 1 / (1 + small)
    return np.where(z > 0, rest, tail) if label == 0 else -np.where(z > 0, tail, rest)


def naive_gradient(z):
    """The chain rule multiplied out as it stands: 1/(1 - s) times s (1 - s), for label 0."""
    with np.errstate(all="ignore"):
        s = 1 / (1 + np.exp(-z))
        return 1 / (1 - s) * s * (1 - s)


def cases(p):
    """(logits (n, k), labels (n,)): all equal, one far from the rest, spread to the limit, moderate."""
    k, rng = p.classes, np.random.Generator(np.random.Philox(key=CASES_KEY))
    far = np.where(np.eye(k), p.z_limit, 0.0)
    spread = rng.uniform(-p.z_limit, p.z_limit, (p.softmax_cases, k))
    moderate = rng.normal(0, 3, (p.softmax_cases, k))
    equal = np.outer([0, p.z_limit], np.ones(k))
    z = np.concatenate([equal, far, -far, 2 * far - p.z_limit, spread, moderate])
    return z, rng.integers(0, k, len(z))


def error_softmax(z, labels):
    """softmax(z) - one-hot; the label's entry is minus the sum of the others, without cancellation."""
    e = np.exp(z - z.max(1, keepdims=True))
    e /= e.sum(1, keepdims=True)
    rows = np.arange(len(z))
    e[rows, labels] = 0
    e[rows, labels] = -e.sum(1)
    return e


def _scale(loss, z, label):
    network = Network(Scale(z.size), loss=loss, dtype="float64")
    return loss_and_gradient(network, z, np.ones((1, z.size)), np.full((1, z.size), label))[1]


def _dense(loss, z, label):
    """Gradient by the weights of an affine layer on x = 1 with w = b = z/2, hence by its logits."""
    k = z.size
    network = Network(Dense(1, k), loss=loss, dtype="float64")
    return loss_and_gradient(network, np.tile(z / 2, 2), np.ones((1, 1)), np.array([label]))[1][:k]


def measure(p):
    """Records (part, arm, metric, x, seed, value)."""
    z, out = logits(p), []
    for arm, loss in (("log", BinaryCrossEntropy()), ("squared", SigmoidSquaredError())):
        for label in (0, 1):
            gradient = _scale(loss, z, label)
            out += [("logit", arm, f"label {label}", x, -1, g) for x, g in zip(z, gradient, strict=True)]
    zs, labels = cases(p)
    for arm, loss in (("softmax", SoftmaxCrossEntropy()), ("one-against-all", BinaryCrossEntropy())):
        gradients = np.array([_dense(loss, row, label) for row, label in zip(zs, labels, strict=True)])
        out += [("softmax", arm, "gradient", i, -1, g) for i, g in enumerate(gradients.ravel())]
    near = np.linspace(-p.derivative_limit, p.derivative_limit, 41)
    binary = Network(Scale(near.size), loss=BinaryCrossEntropy(), dtype="float64")
    labels = (np.arange(near.size) % 2)[None]
    many = Network(Dense(1, p.classes), loss=SoftmaxCrossEntropy(), dtype="float64")
    start = np.linspace(-1, 1, 2 * p.classes)
    errors = [
        *gradient_check(binary, np.ones((1, near.size)), labels, near).values(),
        *gradient_check(many, np.ones((1, 1)), np.array([1]), start).values(),
    ]
    out.append(("derivative", "log", "error", 0, -1, max(errors)))
    return out
