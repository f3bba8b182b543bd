"""A figure before it is drawn: the page and the paper draw the same one with other colours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from infoeval.report.tables import Table

__all__ = ["Colours", "Figure", "Handle", "Margins", "no_legend"]

Colours = Mapping[str, str]
"""A colour for each role: "ink", "grid", "card", "subject", "baseline", "strong", …"""

Handle = Line2D | Patch
"""A mark that stands in a legend, with its label."""


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

    Args:
        name: a file's stem, and what its elements' names begin with on the page.
        title: in a few words; what a screen reader calls the drawing.
        caption: how it is to be read.
        width: in CSS pixels.
        height: in CSS pixels, without the legend.
        draw: draws it, into an empty figure of that size, in the colours given.
        table: the same as numbers.
        legend: returns the marks that need a name; those of equal names are named once.
        margins: of figures that stand in a row, whose frames are to be alike; None: as wide as the
            labels need.

    """

    name: str
    title: str
    caption: str
    width: float
    height: float
    draw: Callable[[Drawing, Colours], None]
    table: Table
    legend: Callable[[Colours], Sequence[Handle]] = no_legend
    margins: Margins | None = None
