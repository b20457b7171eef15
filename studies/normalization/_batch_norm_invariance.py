"""Invariance to the scale of weights and to offsets; growth of the norm; biases; folding."""

from time import perf_counter

import numpy as np

from coreops import (
    L2,
    BatchNorm,
    Dense,
    HeNormal,
    Network,
    ReLU,
    SoftmaxCrossEntropy,
    fold_batch_norm,
    loss_and_gradient,
)
from coreops.inference import network_outputs
from coreops.layers.batch_mean import DivideByMean
from studies.normalization._batch_norm_networks import load, mlp, train

BATCH = 32  # examples in one probe
KEY = 4002


def largest(difference, reference):
    return float(np.abs(difference).max() / np.abs(reference).max())


def probe(net, theta, X, y):
    """(outputs with the statistics of X, gradient by name)."""
    gradient = loss_and_gradient(net, theta, X, y)[1]
    return network_outputs(net, theta, X, batch_statistics=True), net.parameters(gradient)


def changed(net, theta, change):
    """A copy of theta in which change(name, view) was applied to what stands before the norms."""
    theta = theta.copy()
    for name, view in net.parameters(theta).items():
        if not name.startswith(str(len(net.layers) - 1)):
            change(name, view)
    return theta


def invariance(p, seeds, sweep):
    """Parts "scale" (x: factor), "offset", "gradient" and "cosine"; random and trained weights."""
    w, seed = p.width, seeds[0]
    X, y = load(seed, p.n_train, "float64")[0].part("train")
    X, y = X[:BATCH], y[:BATCH]
    arms = {
        "BN": mlp(BatchNorm(eps=0.0), p.hidden, w, "float64", bias=True),
        "eps": mlp(BatchNorm(eps=1.0), p.hidden, w, "float64", bias=True),
        "none": mlp(None, p.hidden, w, "float64"),
        "mean": Network(Dense(64, w), DivideByMean(), ReLU(), Dense(w, 10), loss=SoftmaxCrossEntropy(),
                        init=HeNormal(), dtype="float64"),
    }  # fmt: skip
    trained = sweep([train(arms["BN"], p.norm_rate, seed, 20, p.norm_epochs, p.n_train, evaluate_every=0)])[0]
    out = []
    for arm, net in arms.items():
        starts = [net.initialize(seed)] + ([trained.theta] if arm == "BN" else [])
        for theta in starts:
            out += _scaled(p, arm, net, theta, X, y)
    return out


def _scaled(p, arm, net, theta, X, y):
    rng, out = np.random.default_rng(KEY), []
    before, gradient = probe(net, theta, X, y)

    def scale(factor):
        def change(name, view):
            if name.endswith("weight"):
                view *= factor

        return change

    def offset(end):
        def change(name, view):
            if name.endswith(end):
                view += p.offset * rng.normal(size=view.shape[-1])  # one number per unit

        return change

    weights = [n for n in gradient if n.endswith("weight") and not n.startswith(str(len(net.layers) - 1))]
    for factor in p.scales:
        after, scaled = probe(net, changed(net, theta, scale(factor)), X, y)
        out.append(("scale", arm, "outputs", factor, -1, largest(after - before, before)))
        error = max(largest(scaled[n] * factor - gradient[n], gradient[n]) for n in weights)
        out.append(("scale", arm, "gradient", factor, -1, error))
    for end in ("bias", "weight"):
        moved = network_outputs(net, changed(net, theta, offset(end)), X, batch_statistics=True)
        out.append(("offset", arm, end, p.offset, -1, largest(moved - before, before)))
    parameters = net.parameters(theta)
    for n in weights:
        inner = np.abs((parameters[n] * gradient[n]).sum(0))
        norms = np.linalg.norm(parameters[n], axis=0) * np.linalg.norm(gradient[n], axis=0)
        out.append(("cosine", arm, n, 0, -1, (inner / np.where(norms > 0, norms, 1)).max()))
    return out


def norms(p, seeds, sweep):
    """Part "norm": |W|^2 by step (x), measured and predicted, arm "layer strength"."""
    net, out, keys = mlp(BatchNorm(eps=0.0), p.hidden, p.width, "float64"), [], []
    keys = [(strength, seed) for strength in p.decays for seed in seeds[:2]]
    rows = [
        train(net, p.norm_rate, seed, 20, p.norm_epochs, p.n_train, evaluate_every=0, record_theta_every=1,
              penalty=L2(strength))
        for strength, seed in keys
    ]  # fmt: skip
    names = {"first": "0.weight", "output": f"{len(net.layers) - 1}.weight"}
    for (strength, seed), result in zip(keys, sweep(rows), strict=True):
        for layer, name in names.items():
            W = np.array([net.parameters(theta)[name].ravel() for theta in result.step_theta])
            measured, shrink = (W * W).sum(1), 1 - 2 * p.norm_rate * strength
            steps = ((shrink * W[:-1] - W[1:]) ** 2).sum(1)  # lr^2 |g|^2
            predicted = [measured[0]]
            for step in steps:
                predicted.append(shrink**2 * predicted[-1] + step)
            arm = f"{layer} {strength:g}"
            for t, (m, q) in enumerate(zip(measured, predicted, strict=True)):
                out += [("norm", arm, "measured", t, seed, m), ("norm", arm, "predicted", t, seed, q)]
    return out


