"""Digits: drop rates against each other over sizes, widths and label noise, each with its own tuned learning rate."""

from functools import cache

import numpy as np

from coreops import Adam, Data, Dense, Dropout, Network, ReLU, Run, SoftmaxCrossEntropy
from coreops.diagnostics import layer_outputs
from studies.harness import datasets, tuning
from studies.regularization._dropout_masks import frame


def network(width, rate):
    """64-width-10 with dropout of the hidden units."""
    dropped = [Dropout(rate)] if rate > 0 else []
    return Network(Dense(64, width), ReLU(), *dropped, Dense(width, 10), loss=SoftmaxCrossEntropy())


@cache
def noisy(seed, n, noise):
    """(split, Data) in which `noise` of the training labels, and no others, became another class."""
    split, y = datasets.digits(seed, n), datasets.digits(seed, n).y.copy()
    words = np.random.Philox(key=7_000_000 + seed).random_raw(2 * n).reshape(2, n)
    wrong = split.train[np.argsort(words[0], kind="stable")[: round(noise * n)]]
    y[wrong] = (y[wrong] + 1 + (words[1, : wrong.size] % 9).astype(int)) % 10
    return split, Data(split.X, y)


def run(cell, rate, lr, seed, p):
    n, width, noise = cell
    split, data = noisy(int(seed), n, noise)
    epochs = max(1, p.steps * p.batch // n)
    return Run(
        network(width, rate), optimizer=Adam(lr), batch_size=p.batch, epochs=epochs, seed=seed, data=data,
        train=split.train, validation=split.validation, evaluate_every=epochs,
    )  # fmt: skip


def accuracies(result, cell, seed):
    """Shares of correct answers: on the training labels as given, on validation and on test digits."""
    if result.status == "diverged":
        return {"train": 0.1, "validation": 0.1, "test": 0.1}
    X, y = noisy(int(seed), cell[0], cell[2])[0].part("test")
    test = 1 - result.evaluate(X, y).error
    return {"train": 1 - result.error[-1], "validation": 1 - result.validation_error[-1], "test": test}


def masked_accuracy(result, cell, seed):
    """On the test digits with the masks left on."""
    X, y = noisy(int(seed), cell[0], cell[2])[0].part("test")
    outputs = list(layer_outputs(result.network, result.theta, X, training=True, seed=seed).values())[-1]
    return float((outputs.argmax(1) == y).mean())


def named(cell):
    n, width, noise = cell
    return f"n={n} width={width} noise={noise:g}"


def candidates(cell, chosen, p, sweep):
    """Validation accuracies by which the drop rate of a setting is chosen: on tuning seeds that tuned nothing."""
    first = 500 + p.tuning_seeds
    keys = [(q, seed) for q in p.hidden_rates for seed in range(first, first + p.choice_seeds)]
    table = sweep([run(cell, q, chosen[q], seed, p) for q, seed in keys])
    accuracy = [0.1 if r.status == "diverged" else 1 - r.validation_error[-1] for r in table]
    return [
        frame("digits", named(cell), seed, q, "choice", value) for (q, seed), value in zip(keys, accuracy, strict=True)
    ]


def measure(p, seeds, sweep):
    out, rates = [], (*p.hidden_rates, p.extreme_rate)
    grid = tuning.grid(p.rate_centre, points=p.grid_points)
    for cell in p.cells:
        tuned = tuning.tune(
            {f"q={q:g}": lambda lr, seed, q=q, cell=cell: run(cell, q, lr, seed, p) for q in rates},
            {f"q={q:g}": grid for q in rates}, lambda result: result.validation_error[-1], sweep=sweep,
            seeds=range(500, 500 + p.tuning_seeds), max_extensions=p.max_extensions, name=f"digits, {named(cell)}",
        )  # fmt: skip
        keys = [(q, seed) for q in rates for seed in seeds]
        keys += [(p.tiny_rate, seed) for seed in seeds] if cell == p.cells[0] else []
        chosen = {q: tuned.choice[f"q={q:g}"] for q in rates} | {p.tiny_rate: tuned.choice["q=0"]}
        out += candidates(cell, chosen, p, sweep)
        table = sweep([run(cell, q, chosen[q], seed, p) for q, seed in keys])
        for (q, seed), result in zip(keys, table, strict=True):
            for metric, value in accuracies(result, cell, seed).items():
                out.append(frame("digits", named(cell), seed, q, metric, value))
            if q == 0.5:
                out.append(frame("digits", named(cell), seed, q, "masked", masked_accuracy(result, cell, seed)))
    noisy.cache_clear()
    return out
