"""The figure of `benign_overfitting`: spikes, grid, map, random points, double descent, spectra, polynomials."""

import numpy as np

from studies.generalization import _benign_aliasing as aliasing
from studies.generalization import _benign_double_descent as descent
from studies.generalization import _benign_random, _benign_ranks
from studies.generalization._benign_grid import weights
from studies.harness import plotting, statistics

GREY = "#555555"
HEIGHT = 21.5  # cm


def draw(data, p, theory):
    fig, grid = plotting.figure(5, 2, height=HEIGHT, height_ratios=(0.8, 1, 1.05, 1.05, 1.05))
    for ax in (*grid[0], *grid[4]):
        ax.remove()
    spec = grid[0, 0].get_gridspec()
    _spikes(fig.add_subplot(spec[0, :]), data, p)
    _grid(grid[1, 0], data, p)
    _map(fig, grid[1, 1], data, p)
    _random(grid[2, 0], data, p)
    _descent(grid[2, 1], data, p, theory)
    _ranks(grid[3, 0], data, p, theory)
    _polynomials(grid[3, 1], data, p)
    _fits(fig, spec[4, :].subgridspec(2, 3), data, p)
    for ax in fig.axes:
        ax.tick_params(which="both", labelsize=plotting.FONT)
    return fig


def _write(ax, x, y, text, arm=None, **kwargs):
    """Text at axes fractions, in the ink of an arm."""
    colour = GREY if arm is None else plotting.COLOURS[arm]
    options = {"transform": ax.transAxes, "color": _dark(colour), "va": "center"} | kwargs
    ax.text(x, y, text, **options)


def _dark(colour):
    from matplotlib.colors import to_rgb

    return tuple(0.72 * c for c in to_rgb(colour))


def _spikes(ax, data, p):
    """An interpolator that is wrong on needles only."""
    rows = data[data.part == "spikes"]
    fit, points = (rows[rows.arm == arm].sort_values("x") for arm in ("fit", "data"))
    ax.plot(fit.x, fit.value, color=plotting.COLOURS[0], linewidth=0.8)
    plotting.theory(ax, fit.x, np.sin(2 * np.pi * fit.x), label="_")
    ax.plot(points.x, points.value, color=plotting.COLOURS[3], marker="o", linestyle="none", markersize=3.2)
    ax.set(xlim=(-0.02, 1.02), xlabel="$x$", ylabel="$y$")
    ax.set_title(f"fit through all {p.points} noisy points with {p.points * p.spike_copies} sinusoids")
    _write(ax, 0.98, 0.93, "dashed: truth, $\\sin 2\\pi x$", ha="right")
    _write(ax, 0.98, 0.78, "line: interpolating fit", 0, ha="right")


