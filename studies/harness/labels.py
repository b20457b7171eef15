"""Direct labels: a line's name beside its end, in its colour, moved apart where names would touch."""

import numpy as np
from matplotlib.colors import to_rgb


def label_ends(ax, lines=None, *, labels=None, pad=3.0, at="last"):
    """Writes each line's label beside its end in its colour, moved apart where labels would touch.

    Set scales and limits first. `lines`: those of `ax` with a label by default; `labels` replaces their
    texts; `pad` in points; `at`: "last" or "first" point. Returns the annotations.
    """
    if lines is None:
        lines = [ln for ln in ax.get_lines() if ln.get_label() and not ln.get_label().startswith("_")]
    labels = [ln.get_label() for ln in lines] if labels is None else list(labels)
    ax.figure.draw_without_rendering()  # the layout decides how high the panel is
    points_per_pixel = 72 / ax.figure.dpi
    box = ax.get_window_extent()
    ends = []
    for ln, text in zip(lines, labels, strict=True):
        xy = np.column_stack([np.asarray(v, float) for v in ln.get_data()])
        with np.errstate(all="ignore"):
            pixels = ax.transData.transform(xy)
        inside = np.isfinite(pixels).all(1) & (pixels[:, 0] <= box.x1 + 1) & (pixels[:, 0] >= box.x0 - 1)
        if inside.any():
            k = np.flatnonzero(inside)[-1 if at == "last" else 0]
            height = (np.clip(pixels[k, 1], box.y0, box.y1) - box.y0) / box.height
            ends.append((height, k, xy[k, 0], ln, text))
    ends.sort(key=lambda e: e[0])
    font = ax.xaxis.label.get_size()
    rows = [text.count("\n") + 1 for *_, text in ends]
    heights = _spread([e[0] for e in ends], [r * 1.15 * font / points_per_pixel / box.height for r in rows])
    side = 1 if at == "last" else -1
    out = []
    for (_, _, x, ln, text), height in zip(ends, heights, strict=True):
        out.append(
            ax.annotate(
                text,
                xy=(x, height),
                xycoords=("data", "axes fraction"),
                xytext=(side * pad, 0),
                textcoords="offset points",
                color=_ink(ln.get_color()),
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=font,
                annotation_clip=False,
            )
        )
    return out


def _spread(wanted, sizes):
    """Positions closest to `wanted` (increasing) with neighbours their mean size apart (pool adjacent)."""
    groups = []  # [mean position of the group's first label, count, offsets within the group]
    for w, size in zip(wanted, sizes, strict=True):
        groups.append([[w], [size]])
        while len(groups) > 1 and _bottom(groups[-1]) < _top(groups[-2]):
            w2, s2 = groups.pop()
            groups[-1][0] += w2
            groups[-1][1] += s2
    placed = []
    for w, s in groups:
        start = np.mean(w) - sum(s) / 2
        placed += [start + sum(s[:i]) + s[i] / 2 for i in range(len(s))]
    floor = 0.0
    for i, size in enumerate(sizes):  # none below the panel ...
        placed[i] = max(placed[i], floor + size / 2)
        floor = placed[i] + size / 2
    ceiling = max(1.0, sum(sizes))
    for i in reversed(range(len(sizes))):  # ... nor above it
        placed[i] = min(placed[i], ceiling - sizes[i] / 2)
        ceiling = placed[i] - sizes[i] / 2
    return placed


def _bottom(group):
    return np.mean(group[0]) - sum(group[1]) / 2


def _top(group):
    return np.mean(group[0]) + sum(group[1]) / 2


def _ink(colour):
    """The colour dark enough to read as text on white."""
    r, g, b = to_rgb(colour)
    return tuple(c * min(1.0, 0.42 / (0.3 * r + 0.59 * g + 0.11 * b + 1e-9)) for c in (r, g, b))
