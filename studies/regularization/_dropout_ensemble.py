"""The weight-scaled network against the geometric and the arithmetic mean over all 2^n thinned ones."""

from itertools import pairwise

import numpy as np
from scipy.special import log_softmax, logsumexp

from coreops import Adam, Data, Dense, Dropout, Network, ReLU, Run, SoftmaxCrossEntropy, Tanh
from coreops.inference import network_outputs
from studies.harness import datasets
from studies.regularization._dropout_masks import frame, masks, normals

ACTIVATIONS = {"ReLU": (ReLU, lambda z: np.maximum(z, 0)), "tanh": (Tanh, np.tanh)}


def network(depth, activation, rate, p, masked="input"):
    """`depth` affine layers; dropout, scaled at test time, of the inputs or of the `units` before the last layer."""
    hidden = [p.ensemble_width] * (depth - 1)
    if masked == "last":
        hidden[-1] = p.units
    layers = []
    for k, (a, b) in enumerate(pairwise((p.units, *hidden, 10))):
        dropped = k == (0 if masked == "input" else depth - 1)
        layers += [Dropout(rate, "test")] * dropped + [Dense(a, b), ACTIVATIONS[activation][0]()]
    return Network(*layers[:-1], loss=SoftmaxCrossEntropy(), dtype="float64")


def thinned(net, theta, X, activation, rate, masked="input"):
    """(log probabilities of every thinned network (2^n, N, classes), probability of each mask), in NumPy."""
    parts = net.parameters(theta)
    names = sorted((k for k in parts if k.endswith("weight")), key=lambda k: int(k.split(".")[0]))
    phi, at = ACTIVATIONS[activation][1], 0 if masked == "input" else len(names) - 1
    x = X[None]
    for k, name in enumerate(names):
        if k == at:
            m, weight = masks(x.shape[-1], rate)
            x = m[:, None, :] * x
        x = x @ parts[name] + parts[name.replace("weight", "bias")]
        x = x if k == len(names) - 1 else phi(x)
    return log_softmax(x, axis=-1), weight


def averages(log_p, weight):
    """(log of the normalised geometric mean, log of the arithmetic mean), each (N, classes)."""
    return log_softmax(np.tensordot(weight, log_p, 1), axis=-1), logsumexp(log_p, axis=0, b=weight[:, None, None])


def divergence(log_p, log_q):
    """KL(p || q), mean over the N inputs."""
    return float((np.exp(log_p) * (log_p - log_q)).sum(-1).mean())


def reduced(seed, p):
    """(X of the leading principal components, split, test inputs): components of the training part, unit energy."""
    split = datasets.digits(seed, 200, dtype="float64")
    train = split.X[split.train]
    scores = (split.X - train.mean(0)) @ np.linalg.svd(train - train.mean(0), full_matrices=False)[2][: p.units].T
    scores /= np.sqrt((scores[split.train] ** 2).mean())
    return scores, split, scores[split.test[: p.inputs]]


def compared(net, theta, X, activation, p, seed, arm, masked="input", scatter=False, k=0):
    """Divergences from the scaled network, its largest error against the geometric mean, and, once, the points."""
    log_p, weight = thinned(net, theta, X, activation, p.sampled_rate, masked)
    geometric, arithmetic = averages(log_p, weight)
    scaled = log_softmax(network_outputs(net, theta, X), axis=-1)
    kl = [divergence(mean, scaled) for mean in (geometric, arithmetic)]
    error = np.abs(np.exp(scaled) - np.exp(geometric)).max()
    out = [frame("ensemble", arm, seed, k, name, v) for name, v in zip(("geometric", "arithmetic"), kl, strict=True)]
    for name, mean in (("reverse geometric", geometric), ("reverse arithmetic", arithmetic)):
        out.append(frame("ensemble", arm, seed, k, name, divergence(scaled, mean)))
    out.append(frame("ensemble", arm, seed, k, "error", error, 0.0))
    if scatter:
        out.append(frame("scatter", arm, seed, 0, "probability", np.exp(scaled), np.exp(geometric)))
    return out


def single(p, seed, X, scatter):
    """One layer with biases: exact; and with the bias scaled too, or the wrong keep probability: not."""
    q, net = p.sampled_rate, network(1, "ReLU", p.sampled_rate, p)
    W, b = normals(seed, 4, p.units, 10), normals(seed, 5, 10)
    theta = np.concatenate([W.ravel(), b])
    out = compared(net, theta, X, "ReLU", p, seed, "1 layer", scatter=scatter)
    geometric = np.exp(averages(*thinned(net, theta, X, "ReLU", q))[0])
    wrong_keep = (1 - q) * 0.8
    for arm, logits in (("bias scaled", (1 - q) * (X @ W + b)), ("wrong keep", wrong_keep * (X @ W) + b)):
        error = np.abs(np.exp(log_softmax(logits, axis=-1)) - geometric).max()
        out.append(frame("ensemble", arm, seed, 0, "error", error, 0.0))
    return out


def measure(p, seeds, sweep):
    out, runs, prepared = [], [], {seed: reduced(seed, p) for seed in seeds}
    nets = {(d, a): network(d, a, p.sampled_rate, p) for d in p.depths for a in ACTIVATIONS}
    for seed in seeds:
        scores, split, X = prepared[seed]
        data = Data(scores, split.y)
        out += single(p, seed, X, scatter=seed == seeds[0])
        for activation in ACTIVATIONS:
            last = network(p.depths[-1], activation, p.sampled_rate, p, "last")
            arm = f"last layer, {activation}"
            out += compared(last, last.initialize(seed), X, activation, p, seed, arm, "last")
        for (depth, activation), net in nets.items():
            for scale in p.scales:
                arm = f"{activation}, {depth} layers, weights x {scale:g}"
                for k in range(p.nets):
                    theta = scale * net.initialize(seed + 10_000 * k)
                    out += compared(net, theta, X, activation, p, seed, arm, k=k)
            runs.append(
                Run(
                    net,
                    optimizer=Adam(p.ensemble_rate),
                    batch_size=p.batch,
                    epochs=p.ensemble_epochs,
                    seed=seed,
                    data=data,
                    train=split.train,
                    evaluate_every=0,
                )
            )
    keys = [(seed, depth, activation) for seed in seeds for depth, activation in nets]
    for (seed, depth, activation), result in zip(keys, sweep(runs), strict=True):
        arm, X = f"{activation}, {depth} layers, trained", prepared[seed][2]
        show = seed == seeds[0] and activation == "ReLU"
        out += compared(result.network, result.theta, X, activation, p, seed, arm, scatter=show)
    return out
