"""matplotlib drawings as inline SVG.

Colours are CSS variables (``var(--ink)`` …), so that one drawing is readable on a light and on a
dark page; ``reports/style.css`` gives them their values. Text stays text: the reader's browser
sets it, and a screen reader or a search finds it.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib import style
from matplotlib.figure import Figure

__all__ = ["COLOURS", "canvas", "inline"]

_INCHES_PER_PIXEL = 1 / 96

# Stand-ins that matplotlib can draw with; each is replaced by the CSS variable of its name.
COLOURS = {
    "ink": "#010101",
    "grid": "#010102",
    "subject": "#010103",
    "baseline": "#010104",
    "strong": "#010105",
    "on-middle": "#010106",
    "on-strong": "#010107",
}
_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "infoeval",
    # Code and class names are the user's: a dollar sign in them is a dollar sign.
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "font.size": 10.5,  # 14 px
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["grid"],
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": COLOURS["grid"],
    "ytick.color": COLOURS["grid"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "grid.color": COLOURS["grid"],
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """Open a figure of that many pixels whose look depends on nobody's matplotlib settings."""
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        # The browser sets the text, with fonts that know more scripts than matplotlib's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        size = width * _INCHES_PER_PIXEL, height * _INCHES_PER_PIXEL
        yield Figure(figsize=size, layout="constrained")


def inline(figure: Figure, name: str, title: str) -> Markup:
    """Return the drawing as an ``<svg>`` element fit to stand in a page with others.

    Names of a page's elements must differ, so those that are referred to get ``name`` in front
    and the rest go; matplotlib's own style sheet would reach beyond its figure, and goes too.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r'(?:="#|url\(#)([\w-]+)', text))
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _attribute(key, value, name)
            for key, value in element.attrib.items()
            if key != "id" or value in used
        }
    root.attrib |= {"role": "img", "aria-label": title}
    root.attrib.pop("version", None)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _attribute(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "style":
        value = re.sub(r"#0101\d\d", lambda match: _VARIABLES[match[0]], value)
        value = re.sub(r" ?font-family: [^;]*;", "", value)
    return re.sub(r"^#|(?<=url\()#", f"#{name}-", value)
