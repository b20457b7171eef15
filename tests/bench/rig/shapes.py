"""The shapes, the starting point every contender is given, and the bars.

The driver draws the initial weights and the batch order once; nobody else draws anything. Batches are taken
in the given order in every epoch and a last short batch is cut away here, so that no contender shuffles
inside the clock.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
AGREEMENT = 1e-4  # relative difference of final losses above which a timing does not count


@dataclass(frozen=True)
class Shape:
    """A network (layer sizes), its batch size, and the epochs after which final losses are compared."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    check_epochs: int

    @property
    def n_parameters(self):
        return sum((a + 1) * b for a, b in pairwise(self.sizes))

    @property
    def flops_per_step(self):
        """2B(3M - d0 d1): forward, gradients of weights, and gradients of inputs save the first layer's."""
        m = sum(a * b for a, b in pairwise(self.sizes))
        return 2 * self.batch * (3 * m - self.sizes[0] * self.sizes[1])


SHAPES = {
    "S0": Shape("S0", (2, 8, 2), 1, 1),
    "S1": Shape("S1", (64, 32, 10), 32, 10),
    "S2": Shape("S2", (64, 128, 64, 10), 32, 5),
    "S3": Shape("S3", (64, 256, 256, 256, 10), 128, 5),
}

# (bar, aim) as ratios of medians against coreops; None: no aim was set.
BARS = {
    "torch eager": {"S0": (200, 500), "S1": (25, 40), "S2": (9, 14), "S3": (1.3, 1.6)},
    "torch.compile": {"S0": (50, None), "S1": (8, None), "S2": (4, None), "S3": (1.2, None)},
    "JAX": {"S0": (1.2, 2), "S1": (3.3, 6), "S2": (1.9, 3), "S3": (1, 1.3)},
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
    """He-normal weights W0, W1, ... (n_in, n_out), zero biases b0, b1, ...; with rows, a set per row."""
    lead = () if rows is None else (rows,)
    arrays = {}
    for k, (a, b) in enumerate(pairwise(shape.sizes)):
        arrays[f"W{k}"] = (rng.standard_normal((*lead, a, b)) * np.sqrt(2 / a)).astype(np.float32)
        arrays[f"b{k}"] = np.zeros((*lead, b), np.float32)
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
        h = h @ parameters[f"W{k}"].astype(np.float64) + parameters[f"b{k}"].astype(np.float64)
        if k < layers - 1:
            h = np.maximum(h, 0)
    h -= h.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(h).sum(axis=1)) - h[np.arange(len(y)), y]))
