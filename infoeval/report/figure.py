"""A figure before it is drawn: the page and the paper draw the same one with other colours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure as Drawing

from infoeval.report.table import Table

__all__ = ["Colours", "Figure"]

Colours = Mapping[str, str]
"""A colour for each role: "ink", "grid", "card", "subject", "baseline", "strong", …"""


@dataclass(frozen=True)
class Figure:
    """What a figure shows, and how it is drawn.

    Args:
        name: a file's stem, and what its elements' names begin with on the page.
        title: in a few words; what a screen reader calls the drawing.
        caption: how it is to be read.
        width: in CSS pixels.
        height: in CSS pixels.
        draw: draws it, into an empty figure of that size, in the colours given.
        table: the same as numbers.

    """

    name: str
    title: str
    caption: str
    width: float
    height: float
    draw: Callable[[Drawing, Colours], None]
    table: Table
