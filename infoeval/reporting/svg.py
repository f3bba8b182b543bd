"""Figures as inline SVG.

Colours are CSS variables (``var(--ink)`` …), so that one drawing is readable on a light and on a
dark page; ``reports/style.css`` gives them their values. Text stays text: the reader's browser
sets it, and a screen reader or a search finds it.
"""

import io
import re
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.figure import Figure as Drawing

from infoeval.reporting.figure import POINTS, Colours, Figure, Margins, drawn, named_once
from infoeval.reporting.tables import ReportTable

_ROLES = (
    *("ink", "soft", "grid", "card", "subject", "baseline", "strong", "on-middle", "on-strong"),
    *(f"model-{number}" for number in range(2, 6)),
)
COLOURS = {role: f"#0101{number:02d}" for number, role in enumerate(_ROLES, 1)}
"""Placeholder colours for matplotlib; each is replaced by the CSS variable of its role."""

_VARIABLES = {colour: f"var(--{role})" for role, colour in COLOURS.items()}
_SIZE = f"font-size: {POINTS:g}px"
"""Size of text whose element sets none; the drawing's unit is a point."""
_MARK = (36, 18)
"""Width and height of a mark that stands in a key, CSS pixels."""
_NONE = Margins(0, 0, 0, 0)
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def inline(figure: Figure, *, legend: bool = True) -> Markup:
    """Return the drawing as an ``<svg>`` element fit to stand in a page with others.

    Element names must differ within a page, so those that are referred to get the figure's name in
    front, and the others go. So does matplotlib's style sheet, which would reach beyond its figure.
    """
    buffer = io.StringIO()
    with drawn(figure, COLOURS, legend=legend) as drawing:
        drawing.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    used = set(re.findall(r'(?:="#|url\(#)([\w-]+)', buffer.getvalue()))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _attribute(key, value, figure.name)
            for key, value in element.attrib.items()
            if (key != "id" or value in used) and not value.startswith("rotate(-0 ")
        }
    _slim(root)
    root.attrib |= {"role": "img", "aria-label": figure.title, "style": _SIZE}
    root.attrib.pop("version", None)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


class Mark(NamedTuple):
    """A mark that several drawings have in common, and its name."""

    svg: Markup
    label: str


def key(name: str, figures: Iterable[Figure]) -> tuple[Mark, ...]:
    """Return the marks of all legends, those of equal names once.

    ``name`` is what the names of their elements begin with.
    """
    given = {label: figure for figure in figures for label in named_once(figure.legend(COLOURS))}
    marks = []
    for number, (label, figure) in enumerate(given.items()):
        draw = partial(_draw_mark, figure, label)
        table = ReportTable("", "", (), ())
        mark = Figure(f"key-{name}-{number}", label, "", *_MARK, draw, table, margins=_NONE)
        marks.append(Mark(inline(mark), label))
    return tuple(marks)


def _draw_mark(figure: Figure, label: str, drawing: Drawing, colours: Colours) -> None:
    # Made here, where the style is the figures' own.
    handle = named_once(figure.legend(colours))[label]
    drawing.legend([handle], [""], loc="center", borderaxespad=0, handletextpad=0)


def _slim(parent: ElementTree.Element) -> None:
    """Remove what draws nothing, groups without attributes, and white space between elements."""
    children: list[ElementTree.Element] = []
    for child in parent:
        _slim(child)
        if child.tag in ("metadata", "style") or child.get("style") == "fill: none":
            continue
        children += list(child) if child.tag == "g" and not child.attrib else [child]
    if children or parent.tag in ("g", "defs", "svg"):
        parent[:] = children
        parent.text = None
    for child in children:
        child.tail = None


def _attribute(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "style":
        value = re.sub(r"#0101\d\d", lambda match: _VARIABLES[match[0]], value)
        value = re.sub(r" ?font-family: [^;]*;", "", value).removeprefix(f"{_SIZE}; ")
    if key in ("d", "transform", "x", "y", "width", "height"):
        value = " ".join(_NUMBER.sub(_rounded, value).split())
        return re.sub(r" ?([MLCQz]) ?", r"\1", value) if key == "d" else value
    return re.sub(r"^#|(?<=url\()#", f"#{name}-", value)


def _rounded(match: re.Match[str]) -> str:
    """Return a length to a hundredth of a point, finer than any screen."""
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
