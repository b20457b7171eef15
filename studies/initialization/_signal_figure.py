"""The figure of `signal_propagation`: gains, fluctuation, decay, gradients, trainable depth, symmetry."""

import numpy as np

from studies.harness import plotting, statistics
from studies.initialization import _signal_backward, _signal_decay, _signal_depth, _signal_fluctuation
from studies.initialization._signal_gain import theory

GREY = "#888888"
SHORT = {
    "e01-variance": "var 2/√d",
    "e03-variance": "var √(2/d)",
    "e01-deviation": "sd 2/√d",
    "he": "He",
    "xavier": "Xavier",
    "orthogonal": "orthogonal",
    "heuristic": "U(±1/√d)",
    "classical": "U(±1/d)",
}


def draw(data, p):
    fig, axes = plotting.figure(3, 2, width=18.0, height=22.5, gridspec_kw={"height_ratios": (1, 1, 1.25)})
    for ax, panel, letter in zip(
        axes.ravel(), (_gain, _fluctuation, _decay, _backward, _depth, _symmetry), "ABCDEF", strict=True
    ):
        panel(ax, data, p)
        ax.set_title(f"{letter}  {ax.get_title(loc='left')}", loc="left", fontsize=ax.xaxis.label.get_size())
    return fig


def _write(ax, x, y, text, colour=plotting.THEORY, **options):
    ax.text(x, y, text, color=colour, fontsize=ax.xaxis.label.get_size(), **options)


def _gain(ax, data, p):
    """Mean square of ReLU layers over depth: one line per rule."""
    d, depth = p.gain_widths[-1], p.gain_depth
    layers = np.arange(depth + 1)
    for k, rule in enumerate(SHORT):
        if rule in ("orthogonal",):  # on top of Xavier's
            continue
        rows = data[(data.part == "gain curve") & (data.arm == rule)].sort_values("x")
        level = np.log10(rows.value.to_numpy())
        plotting.line(ax, layers, level, k, linewidth=1.6)
        plotting.theory(ax, layers, layers * np.log10(theory(rule, "ReLU", d)), label="_")
        if rule != "classical":
            _write(ax, depth + 0.5, level[-1], SHORT[rule] + (", orth." if rule == "xavier" else ""), va="center")
    steep = layers * np.log10(theory("classical", "ReLU", d))
    _write(ax, 7.3, max(steep[7], -22), SHORT["classical"], va="center")
    ax.set(xlim=(0, depth * 1.72), ylim=(-24, 28), xlabel="layer", ylabel="log10 mean square")
    ax.set_xticks(range(0, depth + 1, 5))
    ax.set_title(f"ReLU, width {d}: gain per layer")


def _fluctuation(ax, data, p):
    """Quantiles of q_L/q_0 with He's rule."""
    rows = data[data.part == "fan"]
    for k, n in enumerate(p.widths):
        arm = rows[rows.arm == str(n)]
        low, middle, high = (
            arm[arm.metric == name].sort_values("x").value.to_numpy() for name in _signal_fluctuation.QUANTILES
        )
        x = np.arange(1, middle.size + 1)
        keep = middle > 0
        plotting.band(ax, x[keep], np.maximum(low, 1e-9)[keep], high[keep], k, alpha=0.22)
        plotting.line(ax, x[keep], middle[keep], k)
        mean, _ = _signal_fluctuation.log_moments(n)
        plotting.theory(ax, x, np.exp(mean * x), label="_")
        _write(ax, x[-1] * 1.02, middle[-1], f"n = {n}", va="center")
    ax.axhline(1, color=GREY, linewidth=0.7)
    ax.set(yscale="log", ylim=(1e-6, 30), xlim=(0, p.long_depth * 1.3), xlabel="layer L", ylabel="$q_L/q_0$")
    ax.set_xticks(range(0, p.long_depth + 1, 10))
    ax.set_title("He, ReLU: median and 5-95 %")


def _decay(ax, data, p):
    """Mean square with variance 1/m."""
    m, x = p.decay_widths[0], np.arange(1, p.decay_depth + 1)
    for k, activation in enumerate(("linear", "tanh", "sigmoid", "ReLU")):
        curves = _signal_decay.curves(data, activation, m)[:, 1:]
        bounds = np.array([statistics.interval(c)[0] for c in curves.T])
        plotting.band(ax, x, bounds[:, 0], bounds[:, 1], k)
        plotting.line(ax, x, curves.mean(0), k)
        if activation in ("sigmoid", "ReLU"):
            plotting.theory(ax, x, _signal_decay.recursion(activation, p.decay_depth)[1:], label="_")
    plotting.theory(ax, x, np.ones(x.size), label="_")
    plotting.theory(ax, x, 1 / (2 * x), label="_")
    for y, text in ((1.25, "linear"), (0.34, "sigmoid"), (0.045, "tanh: 1/(2l)")):
        _write(ax, 13 if text != "tanh: 1/(2l)" else 7, y, text, va="center" if text.startswith("tanh") else "bottom")
    _write(ax, 2.0, 0.009, "ReLU", va="center")
    ax.set(
        xscale="log", yscale="log", ylim=(4e-3, 2.5), xlim=(1, p.decay_depth), xlabel="layer l", ylabel="mean square"
    )
    ticks = [1, 2, 5, 10, 20, 50]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_xticks([], minor=True)
    ax.set_title(f"weight variance 1/m, m = {m}")


