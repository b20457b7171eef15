"""The figure of `optimal_rate`: growth with the condition number, ravine, phase map, traces, weights."""

import numpy as np

from studies.harness import plotting, statistics
from studies.momentum import _phase

NAMES = {"gd": "gradient descent", "hb": "heavy ball"}
ARMS = ("gd", "hb")


def draw(data, p, theory):
    fig, grid = plotting.figure(3, 2, height=15.0, height_ratios=(1, 1.25, 1))
    for ax in grid[1]:
        ax.remove()
    middle = fig.add_subplot(grid[1, 0].get_gridspec()[1, :])
    middle.tick_params(labelsize=plotting.FONT)
    _iterations(grid[0, 0], data, p, theory)
    _ravine(grid[0, 1], data, p)
    _map(fig, middle, data, p)
    _traces(grid[2, 0], data, p)
    _weights(grid[2, 1], data, p)
    return fig


def _iterations(ax, data, p, theory):
    """Steps to the tolerance against the condition number."""
    chosen = data[data.part == "quadratic-iterations"]
    for arm in ARMS:
        by = chosen[chosen.arm == arm].groupby("x").value
        bounds = [statistics.interval(v.to_numpy())[0] for _, v in by]
        means = by.mean()
        plotting.interval(ax, means.index, means, *np.transpose(bounds), arm, ARMS)
        line = theory[theory.arm == arm]
        plotting.theory(ax, line.x, line.value, label="_")
    ax.set(xscale="log", yscale="log", xlabel="condition number $\\kappa$", ylabel="steps")
    ax.set_title(f"steps to error {_power(p.tolerance)}")
    ax.text(0.04, 0.86, "gradient\ndescent $\\sim\\kappa$", transform=ax.transAxes, va="center")
    ax.text(
        0.99,
        0.12,
        "heavy ball\n$\\sim\\kappa^{1/2}\\,\\ln\\kappa$",
        transform=ax.transAxes,
        ha="right",
        va="center",
    )


def _power(value):
    return f"$10^{{{round(np.log10(value))}}}$"


def _ravine(ax, data, p):
    """Steps until the steep coordinate has settled, and where momentum begins to pay."""
    x = np.linspace(1.05, 1.985, 200)
    goal, root = np.log(p.ravine_tolerance), np.sqrt(p.momentum)
    plotting.theory(ax, x, goal / np.log(np.abs(1 - x)), label="_")
    plotting.theory(ax, x, np.full(x.size, goal / np.log(root)), label="_")
    for arm in ARMS:
        rows = data[(data.part == "ravine-across") & (data.arm == arm) & (data.x > 1)].sort_values("x")
        look = plotting.style(arm, ARMS) | {"linestyle": "none"}
        ax.plot(rows.x, rows.value, **look)
    ax.axvline(1 + root, color="#888888", linewidth=0.6, zorder=0)
    ax.set(yscale="log", xlim=(1.05, 2.02), ylim=(4, 1500), xlabel="step $\\alpha h$ of steep direction")
    ax.set_title("steps to end the zigzag")
    ax.text(1.08, 420, f"heavy ball, $\\beta$ = {p.momentum:g}")
    ax.text(1.1, 60, "gradient\ndescent", va="center")
    ax.text(1 + root - 0.012, 5, "$1+\\sqrt{\\beta}$", ha="right", color="#555555")


def _map(fig, ax, data, p):
    """Measured rate of one mode, with the boundaries of the regimes."""
    steps, momenta, rates, _ = _phase.maps(data)
    mesh = ax.pcolormesh(
        steps,
        momenta,
        np.clip(rates, 0, 2),
        cmap="cividis",
        vmin=0,
        vmax=1.5,
        rasterized=True,
        shading="nearest",
    )
    inset = ax.inset_axes([0.70, 0.16, 0.26, 0.05])
    bar = fig.colorbar(mesh, cax=inset, orientation="horizontal", extend="max", ticks=(0, 0.5, 1, 1.5))
    bar.ax.set_title("measured factor\nper step", loc="center", pad=3, fontsize=plotting.FONT)
    bar.ax.tick_params(labelsize=plotting.FONT)
    b = np.linspace(0, 1, 400)
    root = np.sqrt(b)
    for x, y in (((1 - root) ** 2, b), ((1 + root) ** 2, b), (2 * (1 + b), b)):
        plotting.theory(ax, x, y, label="_", color="white", linewidth=1.1)
    halo = {"color": "white", "ha": "center", "va": "center"}
    ax.text(1.55, 0.62, "ripples", **halo)
    ax.text(3.83, 0.52, "diverges", ha="center", va="center", color="black")
    ax.annotate(
        "monotone",
        xy=(0.3, 0.07),
        xytext=(0.72, 0.36),
        **halo,
        arrowprops={"arrowstyle": "-", "color": "white", "lw": 0.6},
    )
    ax.annotate(
        "alternating",
        xy=(2.05, 0.1),
        xytext=(2.0, 0.40),
        **halo,
        arrowprops={"arrowstyle": "-", "color": "white", "lw": 0.6},
    )
    for name, (x, y) in p.samples.items():
        ax.text(
            x,
            max(y, 0.035),
            name,
            ha="center",
            va="center",
            weight="bold",
            bbox={
                "boxstyle": "circle,pad=0.12",
                "facecolor": "white",
                "edgecolor": "black",
                "linewidth": 0.5,
            },
        )
    ax.set(
        xlim=(0, p.largest_step),
        ylim=(0, 1),
        xlabel="step times curvature $\\alpha h$",
        ylabel="momentum $\\beta$",
    )
    ax.set_title("one eigen-mode of heavy ball, dashed: theory")


def _traces(ax, data, p):
    """One trace per regime, each scaled by its largest size."""
    chosen = data[data.part == "sample"]
    for place, name in enumerate(p.samples):
        w = chosen[chosen.arm == name].sort_values("x")
        base = -place * 2.4
        ax.axhline(base, color="#bbbbbb", linewidth=0.4, zorder=0)
        ax.plot(
            w.x,
            base + w.value / np.abs(w.value).max(),
            color=plotting.COLOURS[0],
            marker="o",
            markersize=1.8,
            lw=0.8,
        )
        ax.text(-0.9, base, name, weight="bold", ha="right", va="center")
    ax.set(xlim=(-0.6, p.sample_steps + 0.4), yticks=(), xlabel="step $t$")
    ax.spines.left.set_visible(False)
    ax.set_title("error over time at A–E")


def _weights(ax, data, p):
    """Weight of a gradient in the velocity against its age, as measured and as two slides print it."""
    rows = data[data.part == "stream-weight"].sort_values("y")
    b, age = p.momentum, rows.y.to_numpy()
    ax.plot(age, rows.value, **plotting.style("hb", ARMS) | {"linestyle": "none", "markersize": 2.4})
    plotting.theory(ax, age, b**age, label="_")
    for wrong in (-(b**age), b**-age):
        plotting.theory(ax, age, wrong, label="_", linestyle=(0, (1, 1.2)), color="#888888")
    ax.axhline(0, color="#bbbbbb", linewidth=0.4, zorder=0)
    ax.set(ylim=(-1.15, 2.4), xlim=(-0.8, age.max()), xlabel="age of the gradient / steps", ylabel="weight")
    ax.text(11, 0.52, "measured, $\\beta^{\\mathrm{age}}$")
    ax.text(9.8, 1.85, "printed exponent\n$j-t$ (E22)", color="#555555", va="center")
    ax.text(9, -0.85, "printed sign (E05)", color="#555555")
    ax.set_title("weights in the velocity")
