"""Weight variance 1/m in deep linear, tanh, sigmoid and ReLU nets: what is left of the argument beyond one layer."""

import numpy as np

from studies.harness import statistics
from studies.initialization._signal_nets import ACTIVATIONS, RULES, levels, next_level, unit_mean

PART = "decay"


def recursion(activation, layers):
    """q_0 = 1, q_1, ..., q_layers of an infinitely wide net with n v = 1."""
    q = [1.0]
    for _ in range(layers):
        q.append(float(next_level(activation, 1.0, 1, q[-1])))
    return np.array(q)


METRICS = ("square", "mean", "cosine")


def three(g):
    """(draws, 3) from two inputs' activations (draws, 2, m): mean square and mean of the first, cosine of both."""
    a, b = g[:, 0], g[:, 1]
    cosine = (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.stack([(a**2).mean(-1), a.mean(-1), cosine], 1)


def measure(p, seed):
    """Records with x the layer; "square" of layer l is, times n v = 1, the mean square that layer l + 1 receives."""
    out = []
    for m in p.decay_widths:
        found = levels(RULES["lecun"].init, ACTIVATIONS, m, p.decay_depth, p.decay_draws, seed, inputs=2, kept=three)
        for activation, values in found.items():
            for k, draw in enumerate(values):
                for metric, curve in zip(METRICS, draw, strict=True):
                    arm = f"{activation}, {m}"
                    out += [(PART, arm, metric, x, k, v) for x, v in enumerate(curve)]
    return out


def curves(data, activation, m, metric="square"):
    """(draws, layers + 1)."""
    rows = data[(data.part == PART) & (data.arm == f"{activation}, {m}") & (data.metric == metric)]
    return rows.pivot(index="seed", columns="x", values="value").to_numpy()


def judge(data, p):
    m, depth = p.decay_widths[0], p.decay_depth
    layers = np.arange(p.decay_from, depth + 1)

    def slope(activation, expected):
        q = curves(data, activation, m)[:, layers]
        return statistics.slope(layers, q, expected=expected, tol=p.decay_tol)

    def against(points, relative):
        mean = np.array([np.mean(v) for v, _ in points])
        error = np.array([np.std(v, ddof=1) / np.sqrt(len(v)) for v, _ in points])
        theory = np.array([e for _, e in points])
        return statistics.monte_carlo(mean, error, theory, n=p.decay_draws, relative=relative, level=p.mc_level)

    tanh = curves(data, "tanh", m)
    scaled = 2 * layers * tanh.mean(0)[layers]
    mean_field = 2 * layers * recursion("tanh", depth)[layers]
    sigmoid = curves(data, "sigmoid", m, "mean")
    cosines = curves(data, "sigmoid", m, "cosine")
    # variance of the sums in layer 2: mean square of the first activations, times m Var w = 1
    received = {a: curves(data, a, m)[:, 1] for a in ACTIVATIONS}
    printed = {a: against([(v, 1.0)], p.gain_tol) for a, v in received.items()}
    one = float(unit_mean(lambda f: np.tanh(f) ** 2, 1.0))
    return {
        "tanh-slope": (
            slope("tanh", -1.0),
            f"2 l q_l between {scaled.min():.3f} and {scaled.max():.3f}; infinitely wide {mean_field.min():.3f} to "
            f"{mean_field.max():.3f}",
        ),
        "first-layer": (
            against([(curves(data, "linear", m)[:, 1], 1.0), (tanh[:, 1], one)], p.first_tol),
            "variance of the sums, and mean square of their tanh",
        ),
        "sigmoid-mean": (
            against([(sigmoid[:, 1:].mean(1), 0.5)], p.gain_tol),
            f"mean square fed into layer {depth}: {curves(data, 'sigmoid', m)[:, depth - 1].mean():.4f} "
            f"(infinitely wide {recursion('sigmoid', depth - 1)[-1]:.4f})",
        ),
        "sigmoid-inputs-merge": (
            statistics.bound(cosines[:, -1].min(), at_least=p.merged, n=p.decay_draws, tolerance=1e-3),
            f"cosine after layers 1, 2, {depth}: " + ", ".join(f"{cosines[:, x].mean():.6f}" for x in (1, 2, depth)),
        ),
        "linear-constant": (slope("linear", 0.0), ""),
        "linear-decays": (slope("linear", -1.0), ""),
        "as-printed-e47": (
            statistics.along_axis(list(printed), list(printed.values())),
            "variance of the sums in layer 2, asked to be 1: "
            + ", ".join(f"{a} {v.mean():.3g}" for a, v in received.items()),
        ),
    }
