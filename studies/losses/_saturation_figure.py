"""The figure of the saturation study: the unit, gradients and learning curves, ratios and accuracies."""

import numpy as np

from studies.harness import plotting, statistics
from studies.losses._saturation_judge import logit_gradient, paired, times
from studies.losses._saturation_unit import flow_time, goal_logit, sigma

ARMS = ("squared", "log")
INKS = ("#0072B2", "#8A5F00", "#007A58", "#A84A00")  # the arms' colours, dark enough for text
NAMES = {"squared": "squared error", "log": "log-loss"}


def draw(data, p):
    fig, axes = plotting.figure(3, 2, width=16.0, height=19.0)
    panels = (_path, _times, _gradients, _curves, _ratios, _accuracy)
    for ax, panel, letter in zip(axes.ravel(), panels, "ABCDEF", strict=True):
        panel(ax, data, p)
        ax.set_title(f"{letter}  {ax.get_title(loc='left')}", loc="left", fontsize=ax.xaxis.label.get_size())
    return fig


def _write(ax, x, y, text, arm=None, **options):
    """A direct label in axes coordinates, in the colour of its arm."""
    colour = plotting.THEORY if arm is None else INKS[arm]
    size = ax.xaxis.label.get_size()
    ax.text(x, y, text, color=colour, transform=ax.transAxes, fontsize=size, **options)


def _path(ax, data, p):
    z0 = 2 * p.start
    for k, arm in enumerate(ARMS):
        rows = data[(data.part == "path") & (data.arm == arm)].sort_values("x")
        plotting.line(ax, rows.x.to_numpy(), rows.value.to_numpy(), k)
        z = np.linspace(z0, -6, 400)
        plotting.theory(ax, flow_time(arm, z0, z) / p.coarse_rate, sigma(z), label="_")
    ax.set(xlim=(0, p.path_steps), ylim=(0, 1.04), xlabel="step", ylabel="prediction (target 0)")
    ax.set_title(f"One unit from w = b = {p.start:g}", loc="left")
    _write(ax, 0.42, 0.83, NAMES["squared"], 0)
    _write(ax, 0.09, 0.4, NAMES["log"], 1)


def _times(ax, data, p):
    for k, arm in enumerate(ARMS):
        z, t = times(data, arm, "fine")
        plotting.line(ax, z, t, k, linestyle="none", markevery=1)
        x = np.linspace(0, p.z_max, 200)
        plotting.theory(ax, x, flow_time(arm, x, goal_logit(p.goal)), label="_")
    ax.set(yscale="log", xlabel="initial logit", ylabel="time (steps × rate)", xlim=(-0.3, p.z_max + 0.3))
    ax.set_ylim(1.5, None)
    ax.set_title(f"Time to prediction {p.goal:g}", loc="left")
    _write(ax, 0.03, 0.55, NAMES["squared"], 0)
    _write(ax, 0.97, 0.03, NAMES["log"], 1, ha="right")
    _write(ax, 0.03, 0.92, "dashed: theory")


def _gradients(ax, data, p):
    for k, arm in enumerate(ARMS):
        z, g = logit_gradient(data, arm, 0)
        near = np.abs(z) <= 8
        plotting.line(ax, z[near], np.abs(g[near]), k)
    x = np.linspace(-8, 8, 400)
    hinge, absolute = plotting.style(2)["color"], plotting.style(3)["color"]
    ax.plot(x, (x > -1) * 1.0, color=hinge, linestyle=(0, (1.2, 1.2)), drawstyle="steps-mid", zorder=1)
    ax.plot(x, sigma(x) * sigma(-x), color=absolute, linestyle=(0, (6, 1.2, 1.2, 1.2)), zorder=1)
    ax.set(xlim=(-8, 8), ylim=(0, 1.12), xlabel="logit (target 0)", ylabel="size of gradient")
    ax.set_title("Gradient by the logit", loc="left")
    _write(ax, 0.64, 0.7, NAMES["log"], 1)
    _write(ax, 0.68, 0.22, "squared\nerror", 0)
    _write(ax, 0.4, 0.83, "hinge", 2, ha="right")
    _write(ax, 0.38, 0.16, "absolute\nerror", 3, ha="right")


