"""The figure of `dropout`: eight panels on five rows."""

from functools import partial

import numpy as np

from studies.harness import plotting, statistics
from studies.harness.verdict import Verdict
from studies.regularization import _dropout_judge as judging
from studies.regularization._dropout_digits import named
from studies.regularization._dropout_digits_judge import best, gain, positive, table

MARKS = {Verdict.CONFIRMED: "✓", Verdict.REFUTED: "✗", Verdict.NULL: "="}
INKS = ("#0072B2", "#8A5F00", "#007A58", "#A84A00")


def draw(data, p, findings):
    """The figure; `findings` by name, as Holm's correction and the controls left them."""
    fig, only = plotting.figure(width=16.0, height=35.5)
    size = only.xaxis.label.get_size()
    only.remove()
    # rows of their own: wide labels of one must not squeeze the others
    rows = fig.subfigures(5, 1, height_ratios=(1, 1, 1.45, 1.1, 1.5))
    axes = [ax for row, cols in zip(rows, (2, 2, 1, 1, 2), strict=True) for ax in np.ravel(row.subplots(1, cols))]
    for ax in axes:
        ax.tick_params(which="both", labelsize=size)
        ax.xaxis.label.set_size(size)
        ax.yaxis.label.set_size(size)
    marked = partial(_map, verdicts=verdicts(findings["accuracy"]))
    panels = (_means, _slide, _scatter, _coefficients, _ratios, _curves, marked, _best)
    for ax, panel, letter in zip(axes, panels, "ABCDEFGH", strict=True):
        title = panel(ax, data, p)
        ax.set_title(f"{letter}  {title}", loc="left", fontsize=ax.xaxis.label.get_size())
    return fig


def verdicts(finding):
    """Verdict by setting; none where a control went wrong."""
    return {} if finding.verdict is Verdict.VOID else {point.at: point.verdict for point in finding.points}


def _write(ax, x, y, text, arm=None, **options):
    """A direct label in axes coordinates, in the colour of its arm."""
    colour = plotting.THEORY if arm is None else INKS[arm]
    options = {"transform": ax.transAxes, "color": colour, "fontsize": ax.xaxis.label.get_size()} | options
    ax.text(x, y, text, **options)


def _diagonal(ax, values):
    low, high = np.min(values), np.max(values)
    pad = 0.05 * (high - low)
    plotting.theory(ax, [low - pad, high + pad], [low - pad, high + pad])


def _means(ax, data, p):
    """Evaluation against the mean of the engine's masks, per unit."""
    for k, arm in enumerate(("inverted", "test", "none")):
        f, se = (judging.rows(data, "sampled", arm, metric) for metric in ("f", "se"))
        half = 1.96 * se.value.to_numpy()
        ax.errorbar(
            f.value, f.theory, xerr=half, color=plotting.COLOURS[k], marker=plotting.MARKERS[k], linestyle="none",
            markersize=4.2, markerfacecolor="none" if arm == "test" else None,
        )  # fmt: skip
    _diagonal(ax, judging.rows(data, "sampled", metric="f")[["value", "theory"]].to_numpy())
    ax.set(xlabel="mean in training", ylabel="evaluation")
    _write(ax, 0.03, 0.91, "/ in training", 0)
    _write(ax, 0.03, 0.80, "× at test", 1)
    _write(ax, 0.97, 0.05, "unscaled", 2, ha="right")
    return f"Scaling, $q$ = {p.sampled_rate:g}"


