"""Random deep networks without biases: the rules that draw their weights, and the size of the signal per layer.

Weights are (inputs, outputs) matrices, drawn by the engine's own initializers; the products are NumPy's, in float64.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from coreops.initializers import (
    GlorotUniform,
    HeNormal,
    HeuristicUniform,
    Initializer,
    LecunUniform,
    Orthogonal,
    as_printed,
)
from coreops.rng import host_generator
from studies.harness.provenance import cores

FEW_WEIGHTS = 2**20  # in memory at once, per layer and thread


@dataclass(frozen=True)
class Rule:
    """An initializer, and the variance that its formula gives a weight of a layer (n_in, n_out)."""

    init: Initializer
    variance: object
    label: str


RULES = {
    "classical": Rule(as_printed.E02ClassicalUniform(), lambda n, m: 1 / (3 * n**2), "U(±1/d), slide"),
    "heuristic": Rule(HeuristicUniform(), lambda n, m: 1 / (3 * n), "U(±1/√d)"),
    "lecun": Rule(LecunUniform(), lambda n, m: 1 / n, "LeCun"),
    "xavier": Rule(GlorotUniform(), lambda n, m: 2 / (n + m), "Xavier"),
    "orthogonal": Rule(Orthogonal(), lambda n, m: 1 / max(n, m), "orthogonal"),
    "he": Rule(HeNormal(), lambda n, m: 2 / n, "He"),
    "e01-deviation": Rule(as_printed.E01HeAsDeviation(), lambda n, m: 4 / n, "sd 2/√d, slide"),
    "e03-variance": Rule(as_printed.E03DeviationAsVariance(), lambda n, m: np.sqrt(2 / n), "var √(2/d), slide"),
    "e01-variance": Rule(as_printed.E01HeAsVariance(), lambda n, m: 2 / np.sqrt(n), "var 2/√d, slide"),
}


def sigma(z):
    return 0.5 * (1 + np.tanh(z / 2))


ACTIVATIONS = {"linear": lambda f: f, "ReLU": lambda f: np.maximum(f, 0), "tanh": np.tanh, "sigmoid": sigma}
_Z = np.linspace(-9, 9, 1201)


def unit_mean(function, deviation, sphere=None):
    """E function(f), f of mean 0 and the given deviation (any shape), by the trapezoidal rule.

    f is normal: a sum of normal weights times fixed inputs; or a coordinate of a uniformly distributed vector in
    `sphere` dimensions: inputs under a random rotation. Its density is (1 - f^2/n)^((n - 3)/2) at deviation 1.
    """
    if sphere is None:
        z, weight = _Z, np.exp(-(_Z**2) / 2)
    else:
        z = np.linspace(-1, 1, 1201) * np.sqrt(sphere)
        weight = np.maximum(1 - z**2 / sphere, 0) ** ((sphere - 3) / 2)
    return function(np.multiply.outer(np.asarray(deviation, float), z)) @ (weight / weight.sum())


def next_level(activation, variance, n, q, sphere=None):
    """E[q_(l+1) | q_l], f of mean square n v q_l; exact for linear and ReLU units, and where f has the law assumed.

    `variance` v of the weights, n inputs, q the mean square of the inputs, any shape; sphere: see `unit_mean`.
    """
    q = np.asarray(q, float)
    if activation in ("linear", "ReLU"):
        return n * variance * q / (1 if activation == "linear" else 2)
    return unit_mean(lambda f: ACTIVATIONS[activation](f) ** 2, np.sqrt(n * variance * q), sphere)


def orthogonal_inputs(seed, draws, inputs, n):
    """(draws, inputs, n): per draw orthogonal vectors of mean square 1."""
    normals = host_generator(seed, "signal").standard_normal((draws, n, inputs))
    return np.sqrt(n) * np.linalg.qr(normals)[0].transpose(0, 2, 1)


def fill(init, seed, layer, out):
    """out (draws, n_in, n_out): the weights of one layer in `draws` networks, from one stream."""
    n_in, n_out = out.shape[1:]
    if isinstance(init, Orthogonal):  # a rule for one matrix, not for a stack of them
        for k, matrix in enumerate(out):
            init.fill(matrix, seed, layer * len(out) + k, n_in, n_out)
    else:
        init.fill(out, seed, layer, n_in, n_out)


def levels(init, activations, n, layers, draws, seed, inputs=1, kept=None):
    """activation -> (draws, inputs, layers + 1): mean square of the activations, 1 at the input.

    All activations see the same weights. kept: what to take of the activations g (draws, inputs, n) instead.
    """
    kept = kept or (lambda g: (g**2).mean(-1))
    block = max(1, min(draws, FEW_WEIGHTS // n**2))
    starts = range(0, draws, block)

    def one(k):
        size = min(block, draws - starts[k])
        x = orthogonal_inputs(seed + k, size, inputs, n)
        g, weights = dict.fromkeys(activations, x), np.empty((size, n, n))
        out = {a: [kept(x)] for a in activations}
        for layer in range(layers):
            fill(init, seed + k, layer, weights)
            for a in activations:
                g[a] = ACTIVATIONS[a](g[a] @ weights)
                out[a].append(kept(g[a]))
        return {a: np.stack(v, -1) for a, v in out.items()}

    # one thread per block, none inside: BLAS threads of small products wait for one another
    with threadpool_limits(1), ThreadPoolExecutor(cores()) as pool:
        parts = list(pool.map(one, range(len(starts))))
    return {a: np.concatenate([part[a] for part in parts]) for a in activations}