def biases(p, seeds, sweep):
    """Part "bias": gradient by step (x), of the shift's; part "bias effect": changes of outputs."""
    seed, out = seeds[0], []
    split, _ = load(seed, p.n_train, "float64")
    X, y = (v[:BATCH] for v in split.part("train"))
    nets = {
        arm: mlp(norm, p.hidden, p.width, "float64", bias=True) for arm, norm in (("BN", BatchNorm()), ("none", None))
    }
    every = max(1, p.norm_epochs * (p.n_train // 20) // 20)
    rows = [
        train(n, p.norm_rate / 2, seed, 20, p.norm_epochs, p.n_train, evaluate_every=0, record_theta_every=every)
        for n in nets.values()
    ]
    results = dict(zip(nets, sweep(rows), strict=True))
    for arm, result in results.items():
        net = result.network
        shift = "1.shift" if arm == "BN" else f"{len(net.layers) - 1}.bias"
        for k, theta in enumerate(result.step_theta):
            gradient = net.parameters(loss_and_gradient(net, theta, X, y)[1])
            out.append(("bias", arm, "gradient", k * every, seed, largest(gradient["0.bias"], gradient[shift])))
    net, result = nets["BN"], results["BN"]
    rng = np.random.default_rng(KEY)
    offsets = p.offset * rng.normal(size=p.width)

    def moved(name, value):
        theta = result.theta.copy()
        net.parameters(theta)[name][:] += value
        return theta

    def batch_outputs(name):
        return network_outputs(net, moved(name, offsets), X, batch_statistics=True)

    standing = network_outputs(net, result.theta, X, batch_statistics=True)
    stored = network_outputs(net, result.theta, X, result.stats)
    parts, stats = result.parameters, result.statistics
    equivalent = parts["1.gain"] / np.sqrt(stats["1.running_variance"] + 1e-5) * offsets
    train_X = split.part("train")[0]

    def fresh(theta):
        again = result.recalibrated(train_X)
        again.theta = theta
        again = again.recalibrated(train_X)
        return again.outputs(X)

    stale = network_outputs(net, moved("0.bias", offsets), X, result.stats)
    by_shift = network_outputs(net, moved("1.shift", equivalent), X, result.stats)
    recalibrated = fresh(result.theta)
    for metric, value in {
        "before": largest(batch_outputs("0.bias") - standing, standing),
        "after": largest(batch_outputs("1.shift") - standing, standing),
        "stale": largest(stale - stored, stored),
        "shift": largest(by_shift - stale, stale),
        "recalibrated": largest(fresh(moved("0.bias", offsets)) - recalibrated, recalibrated),
    }.items():
        out.append(("bias effect", "BN", metric, 0, seed, value))
    return out


def folding(p, seeds, sweep):
    """Part "fold": differences per seed and, of one network, logits (x: unfolded); timings."""
    out = []
    for dtype in ("float64", "float32"):
        net = mlp(BatchNorm(), p.hidden, p.width, dtype, bias=True)
        rows = [train(net, 0.1, s, 20, p.norm_epochs, p.n_train, evaluate_every=0) for s in seeds]
        for s, result in zip(seeds, sweep(rows), strict=True):
            X = load(s, p.n_train, dtype)[0].part("validation")[0]
            folded, before = fold_batch_norm(result), result.outputs(X)
            after = network_outputs(*folded[:2], X, folded.stats)
            out.append(("fold", dtype, "difference", 0, s, largest(after - before, before)))
            if dtype == "float64":
                other = fold_batch_norm(result.recalibrated(X[:BATCH]))
                changed_outputs = network_outputs(*other[:2], X, other.stats)
                out.append(("fold", "other batch", "difference", 0, s, largest(changed_outputs - before, before)))
                out.append(("fold", "formula", "difference", 0, s, formula_error(result, folded)))
                if s == seeds[0]:
                    pairs = zip(before[:30].ravel(), after[:30].ravel(), strict=True)
                    out += [("fold", dtype, "logit", x, s, v) for x, v in pairs]
            elif s == seeds[0]:
                X = load(s, p.n_train)[0].X
                calls = [
                    lambda n=n, t=t, st=st, X=X: network_outputs(n, t, X, st)
                    for n, t, st in ((net, result.theta, result.stats), folded)
                ]
                out += [("fold", dtype, "speed-up", k, s, v) for k, v in enumerate(speed_ups(p, *calls))]
    return out


def formula_error(result, folded):
    """Of W gain/sd and (b - mean) gain/sd + shift, hidden layer by hidden layer."""
    old, kept, new = result.parameters, result.statistics, folded.network.parameters(folded.theta)
    errors = []
    for k in range((len(result.network.layers) - 1) // 3):
        norm = f"{3 * k + 1}."
        factor = old[norm + "gain"] / np.sqrt(kept[norm + "running_variance"] + 1e-5)
        W = old[f"{3 * k}.weight"] * factor
        b = (old[f"{3 * k}.bias"] - kept[norm + "running_mean"]) * factor + old[norm + "shift"]
        errors += [largest(new[f"{2 * k}.weight"] - W, W), largest(new[f"{2 * k}.bias"] - b, b)]
    return max(errors)


def seconds(call):
    start = perf_counter()
    call()
    return perf_counter() - start


def fastest(p, call):
    return min(seconds(call) for _ in range(p.timing_repeats + 1))


def speed_ups(p, before, after):
    """Time of one call over that of the other, in rounds that begin with the one and the other: clocks drift."""
    before(), after()
    rounds = []
    for k in range(p.timing_rounds):
        times = {call: seconds(call) for call in ((before, after), (after, before))[k % 2]}
        rounds.append(times[before] / times[after])
    return rounds


def measure(p, seeds, sweep):
    return invariance(p, seeds, sweep) + norms(p, seeds, sweep) + biases(p, seeds, sweep) + folding(p, seeds, sweep)
