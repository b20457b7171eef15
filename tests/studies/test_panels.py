"""Panels of a figure: found when it is drawn, carried by its files, cut out without drawing."""

import functools
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from studies.harness import crop, panels, plotting
from tests.studies.conftest import inside
from tests.studies.test_cli import as_json, call

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def style():
    """As the runner draws."""
    with plotting.context():
        yield


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def lettered():
    """Four panels: a legend outside, a colour bar, a twin axis, labels beside the lines."""
    fig, axes = plotting.figure(2, 2, width=12.0, height=10.5)
    (a, b), (c, d) = axes
    for letter, ax in zip("ABCD", axes.ravel(), strict=True):
        ax.set_title(f'{letter}  a < b & "½" of {letter}')
        ax.set(xlabel="step", ylabel="error")
    a.plot([0, 1], label="in a box")
    a.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    mesh = b.pcolormesh(np.arange(12).reshape(3, 4))
    bar = fig.colorbar(mesh, ax=b, orientation="horizontal")
    bar.set_label("beneath")
    c.plot([1, 2])
    twin = c.twinx()
    twin.plot([300, 100], label="the other scale")
    twin.set_ylabel("twin")
    plotting.line(d, [0, 1, 2], [1, 2, 2], label="beside its end")
    plotting.label_ends(d)
    return fig, {"A": [a], "B": [b, bar.ax], "C": [c, twin], "D": [d]}


@functools.cache
def rendered():
    """That figure, its panels, its SVG and PNG: half a second, and always the same bytes."""
    fig, groups = lettered()
    return fig, groups, *plotting.render(fig)


def unlettered():
    """Drawn out of order; the lowest cell holds a grid of its own."""
    fig, axes = plotting.figure(3, 2)
    for ax in axes[2]:
        ax.remove()
    small = axes[0, 0].get_gridspec()[2, :].subgridspec(1, 3).subplots()
    titles = ("third", "fourth", "first", "second", "x", "y", "z")
    for ax, title in zip([*axes[:2].ravel(), *small], titles, strict=True):
        ax.set_title(title)
    for low, high in zip(axes[1], axes[0], strict=True):
        a, b = low.get_subplotspec(), high.get_subplotspec()
        low.set_subplotspec(b)
        high.set_subplotspec(a)
    axes[0, 0].set_title("A third one")  # one blank: a title, no letter
    return fig


def test_every_axes_belongs_to_a_panel():
    fig, wanted = lettered()
    assert panels.grouped(fig) == wanted
    inset = fig.add_axes((0.1, 0.8, 0.1, 0.05))  # within A
    assert panels.grouped(fig)["A"] == [*wanted["A"], inset]


def test_a_horizontal_colour_bar_is_its_owners_though_the_panel_below_is_nearer():
    fig, axes = plotting.figure(2, 1, height=14.0)
    for letter, ax in zip("AB", axes, strict=True):
        ax.set_title(f"{letter}  x")
    bar = fig.colorbar(axes[0].imshow(np.eye(2)), cax=fig.add_axes((0.2, 0.49, 0.5, 0.02)), orientation="horizontal")
    bar.ax.set_position((0.2, axes[1].get_position().y1, 0.5, 0.02))
    assert panels.grouped(fig) == {"A": [axes[0], bar.ax], "B": [axes[1]]}


@pytest.mark.parametrize("letter", "ABCD")
def test_a_box_holds_all_of_its_panel_and_nothing_of_another(letter):
    fig, groups, _, png = rendered()
    (box,) = (p["box"] for p in crop.panels(png) if p["panel"] == letter)
    for name, axes in groups.items():
        for ax in axes:
            ax.set_visible(name == letter)
    _, alone = plotting.render(fig)
    cut = crop.crop(alone, box)
    assert (pixels(alone) < 250).sum() == (pixels(cut) < 250).sum() > 0
    assert np.array_equal(pixels(crop.crop(png, box)), pixels(cut))


def test_a_box_is_tight_around_a_title_wider_than_its_axes():
    fig, axes = plotting.figure(2, 1, height=14.0)
    fig.set_layout_engine("none")
    for letter, ax, bottom in zip("AB", axes, (0.7, 0.2), strict=True):
        ax.set_title(f"{letter}  median risk, 15 random points")
        ax.set_position((0.2, bottom, 0.2, 0.1))
    _, png = plotting.render(fig)
    for panel in crop.panels(png):
        inked = np.nonzero((pixels(crop.crop(png, panel["box"])) < 250).any((0, 2)))[0]
        left, right = inked.min() * 72 / 300, panel["box"][2] - inked.max() * 72 / 300
        assert panels.PAD - 0.5 < left < 3 and panels.PAD - 0.5 < right < 3


def test_both_files_carry_the_same_panels_and_repeat_to_the_byte():
    first = rendered()[2:]
    assert first == plotting.render(lettered()[0])
    svg, png = first
    found = crop.panels(svg)
    assert found == crop.panels(png)
    assert [(p["panel"], p["title"]) for p in found] == [(x, f'a < b & "½" of {x}') for x in "ABCD"]
    assert all(v == round(v, 1) for p in found for v in p["box"])


