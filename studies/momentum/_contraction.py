"""Quadratics with many curvatures: steps and contraction of tuned gradient descent and heavy ball."""

import numpy as np
import pandas as pd

from coreops import SGD, HeavyBall
from studies.harness import statistics
from studies.momentum._modes import (
    COLUMNS,
    best_descent,
    best_heavy_ball,
    quadratic,
    solution,
    tail_rates,
)

ARMS = ("gd", "hb")


def optimizers(condition):
    """The tuned arms by name."""
    lr, momentum = best_heavy_ball(condition)
    return {"gd": SGD(best_descent(condition)), "hb": HeavyBall(lr, momentum)}


def lengths(p, condition):
    """arm -> (steps until well below the tolerance, steps of the run that gives the asymptotic factor)."""
    return {
        "gd": (p.gd_steps * condition, condition * min(p.gd_long / np.log(condition), p.gd_most)),
        "hb": (p.hb_steps * np.sqrt(condition) + p.hb_steps, p.hb_long * np.sqrt(condition)),
    }


def theory(condition):
    """arm -> -ln of the factor per step."""
    root = np.sqrt(condition)
    return {
        "gd": -np.log((condition - 1) / (condition + 1)),
        "hb": -np.log((root - 1) / (root + 1)),
    }


def measure(p, seeds, sweep):
    out = []
    starts = {s: np.random.default_rng([s, 1]).standard_normal(p.dimension) for s in seeds}
    for condition in p.conditions:
        h = np.geomspace(1 / condition, 1, p.dimension)
        for arm, optimizer in optimizers(condition).items():
            # shortest unit of each kind of run: one record; steps are rounded up to whole records
            spans = [max(1, round(n / p.records)) for n in lengths(p, condition)[arm]]
            rows = [
                quadratic(h, optimizer, span * p.records, theta0=starts[s], every=span) for span in spans for s in seeds
            ]
            results = sweep(rows)
            for i, s in enumerate(seeds):
                near, far = results[i].step_theta, results[len(seeds) + i].step_theta
                steps, naive = crossing(near, spans[0], p.tolerance)
                values = {
                    "iterations": steps,
                    "naive": naive,
                    "contraction": contraction(far, spans[1], divide_by_t=arm == "hb"),
                }
                out += [(f"quadratic-{k}", arm, s, condition, 0.0, v) for k, v in values.items()]
    for arm, optimizer in optimizers(1.0).items():
        one = sweep([quadratic(np.ones(p.dimension), optimizer, 1, theta0=starts[s]) for s in seeds])
        for s, result in zip(seeds, one, strict=True):
            left = np.linalg.norm(result.step_theta[1]) / np.linalg.norm(starts[s])
            out.append(("quadratic-one-step", arm, s, 1.0, 0.0, left))
    return pd.DataFrame(out, columns=COLUMNS), grid(p, sweep)


def log_norm(w):
    """ln |w_t| of w (records, d), also where squares would underflow."""
    top = np.abs(w).max(axis=1)
    return np.log(top) + np.log(np.linalg.norm(w / top[:, None], axis=1))


def crossing(w, every, tolerance):
    """(steps until the relative norm of w (records, d) is below `tolerance`, slope of ln norm up to there).

    Log-linear between records; the last step of the run where the tolerance is not reached.
    """
    y = log_norm(w) - log_norm(w[:1])
    goal, t = np.log(tolerance), np.arange(len(w)) * every
    below = np.flatnonzero(y < goal)
    k = below[0] if below.size else len(w) - 1
    share = (goal - y[k - 1]) / (y[k] - y[k - 1]) if below.size else 1.0
    return t[k - 1] + share * every, -statistics.slopes(t[: k + 1], y[: k + 1], "linear")[0]


