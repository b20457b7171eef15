"""A two-dimensional ravine with and without momentum: sign changes, damping across it, progress along it."""

import numpy as np
import pandas as pd

from coreops import SGD, HeavyBall
from studies.harness import statistics
from studies.momentum._modes import (
    COLUMNS,
    best_descent,
    flips_per_step,
    quadratic,
    rate,
    settled,
    tail_rates,
)


def arms(p, lr=1.0):
    """Plain descent, heavy ball, and heavy ball without momentum (the control)."""
    return {"gd": SGD(lr), "hb": HeavyBall(lr, p.momentum), "zero": HeavyBall(lr, 0.0)}


def measure(p, seeds, sweep):
    out = []
    steps = np.array(p.frequency_steps)
    tame = steps[steps < 2]  # without momentum larger steps overflow, and one overflow ends the row
    rules = arms(p)
    table = sweep(
        [
            quadratic(steps, rules["hb"], p.frequency_length),
            quadratic(tame, rules["zero"], p.frequency_length),
        ]
    )
    for arm, x, result in zip(("hb", "zero"), (steps, tame), table, strict=True):
        flips = tail_rates(result.step_theta, p.floor)[1]
        out += [("ravine-flips", arm, 0, a, 0.0, v) for a, v in zip(x, flips, strict=True)]

    steps = np.array(p.ravine_steps)
    both = np.concatenate([steps, steps / p.ravine_condition])
    for arm, result in zip(rules, sweep([quadratic(both, r, p.ravine_length) for r in rules.values()]), strict=True):
        w = np.abs(result.step_theta)
        across, along = settled(w, p.ravine_tolerance).reshape(2, -1)
        out += [("ravine-across", arm, 0, a, 0.0, float(v)) for a, v in zip(steps, across, strict=True)]
        out += [("ravine-along", arm, 0, a, 0.0, float(v)) for a, v in zip(steps, along, strict=True)]

    conditions = np.array(p.ratio_conditions)
    best = best_descent(conditions)
    both = np.concatenate([best, best / conditions])
    for arm, result in zip(rules, sweep([quadratic(both, r, p.ravine_length) for r in rules.values()]), strict=True):
        norm = np.hypot(*np.split(result.step_theta, 2, axis=1))
        out += [
            ("ravine-time", arm, 0, k, 0.0, float(v))
            for k, v in zip(conditions, settled(norm, p.ravine_tolerance), strict=True)
        ]
    return pd.DataFrame(out, columns=COLUMNS)


def threshold(momentum):
    """Condition number from which best-step descent is slower than sqrt b; also (1 + sqrt b)/(1 - sqrt b)."""
    root = np.sqrt(momentum)
    return (1 + root) / (1 - root)


def crossing(x, ratio):
    """Where `ratio` first passes 1, on straight lines in log-log; the last x where it does not."""
    above = np.flatnonzero((ratio[1:] >= 1) & (ratio[:-1] < 1))
    if not above.size:
        return float(x[-1])
    i = above[0]
    share = -np.log(ratio[i]) / (np.log(ratio[i + 1]) - np.log(ratio[i]))
    return float(x[i] * (x[i + 1] / x[i]) ** share)


def judge(data, p):
    def curve(part, arm):
        chosen = data[(data.part == f"ravine-{part}") & (data.arm == arm)].sort_values("x")
        return chosen.x.to_numpy(), chosen.value.to_numpy()

    x, flips = curve("flips", "hb")
    tame, flips0 = curve("flips", "zero")
    k, gd = curve("time", "gd")
    ratio = gd / curve("time", "hb")[1]
    step = best_descent(k)
    heavy = np.maximum(rate(step, p.momentum), rate(step / k, p.momentum))
    expected = np.log(heavy) / np.log((k - 1) / (k + 1))
    a, across = curve("across", "gd")
    faster_across = curve("across", "hb")[1] / across
    faster_along = curve("along", "hb")[1] / curve("along", "gd")[1]
    zigzag = a > 1
    zero = np.concatenate([curve(part, "zero")[1] for part in ("time", "across", "along")])
    plain = np.concatenate([curve(part, "gd")[1] for part in ("time", "across", "along")])
    return {
        "frequency": statistics.exact(flips, flips_per_step(x, p.momentum), tol=p.frequency_tol),
        "time-ratio": statistics.exact(ratio, expected, tol=p.frequency_tol),
        "time-crossover": statistics.located(
            [crossing(k, ratio)], expected=threshold(p.momentum), tol=p.frequency_tol * threshold(p.momentum)
        ),
        "along-floor": (
            statistics.bound(faster_along.max(), at_most=1.0, n=len(a)),
            f"between {1 / faster_along.max():.3g} and {1 / faster_along.min():.3g} times fewer steps",
        ),
        "across-ravine": statistics.along_axis(
            a[zigzag], [statistics.bound(v, at_most=1.0) for v in faster_across[zigzag]]
        ),
        "across-threshold": statistics.located(
            [crossing(a[zigzag], 1 / faster_across[zigzag])],
            expected=1 + np.sqrt(p.momentum),
            tol=p.frequency_tol * (1 + np.sqrt(p.momentum)),
        ),
        "frequency-zero-momentum": statistics.exact(flips0, flips_per_step(tame, p.momentum), tol=p.frequency_tol),
        "zero-momentum-is-descent": statistics.exact(zero, plain, tol=p.rounding),
    }
