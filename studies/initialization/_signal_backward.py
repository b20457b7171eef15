"""Layers of unequal width: how much the mean square of signal and of gradient grows per layer, under three rules.

Gradients are the engine's: for one example the gradient by a layer's bias is that by its sums.
"""

from itertools import pairwise

import numpy as np

from coreops import Dense, LecunUniform, LinearLoss, Network, Tanh, loss_and_gradient
from coreops.rng import host_generator
from studies.harness import statistics
from studies.initialization._signal_nets import RULES

PART = "backward"
FANS = {
    "fan-in": (LecunUniform(), lambda n, m: 1 / n),
    "fan-out": (LecunUniform(fan="out"), lambda n, m: 1 / m),
    "Xavier": (RULES["xavier"].init, RULES["xavier"].variance),
}


def widths(p, alternating):
    """Of input, hidden layers and output."""
    low, high = p.narrow, p.narrow * p.width_ratio
    return [high if k % 2 and alternating else low for k in range(p.backward_depth + 1)]


def network(init, units, sizes):
    layers = []
    for k, (n, m) in enumerate(pairwise(sizes)):
        layers += ([Tanh()] if k and units == "tanh" else []) + [Dense(n, m)]
    return Network(*layers, loss=LinearLoss(), init=init, dtype="float64")


def gains(network, seed):
    """Per layer above the first (n_in, n_out, forward gain, mean of f'^2 of the layer below, backward gain).

    Forward: mean square of the sums over that of the layer's inputs. Backward: mean square of the gradient by the
    sums of the layer below over that by the layer's own sums.
    """
    draw = host_generator(seed, "backward")
    x = draw.standard_normal((1, network.n_in))
    theta = network.initialize(seed)
    _, gradient = loss_and_gradient(network, theta, x, draw.standard_normal((1, network.n_out)))
    weights = [v for name, v in network.parameters(theta).items() if name.endswith("weight")]
    by_sums = [v for name, v in network.parameters(gradient).items() if name.endswith("bias")]
    tanh = any(isinstance(layer, Tanh) for layer in network.layers)
    out, f = [], x[0] @ weights[0]
    for k, weight in enumerate(weights[1:], start=1):
        g, slope = (np.tanh(f), 1 - np.tanh(f) ** 2) if tanh else (f, np.ones_like(f))
        f = g @ weight
        backward = np.mean(by_sums[k - 1] ** 2) / np.mean(by_sums[k] ** 2)
        out.append((*weight.shape, np.mean(f**2) / np.mean(g**2), np.mean(slope**2), backward))
    return out


def measure(p, seed):
    """Records: arm the rule, metric "WAY, UNITS", x = n_out/n_in, value the mean over a network's layers of that ratio.

    "..., over theory" is the mean of gain over formula.
    """
    out = []
    for rule, (init, variance) in FANS.items():
        for units in ("linear", "tanh"):
            for alternating in (True, False):
                net = network(init, units, widths(p, alternating))
                for k in range(p.backward_draws):
                    found = {}
                    for n, m, forward, slope, backward in gains(net, seed + k):
                        # the gradient by the sums below also passes through that layer's f'
                        theory = {"forward": n * variance(n, m), "back": m * variance(n, m) * slope}
                        for way, value in (("forward", forward), ("back", backward)):
                            cell = found.setdefault((way, m / n), [])
                            cell.append((value, value / theory[way]))
                    for (way, ratio), cell in found.items():
                        for kind, value in zip(("", ", over theory"), np.mean(cell, 0), strict=True):
                            out.append((PART, rule, f"{way}, {units}{kind}", ratio, k, value))
    return out


def judge(data, p):
    rows = data[data.part == PART]
    values = {key: v.sort_values("seed").value.to_numpy() for key, v in rows.groupby(["arm", "metric", "x"])}
    ratios = sorted(set(rows.x))
    unequal = [r for r in ratios if r != 1]

    def against(points):
        mean = np.array([np.mean(v) for v, _ in points])
        error = np.array([np.std(v, ddof=1) / np.sqrt(v.size) for v, _ in points])
        return statistics.monte_carlo(
            mean, error, np.array([e for _, e in points]), n=p.backward_draws, relative=p.gain_tol, level=p.mc_level
        )

    def over(way):
        keys = [(rule, f"{way}, {u}, over theory", r) for rule in FANS for u in ("linear", "tanh") for r in ratios]
        return [(values[key], 1.0) for key in keys]

    def listed(way):
        return "; ".join(
            f"{rule}: " + ", ".join(f"{values[rule, f'{way}, linear', r].mean():.3g} at {r:g}" for r in ratios)
            for rule in FANS
        )

    def level(rule, way):
        return [(values[rule, f"{way}, linear", r], 1.0) for r in unequal]

    harmonic = [
        (values["Xavier", f"{way}, linear", r], 2 / (1 + (1 / r if way == "back" else r)))
        for way in ("forward", "back")
        for r in unequal
    ]
    same = [
        [values[rule, f"{way}, {u}", 1.0] for way in ("forward", "back") for u in ("linear", "tanh")] for rule in FANS
    ]
    return {
        "backward-gain": (against(over("back")), "linear units, n_out/n_in: " + listed("back")),
        "forward-gain": (against(over("forward")), "linear units, n_out/n_in: " + listed("forward")),
        "fan-out-keeps-gradient": (against(level("fan-out", "back")), ""),
        "xavier-between": (against(harmonic), "harmonic mean of the gains of both other rules"),
        "fan-in-keeps-gradient": (against(level("fan-in", "back")), ""),
        "equal-widths": (
            statistics.exact(np.array(same[1:]), np.array([same[0]] * 2), tol=p.orthogonal_tol),
            "",
        ),
    }