def _grid(ax, data, p):
    """Risk on the grid against features per example: three fates of the noise, two of the signal."""
    n = p.grid_points[min(2, len(p.grid_points) - 1)]
    dense = np.unique(np.geomspace(1, max(p.copies), 60).astype(int) // 2 * 2 + 1)
    power = f"{2 if 2 in p.powers else p.powers[-1]:g}"
    arms = (("isotropic", "risk"), (power, "noise"), ("bilevel", "risk"), ("isotropic", "noise"))
    for k, (kind, metric) in enumerate(arms):
        rows = data[(data.part == f"grid-{metric}") & (data.arm == kind) & (data.x == n)]
        by = rows.groupby("y").value
        bounds = [statistics.interval(v.to_numpy())[0] for _, v in by]
        plotting.interval(ax, by.mean().index, by.mean(), *np.transpose(bounds), k)
        pairs = [aliasing.risk(weights(kind, n, m, p), aliasing.sine(n, m), p.grid_noise) for m in dense]
        plotting.theory(ax, dense, [v if metric == "noise" else b + v for b, v in pairs], label="_")
    ax.set(xscale="log", yscale="log", xlabel="features per example $M$", ylim=(2e-3, 5), xlim=(0.8, 3e4))
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    ax.set_title(f"risk on a grid, $n$ = {n}")
    labels = ("equal:\nsignal lost", "power:\nnoise stays", "bilevel:\nbenign", "equal:\nnoise alone")
    for k, (text, y) in enumerate(zip(labels, (0.2, 1.9, 0.038, 0.0052), strict=True)):
        ax.text(340, y, text, color=_dark(plotting.COLOURS[k]), va="center")


def _map(fig, ax, data, p):
    """Measured risk of bilevel weights over the light weight and M, with the tail that theory calls best."""
    wide = data[data.part == "map"].pivot(index="y", columns="x", values="value")
    mesh = ax.pcolormesh(
        wide.columns, wide.index, np.log10(wide.to_numpy()), cmap="cividis", vmin=-1.1, vmax=0, shading="nearest",
        rasterized=True,
    )  # fmt: skip
    tail = aliasing.best_tail(p.map_points, p.low, 0.5, p.grid_noise)
    m = np.geomspace(max(1 + tail, wide.index.min()), wide.index.max(), 100)
    plotting.theory(ax, tail / (m - 1), m, label="_", color="white", linewidth=1.1)
    bar = fig.colorbar(mesh, cax=ax.inset_axes([0.48, 0.08, 0.47, 0.05]), orientation="horizontal")
    bar.set_ticks(np.log10([0.1, 0.3, 1]), labels=["0.1", "0.3", "1"])
    bar.ax.minorticks_off()
    bar.ax.xaxis.set_ticks_position("top")
    ax.set(xscale="log", yscale="log", xlabel="light weight $\\gamma$", ylabel="$M$")
    ax.set(xlim=(wide.columns.min(), wide.columns.max()), ylim=(wide.index.min(), wide.index.max()))
    ax.set_title(f"risk, bilevel, $n$ = {p.map_points}")
    _write(ax, 0.97, 0.86, "signal\nlost", ha="right", color="black")
    _write(ax, 0.06, 0.12, "noise\nstays", color="black")
    _write(ax, 0.08, 0.86, "benign", color="white")
    _write(ax, 0.06, 0.58, "dashed:\nbest tail", color="white")


def _random(ax, data, p):
    """Median risk and quartiles at random points, and medians on the grid."""
    lines = []
    for k, a in enumerate(p.exponents):
        curve = _benign_random.curves(data, "random-risk", f"{a:g}")
        low, middle, high = curve.quantile([0.25, 0.5, 0.75]).to_numpy()
        lines.append(plotting.line(ax, curve.columns, middle, k, markevery=1, markersize=2.2, linestyle="-"))
        plotting.band(ax, curve.columns, low, high, k)
        regular = _benign_random.curves(data, "regular-risk", f"{a:g}").median()
        ax.plot(regular.index, regular, color=_dark(plotting.COLOURS[k]), linestyle=(0, (1, 1)), linewidth=0.9)
    top = np.exp(np.log(_benign_random.curves(data, "random-risk", "0")[p.points]).median())
    _threshold(ax, p.points, f"$p=n$: {_power(top)}")
    ax.set(xscale="log", yscale="log", xlabel="features $p$", ylim=(2e-3, 1e3), xlim=(0.8, 6000))
    ax.set_title(f"risk, {p.points} random points")
    names = {0.0: "equal", 1.0: "$1/k$", 2.0: "$1/k^2$"}
    plotting.label_ends(ax, lines, labels=[names.get(a, f"$k^{{-{a:g}}}$") for a in p.exponents])
    _write(ax, 0.98, 0.1, "median, quartiles\ndotted: grid", ha="right")


def _threshold(ax, n, text):
    """A line at p = n, with what the peak above the panel reaches."""
    ax.axvline(n, color="#999999", linewidth=0.6, zorder=0)
    ax.text(n * 3, 400, text, color=GREY, va="center")


def _power(value):
    """Nearest power of ten."""
    return f"$10^{{{round(np.log10(value))}}}$"


def _descent(ax, data, p, theory):
    """Mean risk of least squares on Gaussian features, geometric mean next to the threshold."""
    n = p.examples
    for k, arm in enumerate((*descent.SIGNALS, "ridge")):
        line = theory[(theory.part == "descent-risk") & (theory.arm == arm)]
        value = line.value.where(np.isfinite(line.value))
        risk, log = (_benign_random.curves(data, f"descent-{m}", arm) for m in ("risk", "log"))
        x = [c for c in risk.columns if (abs(c - n) > p.margin or arm == "ridge") and (c % 4 == 0 or c < 4)]
        mean, half = risk[x].mean(), 1.96 * risk[x].std(ddof=1) / np.sqrt(len(risk))
        plotting.interval(ax, x, mean, mean - half, mean + half, k, markersize=2.6)
        near = [c for c in risk.columns if abs(c - n) <= p.margin and arm != "ridge"]
        look = {"color": plotting.COLOURS[k], "marker": plotting.MARKERS[k], "markersize": 2.6, "fillstyle": "none"}
        ax.plot(near, np.exp(log[near].mean()), linestyle="none", markeredgewidth=0.6, **look)
        plotting.theory(ax, line.x, value, label="_")
    ax.axvline(n, color="#999999", linewidth=0.6, zorder=0)
    ax.set(yscale="log", xlabel="features $p$", ylim=(0.05, 200), xlim=(0, p.features + 2))
    ax.set_title(f"risk, Gaussian, $n$ = {n}")
    _write(ax, 0.98, 0.62, "flat signal", 0, ha="right")
    _write(ax, 0.04, 0.06, "ordered signal", 1)
    _write(ax, 0.02, 0.82, "open:\ngeom.\nmean")
    line, x = theory[(theory.part == "descent-risk") & (theory.arm == "ridge")], round(0.7 * p.features)
    ax.annotate(
        "best ridge", (x, line[line.x == x].value.item()), (x, 0.2), color=_dark(plotting.COLOURS[2]), ha="center",
        arrowprops={"arrowstyle": "-", "color": _dark(plotting.COLOURS[2]), "lw": 0.6},
    )  # fmt: skip


def _ranks(ax, data, p, theory):
    """Variance of the interpolator against n for each spectrum."""
    arms = (*(f"k^-{a:g}" for a in p.tempered_powers), "log", "spikes", "exp", _benign_ranks.CONTROL)
    for k, arm in enumerate(arms):
        by = data[(data.part == "ranks") & (data.arm == arm)].groupby("x").value
        bounds = [statistics.interval(v.to_numpy())[0] for _, v in by]
        plotting.interval(ax, by.mean().index, by.mean(), *np.transpose(bounds), k)
        line = theory[(theory.part == "ranks") & (theory.arm == arm)].sort_values("x")
        plotting.theory(ax, line.x, line.value, label="_")
    ax.set(xscale="log", yscale="log", xlabel="examples $n$", ylim=(0.08, 1.8), xlim=(44, 1700))
    ax.set_xticks(p.rank_points, [str(n) for n in p.rank_points])
    ax.set_xticks([], minor=True)
    ax.set_yticks([0.1, 0.2, 0.5, 1], ["0.1", "0.2", "0.5", "1"])
    ax.set_yticks([], minor=True)
    ax.set_title("noise passed on")
    end, ink = 1.17 * max(p.rank_points), [_dark(c) for c in plotting.COLOURS]
    for k, (a, arm) in enumerate(zip(p.tempered_powers, arms, strict=False)):
        y = theory[(theory.part == "ranks") & (theory.arm == arm)].value.iloc[-1]
        ax.text(end, y, f"$k^{{-{a:g}}}$", color=ink[k % len(ink)], va="center")
    labels = ("$1/k\\ln^2 k$", "spikes,\nflat tail", "$e^{-k}$, flat", "equal, $d=2n$")
    places = ((end, 0.215), (48, 0.13), (end, 0.145), (48, 1.35))
    for k, (text, place) in enumerate(zip(labels, places, strict=True), start=len(p.tempered_powers)):
        ax.text(*place, text, color=ink[k % len(ink)], va="center")


def _polynomials(ax, data, p):
    """Median risk and quartiles of Legendre fits against their number."""
    for k, arm in enumerate(("unweighted", "weighted")):
        curve = _benign_random.curves(data, "poly-risk", arm)
        low, middle, high = curve.quantile([0.25, 0.5, 0.75]).to_numpy()
        plotting.line(ax, curve.columns, middle, k, markevery=1, markersize=2.2, linestyle="-")
        plotting.band(ax, curve.columns, low, high, k)
    top = np.exp(np.log(_benign_random.curves(data, "poly-risk", "weighted")[p.points]).median())
    _threshold(ax, p.points, f"$p=n$: {_power(top)}")
    ax.set(xscale="log", yscale="log", xlabel="polynomials $p$", ylim=(1e-2, 1e3), xlim=(0.8, 1500))
    ax.set_title("median risk, polynomials")
    _write(ax, 0.98, 0.42, "equal", 0, ha="right")
    _write(ax, 0.98, 0.09, "1/degree", 1, ha="right")


def _fits(fig, spec, data, p):
    """Six fits to the same points."""
    notes = ("too stiff", "good", "wiggles", "wild", "still wild", "calm again")
    rows = data[data.part == "curve"]
    points = rows[rows.arm == "data"]
    axes = spec.subplots()
    for ax, k, note in zip(np.ravel(axes), p.shown, notes, strict=True):
        curve = rows[(rows.arm == "weighted") & (rows.y == k)].sort_values("x")
        plotting.theory(ax, curve.x, np.sin(2 * np.pi * curve.x), label="_")
        ax.plot(curve.x, curve.value, color=plotting.COLOURS[1], linewidth=1.0)
        ax.plot(points.x, points.value, color=plotting.COLOURS[3], marker="o", linestyle="none", markersize=2.2)
        ax.set(ylim=(-2.2, 2.2), xlim=(-0.02, 1.02), xticks=(), yticks=())
        ax.set_title(f"$p$ = {k}: {note}", pad=2)