def contraction(w, every, *, divide_by_t):
    """-ln factor per step from the last quarter of a long run, after division by t for the defective mode."""
    late = np.arange(3 * len(w) // 4, len(w))
    y = log_norm(w[late]) - (np.log(late * every) if divide_by_t else 0)
    return -statistics.slopes(late * every, y, "linear")[0]


def grid(p, sweep):
    """Factor per step of the slower of the two extreme modes over a grid of steps and momenta."""
    steps = np.linspace(*p.grid_steps, p.grid_points)
    momenta = np.linspace(*p.grid_momenta, p.grid_points)
    h = np.concatenate([steps, steps / p.grid_condition])
    table = sweep([quadratic(h, HeavyBall(1.0, float(b)), p.grid_length) for b in momenta])
    out = []
    for b, result in zip(momenta, table, strict=True):
        slower = tail_rates(result.step_theta, p.floor)[0].reshape(2, -1).max(0)
        out += [("grid", "hb", 0, a, b, v) for a, v in zip(steps, slower, strict=True)]
    return pd.DataFrame(out, columns=COLUMNS)


def predict(p):
    """Iterations from the exact solution of all modes, for a start with equal expected squares."""
    out = []
    for condition in p.conditions:
        h = np.geomspace(1 / condition, 1, p.dimension)
        lr, momentum = best_heavy_ball(condition)
        arms = {"gd": (best_descent(condition) * h, 0.0), "hb": (lr * h, momentum)}
        for arm, (step, b) in arms.items():
            low, high = 0, int(2 * lengths(p, condition)[arm][0])
            while high - low > 1:  # the norm may ripple, but not near the tolerance
                middle = (low + high) // 2
                if np.sqrt(np.mean(solution(step, b, float(middle)) ** 2)) < p.tolerance:
                    high = middle
                else:
                    low = middle
            out.append(("quadratic-iterations", arm, 0, condition, 0.0, float(high)))
    return pd.DataFrame(out, columns=COLUMNS)


def judge(data, p):
    def wide(part, arm):
        chosen = data[(data.part == f"quadratic-{part}") & (data.arm == arm)]
        return chosen.pivot(index="seed", columns="x", values="value")

    iterations = {arm: wide("iterations", arm) for arm in ARMS}
    curves = {arm: (w.columns.to_numpy(), w.to_numpy()) for arm, w in iterations.items()}
    factors = {arm: wide("contraction", arm) for arm in ARMS}
    expected = {arm: np.tile([theory(c)[arm] for c in w.columns], (len(w), 1)) for arm, w in factors.items()}
    naive = wide("naive", "hb")
    hb = {"expected": p.hb_slope, "tol": p.slope_tol}
    one_step = data[data.part == "quadratic-one-step"].value
    cells = data[data.part == "grid"]
    best = cells.loc[cells.value.idxmin()]
    formula = np.exp(-theory(p.grid_condition)["hb"])
    lr, momentum = best_heavy_ball(p.grid_condition)
    return {
        "hb-iterations": statistics.slope(*curves["hb"], **hb),
        "gd-iterations": statistics.slope(*curves["gd"], expected=p.gd_slope, tol=p.slope_tol),
        **{f"{arm}-contraction": statistics.exact(factors[arm], expected[arm], tol=p.contraction_tol) for arm in ARMS},
        "naive-fit": statistics.located(
            (naive.to_numpy() / expected["hb"]).mean(1) - 1, expected=0.0, tol=p.contraction_tol
        ),
        "grid-optimum": (
            statistics.bound(best.value / formula, at_least=1 - p.grid_tol, n=len(cells), tolerance=1e-3),
            "by finite runs, which overrate near the double root, "
            f"best cell: step {best.x:.3g}, momentum {best.y:.3g}, factor {best.value:.4f}; "
            f"formula: {lr:.3g}, {momentum:.3g}, {formula:.4f}",
        ),
        "gd-under-hb": statistics.slope(*curves["gd"], **hb),
        "condition-one": statistics.bound(one_step.max(), at_most=p.tolerance, n=len(one_step), tolerance=1.0),
    }