def _curves(ax, data, p):
    rows = data[data.part == "curve"]
    for k, arm in enumerate(ARMS):
        wide = rows[rows.arm == arm].pivot(index="seed", columns="x", values="value")
        bounds = np.array([statistics.interval(wide[e].to_numpy())[0] for e in wide.columns])
        plotting.line(ax, wide.columns, 100 * wide.mean(), k, label=NAMES[arm])
        plotting.band(ax, wide.columns, 100 * bounds[:, 0], 100 * bounds[:, 1], k)
    plotting.threshold(ax, 0.36, 100 * p.target, f"{100 * p.target:g} %")
    ax.set(xscale="log", xlim=(1, p.epochs), ylim=(0, None), xlabel="epoch", ylabel="training errors (%)")
    ax.set_title(f"Digits, output scale {p.curve_scale:g}", loc="left")
    ax.legend(loc="upper right", borderaxespad=0, handlelength=1.6, fontsize=ax.xaxis.label.get_size())


def _ratios(ax, data, p):
    top = 4.0
    for k, task in enumerate(("digits", "table"), start=2):
        points = []
        for s in p.scales:
            v = paired(data, task, "epochs", s)
            d = np.log(v["squared"] / v["log"])
            (low, high), reached = statistics.interval(d)[0], paired(data, task, "reached", s)["squared"]
            points.append((s, *np.exp([d.mean(), low, high]), reached.mean() < p.half))
        s, mean, low, high, cut = map(np.array, zip(*points, strict=True))
        plotting.interval(ax, s, mean, low, high, k, linestyle="-")
        for x, y in zip(s[cut], high[cut], strict=True):  # a lower bound: most runs did not finish
            ax.annotate("", (x, y * 2.2), (x, y), arrowprops={"arrowstyle": "->", "color": INKS[k]})
            top = max(top, y * 2.5)
    ax.axhline(1, color=plotting.THEORY, linewidth=0.7)
    plotting.threshold(ax, 0.24, p.slow_ratio, f"slower: {p.slow_ratio:g}")
    _scale_axis(ax, p)
    ax.set(yscale="log", ylabel="ratio, squared / log")
    ax.set_ylim(None, top)
    ax.set_title(f"Epochs to {100 * p.target:g} % errors", loc="left")
    _write(ax, 0.3, 0.75, "digits", 2, ha="right")
    _write(ax, 0.97, 0.05, "table", 3, ha="right")


def _scale_axis(ax, p):
    ax.set_xscale("log")
    ax.set_xticks(p.scales, [f"{s:g}" for s in p.scales])
    ax.set_xticks([], minor=True)
    ax.set_xlim(min(p.scales) * 0.8, max(p.scales) * 1.25)
    ax.set_xlabel("initial output scale")


def _accuracy(ax, data, p):
    for k, part in enumerate(("clean", "noisy"), start=2):
        points = []
        for s in p.scales:
            v = paired(data, part, "accuracy", s)
            d = v["log"] - v["squared"]
            points.append((d.mean(), *statistics.interval(d)[0]))
        mean, low, high = 100 * np.array(points).T
        plotting.interval(ax, p.scales, mean, low, high, k, linestyle="-")
    ax.axhline(0, color=plotting.THEORY, linewidth=0.7)
    _scale_axis(ax, p)
    ax.set_ylabel("lost (points)")
    ax.set_title("Test accuracy lost", loc="left")
    _write(ax, 0.05, 0.85, "clean labels", 2)
    _write(ax, 0.97, 0.12, f"{p.noise:.0%} noise", 3, ha="right")
