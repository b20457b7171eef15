"""Deep stacks: the gradient at initialisation, layer by layer, and training."""

import numpy as np
from threadpoolctl import threadpool_limits

from coreops import BatchNorm, Dense, HeNormal, Network, ReLU, Residual, SoftmaxCrossEntropy
from studies.harness import tuning
from studies.normalization._batch_norm_networks import accuracy, load, train

LIMIT = np.sqrt(np.pi / (np.pi - 1))  # Yang et al. 2019, for batch norm and ReLU, wide layers and large batches
ACTIVATIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0, 2.0),
    "linear": (lambda z: z, np.ones_like, 1.0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2, 1.0),
}
STACKS = [("relu", "BN"), ("relu", "none"), ("linear", "BN"), ("tanh", "BN"), ("sigmoid", "BN"), ("sigmoid", "none")]
ARMS = ("none", "batch norm", "residual", "residual + batch norm")


def gradient_rms(x, weights, activation, norm, g):
    """rms of dE/df_l, f_l = g_{l-1} W_l before its norm, for l = 1 ... L, given dE/dg_L = g; float64, eps = 0.

    x: (B, n); weights: L arrays (n, n).
    """
    phi, slope, _ = ACTIVATIONS[activation]
    kept = []
    for W in weights:
        z, sd = x @ W, 1.0
        if norm:
            sd = z.std(0)
            z = (z - z.mean(0)) / sd
        kept.append((W, z, sd))
        x = phi(z)
    rms = []
    for W, z, sd in reversed(kept):
        g = g * slope(z)
        if norm:
            g = (g - g.mean(0) - z * (g * z).mean(0)) / sd
        rms.append(np.sqrt((g * g).mean()))
        g = g @ W.T
    return np.array(rms[::-1])


def stack(seed, activation, norm, depth, width, batch):
    """`gradient_rms` of a random stack whose weights keep the second moment (He, or 1/n)."""
    rng = np.random.default_rng([seed, depth, width, batch])
    spread = np.sqrt(ACTIVATIONS[activation][2] / width)
    x = rng.normal(size=(batch, width))
    weights = [spread * rng.normal(size=(width, width)) for _ in range(depth)]
    return gradient_rms(x, weights, activation, norm, rng.normal(size=(batch, width)))


def initial(p, seeds):
    """Part "stack": rms by layer (x), arm "activation norm", metric "width batch"."""
    out, main = [], (p.deep_width, p.deep_batch)
    jobs = [(a, n, main, s) for a, n in STACKS for s in seeds]
    jobs += [("relu", "BN", size, s) for size in p.deep_sizes for s in seeds[: p.size_seeds]]
    for activation, norm, (width, batch), s in jobs:
        with threadpool_limits(1):  # sums in the same order on every machine, and small matrices gain nothing
            rms = stack(s, activation, norm == "BN", p.deep, width, batch)
        arm, metric = f"{activation} {norm}", f"{width} {batch}"
        out += [("stack", arm, metric, k + 1, s, v) for k, v in enumerate(rms)]
    return out


def network(arm, depth, w):
    """64-w-...-w-10 with `depth` hidden layers; residual branches are norm (if any), ReLU, affine."""
    layers = [Dense(64, w)]
    for _ in range(depth - 1):
        if arm == "none":
            layers += [ReLU(), Dense(w, w)]
        elif arm == "batch norm":
            layers += [BatchNorm(), ReLU(), Dense(w, w, bias=False)]
        elif arm == "residual":  # scaled, since nothing else keeps the sum of the branches from growing
            layers.append(Residual((ReLU(), Dense(w, w)), scale=depth**-0.5))
        else:
            layers.append(Residual((BatchNorm(), ReLU(), Dense(w, w, bias=False))))
    layers += [BatchNorm()] if "batch norm" in arm else []
    return Network(*layers, ReLU(), Dense(w, 10), loss=SoftmaxCrossEntropy(), init=HeNormal())


def trained(p, seeds, sweep):
    """Part "depth": test accuracy by depth (x), each arm tuned on the validation accuracy."""
    out = []
    for depth in p.train_depths:
        nets = {arm: network(arm, depth, p.width) for arm in ARMS}

        def run(arm, rate, s, nets=nets):
            return train(nets[arm], rate, s, 20, p.deep_epochs, p.n_train, evaluate_every=p.deep_epochs,
                         validation=load(s, p.n_train)[0].validation)  # fmt: skip

        tuned = tuning.tune(
            {arm: lambda rate, s, arm=arm, run=run: run(arm, rate, s) for arm in ARMS},
            {arm: tuning.grid(p.deep_centre, points=p.grid_points) for arm in ARMS},
            lambda result: 1 - result.validation_error[-1], sweep=sweep, maximise=True,
            seeds=range(500, 500 + p.deep_tuning_seeds), max_extensions=p.extensions, name=f"rates at {depth} layers",
        )  # fmt: skip
        keys = [(arm, s) for arm in ARMS for s in seeds]
        for (arm, s), result in zip(keys, sweep([run(a, tuned.choice[a], s) for a, s in keys]), strict=True):
            out.append(("depth", arm, "test", depth, s, accuracy(result, "test", s, p.n_train)))
    return out


def measure(p, seeds, sweep):
    return initial(p, seeds) + trained(p, seeds, sweep)
