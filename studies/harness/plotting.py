"""Figures that read at 9 cm, in grey and for colour-blind eyes: style, panels, theory lines, intervals,
labels.

Figures are made without pyplot, so nothing stays open and no global state changes; the runner draws inside
`context()`.
"""

import io
from itertools import cycle, islice

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from studies.harness import panels
from studies.harness.files import canonical
from studies.harness.labels import label_ends

__all__ = [
    "COLOURS",
    "DASHES",
    "DIVERGING",
    "MARKERS",
    "SEQUENTIAL",
    "THEORY",
    "band",
    "context",
    "figure",
    "interval",
    "label_ends",
    "line",
    "palette",
    "render",
    "signed",
    "smallest_text",
    "style",
    "theory",
    "watermark",
]

CM = 1 / 2.54
WIDTH = 9.0  # cm, the width at which text must be readable
FONT = 7.0  # points at that width

# Okabe & Ito 2008, ordered so that neighbours differ in lightness too; yellow is left out (weak on white)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
DASHES = (
    "-",
    (0, (5, 1.2)),
    (0, (1.2, 1.2)),
    (0, (6, 1.2, 1.2, 1.2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 2)),
    "-",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
THEORY = "#333333"
SEQUENTIAL = "viridis"  # rises evenly in lightness, hence readable in grey
DIVERGING = "PuOr"

RC = {
    "font.size": FONT,
    "axes.labelsize": FONT,
    "axes.titlesize": FONT,
    "xtick.labelsize": FONT,
    "ytick.labelsize": FONT,
    "legend.fontsize": FONT,
    "figure.titlesize": FONT + 1,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.frameon": False,
    "errorbar.capsize": 1.5,
    "image.cmap": SEQUENTIAL,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "svg.hashsalt": "claimlab",
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
}


def context():
    """The style as a context manager; restores the settings found."""
    return matplotlib.rc_context(RC)


def figure(rows=1, cols=1, *, width=WIDTH, height=None, **subplots):
    """(Figure, axes) of `rows` x `cols` panels, `width` cm wide (text grows with it), constrained layout.

    `height` in cm, by default 0.72 of the panel width per row (at least 5 cm). Other arguments go to
    ``Figure.subplots``.
    """
    height = rows * max(5.0, 0.72 * width / cols) if height is None else height
    font = FONT * width / WIDTH
    sizes = {k: font for k in RC if k.endswith(("labelsize", "titlesize", "fontsize")) or k == "font.size"}
    with matplotlib.rc_context(RC | sizes):
        fig = Figure(figsize=(width * CM, height * CM), layout="constrained")
        FigureCanvasAgg(fig)
        axes = fig.subplots(rows, cols, **subplots)
        for ax in np.ravel(axes):
            ax.tick_params(which="both", labelsize=font)
    return fig, axes


def position(arm, arms=None) -> int:
    """`arm` itself where it is a position, else its position in `arms`; ValueError for an unknown name."""
    if not isinstance(arm, str) and (arms is None or arm not in arms):
        return int(arm)
    if arms is None or arm not in arms:
        raise ValueError(f"arm {arm!r} is not one of {list(arms or ())}")
    return list(arms).index(arm)


def style(arm, arms=None) -> dict:
    """Colour, dashes and marker of the k-th arm: `arm` is a position, or a name in `arms`."""
    k = position(arm, arms)
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": DASHES[k % len(DASHES)],
        "marker": MARKERS[k % len(MARKERS)],
    }


def palette(n):
    """The first `n` colours, repeated when they run out; for seaborn's ``palette=``."""
    return list(islice(cycle(COLOURS), n))


def theory(ax, x, y, label="theory", **kwargs):
    """A prediction: thin dashed dark line above the data. Returns the line."""
    options = {
        "color": THEORY,
        "linestyle": (0, (4, 2)),
        "linewidth": 0.9,
        "zorder": 3,
        "label": label,
    } | kwargs
    (line,) = ax.plot(x, y, **options)
    return line


def threshold(ax, x, y, text, below=False):
    """A dotted line where a criterion draws it, at y, and what it is, from x (0 to 1 across the axes)."""
    ax.axhline(y, color=THEORY, linewidth=0.7, linestyle=":")
    va, size = "top" if below else "bottom", ax.xaxis.label.get_size()
    ax.text(x, y, text, color=THEORY, transform=ax.get_yaxis_transform(), fontsize=size, va=va)


def line(ax, x, y, arm=0, arms=None, label=None, **kwargs):
    """A measured curve in its arm's style, with few markers. Returns the line."""
    options = style(arm, arms) | {
        "markevery": 1 if len(x) <= 12 else 0.12,
        "label": label or ("_" if arms is None else str(list(arms)[position(arm, arms)])),
    }
    (drawn,) = ax.plot(x, y, **(options | kwargs))
    return drawn


def band(ax, x, low, high, arm=0, arms=None, **kwargs):
    """A shaded interval around a curve, in the colour of its arm."""
    options = {"color": style(arm, arms)["color"], "alpha": 0.2, "linewidth": 0, "zorder": 1} | kwargs
    return ax.fill_between(x, low, high, **options)


def interval(ax, x, y, low, high, arm=0, arms=None, label=None, **kwargs):
    """Points with error bars from `low` to `high`; join the points with ``linestyle="-"``."""
    y, low, high = (np.asarray(v, float) for v in (y, low, high))
    look = style(arm, arms)
    options = {
        "color": look["color"],
        "marker": look["marker"],
        "linestyle": "none",
        "elinewidth": 0.9,
        "label": label,
    }
    # clipped at 0: a BCa interval need not contain its mean
    error = np.vstack([np.maximum(y - low, 0), np.maximum(high - y, 0)])
    return ax.errorbar(x, y, yerr=error, **(options | kwargs))


def signed(value, digits=1) -> str:
    """A number with its sign, but for one that rounds to zero: "+1.5", "-0.3", "0.0"."""
    text = f"{value:+.{digits}f}"
    return text if float(text) else text[1:]


def watermark(fig, text="QUICK"):
    """Marks a figure that is not from a full run."""
    fig.text(
        0.5,
        0.5,
        text,
        rotation=30,
        fontsize=48,
        color="#888888",
        alpha=0.22,
        ha="center",
        va="center",
        weight="bold",
    )


def smallest_text(fig) -> float:
    """Size in points of the smallest text once the figure is printed 9 cm wide."""
    from matplotlib.text import Text

    shrink = min(1.0, WIDTH * CM / fig.get_figwidth())
    sizes = [t.get_size() for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return shrink * min(sizes, default=FONT)


def render(fig) -> tuple[bytes, bytes]:
    """(SVG, PNG) of a figure, the same bytes for the same drawing: no date, no random ids.

    Both describe their panels, so that one can be cut out later without drawing again.
    """
    with context():
        svg, png = io.BytesIO(), io.BytesIO()
        if (layout := fig.get_layout_engine()) is not None:
            layout.execute(fig)
            fig.set_layout_engine(None)  # a second layout would move things by a hair, and cost a drawing
        described = {"Description": canonical(panels.find(fig))}
        fig.savefig(svg, format="svg", metadata=described | {"Date": None, "Creator": None})
        fig.savefig(png, format="png", dpi=300, metadata=described | {"Software": None})
    return svg.getvalue(), png.getvalue()
