"""One eigen-mode over (step, momentum): measured rate and signs in every cell, without rescaling the state.

From the same start some cells grow beyond the float64 range and others sink below it: a tiny start leaves
room above, and each cell's rate comes from those records that are still well above underflow.
"""

import numpy as np
import pandas as pd

from coreops import SGD, HeavyBall
from studies.harness import statistics
from studies.momentum._modes import (
    ALTERNATING,
    COLUMNS,
    DIVERGENT,
    MONOTONE,
    REGIMES,
    RIPPLES,
    quadratic,
    rate,
    regime,
    tail_rates,
)


def axes(p):
    """The grid's steps a h (the curvature axis, learning rate 1) and momenta in [0, 1)."""
    n = p.cells
    return p.largest_step * np.arange(1, n + 1) / n, np.arange(n) / n


def measure(p, seeds, sweep):
    steps, momenta = axes(p)
    start = np.full(p.cells, p.start)
    rows = [
        quadratic(steps, rule, p.phase_steps, theta0=start)
        for rule in (*(HeavyBall(1.0, float(b)) for b in momenta), SGD(1.0))
    ]
    out = []
    for row, (arm, b) in zip(sweep(rows), [*(("hb", b) for b in momenta), ("gd", 0.0)], strict=True):
        rates, flips = tail_rates(row.step_theta, p.floor)
        out += [("phase-rate", arm, 0, x, b, v) for x, v in zip(steps, rates, strict=True)]
        out += [("phase-flips", arm, 0, x, b, v) for x, v in zip(steps, flips, strict=True)]
    samples = [quadratic([step], HeavyBall(1.0, b), p.sample_steps) for step, b in (*p.samples.values(), (1.0, 0.0))]
    for name, result in zip((*p.samples, "one-step"), sweep(samples), strict=True):
        out += [("sample", name, 0, float(t), 0.0, w) for t, w in enumerate(result.step_theta[:, 0])]
    return pd.DataFrame(out, columns=COLUMNS)


def near_boundary(codes, margin):
    """Cells that have another regime within `margin` cells in either direction."""
    padded = np.pad(codes, margin, mode="edge")
    span = range(2 * margin + 1)
    n, m = codes.shape
    shifted = np.stack([padded[i : i + n, j : j + m] for i in span for j in span])
    return (shifted != codes).any(0)


def classify(rates, flips):
    """Regime codes from what was measured: growth first, then how often the sign changes."""
    kinds = np.where(flips == 0, MONOTONE, np.where(flips == 1, ALTERNATING, RIPPLES))
    return np.where(rates > 1, DIVERGENT, kinds)


def maps(data):
    """(steps, momenta, measured rates, sign changes per step), the last two (momenta, steps)."""
    heavy = data[data.arm == "hb"]
    rates, flips = (
        heavy[heavy.part == part].pivot(index="y", columns="x", values="value")
        for part in ("phase-rate", "phase-flips")
    )
    return rates.columns.to_numpy(), rates.index.to_numpy(), rates.to_numpy(), flips.to_numpy()


def judge(data, p):
    steps, momenta, rates, flips = maps(data)
    x, b = np.meshgrid(steps, momenta)
    codes = regime(x, b)
    clear = ~near_boundary(codes, p.margin)
    ripples = clear & (codes == RIPPLES)
    printed = (x > 1) & (rates < 1)
    descent = data[(data.part == "phase-rate") & (data.arm == "gd")].sort_values("x").value.to_numpy()
    sample = data[(data.part == "sample") & (data.arm == "one-step")].sort_values("x").value.to_numpy()

    def alternating(cells):
        return float((flips[cells] == 1).sum() / max(cells.sum(), 1))

    found = classify(rates, flips)[clear]
    return {
        "rate-map": (
            statistics.exact(rates[clear], rate(x, b)[clear], tol=p.rate_tol),
            (
                f"{clear.size - clear.sum()} of {clear.size} cells lie within {p.margin} cells of a "
                f"boundary and are left out"
            ),
        ),
        "regime-map": (
            statistics.bound((found == codes[clear]).mean(), at_least=1.0, n=found.size, tolerance=1e-3),
            ", ".join(f"{(found == k).mean():.1%} {name}" for k, name in enumerate(REGIMES)),
        ),
        "one-step": statistics.exact(np.abs(sample[1:]), np.zeros(sample.size - 1), tol=p.rounding, scale=1.0),
        "axes-swapped": statistics.exact(rates[clear], rate(b, x)[clear], tol=p.rate_tol),
        "zero-momentum": statistics.exact(rates[0], descent, tol=p.rounding),
        "as-printed-e07": (
            statistics.exact(rates[ripples], 2 * np.sqrt(b[ripples]), tol=p.rate_tol),
            f"measured over printed: {np.mean(rates[ripples] / (2 * np.sqrt(b[ripples]))):.4f} on average",
        ),
        "as-printed-e08": (
            statistics.bound(alternating(printed), at_least=1.0, n=int(printed.sum()), tolerance=1e-2),
            f"without momentum: {alternating(printed & (b == 0)):.0%}",
        ),
    }
