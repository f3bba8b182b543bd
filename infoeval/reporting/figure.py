"""A figure before it is drawn, and how matplotlib draws it, whatever the user's settings.

The page and the paper draw the same figures in different colours.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib import style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from infoeval.reporting.tables import ReportTable

POINTS = 10.5
"""The size of text in points, 14 CSS pixels, that the sizes of all figures are made for."""

_PIXELS_PER_INCH = 96
_LABEL = 21
"""Distance from a figure's edge to the label of an axis, CSS pixels."""
_BESIDE_NUMBERS = _LABEL + 12
_LETTER = 8.2
"""Width of a letter in most fonts at the size of the figures' text, CSS pixels."""
_NARROW, _FEW_COLUMNS, _FEW_ROWS = 440, 7, 12
"""Largest width, CSS pixels, columns and rows of a figure that has its table beside it."""
_LEGEND_ROW = 22
_LINES = {"lines": 1.6, "patch": 1.6, "axes": 0.8, "grid": 0.6, "hatch": 1.4}
_BELOW_LEGEND = 8

Colours = Mapping[str, str]
"""A colour for each role: "ink", "grid", "card", "subject", "baseline", "strong", …"""

Handle = Line2D | Patch
"""An entry of a legend: a mark with its label."""


class Margins(NamedTuple):
    """Room around the axes, CSS pixels."""

    left: float
    right: float
    top: float
    bottom: float


def no_legend(colours: Colours) -> Sequence[Handle]:
    """Return nothing: all marks are named where they stand."""
    return []


@dataclass(frozen=True)
class Figure:
    """What a figure shows, and how it is drawn.

    ``name`` is a file's stem, and what its elements' names begin with on the page, ``title`` what a
    screen reader calls the drawing, ``caption`` how it is to be read, ``table`` the same as
    numbers. ``width`` and ``height`` are CSS pixels, without the legend. ``draw`` draws it, into an
    empty figure of that size; ``legend`` returns the marks that need a name, those of equal names
    once. ``margins`` are of figures in a row, whose frames are alike; None: what the labels need.
    """

    name: str
    title: str
    caption: str
    width: float
    height: float
    draw: Callable[[Drawing, Colours], None]
    table: ReportTable
    legend: Callable[[Colours], Sequence[Handle]] = no_legend
    margins: Margins | None = None

    @property
    def narrow(self) -> bool:
        """Whether the figure leaves room on the page for its table beside it."""
        few = len(self.table.columns) <= _FEW_COLUMNS and len(self.table.rows) <= _FEW_ROWS
        return round(self.width) <= _NARROW and few


@contextmanager
def drawn(
    figure: Figure, colours: Colours, points: float = POINTS, *, legend: bool = True
) -> Iterator[Drawing]:
    """Draw a figure, text in that many points, and hold its style while it is saved."""
    scale = points / POINTS / _PIXELS_PER_INCH
    with style.context(["default", _settings(colours, points)]), warnings.catch_warnings():
        # The browser sets the text, with fonts that know more scripts than matplotlib's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        handles = named_once(figure.legend(colours)) if legend else {}
        above = _legend_height(list(handles), figure.width)
        drawing = Drawing(figsize=(figure.width * scale, (figure.height + above) * scale))
        FigureCanvasSVG(drawing)
        figure.draw(drawing, colours)
        if handles:
            _put_legend(drawing, list(handles.values()), figure.width)
        if figure.margins is None:
            share = figure.height / (figure.height + above)
            ConstrainedLayoutEngine(rect=(0, 0, 1, share)).execute(drawing)
        else:
            _place(drawing, figure, figure.margins, above)
        yield drawing


def _place(drawing: Drawing, figure: Figure, margins: Margins, above: float) -> None:
    """Set the margins of the axes, wider on the left where the numbers there are long."""
    left, right, top, bottom = margins
    for axes in drawing.axes:
        ticks = axes.yaxis.get_major_formatter().format_ticks(list(axes.get_yticks()))
        left = max(left, _LETTER * max(map(len, ticks), default=0) + _BESIDE_NUMBERS)
    width, height = figure.width - left - right, figure.height - top - bottom
    across, whole = figure.width, figure.height + above
    for axes in drawing.axes:
        axes.set_position((left / across, bottom / whole, width / across, height / whole))
        axes.yaxis.set_label_coords((_LABEL - left) / width, 0.5)
        axes.xaxis.set_label_coords(0.5, (_LABEL - bottom) / height)


def _settings(colours: Colours, points: float) -> dict[str, Any]:
    ink, grid, scale = colours["ink"], colours["grid"], points / POINTS
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "infoeval",
        # Text in a PDF that stays text: TrueType, which journals ask for.
        "pdf.fonttype": 42,
        # Code and class names are the user's: a dollar sign in them is a dollar sign.
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "font.size": points,
        "axes.titlesize": points,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "legend.fontsize": points,
        "legend.frameon": False,
        "legend.borderpad": 0,
        "legend.borderaxespad": 0.5,
        "legend.handlelength": 2.4,
        **{f"{name}.linewidth": width * scale for name, width in _LINES.items()},
        "lines.markersize": 6 * scale,
        **{f"{name}.facecolor": "none" for name in ("axes", "figure", "savefig")},
        **{f"{name}.color": ink for name in ("text", "hatch")},
        **{f"{name}.labelcolor": ink for name in ("axes", "xtick", "ytick")},
        **{f"{name}.color": grid for name in ("grid", "xtick", "ytick")},
        "axes.edgecolor": grid,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }


def named_once(handles: Sequence[Handle]) -> dict[str, Handle]:
    """Return each mark by its label."""
    return {str(handle.get_label()): handle for handle in handles}


def _legend_height(labels: Sequence[str], width: float) -> float:
    """Return how much a legend adds to a figure's height, CSS pixels."""
    return _LEGEND_ROW * -(-len(labels) // _columns(labels, width)) + _BELOW_LEGEND if labels else 0


def _put_legend(drawing: Drawing, handles: Sequence[Handle], width: float) -> None:
    """Draw a legend at the top, in as many rows as ``_legend_height`` has room for."""
    columns = _columns([str(handle.get_label()) for handle in handles], width)
    drawing.legend(handles=list(handles), loc="upper left", ncols=columns, columnspacing=1.4)


def _columns(labels: Sequence[str], width: float) -> int:
    longest = max(len(label) for label in labels)
    return max(1, min(len(labels), int(width / (_LETTER * longest + 56))))
