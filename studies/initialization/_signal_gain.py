"""Growth of the mean square per layer: nine rules, four activations, two widths; and the slides' literal formulas."""

import numpy as np

from studies.harness import statistics
from studies.initialization._signal_nets import ACTIVATIONS, RULES, levels, next_level

PART = "gain"
KEEPERS = (("he", "ReLU"), ("lecun", "linear"))  # rule, and the units whose scale it keeps
# as-printed finding -> (rule, units, gain that the slide's purpose asks for)
PRINTED = {
    "as-printed-e01-variance": ("e01-variance", "ReLU", lambda d: 1.0),
    "as-printed-e01-deviation": ("e01-deviation", "ReLU", lambda d: 1.0),
    "as-printed-e02": ("classical", "ReLU", lambda d: 1 / 6),
    "as-printed-e03": ("e03-variance", "ReLU", lambda d: 1.0),
    "as-printed-e04": ("heuristic", "linear", lambda d: 1.0),
}


def measure(p, seed):
    """Records (part, arm, metric, x, seed, value), seed the number of the network: means over its layers."""
    out = []
    for d in p.gain_widths:
        for name, rule in RULES.items():
            q = levels(rule.init, ACTIVATIONS, d, p.gain_depth, p.gain_draws, seed)
            for activation, level in q.items():
                level = level[:, 0]
                sphere = d if name == "orthogonal" else None
                expected = next_level(activation, rule.variance(d, d), d, level[:, :-1], sphere)
                metric = f"{activation}, d = {d}"
                for kind, below in (("gain", level[:, :-1]), ("over theory", expected)):
                    means = (level[:, 1:] / below).mean(1)
                    out += [(PART, name, f"{kind}, {metric}", 0, k, v) for k, v in enumerate(means)]
            if d == p.gain_widths[-1]:
                curve = q["ReLU"][:, 0]
                out += [("gain curve", name, "ReLU", x, 0, v) for x, v in enumerate(curve.mean(0))]
            if name == "orthogonal":
                off = np.abs(q["linear"][:, 0, 1:] / q["linear"][:, 0, :-1] - 1).max()
                out.append((PART, name, f"off 1, d = {d}", 0, 0, off))
    return out


def theory(rule, activation, d):
    """Gain of linear or ReLU units by the formula."""
    return float(next_level(activation, RULES[rule].variance(d, d), d, 1.0))


def judge(data, p):
    rows = data[data.part == PART]
    values = {key: v.value.to_numpy() for key, v in rows.groupby(["arm", "metric"])}

    def against(points, relative):
        """points: (values over draws, expected mean)."""
        mean = np.array([v.mean() for v, _ in points])
        error = np.array([v.std(ddof=1) / np.sqrt(v.size) for v, _ in points])
        expected = np.array([e for _, e in points])
        return statistics.monte_carlo(mean, error, expected, n=p.gain_draws, relative=relative, level=p.mc_level)

    def gains(rule, activation):
        return [(d, values[rule, f"gain, {activation}, d = {d}"]) for d in p.gain_widths]

    d = p.gain_widths[-1]
    table = [values[rule, f"over theory, {a}, d = {w}"] for rule in RULES for a in ACTIVATIONS for w in p.gain_widths]
    kept = [(v, 1.0) for rule, activation in KEEPERS for _, v in gains(rule, activation)]
    literal = [(v, 1.0) for _, v in gains("e01-variance", "ReLU")]
    listed = ", ".join(f"{RULES[r].label} {gains(r, 'ReLU')[-1][1].mean():.3g}" for r in RULES)
    out = {
        "gain-table": (against([(v, 1.0) for v in table], p.gain_tol), f"ReLU units at d = {d}: {listed}"),
        "keeps-scale": (
            against(kept, p.gain_tol),
            ", ".join(f"{r}, {a}, d = {w}: {v.mean():.4f}" for r, a in KEEPERS for w, v in gains(r, a)),
        ),
        "literal-keeps-scale": (against(literal, p.gain_tol), ""),
        "orthogonal-linear": (
            statistics.exact(
                [values["orthogonal", f"off 1, d = {w}"][0] for w in p.gain_widths],
                np.zeros(len(p.gain_widths)),
                tol=p.orthogonal_tol,
            ),
            "",
        ),
    }
    for name, (rule, activation, asked) in PRINTED.items():
        points = [(v, asked(w)) for w, v in gains(rule, activation)]
        got = ", ".join(
            f"{v.mean():.4g} at d = {w} (formula {theory(rule, activation, w):.4g})" for w, v in gains(rule, activation)
        )
        out[name] = against(points, p.gain_tol), f"{activation} units: gain {got}; asked for {asked(d):.3g}"
    return out
