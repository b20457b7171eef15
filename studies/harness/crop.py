"""One panel out of a figure that is there: read the panels its file carries, cut, and keep the rest as it is."""

import io
import json
import math
import re
from xml.etree import ElementTree

KINDS = (".svg", ".png")
MATH = re.compile(r"(?<!\\)\$(.*?)(?<!\\)\$")
RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"


def panels(content) -> list[dict]:
    """What `panels.find` stored in a figure's SVG or PNG, titles as `plain` text; ValueError when there is nothing."""
    try:
        text = _image(content).text["Description"] if _is_png(content) else _described(content)
        found = [{"panel": p["panel"], "title": plain(p["title"]), "box": p["box"]} for p in json.loads(text)]
    except (AttributeError, KeyError, OSError, SyntaxError, TypeError, ValueError):
        found = []  # drawn before figures said it, or damaged
    if not found:
        raise ValueError("does not say where its panels are")
    return found


def plain(title) -> str:
    """A title with its TeX as one would type it: 10⁻⁸ for $10^{-8}$, beta for $\\beta$."""
    return MATH.sub(lambda math: _typed(math[1]), title).replace(r"\$", "$")


def _typed(tex):
    tex = re.sub(r"\\(math|text)\w+ ?", "", tex)  # fonts
    tex = re.sub(r"\^\{?([-+]?\d+)\}?", lambda power: power[1].translate(RAISED), tex)
    tex = re.sub(r"\\[,:; ]", " ", tex)
    return re.sub(r"[\\{}]", "", tex)


def crop(content, box) -> bytes:
    """The part of an SVG or PNG in the box: left, top, width, height in points."""
    return _crop_png(content, box) if _is_png(content) else _crop_svg(content, box)


def _is_png(content):
    return content.startswith(b"\x89PNG")


def _image(content):
    from PIL import Image

    return Image.open(io.BytesIO(content))


def _described(content):
    return ElementTree.fromstring(content).find(f".//{DESCRIPTION}").text


def _crop_svg(content, box):
    """Moves the window of the root; the drawing stays, to the byte."""
    left, top, width, height = box
    window = {"width": f"{width:g}pt", "height": f"{height:g}pt", "viewBox": f"{left:g} {top:g} {width:g} {height:g}"}

    def moved(root):
        tag = root[0].decode()
        for name, value in window.items():
            tag = re.sub(rf'(\s{name}=)"[^"]*"', rf'\1"{value}"', tag)
        return tag.encode()

    return re.sub(rb"<svg\b[^>]*>", moved, content, count=1)


def _crop_png(content, box):
    image = _image(content)
    dpi = round(image.info["dpi"][0])  # the file counts pixels per metre: 299.9994
    left, top, width, height = box
    edges = (
        math.floor(left * dpi / 72),
        math.floor(top * dpi / 72),
        min(math.ceil((left + width) * dpi / 72), image.width),  # beyond the edge Pillow would paint black
        min(math.ceil((top + height) * dpi / 72), image.height),
    )
    out = io.BytesIO()
    image.crop(edges).save(out, format="png", dpi=image.info["dpi"])
    return out.getvalue()