def _slide(ax, data, p):
    """E42: the deficit of the scaled pre-activation against the bias."""
    rows = judging.rows(data, "mean", "slide", "deficit")
    ends = np.zeros(2)
    for k, rate in enumerate(p.rates):
        chosen, b = rows[rows.x == rate], rows[rows.x == rate].theory / rate
        ends = np.array([min(ends[0], b.min()), max(ends[1], b.max())])
        ax.plot(
            b, chosen.value, color=plotting.COLOURS[k], marker=plotting.MARKERS[k], linestyle="none", markersize=2.6
        )
    for k, rate in enumerate(p.rates):
        plotting.theory(ax, ends, rate * ends)
        ax.annotate(
            f"$q$ = {rate:g}", (ends[1], rate * ends[1]), (3, 0), textcoords="offset points", va="center",
            color=INKS[k % len(INKS)], fontsize=ax.xaxis.label.get_size(), annotation_clip=False,
        )  # fmt: skip
    ax.axhline(0, color=plotting.THEORY, linewidth=0.6)
    _write(ax, 0.03, 0.91, "dashed: $q\\,b$")
    ax.set(xlabel="bias $b$", ylabel="mean missed", xticks=[-2, 0, 2])
    return "Bias scaled too"


def _scatter(ax, data, p):
    """Scaled network against the geometric mean, one layer and trained deep ReLU networks."""
    rows = judging.rows(data, "scatter")
    names = sorted(rows.arm.unique())
    for k, arm in reversed(list(enumerate(names))):
        chosen = rows[rows.arm == arm]
        ax.plot(
            chosen.theory, chosen.value, color=plotting.COLOURS[k], marker=plotting.MARKERS[k], linestyle="none",
            markersize=2.8,
        )  # fmt: skip
    plotting.theory(ax, [0, 1], [0, 1])
    ax.set(xlabel="geometric mean", ylabel="scaled network")
    for k, arm in enumerate(names):
        _write(ax, 0.98, 0.25 - 0.11 * k, arm.split(", ")[-2] if "," in arm else "1 layer", k, ha="right")
    return "Probabilities"


def _ratios(ax, data, p):
    """Ratio of divergences with intervals, per depth, activation, scale."""
    arms = judging.deep_arms(data)[::-1]
    for row, arm in enumerate(arms):
        logs, k = judging.log_ratios(data, arm), 0 if arm.startswith("ReLU") else 3
        low, high = np.exp(statistics.interval(logs)[0])
        mean = np.exp(logs.mean())
        ax.errorbar(
            mean, row, xerr=[[max(mean - low, 0)], [max(high - mean, 0)]], color=plotting.COLOURS[k],
            marker=plotting.MARKERS[k], linestyle="none",
        )  # fmt: skip
    names = {"trained": "trained"} | {f"weights x {s:g}": f"He × {s:g}" for s in p.scales}
    parts = [arm.split(", ") for arm in arms]
    labels = [f"{kind}, {layers.split()[0]}: {names[state]}" for kind, layers, state in parts]
    ax.set_yticks(range(len(arms)), labels)
    ax.axvline(1, color=plotting.THEORY, linewidth=0.9, linestyle=(0, (4, 2)))
    ax.set(xscale="log", xlabel="KL from geometric / from arithmetic mean")
    ax.set_xticks([0.1, 0.2, 0.5, 1], ["0.1", "0.2", "0.5", "1"])
    ax.set_xticks([], minor=True)
    return "Scaled network: nearer to which mean?"


