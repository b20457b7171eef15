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
    # text as for 16 cm, drawn wider: two panels of 9 cm side by side
    fig, axes = plotting.figure(4, 2, width=16.0, height=29.0, height_ratios=(1, 1, 1.15, 0.85))
    fig.set_figwidth(18.0 * plotting.CM)
    size = axes[0, 0].xaxis.label.get_size()
    for ax in axes[2]:
        ax.remove()
    wide = fig.add_subplot(axes[2, 0].get_gridspec()[2, :])
    wide.tick_params(labelsize=size)
    wide.xaxis.label.set_size(size)
    chosen = (*axes[0], *axes[1], wide, *axes[3])
    panels = (_gain, _fluctuation, _decay, _backward, _depth, _symmetry, _rank)
    for ax, panel, letter in zip(chosen, panels, "ABCDEFG", strict=True):
        title = panel(ax, data, p)
        ax.set_title(f"{letter}  {title}", fontsize=size, pad=24 if ax is wide else 8)
    for ax in axes[0]:
        plotting.label_ends(ax)
    return fig


def _write(ax, x, y, text, colour=plotting.THEORY, **options):
    ax.text(x, y, text, color=colour, fontsize=ax.xaxis.label.get_size(), **options)


def _end_axis(ax, last, room):
    """Ends the axis at `last` and leaves room for labels beside the lines."""
    ax.set_xlim(0, last * room)
    ax.spines["bottom"].set_bounds(0, last)
    ax.xaxis.label.set_horizontalalignment("right")


def _gain(ax, data, p):
    """Mean square of ReLU layers over depth: one line per rule."""
    d, depth = p.gain_widths[-1], p.gain_depth
    layers = np.arange(depth + 1)
    drawn = [rule for rule in SHORT if rule != "orthogonal"]  # on top of Xavier's
    for k, rule in enumerate(drawn):
        rows = data[(data.part == "gain curve") & (data.arm == rule)].sort_values("x")
        label = {"classical": "_", "xavier": "Xavier, orth."}.get(rule, SHORT[rule])
        plotting.line(ax, layers, rows.value.to_numpy(), k, label=label)
        plotting.theory(ax, layers, theory(rule, "ReLU", d) ** layers, label="_")
    _write(ax, 9.6, 1e-28, SHORT["classical"])
    _end_axis(ax, depth, 1.75)
    ax.set(yscale="log", ylim=(1e-30, 1e27), xlabel="layer", ylabel="mean square")
    ax.set_yticks([1e-24, 1e-12, 1, 1e12, 1e24])
    ax.set_yticks([], minor=True)
    ax.set_xticks(range(0, depth + 1, 5))
    return f"ReLU, width {d}"


def _fluctuation(ax, data, p):
    """Quantiles of q_L/q_0 with He's rule."""
    rows = data[data.part == "fan"]
    for k, n in enumerate(p.widths):
        arm = rows[rows.arm == str(n)]
        low, middle, high = (
            arm[arm.metric == name].sort_values("x").value.to_numpy() for name in _signal_fluctuation.QUANTILES
        )
        x = np.arange(1, middle.size + 1)
        plotting.band(ax, x, np.maximum(low, 1e-9), high, k, alpha=0.22)
        plotting.line(ax, x, np.maximum(middle, 1e-9), k, label=f"n = {n}")
        mean, _ = _signal_fluctuation.log_moments(n)
        plotting.theory(ax, x, np.exp(mean * x), label="_")
    ax.plot([0, p.long_depth], [1, 1], color=GREY, linewidth=0.7)
    _end_axis(ax, p.long_depth, 1.5)
    ax.set(yscale="log", ylim=(1e-6, 30), xlabel="layer L", ylabel="$q_L/q_0$")
    ax.set_yticks([1e-6, 1e-4, 1e-2, 1])
    ax.set_yticks([], minor=True)
    ax.set_xticks(range(0, p.long_depth + 1, 10))
    return "He, ReLU: median, 5–95 %"


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
    for x0, y, text in ((2.2, 1.3, "linear"), (12, 0.34, "sigmoid"), (8.5, 0.08, "tanh: 1/(2l)"), (1.5, 0.02, "ReLU")):
        _write(ax, x0, y, text)
    ax.set(
        xscale="log", yscale="log", ylim=(4e-3, 2.5), xlim=(1, p.decay_depth), xlabel="layer l", ylabel="mean square"
    )
    ticks = [1, 2, 5, 10, 20, 50]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_xticks([], minor=True)
    return f"variance 1/m, m = {m}"


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
    places = (
        ("fan-in", 1.12, 3.1, "left"),
        ("fan-in", 0.9, 0.29, "right"),
        ("fan-out", 0.29, 0.72, "left"),
        ("fan-out", 3.6, 1.12, "right"),
        ("Xavier", 0.44, 1.25, "left"),
        ("Xavier", 1.85, 0.29, "left"),
    )
    for rule, x, y, side in places:
        _write(ax, x, y, rule, ha=side)
    _write(ax, 0.2, 4.9, f"$n_{{out}} = {ratio} n_{{in}}$")
    _write(ax, 1.85, 0.14, f"$n_{{in}} = {ratio} n_{{out}}$")
    ax.set(xscale="log", yscale="log", xlim=(0.19, 6.5), ylim=(0.12, 7), xlabel="gain of the signal")
    ax.set_ylabel("gain of the gradient")
    ticks = [0.25, 0.5, 1, 2, 4]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
        axis.set_ticks([], minor=True)
    return "linear, unequal widths"