def _backward(ax, data, p):
    """Gain of the gradient against gain of the signal."""
    rows = data[(data.part == _signal_backward.PART)]
    ratio = p.width_ratio
    line = np.geomspace(0.2, 5, 50)
    plotting.theory(ax, line, ratio * line, label="_")
    plotting.theory(ax, line, line / ratio, label="_")
    for value in (ax.axhline, ax.axvline):
        value(1, color=GREY, linewidth=0.7, zorder=0)
    for k, rule in enumerate(_signal_backward.FANS):
        for x in (1 / ratio, 1.0, ratio):
            found = []
            for way in ("forward", "back"):
                v = rows[(rows.arm == rule) & (rows.metric == f"{way}, linear") & (rows.x == x)].value.to_numpy()
                found.append((v.mean(), *statistics.interval(v)[0]))
            (fx, *fi), (fy, *bi) = found
            plotting.interval(
                ax, [fx], [fy], [bi[0]], [bi[1]], k, markersize=8 - 2 * k,
                xerr=[[max(fx - fi[0], 0)], [max(fi[1] - fx, 0)]],
            )  # fmt: skip
    places = {
        "fan-in": ((1.07, 4.6, "left"), (1.07, 0.21, "left")),
        "fan-out": ((0.235, 1.12, "left"), (4.1, 1.12, "center")),
        "Xavier": ((0.43, 1.95, "left"), (1.75, 0.34, "left")),
    }
    for rule, spots in places.items():
        for x, y, side in spots:
            _write(ax, x, y, rule, ha=side)
    _write(ax, 0.21, 3.3, f"$n_{{out}} = {ratio} n_{{in}}$")
    _write(ax, 2.0, 0.135, f"$n_{{in}} = {ratio} n_{{out}}$")
    ax.set(xscale="log", yscale="log", xlim=(0.19, 6.5), ylim=(0.12, 7), xlabel="gain of the signal")
    ax.set_ylabel("gain of the gradient")
    ticks = [0.25, 0.5, 1, 2, 4]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
        axis.set_ticks([], minor=True)
    ax.set_title("linear, unequal widths")


def _depth(ax, data, p):
    """Share of trained networks: rules by depths, four blocks."""
    settings = [(u, o) for u in _signal_depth.UNITS for o in _signal_depth.OPTIMIZERS]
    rules = list(SHORT)
    n = len(p.hidden_layers)
    image = np.full((len(rules), len(settings) * (n + 1) - 1), np.nan)
    size = ax.xaxis.label.get_size()
    for b, (units, name) in enumerate(settings):
        for i, rule in enumerate(rules):
            depths, values = _signal_depth.table(data, f"{units}, {name}", rule)
            image[i, b * (n + 1) : b * (n + 1) + n] = (values > p.success).mean(0)
            centre = _signal_depth.depth50(data, p, f"{units}, {name}", rule).mean()
            at = b * (n + 1) + np.interp(centre, np.log2(depths), np.arange(n))
            ax.plot([at, at], [i - 0.42, i + 0.42], color="#D55E00", linewidth=2)
        ax.text(b * (n + 1) + (n - 1) / 2, -0.75, f"{units}\n{name}", ha="center", va="bottom", fontsize=size)
    ax.imshow(image, cmap="Greys", vmin=0, vmax=1.25, aspect="auto", interpolation="none")
    ax.set_yticks(range(len(rules)), [SHORT[r] for r in rules])
    shown = [
        (b * (n + 1) + k, d) for b in range(len(settings)) for k, d in enumerate(p.hidden_layers) if d in (1, 4, 32)
    ]
    ax.set_xticks([x for x, _ in shown], [str(d) for _, d in shown])
    ax.set(xlabel="hidden layers")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title("share trained (dark: all)", pad=34)


def _symmetry(ax, data, p):
    """Distance between twins over steps, medians and ranges."""
    rows = data[(data.part == "symmetry") & (data.metric == "distance")]
    floor = 1e-13
    arms = {
        "dropout, SGD": ("dropout ½", 0.72),
        f"noise {p.noise:g}": (f"noise $10^{{{round(np.log10(p.noise))}}}$", 0.72),
        "noise 1e-10": ("noise $10^{-10}$", 0.72),
        "twins, SGD": ("exact twins: 0", 0.72),
    }
    for k, (arm, (text, at)) in enumerate(arms.items()):
        wide = rows[rows.arm == arm].pivot(index="seed", columns="x", values="value")
        if not len(wide):
            continue
        x, values = wide.columns.to_numpy(), np.maximum(wide.to_numpy(), floor)
        middle = np.median(values, 0)
        plotting.band(ax, x, values.min(0), values.max(0), k)
        plotting.line(ax, x, middle, k)
        _write(ax, at * x[-1], middle[-1] * 6, text, ha="center", va="bottom")
    ax.set(yscale="log", ylim=(3e-14, 1e3), xlim=(0, p.symmetry_steps), xlabel="step")
    ax.set_ylabel("largest difference")
    ax.set_yticks([floor, 1e-10, 1e-6, 1e-2], ["0", "$10^{-10}$", "$10^{-6}$", "$10^{-2}$"])
    ax.set_yticks([], minor=True)
    ax.set_title("digits: distance of twin units")
