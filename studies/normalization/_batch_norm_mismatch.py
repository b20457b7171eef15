"""Training mode against evaluation: moments of small batches, the gap in loss, accuracy by normalisation."""

import numpy as np
from scipy.special import gammaln

from coreops import BatchNorm, BatchRenorm, GroupNorm, LayerNorm
from studies.harness import tuning
from studies.normalization._batch_norm_networks import accuracy, load, mlp, train

KEY = 4003
ARMS = ("batch norm", "group norm", "layer norm", "batch renorm", "none")


def inflation(batch):
    """E[1/sd_B] of standard normal values, biased variance: sqrt(B/2) Gamma(B/2 - 1)/Gamma((B - 1)/2)."""
    B = np.asarray(batch, float)
    return np.sqrt(B / 2) * np.exp(gammaln(B / 2 - 1) - gammaln((B - 1) / 2))


def moments(p):
    """Part "moments": mean and standard error of variance and 1/deviation by batch size (x)."""
    out = []
    for B in p.formula_batches:
        rng = np.random.default_rng([KEY, B])
        v = rng.normal(size=(p.formula_draws, B)).var(1)
        for arm, values in (("variance", v), ("inverse", 1 / np.sqrt(v))):
            out.append(("moments", arm, "mean", B, -1, values.mean()))
            out.append(("moments", arm, "error", B, -1, values.std(ddof=1) / np.sqrt(values.size)))
    return out


def losses(p, keys, results, sweep, frozen):
    """Mean loss over batches of weights that stand still: with batch statistics, or with stored ones (frozen).

    Both read the same batches. keys: (batch, seed) per result.
    """
    rows = [
        train(r.network, 0.0, s, B, p.gap_passes, p.n_train, theta0=r.theta, stats0=r.stats, frozen=frozen,
              evaluate_every=0)
        for (B, s), r in zip(keys, results, strict=True)
    ]  # fmt: skip
    return np.array([r.batch_loss.mean() for r in sweep(rows)])


def biased(result, n):
    """The result with the variance of its n examples instead of the unbiased estimate from them."""
    for name, view in result.statistics.items():
        if name.endswith("running_variance"):
            view *= (n - 1) / n
    return result


def gaps(p, seeds, sweep):
    """Part "gap": training-mode less evaluation loss, metric "epochs 0.1" (what is fixed, rate), x: batch."""
    out = []
    batches = sorted({*p.gap_batches, 2, p.n_train})
    nets = {"batch norm": mlp(BatchNorm(), p.hidden, p.width), "layer norm": mlp(LayerNorm(), p.hidden, p.width)}
    for fixed in ("epochs", "steps"):
        for rate in (p.gap_rate, *p.gap_rates):
            main = rate == p.gap_rate
            for arm in nets if main and fixed == "epochs" else ("batch norm",):
                keys = [(B, s) for B in batches for s in seeds]
                rows = []
                for B, s in keys:
                    epochs = p.gap_epochs if fixed == "epochs" else max(1, round(p.gap_steps / (p.n_train // B)))
                    rows.append(train(nets[arm], rate, s, B, epochs, p.n_train, evaluate_every=0))
                results = list(sweep(rows))
                training = losses(p, keys, results, sweep, False)
                stored = losses(p, keys, results, sweep, True)
                metric = f"{fixed} {rate:g}"
                for (B, s), a, b in zip(keys, training, stored, strict=True):
                    out += [("gap", arm, metric, B, s, a - b), ("training loss", arm, metric, B, s, a)]
                if main and fixed == "epochs" and arm == "batch norm":
                    out += _recalibrated(p, keys, results, training, sweep)
    return out


def _recalibrated(p, keys, results, training, sweep):
    out, smallest = [], min(p.gap_batches)
    for size in ("full", "batches"):
        chosen = [i for i, (B, _) in enumerate(keys) if B in (smallest, p.n_train)]
        again = []
        for i in chosen:
            B, s = keys[i]
            X = load(s, p.n_train)[0].part("train")[0]
            again.append(results[i].recalibrated(X, None if size == "full" else B))
            if size == "full" and len(X) == B:
                again[-1] = biased(again[-1], p.n_train)
        at = [keys[i] for i in chosen]
        stored = losses(p, at, again, sweep, True)
        for (B, s), i, b in zip(at, chosen, stored, strict=True):
            out.append(("gap", size, "recalibrated", B, s, training[i] - b))
    return out


def layer(arm, p, steps):
    """The layer of an arm; batch renorm starts to correct after an epoch and is there after five."""
    if arm == "batch renorm":
        return BatchRenorm(begin=steps, end=5 * steps)
    return {"batch norm": BatchNorm(), "layer norm": LayerNorm(), "group norm": GroupNorm(p.groups), "none": None}[arm]


def accuracies(p, seeds, sweep):
    """Part "accuracy": on the test images, by batch (x), each arm tuned on the validation accuracy at each batch."""
    out = []
    for B in p.norm_batches:
        nets = {arm: mlp(layer(arm, p, p.n_train // B), p.hidden, p.width) for arm in ARMS}

        def run(arm, rate, s, B=B, nets=nets):
            return train(nets[arm], rate, s, B, p.norm_arm_epochs, p.n_train, evaluate_every=p.norm_arm_epochs,
                         validation=load(s, p.n_train)[0].validation)  # fmt: skip

        tuned = tuning.tune(
            {arm: lambda rate, s, arm=arm: run(arm, rate, s) for arm in ARMS},
            {arm: tuning.grid(p.norm_centre, points=p.grid_points) for arm in ARMS},
            lambda result: 1 - result.validation_error[-1], sweep=sweep, seeds=range(500, 500 + p.tuning_seeds),
            maximise=True, max_extensions=p.extensions, name=f"rates of the normalisations, batches of {B}",
        )  # fmt: skip
        keys = [(arm, s) for arm in ARMS for s in seeds]
        for (arm, s), result in zip(keys, sweep([run(a, tuned.choice[a], s) for a, s in keys]), strict=True):
            out.append(("accuracy", arm, "test", B, s, accuracy(result, "test", s, p.n_train)))
    return out


def measure(p, seeds, sweep):
    return moments(p) + gaps(p, seeds, sweep) + accuracies(p, seeds, sweep)
