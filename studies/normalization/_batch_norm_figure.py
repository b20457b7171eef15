"""The figure of the study `batch_norm`: ten panels, two to a row."""

import numpy as np

from studies.harness import plotting, statistics
from studies.normalization._batch_norm_depth import LIMIT
from studies.normalization._batch_norm_trained_judge import gap_sizes, local_slopes, wide

PLAIN, NORMED = 0, 3  # styles of "without" and "with batch norm" in all panels
INKS = {0: "#0072B2", 1: "#8A5F00", 2: "#007A58", 3: "#A84A00", 4: "#2878A8", 5: "#9A4C7D"}


def draw(data, p):
    fig, axes = plotting.figure(5, 2, width=16.0, height=29.0)
    panels = (_gradient, _norm, _bias, _fold, _accuracy, _gap, _curves, _rates, _stacks, _depth)
    for ax, panel, letter in zip(axes.ravel(), panels, "ABCDEFGHIJ", strict=True):
        title = panel(ax, data, p)
        ax.set_title(f"{letter}  {title}", loc="left", fontsize=ax.xaxis.label.get_size())
    return fig


def _write(ax, x, y, text, arm=None, **options):
    """A direct label in axes coordinates, in the colour of its arm."""
    colour = plotting.THEORY if arm is None else INKS[arm]
    ax.text(x, y, text, color=colour, transform=ax.transAxes, fontsize=ax.xaxis.label.get_size(), **options)


def _spread(values):
    """(mean, low, high) of each column over seeds."""
    bounds = np.array([statistics.interval(column)[0] for column in values.T])
    return values.mean(0), bounds[:, 0], bounds[:, 1]


def _arm(data, part, arm, metric):
    rows = data[(data.part == part) & (data.arm == arm) & (data.metric == metric)]
    return rows.sort_values("x")


def _plain_ticks(ax, values):
    ax.set_xscale("log")
    ax.set_xticks(values, [f"{v:g}" for v in values])
    ax.set_xticks([], minor=True)


def _gradient(ax, data, p):
    for arm, style in (("detached", PLAIN), ("engine", NORMED)):
        rows = _arm(data, "gradient", arm, "input")
        plotting.line(ax, rows.x.to_numpy(), np.maximum(rows.value.to_numpy(), 1e-17), style)
    plotting.threshold(ax, 0.03, p.gradient_tol, "allowed")
    _plain_ticks(ax, p.gradient_batches)
    ax.set(yscale="log", ylim=(1e-17, 1e7), xlabel="batch size", ylabel="error / largest entry")
    _write(ax, 0.97, 0.8, "statistics constant", PLAIN, ha="right")
    _write(ax, 0.97, 0.22, "differentiated", NORMED, ha="right")
    return "Gradient by the input"


def _norm(ax, data, p):
    for strength, style in zip(p.decays, (NORMED, PLAIN), strict=True):
        rows = {m: _arm(data, "norm", f"first {strength:g}", m) for m in ("measured", "predicted")}
        seed = rows["measured"].seed.min()
        measured, predicted = (rows[m][rows[m].seed == seed] for m in rows)
        plotting.line(ax, measured.x.to_numpy(), measured.value.to_numpy(), style)
        plotting.theory(ax, predicted.x, predicted.value)
    ax.set(xlabel="step", ylabel="squared norm")
    ax.margins(y=0.25)
    _write(ax, 0.03, 0.9, "no decay", NORMED)
    _write(ax, 0.3, 0.2, f"L2 {p.decays[1]:g}", PLAIN)
    _write(ax, 0.03, 0.04, "dashed: predicted")
    return "Norm of the weights"


def _bias(ax, data, p):
    for arm, style in (("none", PLAIN), ("BN", NORMED)):
        rows = _arm(data, "bias", arm, "gradient")
        plotting.line(ax, rows.x.to_numpy(), np.maximum(rows.value.to_numpy(), 1e-19), style)
    plotting.threshold(ax, 0.03, p.bias_tol, "allowed", below=True)
    ax.set(yscale="log", ylim=(1e-19, 1e3), xlabel="step", ylabel="relative gradient")
    _write(ax, 0.97, 0.67, "no normalisation", PLAIN, ha="right")
    _write(ax, 0.97, 0.36, "before batch norm", NORMED, ha="right")
    return "Gradient of the biases"


def _fold(ax, data, p):
    rows = _arm(data, "fold", "float64", "logit")
    ends = np.array([rows.x.min(), rows.x.max()])
    plotting.line(ax, rows.x.to_numpy(), rows.value.to_numpy(), NORMED, linestyle="none", markevery=1)
    plotting.theory(ax, ends, ends)
    ax.set(xlabel="logit with batch norm", ylabel="logit, folded")
    worst = data[(data.part == "fold") & (data.arm == "float64") & (data.metric == "difference")].value.max()
    mantissa, power = f"{worst:.0e}".split("e")
    _write(ax, 0.97, 0.05, f"relative\ndifference\n${mantissa}\\times10^{{{int(power)}}}$", ha="right")
    return "Folded for evaluation"