def test_finding_panels_moves_nothing_in_the_drawing(monkeypatch):
    (fig, _), (twin, _) = lettered(), lettered()
    dpi = fig.dpi
    svg, png = plotting.render(fig)
    assert fig.dpi == dpi
    monkeypatch.setattr(panels, "find", lambda fig: [])
    plain, picture = plotting.render(twin)
    described = re.compile(rb"<dc:description>.*?</dc:description>")
    assert described.sub(b"", svg) == described.sub(b"", plain)
    assert np.array_equal(pixels(png), pixels(picture))


def test_without_letters_each_cell_is_a_panel_in_the_order_of_reading():
    svg, _ = plotting.render(unlettered())
    found = crop.panels(svg)
    assert [p["panel"] for p in found] == list("ABCDE")
    assert [p["title"] for p in found] == ["first", "second", "A third one", "fourth", "x; y; z"]
    assert found[0]["box"][0] < found[1]["box"][0] and found[0]["box"][1] < found[2]["box"][1]


def test_a_single_panel_is_the_whole_figure():
    fig, ax = plotting.figure()
    ax.twinx()
    (found,) = crop.panels(plotting.render(fig)[0])
    assert (found["panel"], found["title"]) == ("A", "")
    assert found["box"] == pytest.approx([0, 0, 72 * fig.get_figwidth(), 72 * fig.get_figheight()], abs=0.05)
    ax.set_title("alone")
    assert panels.find(fig)[0]["title"] == "alone"


def test_hidden_axes_and_an_empty_figure_have_no_panel():
    fig, groups = lettered()
    groups["D"][0].set_visible(False)
    assert [p["panel"] for p in panels.find(fig)] == list("ABC")
    for ax in fig.axes:
        ax.set_visible(False)
    assert panels.find(fig) == []


def test_a_cropped_png_is_that_part_of_the_whole_picture():
    *_, png = rendered()
    whole = pixels(png)
    cut = crop.crop(png, [72.0, 36.0, 144.0, 72.0])  # inches 1, 0.5, 2, 1 at 300 dpi
    assert Image.open(io.BytesIO(cut)).info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert np.array_equal(pixels(cut), whole[150:450, 300:900])
    height, width = whole.shape[:2]
    edge = crop.crop(png, [0.0, 0.0, 1.0 + width * 72 / 300, 1.0 + height * 72 / 300])  # beyond the picture
    assert np.array_equal(pixels(edge), whole)


def test_a_cropped_svg_differs_in_the_window_of_its_root_only():
    *_, svg, _ = rendered()
    cut = crop.crop(svg, [10.5, 20.0, 100.0, 50.3])
    before, after = (re.search(rb"<svg[^>]*>", s)[0].decode() for s in (svg, cut))
    assert svg.replace(before.encode(), b"") == cut.replace(after.encode(), b"")
    for name, value in (("width", "100pt"), ("height", "50.3pt"), ("viewBox", "10.5 20 100 50.3")):
        assert f' {name}="{value}"' in after
        before = re.sub(rf' {name}="[^"]*"', "", before)
        after = re.sub(rf' {name}="[^"]*"', "", after)
    assert before == after


@pytest.mark.parametrize("kind", [0, 1], ids=["svg", "png"])
def test_a_file_without_panels_says_so(kind, monkeypatch):
    fig, _ = plotting.figure()
    whole = plotting.render(fig)[kind]
    monkeypatch.setattr(panels, "find", lambda fig: [])
    for content in (plotting.render(fig)[kind], whole[:50], b"", b"<svg/>"):
        with pytest.raises(ValueError, match="does not say where its panels are"):
            crop.panels(content)


@pytest.fixture(scope="module")
def two_panels(tmp_path_factory):
    """The root of a toy tree whose study has two panels, run in full."""
    with inside(tmp_path_factory.mktemp("two")) as tree:
        source = tree / "studies" / "toy" / "coin.py"
        text = source.read_text(encoding="utf-8")
        text = text.replace("fig, ax = plotting.figure()", "fig, (ax, b) = plotting.figure(1, 2)")
        titles = '    ax.set_title("A  Differences")\n    b.set_title("B  Nothing")\n'
        end = "    plotting.label_ends(ax)\n"
        source.write_text(text.replace(end, titles + end), encoding="utf-8")
        call("run", "coin")
        return tree


@pytest.fixture
def drawn(two_panels, toy, tmp_path, monkeypatch):
    """A copy of that tree, its figure; the current folder is an empty one."""
    shutil.copytree(two_panels, toy, dirs_exist_ok=True)
    folder = tmp_path / "slides"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return toy / "figures" / "toy" / "coin.svg", folder


