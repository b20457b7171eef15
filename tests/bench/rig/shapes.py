"""The shapes, the starting point every contender is given, and the bars.

The driver draws the initial weights and the batch order once; nobody else draws anything. Batches are taken
in the given order in every epoch and a last short batch is cut away here, so that no contender shuffles
inside the clock.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
AGREEMENT = 1e-4  # relative difference of final losses above which a timing does not count


@dataclass(frozen=True)
class Shape:
    """A network (sizes of its dense layers), its batch size, and the epochs after which final losses are compared.

    channels: of convolutions on the square image, of one channel, before the dense layers: 3x3 with a frame of zeros,
    ReLU, and the maximum of 2x2 each; then flattened, channels fastest.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    check_epochs: int
    channels: tuple[int, ...] = ()

    @property
    def weights(self):
        """Shapes of W0, W1, ...: (3, 3, channels in, channels out) or (inputs, outputs)."""
        return [(3, 3, *pair) for pair in pairwise((1, *self.channels)) if self.channels] + list(pairwise(self.sizes))

    @property
    def n_parameters(self):
        return sum(math.prod(w) + w[-1] for w in self.weights)

    @property
    def flops_per_step(self):
        """2B(3M - M0), M multiply-adds forward: gradients of weights, and of inputs save the first layer's."""
        depth = len(self.channels)
        pooled = self.sizes[0] // self.channels[-1] if depth else 1  # positions behind the last pool
        m = [math.prod(w) * (pooled * 4 ** (depth - k) if k < depth else 1) for k, w in enumerate(self.weights)]
        return 2 * self.batch * (3 * sum(m) - m[0])


SHAPES = {
    "S0": Shape("S0", (2, 8, 2), 1, 1),
    "S1": Shape("S1", (64, 32, 10), 32, 10),
    "S2": Shape("S2", (64, 128, 64, 10), 32, 5),
    "S3": Shape("S3", (64, 256, 256, 256, 10), 128, 5),
    "C1": Shape("C1", (64, 10), 32, 3, channels=(8, 16)),
}

# (bar, aim) as ratios of medians against coreops; None: no aim was set.
BARS = {
    "torch eager": {"S0": (200, 500), "S1": (25, 40), "S2": (9, 14), "S3": (1.3, 1.6), "C1": (4, 8)},
    "torch.compile": {"S0": (50, None), "S1": (8, None), "S2": (4, None), "S3": (1.2, None)},
    "JAX": {"S0": (1.2, 2), "S1": (3.3, 6), "S2": (1.9, 3), "S3": (1, 1.3), "C1": (2, None)},
    "scikit-learn": {"S0": (50, None), "S1": (15, None), "S2": (5, None), "S3": (1.3, None)},
    "NumPy": {"S0": (40, None), "S1": (6, None), "S2": (3, None), "S3": (1.2, None)},
}
SWEEP_BARS = {("S1", "JAX"): (5, 8), ("S1", "scikit-learn"): (8, None), ("S0", "JAX"): (2, 3)}
EFFICIENCY_BAR = 0.9
ARCHITECTURES_BAR = 30
KERNEL_BARS = {"bandwidth": 0.85, "torch": 10}
START_BARS = {"cold": 30.0, "warm": 1.5, "help": 0.3}


def dataset(shape, rng):
    """(X, y), permuted and cut to whole batches: digits, pixels in 0..1; for S0 1000 points, 2 classes."""
    if shape.sizes[0] == 2:
        X = rng.standard_normal((1000, 2)).astype(np.float32)
        y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
    else:
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        X, y = (X / 16).astype(np.float32), y.astype(np.int64)
    order = rng.permutation(len(X))[: len(X) // shape.batch * shape.batch]
    return np.ascontiguousarray(X[order]), y[order]


def starting_point(shape, rng, rows=None):
    """He-normal weights W0, W1, ..., zero biases b0, b1, ...; with rows, a set per row."""
    lead = () if rows is None else (rows,)
    arrays = {}
    for k, w in enumerate(shape.weights):
        arrays[f"W{k}"] = (rng.standard_normal((*lead, *w)) * np.sqrt(2 / math.prod(w[:-1]))).astype(np.float32)
        arrays[f"b{k}"] = np.zeros((*lead, w[-1]), np.float32)
    return arrays


def problem(shape, rows=None, seed=2024):
    """What a worker needs, as arrays of one .npz; the rows of a sweep differ in weights and learning rate."""
    rng = np.random.default_rng(seed)
    X, y = dataset(shape, rng)
    arrays = {"X": X, "y": y, **starting_point(shape, rng, rows)}
    if rows is not None:
        arrays["lr"] = np.geomspace(3e-4, 3e-3, rows).astype(np.float32)
    return arrays


def loss(parameters, X, y):
    """Mean softmax cross-entropy over the whole set in float64: the yardstick for final weights."""
    h = X.astype(np.float64)
    layers = len(parameters) // 2
    for k in range(layers):
        W, b = (parameters[f"{name}{k}"].astype(np.float64) for name in "Wb")
        h = _convolved(h, W) + b if W.ndim == 4 else h.reshape(len(h), -1) @ W + b
        if k < layers - 1:
            h = np.maximum(h, 0)
        if W.ndim == 4:
            h = np.maximum(h[:, ::2], h[:, 1::2])
            h = np.maximum(h[:, :, ::2], h[:, :, 1::2])
    h -= h.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(h).sum(axis=1)) - h[np.arange(len(y)), y]))


def _convolved(h, W):
    """Square images, rows of numbers or (n, side, side, channels), framed with zeros."""
    side = math.isqrt(h[0].size // W.shape[2])
    framed = np.pad(h.reshape(len(h), side, side, -1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(framed[:, i : i + side, j : j + side] @ W[i, j] for i in range(3) for j in range(3))