def _accuracy(ax, data, p):
    arms = ("none", "layer norm", "group norm", "batch norm", "batch renorm")
    for k, arm in enumerate(arms):
        x, values = wide(data, "accuracy", arm, "test")
        mean, low, high = _spread(100 * values)
        plotting.line(ax, x, mean, k)
        plotting.band(ax, x, low, high, k)
    _plain_ticks(ax, [b for b in p.norm_batches if b != 3])
    ax.set(xlabel="batch size", ylabel="test accuracy (%)")
    _write(ax, 0.97, 0.06, "batch norm", 3, ha="right")
    _write(ax, 0.97, 0.18, "batch renorm", 4, ha="right")
    _write(ax, 0.97, 0.3, "layer norm", 1, ha="right")
    _write(ax, 0.97, 0.42, "group norm", 2, ha="right")
    _write(ax, 0.97, 0.54, "none", 0, ha="right")
    return "Normalisations, tuned"


def _gap(ax, data, p):
    for fixed, style in (("epochs", NORMED), ("steps", 5)):
        x, sizes = gap_sizes(data, p, "batch norm", f"{fixed} {p.gap_rate:g}")
        plotting.interval(ax, x, *_spread(sizes), style, linestyle="-")
        middle, halves = local_slopes(x, sizes)
        first, then = (slopes.mean() for slopes in halves)
        x, y, ha, va = (0.97, 0.98, "right", "top") if fixed == "epochs" else (0.04, 0.05, "left", "bottom")
        _write(ax, x, y, f"{fixed} fixed:\nslope {first:.2f},\nthen {then:.2f}", style, ha=ha, va=va)
    ax.set_yscale("log")
    ax.margins(y=0.5)
    ax.axvline(middle, ymax=0.6, color=plotting.THEORY, linewidth=0.7, linestyle=":")  # between the two slopes
    _plain_ticks(ax, p.gap_batches)
    ax.set(xlabel="batch size", ylabel="gap in loss")
    return "Gap of the modes"


def _curves(ax, data, p):
    for arm, style in (("none", PLAIN), ("batch norm", NORMED)):
        x, values = wide(data, "curve", arm, "loss")
        mean, low, high = _spread(np.log(values))
        plotting.line(ax, x, np.exp(mean), style)
        plotting.band(ax, x, np.exp(low), np.exp(high), style)
    plotting.threshold(ax, 0.72, p.target, "target")
    ax.set(yscale="log", xlim=(1, p.speed_epochs), xlabel="epoch", ylabel="training loss")
    _write(ax, 0.97, 0.82, "none", PLAIN, ha="right")
    _write(ax, 0.03, 0.04, "batch norm", NORMED)
    return f"{p.curve_depth} layers, batch {p.curve_batch}"


def _rates(ax, data, p):
    batch = max(p.rate_batches)
    for depth, dash in ((p.depths[0], "-"), (p.depths[-1], (0, (1.2, 1.2)))):
        for arm, style in (("none", PLAIN), ("batch norm", NORMED)):
            x, values = wide(data, "rate loss", f"{arm} {depth}", f"{batch}")
            plotting.line(ax, x, np.clip(np.median(values, 0), 1e-4, 10), style, linestyle=dash)
    plotting.threshold(ax, 0.02, p.rate_loss, "limit", below=True)
    ax.set(xscale="log", yscale="log", ylim=(1e-4, 20), xlabel="learning rate", ylabel="final training loss")
    _write(ax, 0.02, 0.3, "no norm", PLAIN)
    _write(ax, 0.02, 0.18, "batch norm", NORMED)
    _write(ax, 0.02, 0.06, f"solid {p.depths[0]}, dotted {p.depths[-1]} layers")
    return f"Rates, batch {batch}"


def _stacks(ax, data, p):
    size = f"{p.deep_width} {p.deep_batch}"
    for arm, style in (("relu BN", 3), ("linear BN", 1), ("sigmoid none", 0), ("relu none", 2)):
        x, values = wide(data, "stack", arm, size)
        relative = np.exp(np.log(values).mean(0))
        plotting.line(ax, x, relative / relative[-1], style)
    x = np.arange(1, p.deep - p.deep_skip + 1)
    _, values = wide(data, "stack", "relu BN", size)
    level = np.exp(np.log(values).mean(0))
    plotting.theory(ax, x, level[x[-1] - 1] / level[-1] * LIMIT ** (x[-1] - x))
    ax.set(yscale="log", ylim=(1e-4, 1e4), xlabel="layer", ylabel="gradient / last layer's")
    _write(ax, 0.97, 0.84, "batch norm, ReLU", 3, ha="right")
    _write(ax, 0.04, 0.38, "ReLU (He)", 2)
    _write(ax, 0.04, 0.27, "batch norm, linear", 1)
    _write(ax, 0.04, 0.08, "sigmoid", 0)
    return "Gradient at the start"


def _depth(ax, data, p):
    arms = (("none", 0), ("batch norm", 3), ("residual", 2), ("residual + batch norm", 5))
    for arm, style in arms:
        x, values = wide(data, "depth", arm, "test")
        mean, low, high = _spread(100 * values)
        plotting.interval(ax, x, mean, low, high, style, linestyle="-")
    _plain_ticks(ax, p.train_depths)
    ax.set(ylim=(0, 100), yticks=(0, 25, 50, 75, 100), xlabel="hidden layers", ylabel="test accuracy (%)")
    _write(ax, 0.04, 0.5, "residual + BN", 5)
    _write(ax, 0.04, 0.38, "residual", 2)
    _write(ax, 0.04, 0.26, "batch norm", 3)
    _write(ax, 0.04, 0.14, "none", 0)
    return "Trained, tuned"
