"""AdaGrad, RMSProp and Adam on the digits, each tuned on the training loss at the end of its budget."""

from itertools import pairwise

import numpy as np

from coreops import Data, Dense, HeNormal, Network, ReLU, Run, SoftmaxCrossEntropy
from studies.adaptive._adagrad_streams import RULES, frame
from studies.harness import datasets, tuning


def network(hidden, p):
    widths = (64, *(p.width,) * hidden)
    layers = [layer for a, b in pairwise(widths) for layer in (Dense(a, b), ReLU())]
    return Network(*layers, Dense(widths[-1], 10), loss=SoftmaxCrossEntropy(), init=HeNormal(), dtype="float64")


def digits(p, seeds, sweep):
    """log training loss by epoch and the final validation error; kinds "shallow", "deep" and "short"."""
    splits, data = {}, {}

    def run(net, rule, rate, seed, epochs):
        if seed not in data:
            splits[seed] = datasets.digits(seed, p.n_train, dtype="float64")
            data[seed] = Data(splits[seed].X, splits[seed].y)
        split = splits[seed]
        return Run(
            net, optimizer=rule(rate), batch_size=p.batch, epochs=epochs, seed=seed, data=data[seed],
            train=split.train, validation=split.validation, evaluate_every=max(1, epochs // p.curve_points),
        )  # fmt: skip

    def log_loss(result):
        """Natural log, floored; a diverged run counts as the loss of ignoring the input."""
        if result.status == "diverged":
            return np.log([np.log(10.0)])
        loss = result.loss[np.isfinite(result.loss)]
        return np.log(np.maximum(loss, p.loss_floor))

    out = []
    grids = {"AdaGrad": p.adagrad_centre, "RMSProp": p.rmsprop_centre, "Adam": p.adam_centre}
    grids = {arm: tuning.grid(centre, points=p.grid_points) for arm, centre in grids.items()}
    problems = (
        ("shallow", p.hidden, p.epochs),
        ("deep", p.deep_hidden, p.epochs),
        ("short", p.hidden, p.short_epochs),
    )
    for kind, hidden, epochs in problems:
        net = network(hidden, p)

        def arm(rule, net=net, epochs=epochs):
            return lambda rate, s: run(net, rule, rate, s, epochs)

        tuned = tuning.tune(
            {name: arm(rule) for name, rule in RULES.items()}, grids, lambda result: log_loss(result)[-1],
            sweep=sweep, seeds=range(500, 500 + p.tuning_seeds), name=f"rates on the digits, {kind}",
        )  # fmt: skip
        keys = [(name, seed) for name in RULES for seed in seeds]
        table = sweep([run(net, RULES[name], tuned.choice[name], seed, epochs) for name, seed in keys])
        for (name, seed), result in zip(keys, table, strict=True):
            at = np.flatnonzero(np.isfinite(result.loss)) + 1
            curve = log_loss(result)
            at = at if len(at) == len(curve) else [epochs]
            error = 0.9 if result.status == "diverged" else result.validation_error[-1]
            out.append(frame("digits", kind, name, seed, at, "log loss", curve))
            out.append(frame("digits", kind, name, seed, [epochs], "error", [error]))
    return out
