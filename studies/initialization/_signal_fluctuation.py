"""He's rule in ReLU nets of finite width: the mean square q_L over its start, its mean, its spread, its drift."""

import numpy as np
from scipy import special, stats

from studies.harness import statistics
from studies.initialization._signal_nets import RULES, levels

QUANTILES = {"low": 0.05, "median": 0.5, "high": 0.95}


def variance(n, depth):
    """Var(q_L/q_0) = (1 + 5/n)^L - 1: layers are independent, and each has variance 5/n.   Hanin & Rolnick 2018."""
    return (1 + 5 / n) ** depth - 1


def log_moments(n):
    """(mean, variance) of ln(q_(l+1)/q_l), exact: 2/n times chi-square of k, k ~ Bin(n, 1/2) active units, k >= 1."""
    k = np.arange(1, n + 1)
    share = stats.binom.pmf(k, n, 0.5)
    share /= share.sum()
    centre = np.log(4 / n) + special.digamma(k / 2)
    mean = share @ centre
    return mean, share @ (special.polygamma(1, k / 2) + (centre - mean) ** 2)


def measure(p, seed):
    out, he = [], RULES["he"].init
    for n, depth, draws in zip(p.widths, p.short_depths, p.short_draws, strict=True):
        q = levels(he, ("ReLU", "linear"), n, depth, draws, seed, p.inputs)
        out += _logs(p, n, [x for x in p.log_depths if x <= depth], q["ReLU"][:, 0])
        linear = q["linear"] / 2.0 ** np.arange(depth + 1)  # He's rule doubles the mean square of linear units
        for x in p.depths(n):
            for metric, values in (
                ("level", q["ReLU"][..., x]),
                ("variance", (q["ReLU"][..., x] - 1) ** 2),
                ("linear variance", (linear[..., x] - 1) ** 2),
            ):
                nets = values.mean(1)  # the inputs of one network are not independent
                out.append(("moment", str(n), metric, x, draws, nets.mean()))
                out.append(("moment", str(n), f"{metric}, error", x, draws, nets.std(ddof=1) / np.sqrt(draws)))
    for n, depth, draws in zip(p.widths, p.short_depths, p.long_draws, strict=True):
        q = levels(he, ("ReLU",), n, p.long_depth, draws, seed)["ReLU"][:, 0]
        for x in range(1, p.long_depth + 1):
            for name, share in QUANTILES.items():
                out.append(("fan", str(n), name, x, draws, np.quantile(q[:, x], share)))
        out += _logs(p, n, [x for x in p.log_depths if x > depth], q)
    n, depth = p.wide, p.wide_depth
    q = levels(he, ("ReLU",), n, depth, p.wide_draws, seed)["ReLU"][:, 0, -1]
    out.append(("wide", str(n), "spread", depth, p.wide_draws, q.std(ddof=1)))
    return out


def _logs(p, n, depths, q):
    """ln q at some depths of the networks that are alive: all units of a layer are off in 2^-n of the layers."""
    out = []
    for x in depths:
        v = np.log(q[q[:, x] > 0, x])
        error = np.sqrt((np.mean((v - v.mean()) ** 4) - v.var() ** 2) / v.size)
        out += [("log", str(n), "variance", x, v.size, v.var(ddof=1))]
        out += [("log", str(n), "variance, error", x, v.size, error)]
        out += [("log", str(n), "draw", x, k, value) for k, value in enumerate(v[: p.drift_draws])]
    return out


def judge(data, p):
    rows = data[data.part == "moment"].set_index(["arm", "metric", "x"]).value
    draws = data[data.part == "moment"].set_index(["arm", "metric", "x"]).seed
    points = [(n, x) for n in p.widths for x in p.depths(n)]

    def moments(metric, expected, tol):
        value = np.array([rows[str(n), metric, x] for n, x in points])
        error = np.array([rows[str(n), f"{metric}, error", x] for n, x in points])
        expected = np.array([expected(n, x) for n, x in points])
        least = min(int(draws[str(n), metric, x]) for n, x in points)
        text = ", ".join(
            f"n = {n}, L = {x}: {v:.3f} ({e:.3f})" for (n, x), v, e in zip(points, value, expected, strict=True)
        )
        return statistics.monte_carlo(value, error, expected, n=least, relative=tol, level=p.mc_level), text

    logs = data[data.part == "log"]
    drift = logs[logs.metric == "draw"]
    labels, outcomes, text = [], [], []
    for n in p.widths:
        for x in p.log_depths:
            values = drift[(drift.arm == str(n)) & (drift.x == x)].value.to_numpy()
            labels.append(f"n = {n}, L = {x}")
            outcomes.append(statistics.paired(values, 0.0, claimed="less", delta=0.0))
            text.append(f"{labels[-1]}: {outcomes[-1].estimate:.2f} ({x * log_moments(n)[0]:.2f})")
    spread = [(n, x) for n in p.log_widths for x in p.log_depths]
    by = logs[logs.metric != "draw"].set_index(["arm", "metric", "x"]).value
    log_variance = statistics.monte_carlo(
        [by[str(n), "variance", x] for n, x in spread],
        [by[str(n), "variance, error", x] for n, x in spread],
        [x * log_moments(n)[1] for n, x in spread],
        n=int(logs[logs.metric == "variance"].seed.min()),
        relative=p.variance_tol,
        level=p.mc_level,
    )
    (wide,) = data[data.part == "wide"].value
    return {
        "he-mean": moments("level", lambda n, x: 1.0, p.gain_tol),
        "he-variance": moments("variance", variance, p.variance_tol),
        "he-log-drift": (statistics.along_axis(labels, outcomes), "mean of ln(q_L/q_0) (exact): " + ", ".join(text)),
        "he-log-variance": (log_variance, ""),
        "linear-variance": moments("linear variance", variance, p.variance_tol),
        "wide-net": (
            statistics.bound(wide, at_most=p.wide_spread, n=p.wide_draws, tolerance=0.5),
            f"formula {np.sqrt(variance(p.wide, p.wide_depth)):.3f}",
        ),
    }
