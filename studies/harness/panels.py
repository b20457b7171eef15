"""Where the panels of a figure are: letter, title and box, which its files then carry for `crop.py` to cut by.

A panel starts at axes with a lettered title ("A  Gradient by the input"). In a figure without letters each cell
of its grid is a panel, lettered as one reads. Colour bars, twins and all other axes belong to one of these.
"""

import re
from contextlib import contextmanager
from math import hypot

from matplotlib.transforms import Bbox

PAD = 2.0  # points around a panel, less where a neighbour is near
LETTERED = re.compile(r"([A-Z])\s\s+(.*)", re.DOTALL)  # one blank would make a panel of "A unit at rest"


def find(fig) -> list[dict]:
    """The panels of a figure whose layout is done; boxes are left, top, width, height in points from its corner."""
    members = grouped(fig)
    with _fine(fig):
        boxes = {letter: _points(fig, axes) for letter, axes in members.items()}
    whole = Bbox.from_bounds(0, 0, 72 * fig.get_figwidth(), 72 * fig.get_figheight())
    found = []
    for letter, box in boxes.items():
        pad = min([PAD, *(_gap(box, other) / 2 for name, other in boxes.items() if name != letter)])
        box = Bbox.intersection(box.padded(pad), whole) if len(boxes) > 1 else whole
        place = [round(float(v), 1) for v in (box.x0, whole.y1 - box.y1, box.width, box.height)]
        found.append({"panel": letter, "title": _heading(members[letter]), "box": place})
    return found


def grouped(fig) -> dict[str, list]:
    """Letter -> axes of the panel, the first of which names it."""
    shown = [ax for ax in fig.axes if ax.get_visible()]
    heads = {ax: named[1] for ax in shown if (named := LETTERED.match(_title(ax)))}
    if not heads:
        first = list({cell: ax for ax in reversed(shown) if (cell := _cell(ax))}.values()) or shown[:1]
        heads = {ax: chr(ord("A") + k) for k, ax in enumerate(sorted(first, key=_reading))}
    members = {letter: [ax for ax in heads if heads[ax] == letter] for letter in sorted(set(heads.values()))}
    bars = {m.colorbar.ax: ax for ax in shown for m in (*ax.images, *ax.collections) if m.colorbar}
    for ax in shown:
        if ax not in heads:
            members[heads[_nearest(bars.get(ax, ax), heads)]].append(ax)
    return members


def _nearest(ax, heads):
    """The head in the same cell of the grid, else the one with the smallest gap."""
    cell, box = _cell(ax), ax.get_window_extent()
    return min(heads, key=lambda h: (cell is None or _cell(h) != cell, _gap(box, h.get_window_extent())))


def _cell(ax):
    """The cell of the figure's own grid; axes of a grid within it share it. None for free axes."""
    spec = ax.get_subplotspec()
    if spec is None:
        return None
    spec = spec.get_topmost_subplotspec()
    return id(spec.get_gridspec()), spec.num1, spec.num2


def _reading(ax):
    place = ax.get_position(original=True)
    return -round(place.y1, 2), place.x0


def _gap(a, b):
    return hypot(max(0, a.x0 - b.x1, b.x0 - a.x1), max(0, a.y0 - b.y1, b.y0 - a.y1))


@contextmanager
def _fine(fig):
    """At the resolution of a screen letters are widened to whole pixels, a long title by a twentieth."""
    dpi = fig.dpi
    fig.set_dpi(300)
    try:
        yield
    finally:
        fig.set_dpi(dpi)


def _points(fig, axes):
    """Box around all that the axes draw, labels and legends included, in points."""
    return Bbox(Bbox.union([ax.get_tightbbox() for ax in axes]).get_points() * 72 / fig.dpi)


def _title(ax):
    return next((t for loc in ("left", "center", "right") if (t := ax.get_title(loc).strip())), "")


def _heading(axes):
    """Title without the letter; of several axes in one cell of an unlettered figure, all titles."""
    if named := LETTERED.match(_title(axes[0])):
        titles = [named[2]]
    else:
        titles = [t for ax in axes if _cell(ax) == _cell(axes[0]) and (t := _title(ax))]
    return " ".join("; ".join(titles).split())
