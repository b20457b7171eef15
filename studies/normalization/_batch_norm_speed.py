"""Epochs to a training loss at tuned rates, and the highest rate that works."""

import numpy as np

from coreops import BatchNorm, fit_many
from studies.harness import tuning
from studies.normalization._batch_norm_invariance import fastest
from studies.normalization._batch_norm_networks import last_loss, mlp, train

NORMS = {"none": None, "batch norm": BatchNorm(), "detached": BatchNorm(detached=True)}


def epochs_to(losses, target):
    """Epoch at which the loss has fallen to `target`, log-linear between epoch ends; NaN if it never does."""
    losses = np.asarray(losses, float)
    hits = np.flatnonzero(losses <= target)
    if not hits.size:
        return np.nan
    k = hits[0]
    if k == 0:
        return 1.0
    return k + np.log(losses[k - 1] / target) / np.log(losses[k - 1] / losses[k]) if losses[k] > 0 else k + 1.0


def cells(p):
    """(depth, batch, arms) that are compared."""
    first, smallest = p.depths[0], min(p.speed_batches)
    for depth in p.depths:
        for batch in (*p.speed_batches, p.small_batch):
            yield depth, batch, ("none", "batch norm", *(("detached",) if batch == smallest else ()))
    yield first, 2, ("none", "batch norm")


def speed(p, seeds, sweep):
    """Part "speed", metric "epochs" (x: batch), "seconds per epoch", "same rate"; arm "<norm> <depth>"."""
    out = []
    for depth, batch, arms in cells(p):
        nets = {arm: mlp(NORMS[arm], depth, p.width) for arm in arms}

        def run(arm, rate, s, batch=batch, nets=nets, **settings):
            return train(nets[arm], rate, s, batch, p.speed_epochs, p.speed_train, **settings)

        def endpoint(result):
            time = epochs_to(result.loss, p.target)
            # runs that never get there are ranked by how near they come
            return p.speed_epochs + min(last_loss(result), 1e3) if np.isnan(time) else time

        tuned = tuning.tune(
            {arm: lambda rate, s, arm=arm, run=run: run(arm, rate, s) for arm in arms},
            {arm: tuning.grid(p.speed_centre * (batch / 32) ** 0.5, points=p.grid_points) for arm in arms},
            endpoint, sweep=sweep, seeds=range(500, 500 + p.tuning_seeds), max_extensions=p.extensions,
            name=f"rates of the speed comparison, {depth} layers, batches of {batch}",
        )  # fmt: skip
        keys = [(arm, arm, tuned.choice[arm], s) for arm in arms for s in seeds]
        keys += [("same rate", "batch norm", tuned.choice["none"], s) for s in seeds]
        for (name, _, _, s), result in zip(keys, sweep([run(a, r, s) for _, a, r, s in keys]), strict=True):
            time = epochs_to(result.loss, p.target)
            out.append(("speed", f"{name} {depth}", "epochs", batch, s, p.speed_epochs if np.isnan(time) else time))
            out.append(("speed", f"{name} {depth}", "reached", batch, s, float(np.isfinite(time))))
            if (depth, batch) == (p.curve_depth, p.curve_batch) and name in ("none", "batch norm"):
                loss = np.nan_to_num(result.loss, nan=10.0, posinf=10.0)
                out += [("curve", name, "loss", e + 1, s, v) for e, v in enumerate(np.clip(loss, 1e-6, 10.0))]
        for arm in arms[:2]:
            one = run(arm, tuned.choice[arm], seeds[0], evaluate_every=0)
            seconds = fastest(p, lambda one=one: fit_many([one], threads=1)) / p.speed_epochs
            out.append(("speed", f"{arm} {depth}", "seconds per epoch", batch, -1, seconds))
    return out


def rates(p):
    return tuple(float(f"{p.rate_low * 10 ** (k / 4):.4g}") for k in range(p.rate_points))


def highest(losses, grid, bound):
    """The highest rate of an increasing grid that ends below the bound; one step below the grid if none does."""
    good = np.flatnonzero(np.asarray(losses) < bound)
    return grid[good[-1]] if good.size else grid[0] ** 2 / grid[1]


def rate_range(p, seeds, sweep):
    """Part "rate loss" (metric: batch, x: rate) and part "rate" (x: batch): the highest rate that works."""
    out, grid = [], rates(p)
    for batch in (*p.rate_batches, 2):
        for depth in p.depths if batch > 2 else p.depths[:1]:
            for arm in ("none", "batch norm"):
                net = mlp(NORMS[arm], depth, p.width)
                keys = [(s, rate) for s in seeds for rate in grid]
                last = {"evaluate_every": p.rate_epochs}
                rows = [train(net, r, s, batch, p.rate_epochs, p.n_train, **last) for s, r in keys]
                found = np.array([last_loss(r) for r in sweep(rows)]).reshape(len(seeds), -1)
                for s, losses in zip(seeds, found, strict=True):
                    name = f"{arm} {depth}"
                    out += [("rate loss", name, f"{batch}", r, s, v) for r, v in zip(grid, losses, strict=True)]
                    out.append(("rate", name, "highest", batch, s, highest(losses, grid, p.rate_loss)))
    return out


def measure(p, seeds, sweep):
    return speed(p, seeds, sweep) + rate_range(p, seeds, sweep)
