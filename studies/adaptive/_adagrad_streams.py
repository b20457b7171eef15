"""Given gradient streams through the engine: the laws of the step, and the burst before a gentle slope."""

from itertools import pairwise

import numpy as np
import pandas as pd

from coreops import AdaGrad, Adam, Constant, Cyclic, Data, LinearLoss, Network, RMSProp, Run, Scale

RULES = {"AdaGrad": AdaGrad, "RMSProp": RMSProp, "Adam": Adam}
ZETA_HALF = -1.4603545088095868  # Riemann's zeta(1/2), the constant of sum t^(-1/2)


def walk(sweep, jobs):
    """jobs: (optimizer, gradients (T, P)) -> weights (T + 1, P) from 0; column j is a problem of its own."""
    rows = [
        Run(
            Network(Scale(g.shape[1]), loss=LinearLoss(), init=Constant(0.0), dtype="float64"),
            optimizer=optimizer, batch_size=1, epochs=1, sampling=Cyclic(), evaluate_every=0,
            record_theta_every=1, data=Data(np.ones(g.shape), np.array(g)),
        )
        for optimizer, g in jobs
    ]  # fmt: skip
    return [result.step_theta for result in sweep(rows)]


def running_mean_steps(g, rate):
    """Slide 002 as printed: r_t = ((t-1)/t) r_(t-1) + g_t^2/t, step rate g/sqrt(r); no rule of the engine."""
    t = np.arange(1, len(g) + 1)[:, None]
    return rate * g / np.sqrt(np.cumsum(g * g, axis=0) / t)


def path_length(t, rate):
    """rate * sum_(s <= t) s^(-1/2), by Euler and Maclaurin; the rest is below 2e-11 of it from t = 100 on."""
    t = np.asarray(t, np.float64)
    return rate * (2 * np.sqrt(t) + ZETA_HALF + 0.5 / np.sqrt(t) - t**-1.5 / 24)


def crossing_time(distance, size, number):
    """Steps to travel `distance` (in learning rates) on a unit slope after `number` gradients of `size`."""
    return distance * size * np.sqrt(number) + distance**2 / 4


def log_times(steps, points):
    return np.unique(np.geomspace(1, steps, points).round().astype(int))


def frame(part, kind, arm, seed, x, metric, value):
    return pd.DataFrame(
        {"part": part, "kind": str(kind), "arm": arm, "seed": seed, "x": np.asarray(x, float),
         "metric": metric, "value": np.asarray(value, float)}
    )  # fmt: skip


def constant(p, sweep):
    """|step| and path on constant gradients of many sizes; epsilon inside and outside the root."""
    t = log_times(p.steps, p.points)
    sizes = {"exact": p.sizes, "small": p.small_sizes}
    g = {k: np.tile(np.array(v), (p.steps, 1)) for k, v in sizes.items()}
    jobs = {
        "AdaGrad": (AdaGrad(p.rate, eps=0.0), "exact"),
        "RMSProp": (RMSProp(p.rate, eps=0.0), "exact"),
        "Adam": (Adam(p.rate, eps=0.0), "exact"),
        "AdaGrad, eps inside": (AdaGrad(p.rate, eps=p.eps, eps_inside=True), "small"),
        "AdaGrad, eps outside": (AdaGrad(p.rate, eps=p.eps), "small"),
    }
    walks = walk(sweep, [(rule, g[k]) for rule, k in jobs.values()])
    steps = {arm: (-np.diff(w, axis=0), k) for (arm, (_, k)), w in zip(jobs.items(), walks, strict=True)}
    steps["running mean"] = running_mean_steps(g["exact"], p.rate), "exact"
    out = [
        frame("constant", f"{size:g}", arm, -1, t, "length", np.abs(step[t - 1, j]))
        for arm, (step, k) in steps.items()
        for j, size in enumerate(sizes[k])
    ]
    out += [
        frame("constant", f"{size:g}", "AdaGrad", -1, t, "path", np.abs(walks[0][t, j]))
        for j, size in enumerate(p.sizes)
    ]
    return out


def binned(step, effective, p):
    """Over bins of equal width in log t: (t, RMS of the step, geometric mean of the effective step)."""
    edges = np.unique(np.geomspace(p.first_step, len(step) + 1, p.bins + 1).round().astype(int))
    parts = list(pairwise(edges))
    centre = [np.sqrt(a * b) for a, b in parts]
    length = [np.sqrt(np.mean(step[a - 1 : b - 1] ** 2)) for a, b in parts]
    rate = [np.exp(np.mean(np.log(np.abs(effective[a - 1 : b - 1])))) for a, b in parts]
    return np.array(centre), np.array(length), np.array(rate)


