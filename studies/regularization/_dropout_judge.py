"""Criteria on scaling, ensembles and linear regression, as statistics of the frame."""

import numpy as np

from studies.harness import statistics


def rows(data, part, arm=None, metric=None):
    data = data[data.part == part]
    data = data if arm is None else data[data.arm == arm]
    return data if metric is None else data[data.metric == metric]


def identity(data, tol):
    """Errors relative to the theory or, where it is below 1, absolute."""
    return statistics.exact(data.value, data.theory, tol=tol, scale=1.0)


def absolute(data, tol):
    return statistics.exact(data.value, data.theory, tol=tol)


def scaling(data, p):
    out, tol = {}, p.identity_tol
    for name, arm, metric in (
        ("inverted-mean", "inverted", "f"), ("test-mean", "test", "f"), ("variance", "inverted", "variance"),
        ("after-relu", "inverted", "relu"), ("slide-deficit", "slide", "deficit"), ("as-printed-e42", "slide", "f"),
        ("as-printed-e43", "keep", "f"), ("no-scaling", "none", "f"),
    ):  # fmt: skip
        out[name] = identity(rows(data, "mean", arm, metric), tol)
    out["sampled-mean"] = sampled(data, p, ("inverted", "test"))
    out["no-scaling-sampled"] = sampled(data, p, ("none",))
    out["twins"] = absolute(rows(data, "twins", "twin"), p.twin_tol)
    out["twins-same-rate"] = absolute(rows(data, "twins", "same rate"), p.twin_tol)
    return out


def sampled(data, p, arms):
    f = np.concatenate([rows(data, "sampled", arm, "f")[["value", "theory"]] for arm in arms])
    se = np.concatenate([rows(data, "sampled", arm, "se").value for arm in arms])
    size = np.sqrt((f[:, 1] ** 2).mean())
    scaled, zero = (f[:, 0] - f[:, 1]) / size, np.zeros(len(f))
    return statistics.monte_carlo(scaled, se / size, zero, n=p.draws, relative=p.sampled_tol, scale=1.0)


def log_ratios(data, arm, direction=""):
    """log of KL(geometric, scaled) / KL(arithmetic, scaled) by seed, mean over its networks."""
    wide = rows(data, "ensemble", arm).pivot(index=["seed", "x"], columns="metric", values="value")
    return np.log(wide[f"{direction}geometric"] / wide[f"{direction}arithmetic"]).groupby("seed").mean().to_numpy()


def deep_arms(data):
    arms = rows(data, "ensemble").arm.unique()
    return sorted(arm for arm in arms if " layers, " in arm)


def ensembles(data, p):
    def error(arm, tol=p.identity_tol):
        return absolute(rows(data, "ensemble", arm, "error"), tol)

    out, arms = {"one-layer": error("1 layer")}, deep_arms(data)
    last = rows(data, "ensemble", metric="error")
    out["last-layer"] = absolute(last[last.arm.str.startswith("last layer")], p.identity_tol)
    for name, direction in (("masked-inputs", ""), ("masked-inputs-reverse", "reverse ")):
        logs = [log_ratios(data, arm, direction) for arm in arms]
        each = [statistics.paired(v, 0.0, claimed="less", delta=p.ratio_margin) for v in logs]
        out[name] = statistics.along_axis(arms, each)
    trained = ["1 layer", *(arm for arm in arms if arm.endswith("trained"))]
    out["as-printed-e57"] = statistics.along_axis(trained, [error(arm) for arm in trained])
    for name in ("bias-scaled", "wrong-keep"):
        least = rows(data, "ensemble", name.replace("-", " "), "error").value.min()
        out[name] = statistics.bound(least, at_most=p.error_floor)
    return out


def linear(data, p):
    coefficients = rows(data, "ridge", metric="w")
    return {
        "penalty": statistics.exact(*pair(rows(data, "ridge", "loss")), tol=p.identity_tol),
        "minimiser": statistics.exact(*pair(coefficients[coefficients.arm == "weighted"]), tol=p.minimiser_tol),
        "unweighted": statistics.exact(*pair(coefficients[coefficients.arm == "unweighted"]), tol=p.minimiser_tol),
        "scale-free": identity(rows(data, "ridge", "dropout"), p.minimiser_tol),
        "ridge-scale-free": identity(rows(data, "ridge", "plain ridge"), p.minimiser_tol),
        "descent": descent(data, p, "weighted"),
        "unweighted-descent": descent(data, p, "unweighted"),
    }


def pair(data):
    return data.value, data.theory


def descent(data, p, penalty):
    """Averaged iterates, mean over seeds, against ridge regression with this penalty at every rate."""
    mean, error, theory = [], [], []
    for rate in p.ridge_rates:
        found = rows(data, "descent")
        found = np.stack([g.value.to_numpy() for _, g in found[found.x == rate].groupby("seed")])
        closed = rows(data, "ridge", penalty, "w")
        closed = closed[closed.x == rate].theory.to_numpy()
        size = np.abs(closed).max()
        mean.append((found.mean(0) - closed) / size)
        error.append(found.std(0, ddof=1) / np.sqrt(len(found)) / size)
        theory.append(np.zeros_like(closed))
    arrays = (np.concatenate(v) for v in (mean, error, theory))
    return statistics.monte_carlo(*arrays, n=len(found), relative=p.ridge_tol, scale=1.0)


def outcomes(data, p):
    return scaling(data, p) | ensembles(data, p) | linear(data, p)
