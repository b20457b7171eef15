"""Figures: the same bytes twice, readable text, labels apart, no state left behind."""

import sys
from itertools import pairwise

import matplotlib
import numpy as np
import pytest

from studies.harness import labels, plotting

pytestmark = pytest.mark.once


def sample(**options):
    fig, axes = plotting.figure(1, 2, **options)
    x = np.arange(1, 50)
    arms = ["one", "two", "three"]
    for k, arm in enumerate(arms):
        plotting.line(axes[0], x, x ** (-0.5 - 0.001 * k), arm, arms)
    plotting.theory(axes[0], x, x**-0.5)
    plotting.interval(axes[1], [1, 2], [1, 2], [0.5, 1.5], [1.5, 2.5], "two", arms)
    plotting.band(axes[1], [1, 2], [0, 1], [2, 3], 2)
    axes[0].set(xscale="log", yscale="log", xlabel="step")
    return fig, axes, plotting.label_ends(axes[0])


def test_rendering_repeats_to_the_byte_and_holds_no_date():
    first, second = (plotting.render(sample()[0]) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first[0]
    assert first[1].startswith(b"\x89PNG")


def test_rendering_lays_out_once_as_drawing_would(monkeypatch):
    """A second layout moves things by a hair; without the first, labels lie outside the figure."""
    (fig, axes, _), (twin, want, _) = sample(), sample()
    with plotting.context():
        twin.draw_without_rendering()
    laid_out, engine = [], fig.get_layout_engine()
    execute = engine.execute
    monkeypatch.setattr(engine, "execute", lambda fig: laid_out.append(execute(fig)))
    plotting.render(fig)
    assert len(laid_out) == 1
    assert [ax.get_position().bounds for ax in axes] == [ax.get_position().bounds for ax in want]


def test_text_is_readable_at_nine_centimetres():
    assert plotting.smallest_text(sample()[0]) >= 6.9
    assert plotting.smallest_text(sample(width=18)[0]) >= 6.9


def test_labels_do_not_touch_and_stay_in_the_panel():
    fig, axes, texts = sample()
    fig.draw_without_rendering()
    boxes = sorted((t.get_window_extent() for t in texts), key=lambda b: b.y0)
    assert len(boxes) == 4
    assert all(b.y0 >= a.y1 - 2 for a, b in pairwise(boxes))
    assert boxes[0].y0 >= axes[0].get_window_extent().y0 - 3


def test_spread_moves_only_what_collides():
    assert labels._spread([0.2, 0.8], [0.1, 0.1]) == pytest.approx([0.2, 0.8])
    assert labels._spread([0.5, 0.5, 0.9], [0.1, 0.1, 0.1]) == pytest.approx([0.45, 0.55, 0.9])
    assert labels._spread([0.0, 0.0], [0.1, 0.1]) == pytest.approx([0.05, 0.15])


def test_nothing_global_changes():
    before = dict(matplotlib.rcParams)
    with plotting.context():
        plotting.render(sample()[0])
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_arms_differ_in_more_than_colour_and_in_lightness():
    styles = [plotting.style(k) for k in range(6)]
    assert len({str(s["linestyle"]) for s in styles}) == 6
    assert len({s["marker"] for s in styles}) == 6
    light = [matplotlib.colors.to_rgb(s["color"]) @ np.array([0.3, 0.59, 0.11]) for s in styles[:4]]
    assert min(abs(a - b) for a, b in pairwise(light)) > 0.05


def test_unknown_arms_are_named():
    with pytest.raises(ValueError, match="arm 'x' is not one of"):
        plotting.style("x", ["a"])


@pytest.mark.parametrize("below", [False, True])
def test_a_threshold_says_what_it_is_on_its_side(below):
    fig, (ax, _), _ = sample()
    plotting.threshold(ax, 0.25, 0.5, "allowed", below=below)
    with plotting.context():
        fig.draw_without_rendering()
    (text,) = (t for t in ax.texts if t.get_text() == "allowed")
    box, y = text.get_window_extent(), ax.transData.transform((1, 0.5))[1]
    assert box.y1 <= y if below else box.y0 >= y
    assert np.isclose(box.x0, ax.transAxes.transform((0.25, 0))[0], atol=2)
    assert any(line.get_linestyle() == ":" and set(line.get_ydata()) == {0.5} for line in ax.lines)


def test_what_rounds_to_zero_has_no_sign():
    values = np.array([1.5, -0.26, -0.04, 0.04, 0.0, -0.0, 0.05, -0.05])
    assert [plotting.signed(v) for v in values] == ["+1.5", "-0.3", "0.0", "0.0", "0.0", "0.0", "+0.1", "-0.1"]
    assert plotting.signed(-0.004, 2) == "0.00"


def test_watermark():
    fig, _, _ = sample()
    plotting.watermark(fig)
    assert "QUICK" in [t.get_text() for t in fig.texts]