def test_figure_lists_the_panels(drawn):
    text = call("figure", "coin").output
    assert "A\tDifferences\nB\tNothing\n" in text
    assert "figures/toy/coin.svg and figures/toy/coin.png" in text
    assert "claimlab figure toy/coin --panel B" in text
    listed = as_json("figure", "toy/coin")
    assert listed == {
        "study": "toy/coin",
        "svg": "figures/toy/coin.svg",
        "png": "figures/toy/coin.png",
        "panels": crop.panels(drawn[0].read_bytes()),
    }
    assert list(drawn[1].iterdir()) == []


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("steps to error $10^{-8}$", "steps to error 10⁻⁸"),
        ("$p$ = 2: stiff; $p$ = 4: good", "p = 2: stiff; p = 4: good"),
        (r"$x^2$, $e^{-t}$ and $\mathrm{sd}_{ij}$ at $\beta_1\,=\,0.9$", "x², e^-t and sd_ij at beta_1 = 0.9"),
        (r"costs \$5, 5 $ or \$6", "costs $5, 5 $ or $6"),
    ],
)
def test_titles_are_listed_as_plain_text(title, text):
    described = json.dumps([{"panel": "A", "title": title, "box": [0, 0, 1, 1]}])
    fig, _ = plotting.figure()
    out = io.BytesIO()
    fig.savefig(out, format="png", metadata={"Description": described})
    assert [p["title"] for p in crop.panels(out.getvalue())] == [text]


def test_figure_writes_a_panel_of_the_figure_that_is_there(drawn):
    picture, folder = drawn
    box = crop.panels(picture.read_bytes())[1]["box"]
    assert "coin-b.svg: panel B Nothing" in call("figure", "coin", "--panel", "b").output
    assert (folder / "coin-b.svg").read_bytes() == crop.crop(picture.read_bytes(), box)
    (folder / "coin-b.svg").rename(folder / "again.svg")
    call("figure", "coin", "--panel", "B")
    assert (folder / "coin-b.svg").read_bytes() == (folder / "again.svg").read_bytes()
    (folder / "slide.PNG").write_text("old", encoding="utf-8")
    wrote = as_json("figure", "coin", "--panel", "B", "--out", "slide.PNG")
    assert wrote == {"study": "toy/coin", "panel": "B", "title": "Nothing", "box": box, "file": "slide.PNG"}
    assert (folder / "slide.PNG").read_bytes() == crop.crop(picture.with_suffix(".png").read_bytes(), box)
    assert sorted(p.name for p in folder.iterdir()) == ["again.svg", "coin-b.svg", "slide.PNG"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toy/coin", "--panel", "K"), "toy/coin has no panel 'K', it has A, B"),
        (("toy/coin", "--panel", "bb"), "did you mean 'B'?"),
        (("toy/coin", "--panel", "A", "--out", "a.gif"), "a.gif must end in .svg or .png"),
        (("toy/coin", "--out", "a.svg"), "give --panel"),
        (("cion",), "did you mean 'coin'?"),
    ],
)
def test_usage_errors_of_figure(drawn, arguments, message):
    assert message in call("figure", *arguments, code=2).output
    assert list(drawn[1].iterdir()) == []


def test_a_chapter_of_several_studies_has_no_single_figure(drawn):
    study = drawn[0].parents[2] / "studies" / "toy" / "coin.py"
    study.with_name("twin.py").write_text(study.read_text(encoding="utf-8"), encoding="utf-8")
    assert "toy has several studies, give one: toy/coin, toy/twin" in call("figure", "toy", code=2).output


def test_a_figure_that_is_missing_or_older_says_what_to_run(toy, monkeypatch):
    assert "toy/coin has no figure of a full run yet: claimlab run toy/coin" in call("figure", "coin", code=1).output
    with monkeypatch.context() as patched:
        patched.setattr(panels, "find", lambda fig: [])
        call("run", "coin")
    for more in ((), ("--panel", "A"), ("--panel", "A", "--out", "a.png")):
        text = call("figure", "coin", *more, code=1).output
        assert "does not say where its panels are" in text
        assert "claimlab run toy/coin" in text and "Traceback" not in text


def test_a_place_that_cannot_be_written_is_named(drawn):
    (drawn[1] / "file").touch()
    text = call("figure", "coin", "--panel", "A", "--out", "file/a.svg", code=1).output
    assert "file/a.svg cannot be written" in text and "Traceback" not in text


def test_cutting_needs_neither_kernels_nor_a_drawing_library(done, toy_process, tmp_path):
    for name in ("figures", "reports"):
        shutil.copytree(done.files["md"].parents[2] / name, toy_process.tree / name)
    program = (
        "import json, sys; from studies.harness.cli import cli\n"
        "cli(['figure', 'coin', '--panel', 'A', '--out', sys.argv[1]], standalone_mode=False)\n"
        "print(json.dumps([m for m in ('coreops', 'numba', 'matplotlib') if m in sys.modules]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.png")], cwd=toy_process.tree, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == []
    assert (tmp_path / "a.png").is_file()
