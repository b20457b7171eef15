"""The figure of the study `adagrad_decay`: three rows for three claims."""

import numpy as np

from studies.adaptive._adagrad_judge import curves, pick, times
from studies.adaptive._adagrad_streams import crossing_time
from studies.harness import plotting, statistics
from studies.harness.labels import _ink

ARMS = ("AdaGrad", "RMSProp", "Adam", "running mean", "SGD")


def draw(data, p):
    fig, axes = plotting.figure(3, 2, height=15.5)
    step_length(axes[0, 0], data, p)
    burst(axes[0, 1], data, p)
    digits(axes[1, 0], data, p, "shallow", p.hidden)
    digits(axes[1, 1], data, p, "deep", p.deep_hidden)
    accuracy(axes[2, 0], data, p)
    frequency(axes[2, 1], data, p)
    return fig


def write(ax, x, y, text, arm, **options):
    colour = plotting.THEORY if arm is None else _ink(plotting.style(arm, ARMS)["color"])
    ax.text(x, y, text, color=colour, transform=ax.transAxes, fontsize=ax.xaxis.label.get_size(), **options)


def averaged(ax, x, y, arm, **options):
    """Mean over seeds with its 95 % band."""
    bounds = np.array([statistics.interval(column)[0] for column in y.T])
    plotting.line(ax, x, y.mean(0), arm, ARMS, **options)
    plotting.band(ax, x, bounds[:, 0], bounds[:, 1], arm, ARMS)


def step_length(ax, data, p):
    for arm in ("RMSProp", "running mean", "Adam", "AdaGrad"):
        t, y = curves(data, "noisy", arm, "length", "zero mean")
        averaged(ax, t, y / p.rate, arm)
    ax.set(xscale="log", yscale="log", xlabel="step t", ylabel="RMS step / rate", ylim=(None, 8))
    ax.set_title("noisy gradients")
    plotting.theory(ax, t, t**p.step_slope, label="_")
    write(ax, 0.02, 0.98, "RMSProp,", "RMSProp", va="top")
    write(ax, 0.37, 0.98, "mean (E24)", "running mean", va="top")
    write(ax, 0.6, 0.6, "Adam", "Adam")
    write(ax, 0.15, 0.22, "AdaGrad", "AdaGrad")
    write(ax, 0.62, 0.42, r"$t^{-1/2}$", None)


def burst(ax, data, p):
    x = np.array(p.bursts)
    for arm in ("AdaGrad", "RMSProp", "Adam"):
        found = times(data, p, arm)
        plotting.line(ax, x, [found[v] for v in x], arm, ARMS, linestyle="none" if arm == "AdaGrad" else None)
    fine = np.geomspace(x[0], x[-1], 60)
    plotting.theory(ax, fine, crossing_time(p.distance, fine, p.number), label="_")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="size M of the burst",
        ylabel=f"steps to travel {p.distance:g} rates",
    )
    ax.set_title("slope of 1 after a burst")
    write(ax, 0.02, 0.86, r"$\frac{D}{a}M\sqrt{m}+\frac{D^2}{4a^2}$", None, va="center")
    write(ax, 0.45, 0.7, "AdaGrad", "AdaGrad", ha="right")
    write(ax, 0.98, 0.42, "Adam", "Adam", ha="right")
    write(ax, 0.98, 0.08, "RMSProp", "RMSProp", ha="right")


def digits(ax, data, p, kind, hidden):
    for arm in ("AdaGrad", "RMSProp", "Adam"):
        epoch, y = curves(data, "digits", arm, "log loss", kind)
        averaged(ax, epoch, y / np.log(10), arm, label=arm)
    ax.set(xlabel="epoch", ylabel="log10 training loss", xlim=(0, p.epochs * 1.02))
    ax.set_title(f"digits, {hidden} hidden layers")
    ax.margins(x=0)


def accuracy(ax, data, p):
    for arm in ("AdaGrad", "SGD"):
        part = pick(data, "sparse grid", arm=arm).sort_values("x")
        plotting.line(ax, part.x.to_numpy(), part["value"].to_numpy(), arm, ARMS)
    ax.set(xscale="log", xlabel="learning rate", ylabel="accuracy")
    ax.set_title("one pass, Zipf features")


def frequency(ax, data, p):
    for arm in ("AdaGrad", "SGD"):
        f, y = curves(data, "sparse step", arm, "effective")
        y = y / y[:, -1:]
        averaged(ax, f, y, arm)
    plotting.theory(ax, f, (f / f[-1]) ** p.frequency_slope, label="_")
    ax.set(xscale="log", yscale="log", xlabel="frequency of the feature", ylabel="step / commonest's step")
    ax.set_title("effective step")
    write(ax, 0.3, 0.75, r"$f^{-1/2}$", None)
    write(ax, 0.5, 0.5, "AdaGrad", "AdaGrad")
    write(ax, 0.05, 0.12, "SGD", "SGD")
