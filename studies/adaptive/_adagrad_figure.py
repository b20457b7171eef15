"""The figure of the study `adagrad_decay`: three rows for three claims."""

import numpy as np

from studies.adaptive._adagrad_judge import curves, last, times
from studies.adaptive._adagrad_streams import crossing_time
from studies.harness import plotting, statistics

ARMS = ("AdaGrad", "RMSProp", "Adam", "running mean", "SGD")
RIVALS = ARMS[:3]


def draw(data, p):
    fig, axes = plotting.figure(3, 2, height=15.5)
    step_length(axes[0, 0], data, p)
    burst(axes[0, 1], data, p)
    digits(axes[1, 0], data, p, "shallow", p.hidden)
    digits(axes[1, 1], data, p, "deep", p.deep_hidden)
    gains(axes[2, 0], data, p)
    frequency(axes[2, 1], data, p)
    return fig


def write(ax, x, y, text, arm=None, **options):
    """A label inside the panel, in the darkened colour of its arm; x, y in fractions of the panel."""
    colour = plotting.THEORY if arm is None else plotting.style(arm, ARMS)["color"]
    dark = {"#E69F00": "#9A6A00", "#56B4E9": "#2B77A6", "#009E73": "#007556"}
    font = ax.xaxis.label.get_size()
    ax.text(x, y, text, color=dark.get(colour, colour), transform=ax.transAxes, fontsize=font, **options)


def averaged(ax, x, y, arm, **options):
    """Mean over seeds with its 95 % band."""
    bounds = np.array([statistics.interval(column)[0] for column in y.T])
    plotting.line(ax, x, y.mean(0), arm, ARMS, **options)
    plotting.band(ax, x, bounds[:, 0], bounds[:, 1], arm, ARMS)


def step_length(ax, data, p):
    for arm in ("RMSProp", "running mean", "Adam", "AdaGrad"):
        t, y = curves(data, "noisy", arm, "length", "zero mean")
        averaged(ax, t, y / p.rate, arm)
    plotting.theory(ax, t, t**p.step_slope, label="_")
    ax.set(xscale="log", yscale="log", xlabel="step t", ylabel="RMS step / rate", ylim=(None, 12))
    ax.set_title("noise as gradient")
    write(ax, 0.03, 0.98, "sum printed as\nmean (E24)", "running mean", va="top")
    write(ax, 0.98, 0.70, "RMSProp", "RMSProp", ha="right")
    write(ax, 0.98, 0.49, "Adam", "Adam", ha="right")
    write(ax, 0.42, 0.18, "AdaGrad", "AdaGrad", ha="right")
    write(ax, 0.98, 0.28, r"$t^{-1/2}$", ha="right")


def burst(ax, data, p):
    x = np.array(p.bursts)
    for arm in RIVALS:
        found = times(data, p, arm)
        look = {"linestyle": "none", "markersize": 4} if arm == "AdaGrad" else {}
        plotting.line(ax, x, [found[v] for v in x], arm, ARMS, **look)
    fine = np.geomspace(x[0], x[-1], 60)
    plotting.theory(ax, fine, crossing_time(p.distance, fine, p.number), label="_")
    ax.set(xscale="log", yscale="log", xlabel="size M of the burst", ylabel="steps down the slope")
    ax.set_title("slope of 1 after a burst")
    write(ax, 0.02, 0.93, r"$\frac{D}{a}M\sqrt{m}+\frac{D^2}{4a^2}$", va="center")
    write(ax, 0.47, 0.68, "AdaGrad", "AdaGrad", ha="right")
    write(ax, 0.98, 0.40, "Adam", "Adam", ha="right")
    write(ax, 0.98, 0.10, "RMSProp", "RMSProp", ha="right")


def digits(ax, data, p, kind, hidden):
    for arm in RIVALS:
        epoch, y = curves(data, "digits", arm, "log loss", kind)
        averaged(ax, epoch, y / np.log(10), arm)
    floor = np.log10(p.loss_floor)
    ax.axhline(floor, color="0.5", linewidth=0.8, linestyle=":")
    ax.text(0.02 * p.epochs, floor + 0.12, "floor", color="0.35")
    ax.set(xlabel="epoch", ylabel="log10 training loss", xlim=(0, p.epochs), ylim=(floor - 0.4, 0.4))
    ax.set_title(f"digits, {hidden} hidden layers")
    if kind == "shallow":
        write(ax, 0.98, 0.80, "AdaGrad", "AdaGrad", ha="right")
        write(ax, 0.98, 0.35, "Adam", "Adam", ha="right")
        write(ax, 0.98, 0.17, "RMSProp", "RMSProp", ha="right")


def gains(ax, data, p):
    """AdaGrad's accuracy less SGD's on the three kinds of features, in percentage points."""
    short, long = p.sparse_sizes
    rows = (("zipf", long), ("zipf", short), ("permuted", long), ("dense", long), ("dense", short))
    names = {"zipf": "Zipf", "permuted": "equal f", "dense": "dense"}
    for k, (kind, n) in enumerate(rows):
        own, other = (last(data, "sparse", kind, arm, "accuracy", n) for arm in ("AdaGrad", "SGD"))
        gain = 100 * (own - other)
        ((low, high),) = statistics.interval(gain)
        at = gain.mean()
        arm = 0 if kind == "zipf" else 3
        ax.errorbar(
            at, -k, xerr=[[max(at - low, 0)], [max(high - at, 0)]], linestyle="none",
            **{key: plotting.style(arm)[key] for key in ("color", "marker")},
        )  # fmt: skip
    ax.axvline(0, color=plotting.THEORY, linewidth=0.6)
    ax.set_yticks([-k for k in range(len(rows))], [f"{names[kind]}\nn = {n}" for kind, n in rows])
    ax.set(xlabel="gain over SGD / % points", ylim=(0.5 - len(rows), 0.5))
    ax.set_title("accuracy after one pass")


def frequency(ax, data, p):
    for arm in ("AdaGrad", "SGD"):
        f, y = curves(data, "sparse step", arm, "effective")
        averaged(ax, f, y / y[:, -1:], arm)
    plotting.theory(ax, f, (f / f[-1]) ** p.frequency_slope, label="_")
    ax.set(xscale="log", yscale="log", xlabel="frequency of the feature", ylabel="step / smallest step")
    ax.set_title("effective step")
    write(ax, 0.35, 0.78, r"$f^{-1/2}$")
    write(ax, 0.55, 0.55, "AdaGrad", "AdaGrad")
    write(ax, 0.05, 0.12, "SGD", "SGD")
