"""Least squares on the first p of D Gaussian features: risk against p, in closed form and measured."""

import numpy as np
import pandas as pd
from scipy import stats

from studies.generalization._benign_features import peak_share
from studies.generalization._benign_random import curves, frame
from studies.harness import Criterion, statistics

CLAIM = "double-descent-exact"
PEAK = (
    "mean of ln risk at p = n minus that at n/2 and at 2 n: 95 % interval over {{{{ params.seeds }}}} seeds above 0 "
    "and mean at least ln {{{{ params.descent_factor }}}}{}"
)
FORMULA = (
    "z standard errors over {{{{ params.seeds }}}} seeds and {{{{ params.monte_carlo }}}} relative at each p with "
    "|p - n| > {{{{ params.margin }}}}{}"
)
CRITERIA = (
    Criterion(
        claim=CLAIM,
        name="descent-formula",
        statement="The expected risk follows the closed form of Belkin, Hsu & Xu on both sides of p = n.",
        criterion=FORMULA.format(", both signals"),
    ),
    Criterion(
        claim=CLAIM,
        name="descent-peak",
        statement="The risk is largest at p = n.",
        criterion=(
            "share of 2000 resamples of the seeds with the peak of mean ln risk within {{ params.peak_margin }} of n "
            "at least {{ params.share }}, both signals"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="descent-both-sides",
        statement="It rises steeply towards p = n and comes down again beyond.",
        criterion=PEAK.format(", both signals"),
    ),
    Criterion(
        claim=CLAIM,
        name="descent-first",
        role="secondary",
        statement="Where the first features matter most, the risk falls before it rises to the peak.",
        criterion="ordered signal: ln risk at p = 1 minus that at the p < n of least theory: 95 % interval above 0",
    ),
    Criterion(
        claim=CLAIM,
        name="descent-second-lower",
        role="secondary",
        statement="With all features the risk is below any with fewer features than examples.",
        criterion="ln risk at the p < n of least theory minus that at p = D: 95 % interval above 0, each signal",
    ),
    Criterion(
        claim=CLAIM,
        name="descent-ridge-peak",
        role="break",
        guards=("descent-peak", "descent-both-sides"),
        statement="Optimally tuned ridge regression has the same peak.",
        criterion=PEAK.format("; must not pass"),
    ),
    Criterion(
        claim=CLAIM,
        name="descent-ridge-monotone",
        role="null",
        guards=("descent-peak", "descent-both-sides"),
        statement="With optimal ridge the risk never rises with p.",
        criterion="largest rise of mean risk between neighbouring p at most z standard errors (95 % over all steps)",
    ),
    Criterion(
        claim=CLAIM,
        name="descent-omitted",
        role="break",
        guards="descent-formula",
        statement="The formula holds without counting the omitted features as noise.",
        criterion=FORMULA.format("; must not pass"),
    ),
)
SIGNALS = ("flat", "ordered")


def signal(kind, size):
    """Coefficients (D,) of unit energy: all equal, or falling as 1/j."""
    b = np.ones(size) if kind == "flat" else 1 / np.arange(1.0, size + 1)
    return b / np.linalg.norm(b)


def theory(b, p, n, noise, omitted=True):
    """Expected risk at p (k,), test noise included, infinite where |p - n| < 2.   Belkin, Hsu & Xu 2020, theorem 1.

    With e = noise^2 + energy omitted: e (1 + p/(n - p - 1)) for p <= n - 2, and
    energy kept (1 - n/p) + e (1 + n/(p - n - 1)) for p >= n + 2.
    """
    p = np.asarray(p, int)
    kept = np.concatenate([[0], np.cumsum(b**2)])[p]
    e = noise**2 + ((b**2).sum() - kept if omitted else np.zeros(kept.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = e * (1 + p / (n - p - 1.0))
        above = kept * (1 - n / np.maximum(p, 1)) + e * (1 + n / (p - n - 1.0))
    return np.where(p <= n - 2, below, np.where(p >= n + 2, above, np.inf))


def best_ridge(b, p, noise):
    """Penalty on |w|^2 that minimises the expected risk for Gaussian features: p e / energy kept."""
    kept = (b[:p] ** 2).sum()
    return p * (noise**2 + (b[p:] ** 2).sum()) / kept


def ridge_theory(b, p, n, noise):
    """Risk of the best ridge for n and p large: e (1 + g m), m the Stieltjes transform.   Dobriban & Wager 2018."""
    p = np.asarray(p, int)
    kept = np.cumsum(b**2)[p - 1]
    e, g = noise**2 + (b**2).sum() - kept, p / n
    r = g * e / kept
    m = (np.sqrt((1 - g + r) ** 2 + 4 * g * r) - (1 - g + r)) / (2 * g * r)
    return e * (1 + g * m)


def grid(p):
    """Feature counts: each one near n, every other one elsewhere, and those that the criteria name."""
    n = p.examples
    return sorted({1, *range(2, p.features + 1, 2), *range(n - 5, n + 6), *sides(p), p.features})


def sides(p):
    """Where the height of the peak is taken: n/2 and 2 n."""
    return p.examples // 2, min(2 * p.examples, p.features)


def least(kind, p):
    """The measured count below n with the least expected risk."""
    counts = [k for k in grid(p) if k <= p.examples - 2]
    return counts[int(np.argmin(theory(signal(kind, p.features), counts, p.examples, p.noise)))]


def measure(p, seeds, sweep):
    n, size = p.examples, p.features
    b = np.stack([signal(k, size) for k in SIGNALS], axis=1)
    out = []
    for s in seeds:
        rng = np.random.default_rng([s, 6])
        x = rng.standard_normal((p.sets, n, size))
        y = x @ b + p.noise * rng.standard_normal((p.sets, n, 1))
        for k, arm, risks in risks_of(x, y, b, p):
            out.append(("descent-risk", arm, s, float(k), 0.0, risks.mean()))
            out.append(("descent-log", arm, s, float(k), 0.0, np.log(risks).mean()))
    return pd.DataFrame(out, columns=["part", "arm", "seed", "x", "y", "value"])


def risks_of(x, y, b, p):
    """Yields (p, arm, risks (sets,)); x: (sets, n, D), y: (sets, n, signals), b: (D, signals)."""
    turned = x.swapaxes(1, 2)
    gram, cross = turned @ x, turned @ y
    for k in grid(p):
        eye, penalties = np.eye(min(k, p.examples)), (0.0, best_ridge(b[:, 0], k, p.noise))
        if k <= p.examples:
            w, shrunk = (np.linalg.solve(gram[:, :k, :k] + r * eye, cross[:, :k]) for r in penalties)
        else:
            inner = x[:, :, :k] @ turned[:, :k]
            w, shrunk = (turned[:, :k] @ np.linalg.solve(inner + r * eye, y) for r in penalties)
        arms = {kind: w[:, :, i] - b[:k, i] for i, kind in enumerate(SIGNALS)}
        arms["ridge"] = shrunk[:, :, 0] - b[:k, 0]
        for arm, error in arms.items():
            i = 1 if arm == "ordered" else 0
            yield k, arm, (error**2).sum(1) + (b[k:, i] ** 2).sum() + p.noise**2


def predict(p):
    """Closed forms of the two interpolating arms and the asymptotic one of ridge, at every p."""
    x = np.arange(1, p.features + 1)
    lines = {kind: theory(signal(kind, p.features), x, p.examples, p.noise) for kind in SIGNALS}
    lines["ridge"] = ridge_theory(signal("flat", p.features), x, p.examples, p.noise)
    return pd.concat([frame("descent-risk", arm, 0, 0, v).assign(x=x) for arm, v in lines.items()])


def judge(data, p):
    risk = {arm: curves(data, "descent-risk", arm) for arm in (*SIGNALS, "ridge")}
    log = {arm: curves(data, "descent-log", arm) for arm in (*SIGNALS, "ridge")}
    n, count = p.examples, len(risk["flat"])
    clear = [k for k in risk["flat"].columns if abs(k - n) > p.margin]

    def formula(omitted):
        values = pd.concat([risk[kind][clear] for kind in SIGNALS], axis=1)
        expected = [theory(signal(kind, p.features), clear, n, p.noise, omitted) for kind in SIGNALS]
        error = values.std(ddof=1) / np.sqrt(count)
        return statistics.monte_carlo(values.mean(), error, np.concatenate(expected), n=count, relative=p.monte_carlo)

    def above(x, y, delta=0.0):
        return statistics.paired(x.to_numpy(), y.to_numpy(), claimed="greater", delta=delta)

    def peak(arms):
        places = [(arm, k) for arm in arms for k in sides(p)]
        each = [above(log[arm][n], log[arm][k], np.log(p.descent_factor)) for arm, k in places]
        return statistics.along_axis([f"{arm}, p = {k}" for arm, k in places], each)

    lowest = {kind: float(least(kind, p)) for kind in SIGNALS}
    places = {
        arm: peak_share(log[arm], log[arm].columns, n - p.peak_margin, n + p.peak_margin, np.mean) for arm in SIGNALS
    }
    return {
        "descent-formula": formula(True),
        "descent-peak": (
            statistics.along_axis(
                SIGNALS, [statistics.bound(share, at_least=p.share, n=count) for share, _ in places.values()]
            ),
            ", ".join(f"{arm}: p = {place:g}" for arm, (_, place) in places.items()),
        ),
        "descent-both-sides": peak(SIGNALS),
        "descent-first": (
            above(log["ordered"][1.0], log["ordered"][lowest["ordered"]]),
            ", ".join(f"{arm}: least at p = {k:g}" for arm, k in lowest.items()),
        ),
        "descent-second-lower": statistics.along_axis(
            SIGNALS, [above(log[arm][lowest[arm]], log[arm][float(p.features)]) for arm in SIGNALS]
        ),
        "descent-ridge-peak": peak(["ridge"]),
        "descent-ridge-monotone": monotone(risk["ridge"]),
        "descent-omitted": formula(False),
    }


def monotone(risk):
    """The largest rise between neighbouring p in standard errors of the paired difference, against z."""
    rise = np.diff(risk.to_numpy(), axis=1)
    size = rise.mean(0) / (rise.std(axis=0, ddof=1) / np.sqrt(len(rise)))
    z = float(stats.norm.isf(0.05 / size.size))
    return statistics.bound(size.max(), at_most=z, n=len(rise), tolerance=1.0)