def noisy(p, seeds, sweep):
    """Stationary Gaussian gradients, `coordinates` independent ones per seed."""
    out, means = [], {"zero mean": 0.0, "biased": p.bias}
    shape = (p.steps, p.coordinates)
    draws = {
        (kind, seed): mean + np.random.Generator(np.random.Philox(key=[seed, k])).standard_normal(shape)
        for k, (kind, mean) in enumerate(means.items())
        for seed in seeds
    }
    keys = [(arm, *key) for arm in RULES for key in draws]
    walks = walk(sweep, [(RULES[arm](p.rate, eps=0.0), draws[kind, seed]) for arm, kind, seed in keys])
    steps = {key: -np.diff(w, axis=0) for key, w in zip(keys, walks, strict=True)}
    steps |= {("running mean", *key): running_mean_steps(g, p.rate) for key, g in draws.items()}
    for (arm, kind, seed), step in steps.items():
        t, length, rate = binned(step, step / draws[kind, seed], p)
        out.append(frame("noisy", kind, arm, seed, t, "length", length))
        out.append(frame("noisy", kind, arm, seed, t, "effective", rate))
    return out


def decaying(p, sweep):
    """Gradients t^-p: the slopes are read on the late part."""
    t = np.arange(1, p.steps + 1)[:, None]
    powers = np.array([p.power, p.fast_power])
    g = t**-powers
    (weights,) = walk(sweep, [(AdaGrad(p.rate, eps=0.0), g)])
    at = log_times(p.steps, p.points)
    at, out = at[at >= p.late_step], []
    for arm, step in (
        ("AdaGrad", -np.diff(weights, axis=0)),
        ("running mean", running_mean_steps(g, p.rate)),
    ):
        for j, power in enumerate(powers):
            out.append(frame("decaying", f"{power:g}", arm, -1, at, "length", step[at - 1, j]))
            out.append(frame("decaying", f"{power:g}", arm, -1, at, "effective", (step / g)[at - 1, j]))
    return out


def burst_stream(number, size, steps):
    """`number` gradients of alternating sign, so that they teach no direction, then the unit slope."""
    signs = np.where(np.arange(number) % 2 == 0, 1.0, -1.0)
    return np.concatenate([size * signs, np.ones(steps)])[:, None]


def arrival(travelled, distance):
    """(first whole step at which `distance` is reached, the same interpolated); infinite if it never is."""
    reached = np.flatnonzero(travelled >= distance)
    if not reached.size:
        return np.inf, np.inf
    k = int(reached[0])
    return k, k - (travelled[k] - distance) / (travelled[k] - travelled[k - 1])


def burst(p, sweep):
    """Arrival times after bursts of growing size; kind is "number,distance", x the size (0: no burst)."""
    longest = int(p.slack * crossing_time(p.distance, max(p.bursts), p.number)) + 100
    cases = [("AdaGrad", m, d, size) for m, d in p.settings for size in p.bursts]
    cases += [("AdaGrad", p.number, d, size) for d, size in ((p.far, 1.0), (p.far, 0.0), (p.distance, 0.0))]
    cases += [(arm, p.number, p.distance, size) for arm in ("RMSProp", "Adam") for size in (0.0, *p.bursts)]
    jobs = []
    for arm, m, d, size in cases:
        steps = int(p.slack * crossing_time(d, size, m)) + 100 if arm == "AdaGrad" else longest
        jobs.append((RULES[arm](p.rate, eps=0.0), burst_stream(m if size else 0, size, steps)))
    out = []
    for (arm, m, d, size), w in zip(cases, walk(sweep, jobs), strict=True):
        start = m if size else 0
        travelled = (w[start, 0] - w[start:, 0]) / p.rate
        whole, time = arrival(travelled, d)
        cap = float(len(travelled))  # a rule that never arrives counts as the length of its run
        for metric, value in (("time", time), ("whole", whole)):
            out.append(frame("burst", f"{m},{d:g}", arm, -1, [size], metric, [min(value, cap)]))
    return out


def periodic(p, sweep):
    """Coordinate j gets a unit gradient in every 2^j-th step: |step| at the last one, when all fire."""
    periods = 2 ** np.arange(p.octaves)
    t = np.arange(1, p.rounds * periods[-1] + 1)[:, None]
    (w,) = walk(sweep, [(AdaGrad(p.rate, eps=0.0), (t % periods == 0).astype(float))])
    return [frame("periodic", "-", "AdaGrad", -1, 1 / periods, "length", np.abs(w[-1] - w[-2]))]