def _coefficients(ax, data, p):
    """Coefficients of masked descent against ridge regression, weighted and not."""
    rate = p.ridge_rates[len(p.ridge_rates) // 2]
    found = judging.rows(data, "descent")
    found = np.stack([g.value.to_numpy() for _, g in found[found.x == rate].groupby("seed")])
    bounds = np.array([statistics.interval(v)[0] for v in found.T])
    for k, arm in ((3, "unweighted"), (0, "weighted")):
        closed = judging.rows(data, "ridge", arm, "w")
        x = closed[closed.x == rate].theory
        plotting.interval(ax, x, found.mean(0), bounds[:, 0], bounds[:, 1], k, markersize=4)
    _diagonal(ax, found.mean(0))
    ax.set(xlabel="ridge coefficient", ylabel="SGD with masks")
    _write(ax, 0.03, 0.88, r"$\propto\|x_j\|^2$", 0)
    _write(ax, 0.98, 0.06, "one for all", 3, ha="right")
    ax.margins(0.12)
    return f"Ridge, $q$ = {rate:g}"


def _curves(ax, data, p):
    """Test accuracy against the drop rate, largest and smallest width, clean and noisy, most examples."""
    n, size = p.sizes[-1], ax.xaxis.label.get_size()
    rates = [*p.hidden_rates, p.extreme_rate]
    combinations = [(w, v) for v in (p.noises[0], p.noises[-1]) for w in (p.widths[-1], p.widths[0])]
    ends = []
    for k, (width, noise) in enumerate(combinations):
        test = table(data, (n, width, noise), "test")[rates]
        bounds = np.array([statistics.interval(test[q].to_numpy())[0] for q in rates])
        plotting.line(ax, rates, test.mean().to_numpy(), k)
        plotting.interval(ax, rates, test.mean(), bounds[:, 0], bounds[:, 1], k)
        ends.append((test.mean().iloc[-1], f"{width} units, {_labels(noise)}", k))
    ax.set(xlabel="drop rate $q$", ylabel="test accuracy", xlim=(-0.03, 0.98))
    low, high = ax.get_ylim()
    place = low
    for height, text, k in sorted(ends):
        place = max(place, height)
        ax.annotate(
            text, (rates[-1], place), (8, 0), textcoords="offset points", color=INKS[k], fontsize=size, va="center",
            annotation_clip=False,
        )  # fmt: skip
        place += 0.11 * (high - low)
    return f"Digits, {n} examples"


def _labels(noise):
    return "clean labels" if noise == 0 else f"{100 * noise:.0f} % wrong"


def _grid(p):
    """Rows of the maps (n, noise) and their labels."""
    settings = [(n, noise) for noise in p.noises for n in p.sizes]
    return settings, [f"{n}\n{'clean' if noise == 0 else 'noisy'}" for n, noise in settings]


def _tiles(ax, p, values, write, **colours):
    settings, labels = _grid(p)
    image = ax.imshow(values, aspect="auto", **colours)
    ax.set_yticks(range(len(settings)), labels)
    ax.set_xticks(range(len(p.widths)), [str(w) for w in p.widths])
    ax.set(xlabel="hidden units")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    for i, (n, noise) in enumerate(settings):
        for j, width in enumerate(p.widths):
            shade = image.cmap(image.norm(values[i, j]))
            dark = 0.3 * shade[0] + 0.59 * shade[1] + 0.11 * shade[2] < 0.5
            text = write((n, width, noise))
            ax.text(j, i, text, ha="center", va="center", color="white" if dark else "black",
                    fontsize=ax.xaxis.label.get_size())  # fmt: skip


def _map(ax, data, p, verdicts):
    """Gain of the best positive rate with the mark of its point's verdict in the finding `accuracy`."""

    def gains(cell):
        return gain(data, cell, best(data, cell, positive(p)), p)

    def write(cell):
        return f"{plotting.signed(100 * gains(cell).mean())} {MARKS.get(verdicts.get(named(cell)), '?')}"

    values = np.array([[gains((n, w, v)).mean() for w in p.widths] for n, v in _grid(p)[0]])
    limit = np.abs(values).max()
    _tiles(ax, p, values, write, cmap=plotting.DIVERGING, vmin=-limit, vmax=limit)
    ax.set(xlabel="hidden units\n✓ confirmed  ✗ refuted\n= null  ? undecided")
    return "Best $q$ > 0: gain, %"


def _best(ax, data, p):
    """Rate that is best on validation, and what one half loses against it on the test digits."""

    def regret(cell):
        test = table(data, cell, "test").mean()
        return test[best(data, cell, p.hidden_rates)] - test[0.5]

    values = np.array([[regret((n, w, v)) for w in p.widths] for n, v in _grid(p)[0]])
    _tiles(
        ax, p, values, lambda c: f"{best(data, c, p.hidden_rates):g}\n({100 * regret(c):z.1f})", cmap="cividis_r",
        vmin=0, vmax=max(0.05, values.max()),
    )  # fmt: skip
    return "Best $q$ (lost at ½, %)"
