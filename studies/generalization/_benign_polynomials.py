"""Polynomials of rising degree through a few noisy points of a sine: better, worse, and better again."""

import numpy as np
import pandas as pd

from studies.generalization._benign_features import (
    energy_risk,
    legendre_features,
    legendre_target,
    legendre_weights,
    min_norm,
    monomials,
)
from studies.generalization._benign_random import curves, data_set, frame
from studies.harness import Criterion, statistics

CLAIM = "overfit-polynomial-picture"
LN = (
    "mean difference of ln {} over {{{{ params.seeds }}}} paired data sets, 95 % interval above 0 and mean at least "
    "ln {}"
)
CRITERIA = (
    Criterion(
        claim=CLAIM,
        name="polynomial-helps",
        statement="From {{ params.helps[0] }} to {{ params.helps[1] }} polynomials the risk falls.",
        criterion=LN.format("risk", "{{ params.change_factor }}"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-spoils",
        statement="From {{ params.spoils | join(' to ') }} polynomials, as many as points, it rises.",
        criterion=LN.format("risk", "{{ params.change_factor }}, each step"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-recovers",
        statement="Interpolating with many more, weighted by 1/degree, it falls again.",
        criterion=LN.format("risk", "{{ params.recovery_factor }}, p = n against the last p"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-calms",
        statement="So does the largest error on the interval.",
        criterion=LN.format("largest error", "{{ params.recovery_factor }}, p = n against the last p"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-useful",
        role="secondary",
        statement="The last interpolator's risk is below that of predicting 0 by a factor.",
        criterion=LN.format("risk", "{{ params.change_factor }} below ln 0.5"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-best",
        role="secondary",
        statement="The last interpolator is better than the best small model (p = {{ params.helps[1] }}).",
        criterion=LN.format("risk", "1"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-unweighted",
        role="secondary",
        statement="Without weights the last interpolator's risk is below that of predicting 0 by a factor.",
        criterion=LN.format("risk", "{{ params.change_factor }} below ln 0.5"),
    ),
    Criterion(
        claim=CLAIM,
        name="polynomial-monomials",
        role="break",
        guards=("polynomial-recovers", "polynomial-calms"),
        statement="Powers of x without weights, the same function class, calm down as well.",
        criterion="the criterion of the largest error; must not pass",
    ),
)
ARMS = {"weighted": 1.0, "unweighted": 0.0}


def measure(p, seeds, sweep):
    counts = sorted({*p.degrees, *p.shown, *p.helps, *p.spoils, p.points})
    most = counts[-1]
    grid = (1 - np.cos(np.pi * np.linspace(0, 1, p.sup_points))) / 2
    sets = [data_set(s, p) for s in seeds]
    labels = [np.sin(2 * np.pi * x) + e for x, e in sets]
    target, truth = legendre_target(most), np.sin(2 * np.pi * grid)[:, None]
    out = []
    for basis, arms in ((legendre_features, ARMS), (monomials, {"monomials": 0.0})):
        matrices = [basis(x, most) for x, _ in sets]
        fine = basis(grid, most)
        for arm, exponent in arms.items():
            for k in counts if arm != "monomials" else (p.points, most):
                w = legendre_weights(k, exponent)
                fits = [min_norm(f[:, :k], y, w, p.cutoff) for f, y in zip(matrices, labels, strict=True)]
                c = np.stack([c for c, _ in fits], axis=1)
                out.append(frame("poly-sup", arm, seeds, k, np.abs(fine[:, :k] @ c - truth).max(0)))
                out.append(frame("poly-singular", arm, seeds, k, [s for _, s in fits]))
                if arm != "monomials":
                    risks = energy_risk(c, target[:k], (target[k:] ** 2).sum())
                    out.append(frame("poly-risk", arm, seeds, k, risks))
                if arm == "weighted" and k in p.shown:
                    out.append(
                        pd.DataFrame({"part": "curve", "arm": arm, "seed": seeds[0], "x": grid, "y": float(k)}).assign(
                            value=fine[:, :k] @ c[:, 0]
                        )
                    )
    out.append(pd.DataFrame({"part": "curve", "arm": "data", "seed": seeds[0], "x": sets[0][0], "y": 0.0}))
    out[-1]["value"] = labels[0]
    return pd.concat(out, ignore_index=True)


def judge(data, p):
    def logs(metric, arm):
        return np.log(curves(data, f"poly-{metric}", arm))

    def falls(before, after, factor):
        return statistics.paired(before, after, claimed="greater", delta=np.log(factor))

    risk, sup, powers = logs("risk", "weighted"), logs("sup", "weighted"), logs("sup", "monomials")
    n, last, best = p.points, risk.columns[-1], p.helps[1]
    null = np.full(len(risk), np.log(0.5))
    dropped = {arm: (curves(data, "poly-singular", arm) < p.cutoff).mean() for arm in ("weighted", "monomials")}

    def cut(arm):
        return "share of data sets in which the cutoff drops a singular value: " + ", ".join(
            f"{dropped[arm][k]:.2%} (p = {k:g})" for k in (n, last)
        )

    return {
        "polynomial-helps": falls(risk[p.helps[0]], risk[best], p.change_factor),
        "polynomial-spoils": statistics.along_axis(
            [f"{a} to {b}" for a, b in zip(p.spoils, p.spoils[1:], strict=False)],
            [falls(risk[b], risk[a], p.change_factor) for a, b in zip(p.spoils, p.spoils[1:], strict=False)],
        ),
        "polynomial-recovers": (
            falls(risk[n], risk[last], p.recovery_factor),
            f"median risk {np.exp(risk[n].median()):.2g} at p = n, {np.exp(risk[last].median()):.3g} at p = {last:g}; "
            + cut("weighted"),
        ),
        "polynomial-calms": falls(sup[n], sup[last], p.recovery_factor),
        "polynomial-useful": falls(null, risk[last], p.change_factor),
        "polynomial-best": (
            falls(risk[best], risk[last], 1.0),
            f"median risks {np.exp(risk[best].median()):.3g} and {np.exp(risk[last].median()):.3g}",
        ),
        "polynomial-unweighted": falls(null, logs("risk", "unweighted")[last], p.change_factor),
        "polynomial-monomials": (
            falls(powers[n], powers[last], p.recovery_factor),
            cut("monomials"),
        ),
    }
