"""Means of pre-activations over all masks and over the engine's, against what evaluation computes; trained twins."""

import numpy as np

from coreops import SGD, Data, Dense, Dropout, Network, ReLU, Run, SoftmaxCrossEntropy, SquaredError
from coreops.diagnostics import layer_outputs
from coreops.inference import network_outputs
from coreops.layers.as_printed import SlideDropout
from studies.harness import datasets
from studies.regularization._dropout_masks import frame, masks, normals

ARMS = ("inverted", "test", "none", "slide")


def network(arm, rate, n_in, n_out):
    """One dropped layer; "slide" is the scaling of the whole pre-activation that deck 004 prints."""
    layer = Dense(n_in, n_out)
    layers = (SlideDropout(layer, rate),) if arm == "slide" else (Dropout(rate, arm), layer)
    return Network(*layers, loss=SquaredError(), dtype="float64")


def layer(seed, p):
    """(W, b, g) of one random layer and its input, and its theta."""
    W = normals(seed, 1, p.units, p.outputs) / np.sqrt(p.units)
    b, g = normals(seed, 2, p.outputs), normals(seed, 3, p.units)
    return W, b, g, np.concatenate([W.ravel(), b])


def training_means(W, b, g, rate, arm):
    """(mean, variance) of f over all masks, and the mean of ReLU(f)."""
    m, weight = masks(g.size, rate)
    f = (m * g / ((1 - rate) if arm == "inverted" else 1.0)) @ W + b
    mean = weight @ f
    return mean, weight @ (f - mean) ** 2, weight @ np.maximum(f, 0)


def means(p):
    """Enumerated means against the engine's evaluation, and the variance that evaluation has not."""
    out = []
    for seed in range(1000, 1000 + p.layers):
        W, b, g, theta = layer(seed, p)
        for rate in p.rates:
            for arm in ARMS:
                mean, variance, rectified = training_means(W, b, g, rate, arm)
                test = network_outputs(network(arm, rate, p.units, p.outputs), theta, g[None])[0]
                out.append(frame("mean", arm, seed, rate, "f", test, mean))
                if arm == "slide":
                    out.append(frame("mean", arm, seed, rate, "deficit", mean - test, rate * b))
                if arm == "inverted":
                    out.append(frame("mean", arm, seed, rate, "relu", np.maximum(test, 0), rectified))
                    spread = rate / (1 - rate) * (g**2 @ W**2)
                    out.append(frame("mean", arm, seed, rate, "variance", variance, spread))
        keep = p.keep_probability  # E43: the paper's p kept units, the deck's formula multiplies by 1 - p
        mean = training_means(W, b, g, 1 - keep, "test")[0]
        out.append(frame("mean", "keep", seed, 1 - keep, "f", (1 - keep) * (g @ W) + b, mean))
    return out


def sampled(p):
    """Means over the engine's own masks; `value` with its standard error, `theory` is the evaluation."""
    _, _, g, theta = layer(1000, p)
    out, many = [], np.repeat(g[None], p.draws, axis=0)
    for arm in ARMS:
        net = network(arm, p.sampled_rate, p.units, p.outputs)
        f = list(layer_outputs(net, theta, many, training=True, seed=1000, step=1).values())[-1]
        test = network_outputs(net, theta, g[None])[0]
        out.append(frame("sampled", arm, 1000, p.sampled_rate, "f", f.mean(0), test))
        out.append(frame("sampled", arm, 1000, p.sampled_rate, "se", f.std(0, ddof=1) / np.sqrt(p.draws)))
    return out


def twins(p, seeds, sweep):
    """Largest deviation of (1 - q) W of the test-time twin from W of the inverted one, over the training.

    Without biases every W has a dropout before it, so W_inverted = (1 - q) W_test throughout if the rate of the
    test-time twin is larger by (1 - q)^-2.
    """
    q, runs = p.twin_drop, []
    for seed in seeds:
        split = datasets.digits(seed, 100, dtype="float64")
        data, width = Data(split.X, split.y), p.twin_width
        for scaling, speed in (("inverted", 1.0), ("test", (1 - q) ** -2), ("test", 1.0)):
            net = Network(
                Dropout(q, scaling), Dense(64, width, bias=False), ReLU(), Dropout(q, scaling),
                Dense(width, 10, bias=False), loss=SoftmaxCrossEntropy(), dtype="float64",
            )  # fmt: skip
            theta = net.initialize(seed) / (1.0 if scaling == "inverted" else 1 - q)
            runs.append(
                Run(
                    net,
                    optimizer=SGD(p.twin_rate * speed),
                    batch_size=p.batch,
                    epochs=p.twin_epochs,
                    seed=seed,
                    data=data,
                    train=split.train,
                    evaluate_every=0,
                    record_theta_every=5,
                    theta0=theta,
                )
            )
    table, out = sweep(runs), []
    for k, seed in enumerate(seeds):
        inverted, *others = (table[3 * k + i].step_theta for i in range(3))
        for arm, theta in zip(("twin", "same rate"), others, strict=True):
            error = np.abs((1 - q) * theta - inverted).max() / np.abs(inverted).max()
            out.append(frame("twins", arm, seed, q, "error", error, 0.0))
    return out


def measure(p, seeds, sweep):
    return means(p) + sampled(p) + twins(p, seeds, sweep)
