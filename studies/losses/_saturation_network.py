"""Networks with sigmoid outputs: squared error against log-loss, each tuned, over initial output scales."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from coreops import SGD, BinaryCrossEntropy, Data, Dense, HeNormal, Network, ReLU, Run, SigmoidSquaredError
from studies.harness import datasets, tuning

LOSSES = {"squared": SigmoidSquaredError(), "log": BinaryCrossEntropy()}


@dataclass(frozen=True)
class Task:
    """A data set with its network and its budget."""

    name: str
    source: str  # a function of harness.datasets
    n_train: int
    sizes: tuple  # inputs, hidden, outputs
    batch: int | None
    epochs: int
    scales: tuple
    centres: dict  # loss -> centre of the rate grid
    noise: float = 0.0
    every: int = 1  # epochs between evaluations

    def row(self, loss, scale, rate, seed, start=None):
        """One run on `seed`'s split; `start` (default: seed) sets initial weights and order of examples."""
        split, data = _load(self.source, self.n_train, seed, self.noise)
        *hidden, last, n_out = self.sizes
        layers = []
        for n_in, n in zip(hidden, [*hidden[1:], last], strict=True):
            layers += [Dense(n_in, n), ReLU()]
        layers.append(Dense(last, n_out, init=HeNormal(gain=scale)))
        return Run(
            Network(*layers, loss=LOSSES[loss]), optimizer=SGD(lr=rate),
            batch_size=self.batch, epochs=self.epochs,
            seed=seed if start is None else start, data=data, train=split.train,
            validation=split.validation if self.every > 1 else None, evaluate_every=self.every,
        )  # fmt: skip


@lru_cache(maxsize=512)
def _load(source, n_train, seed, noise):
    split = getattr(datasets, source)(seed, n_train)
    y = split.y.copy()
    if noise:
        draw = np.random.Philox(key=2_000_000 + seed).random_raw(2 * split.train.size).reshape(2, -1)
        classes = int(y.max()) + 1
        wrong = (y[split.train] + 1 + draw[1] % (classes - 1)) % classes
        y[split.train] = np.where(draw[0] / 2.0**64 < noise, wrong, y[split.train])
    return split, Data(split.X, y)


def tasks(p):
    digits = ("digits", p.n_train, (64, *p.hidden, 10))
    tumours = (30, *p.hidden, 1)
    centres = {"squared": p.centre_squared, "log": p.centre_log}
    full = {"squared": p.centre_full, "log": p.centre_full}
    last = p.accuracy_epochs
    table = {"squared": p.centre_table_squared, "log": p.centre_table_log}
    return [
        Task("digits", *digits, p.batch, p.epochs, p.scales, centres),
        Task("table", "breast_cancer", p.table_train, tumours, None, p.full_epochs, p.scales, table),
        Task("full batch", *digits, None, p.full_epochs, p.scales[:1], full),
        Task("clean", *digits, p.batch, last, p.scales, centres, every=last),
        Task("noisy", *digits, p.batch, last, p.scales, centres, p.noise, every=last),
    ]


def epochs_to(errors, target):
    """Epoch at which the error has fallen to `target`, linear between epoch ends; NaN if it never does."""
    errors = np.nan_to_num(np.asarray(errors, float), nan=1.0)
    hits = np.flatnonzero(errors <= target + 1e-9)
    if not hits.size:
        return np.nan
    k = hits[0]
    return k + (errors[k - 1] - target) / (errors[k - 1] - errors[k]) if k else 1.0


def tune(p, task, endpoint, sweep, maximise=False):
    """(loss, scale) -> rate: every arm of a task on a grid of the same length, on tuning seeds."""
    arms = [(loss, scale) for scale in task.scales for loss in LOSSES]
    fine = task.every > 1  # accuracy arms: the margin is small against what a coarse grid loses
    points, density, seeds = (
        (p.accuracy_points, p.accuracy_density, p.accuracy_tuning_seeds)
        if fine
        else (p.grid_points, p.grid_density, p.tuning_seeds)
    )
    names = {f"{loss}, scale {scale:g}": (loss, scale) for loss, scale in arms}
    done = tuning.tune(
        {n: lambda rate, seed, a=a: task.row(*a, rate, seed) for n, a in names.items()},
        {n: tuning.grid(task.centres[a[0]], points=points, per_decade=density) for n, a in names.items()},
        endpoint, sweep=sweep, seeds=range(500, 500 + seeds), maximise=maximise,
        max_extensions=p.extensions, name=f"rates: {task.name}",
    )  # fmt: skip
    return {arm: done.choice[n] for n, arm in names.items()}


def measure(p, seeds, sweep):
    """Records (part, arm, metric, x, seed, value); x is the initial scale, or the epoch of a curve."""
    *timed, clean, noisy = tasks(p)
    out = []
    for task in timed:
        out += _times(p, task, seeds, sweep)
    for task in (clean, noisy):
        out += _accuracies(p, task, seeds, sweep)
    return out


def _times(p, task, seeds, sweep):
    def endpoint(result):
        time = epochs_to(result.error, p.target)
        # runs that never get there are ranked by how near they come
        return task.epochs * (1 + result.error[-1]) if np.isnan(time) else time

    rates = tune(p, task, endpoint, sweep)
    first = task.scales[0]
    keys = [(loss, loss, scale, rates[loss, scale]) for loss, scale in rates]
    keys += [
        ("twin", "log", first, rates["log", first]),
        ("same rate", "squared", first, rates["log", first]),
    ]
    keys = [(*key, s) for key in keys for s in seeds]
    rows = [task.row(loss, scale, rate, s, s + p.twin_offset * (arm == "twin")) for arm, loss, scale, rate, s in keys]
    out = []
    for (arm, _, scale, _, s), result in zip(keys, sweep(rows), strict=True):
        time = epochs_to(result.error, p.target)
        out.append((task.name, arm, "epochs", scale, s, task.epochs if np.isnan(time) else time))
        out.append((task.name, arm, "reached", scale, s, float(np.isfinite(time))))
        out.append((task.name, arm, "all right", scale, s, float(np.nanmin([1, *result.error]) <= 1e-9)))
        if task.name == "digits" and arm in LOSSES and scale == p.curve_scale:
            errors = np.nan_to_num(result.error, nan=1.0)
            out += [("curve", arm, "error", e + 1, s, v) for e, v in enumerate(errors)]
    return out


def _accuracies(p, task, seeds, sweep):
    rates = tune(p, task, lambda result: 1 - result.validation_error[-1], sweep, maximise=True)
    seeds = range(seeds[0], seeds[0] + max(len(seeds), p.accuracy_seeds))
    keys = [(loss, scale, s) for loss, scale in rates for s in seeds]
    rows = [task.row(loss, scale, rates[loss, scale], s) for loss, scale, s in keys]
    out = []
    for (loss, scale, s), result in zip(keys, sweep(rows), strict=True):
        split, _ = _load(task.source, task.n_train, s, task.noise)
        # a diverged run predicts nothing
        error = 1.0 if result.status == "diverged" else result.evaluate(*split.part("test")).error
        out.append((task.name, loss, "accuracy", scale, s, 1 - error))
    return out
