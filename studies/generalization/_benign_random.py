"""Interpolation with Fourier features at random points: the peak at p = n and the floors of three weightings."""

import numpy as np
import pandas as pd

from studies.generalization._benign_features import (
    COLUMNS,
    energy_risk,
    fourier,
    fourier_target,
    fourier_weights,
    min_norm,
    peak_share,
)
from studies.harness import Criterion, statistics

CLAIM = "benign-sinusoid-random"
FLOOR = (
    "p = {{{{ params.random_features | max }}}}: mean difference of ln risk over {{{{ params.seeds }}}} paired data "
    "sets, 95 % interval beyond 0 and size at least ln {{{{ params.floor_factor }}}}{}"
)
CRITERIA = (
    Criterion(
        claim=CLAIM,
        name="random-peak",
        statement="The median risk is largest at or just after p = n, with each weighting.",
        criterion=(
            "share of 2000 resamples of the seeds with the median's peak in n .. n + {{ params.peak_width }} at least "
            "{{ params.share }}, each weighting"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="random-descent",
        statement="Risk rises to that peak and falls beyond it, with each weighting.",
        criterion=(
            "mean of ln risk at p = n minus that at p = {{ params.around[0] }} and at {{ params.around[1] }}: 95 % "
            "interval above 0 and mean at least ln {{ params.peak_factor }}, Holm over the six"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="random-floor",
        statement="With features times 1/k the risk ends far below that of unweighted features.",
        criterion=FLOOR.format(""),
    ),
    Criterion(
        claim=CLAIM,
        name="random-floor-steep",
        statement="With features times 1/k it ends far below that of 1/k^2, too: steeper is not better.",
        criterion=FLOOR.format(""),
    ),
    Criterion(
        claim=CLAIM,
        name="random-floor-null",
        role="secondary",
        statement="Unweighted features end at the risk of predicting 0, one half.",
        criterion="two one-sided tests on ln risk - ln 0.5, margin {{ params.monte_carlo }}",
    ),
    Criterion(
        claim=CLAIM,
        name="random-on-grid",
        role="break",
        guards=("random-peak", "random-descent"),
        statement="Regularly spaced points give the same peak.",
        criterion="the descent's criterion on the grid, for the weighting with the highest peak; must not pass",
    ),
    Criterion(
        claim=CLAIM,
        name="random-below-n",
        role="null",
        guards=("random-peak", "random-descent", "random-floor", "random-floor-steep"),
        statement="Up to p = n the weights cannot matter.",
        criterion="largest relative difference of median risks between weightings at most {{ params.same_tol }}",
    ),
    Criterion(
        claim=CLAIM,
        name="random-shuffled",
        role="break",
        guards=("random-floor", "random-floor-steep"),
        statement="The same weights 1/k, dealt out to the frequencies at random, lower the floor as well.",
        criterion=FLOOR.format("; must not pass"),
    ),
)


def measure(p, seeds, sweep):
    n, counts = p.points, sorted({*p.random_features, p.points, *p.around})
    most = counts[-1]
    target = fourier_target(most)
    sets = [data_set(s, p) for s in seeds]
    grid = np.arange(n) / n
    noise = np.stack([e for _, e in sets])
    matrices = [fourier(x, most) for x, _ in sets]
    regular = fourier(grid, most)
    out = []

    def record(part, exponent, features, c, singular):
        beyond = (target[features:] ** 2).sum()
        risks = energy_risk(c, target[:features], beyond)
        out.append(frame(f"{part}-risk", exponent, seeds, features, risks))
        out.append(frame(f"{part}-singular", exponent, seeds, features, singular))

    for a in p.exponents:
        for k in counts:
            w = fourier_weights(k, a)
            fits = [
                min_norm(f[:, :k], np.sin(2 * np.pi * x) + e, w, p.cutoff)
                for f, (x, e) in zip(matrices, sets, strict=True)
            ]
            record("random", f"{a:g}", k, np.stack([c for c, _ in fits], axis=1), [s for _, s in fits])
            c, singular = min_norm(regular[:, :k], (np.sin(2 * np.pi * grid) + noise).T, w, p.cutoff)
            record("regular", f"{a:g}", k, c, singular)
    shuffled = []
    for f, (x, e), s in zip(matrices, sets, seeds, strict=True):
        w = np.random.default_rng([s, 4]).permutation(fourier_weights(most, 1.0))
        shuffled.append(min_norm(f, np.sin(2 * np.pi * x) + e, w, p.cutoff)[0])
    out.append(frame("random-risk", "shuffled", seeds, most, energy_risk(np.stack(shuffled, axis=1), target)))
    return pd.concat(out, ignore_index=True)


def data_set(seed, p):
    """(points, noise), each (n,)."""
    rng = np.random.default_rng([seed, 3])
    return rng.uniform(size=p.points), p.noise * rng.standard_normal(p.points)


def frame(part, arm, seeds, x, values):
    return pd.DataFrame({"part": part, "arm": arm, "seed": seeds, "x": float(x), "y": 0.0, "value": values})[COLUMNS]


def curves(data, part, arm):
    """ln of a weighting's risks, or its singular values: a row per seed, a column per p."""
    rows = data[(data.part == part) & (data.arm == arm)]
    return rows.pivot(index="seed", columns="x", values="value")


def judge(data, p):
    arms = [f"{a:g}" for a in p.exponents]
    risks = {a: np.log(curves(data, "random-risk", a)) for a in arms}
    regular = {a: np.log(curves(data, "regular-risk", a)) for a in arms}
    last = {a: v.iloc[:, -1].to_numpy() for a, v in risks.items()}
    last["shuffled"] = np.log(curves(data, "random-risk", "shuffled")).iloc[:, -1].to_numpy()
    places = {a: peak_share(v, v.columns, p.points, p.points + p.peak_width) for a, v in risks.items()}
    highest = max(arms, key=lambda a: (regular[a][p.points] - regular[a][p.around[1]]).mean())
    singular = min(curves(data, "random-singular", a).min(axis=None) for a in arms)
    lower = np.exp([v.loc[:, v.columns <= p.points].median() for v in risks.values()])

    def descent(curve, around):
        return statistics.paired(curve[p.points], curve[around], claimed="greater", delta=np.log(p.peak_factor))

    def floor(arm, rival):
        return statistics.paired(last[arm], last[rival], claimed="less", delta=np.log(p.floor_factor))

    medians = ", ".join(f"{np.exp(np.median(v)):.3g} ({a})" for a, v in last.items())
    return {
        "random-peak": (
            statistics.along_axis(
                [f"k^-{a}" for a in arms],
                [statistics.bound(share, at_least=p.share, n=len(risks[a])) for a, (share, _) in places.items()],
            ),
            "peak at p = " + ", ".join(f"{place:g} (k^-{a})" for a, (_, place) in places.items()),
        ),
        "random-descent": statistics.along_axis(
            [f"k^-{a}, p = {k}" for a in arms for k in p.around],
            [descent(risks[a], k) for a in arms for k in p.around],
        ),
        "random-floor": (floor("1", "0"), f"median risks: {medians}"),
        "random-floor-steep": floor("1", "2"),
        "random-floor-null": statistics.equivalence(last["0"], np.log(0.5), delta=p.monte_carlo),
        "random-on-grid": statistics.along_axis(
            [f"k^-{highest}, p = {k}" for k in p.around], [descent(regular[highest], k) for k in p.around]
        ),
        "random-below-n": (
            statistics.exact(lower[1:], np.broadcast_to(lower[:1], lower[1:].shape), tol=p.same_tol),
            f"the smallest singular value of all is {singular:.1e} of the largest",
        ),
        "random-shuffled": floor("shuffled", "0"),
    }