def _depth(ax, data, p):
    """Share of trained networks: rules by depths, four blocks."""
    settings = [(u, o) for u in _signal_depth.UNITS for o in _signal_depth.OPTIMIZERS]
    runs, rules = data[data.part == _signal_depth.PART], list(SHORT)
    sizes = [len(p.layers(units)) for units, _ in settings]
    image, shown, start = np.full((len(rules), sum(sizes) + len(sizes) - 1), np.nan), [], 0
    for (units, name), n in zip(settings, sizes, strict=True):
        setting, layers = f"{units}, {name}", p.layers(units)
        for i, rule in enumerate(rules):
            depths, values = _signal_depth.table(runs, setting, rule)
            image[i, start : start + n] = (values > p.success).mean(0)
            centre = _signal_depth.depth50(runs, p, setting, rule).mean()
            at = start + np.interp(centre, np.log2(depths), np.arange(n))
            if _signal_depth.at_ceiling(runs, p, setting, rule):
                ax.plot([at - 0.35, at + 0.1, at - 0.35], [i - 0.36, i, i + 0.36], color="#D55E00", linewidth=1.6)
                continue
            for colour, width in (("white", 4.5), ("#D55E00", 2.0)):
                ax.plot([at, at], [i - 0.4, i + 0.4], color=colour, linewidth=width, solid_capstyle="butt")
        _write(ax, start + (n - 1) / 2, -0.7, setting, ha="center")
        shown += [(start + k, d) for k, d in enumerate(layers) if d in (1, 4, 12, layers[-1])]
        start += n + 1
    ax.imshow(image, cmap="Greys", vmin=0, vmax=1.25, aspect="auto", interpolation="none")
    ax.set_yticks(range(len(rules)), [SHORT[r] for r in rules])
    ax.set_xticks([x for x, _ in shown], [str(d) for _, d in shown])
    ax.set(xlabel="hidden layers (line: centre of the success curve, >: at least)")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return "share of trained nets, white 0 to dark 1"


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
    return "digits: twin units"


def _rank(ax, data, p):
    """Rank of the hidden activations after training."""
    rows = data[(data.part == "symmetry") & (data.metric == "rank")]
    arms = {"alike, SGD": "all\nalike", "twins, SGD": "pairs", "different, SGD": "different"}
    for k, arm in enumerate(arms):
        values = rows[rows.arm == arm].value.to_numpy()
        ax.bar(k, values.mean(), width=0.6, color=plotting.style(k)["color"])
        _write(ax, k, values.mean() + 0.4, f"{values.mean():g}", ha="center")
    ax.set_xticks(range(len(arms)), list(arms.values()))
    ax.set(ylabel="rank of hidden layer", ylim=(0, p.symmetry_units * 1.15), xlabel="start of the units")
    return f"{p.symmetry_units} units, after training"
