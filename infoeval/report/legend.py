"""Legends: above the axes of a figure, or as a list for several figures of a page."""

from collections.abc import Sequence

from matplotlib.figure import Figure as Drawing

from infoeval.report.figure import Handle

__all__ = ["LETTER", "legend_height", "named_once", "put_legend"]

LETTER = 8.2
"""Wide enough for the letters of most fonts at the size of the figures' text, CSS pixels."""

_ROW = 22
_BENEATH = 8


def named_once(handles: Sequence[Handle]) -> dict[str, Handle]:
    """Return each mark by its label."""
    return {str(handle.get_label()): handle for handle in handles}


def legend_height(labels: Sequence[str], width: float) -> float:
    """Return how much a legend adds to a figure's height, CSS pixels."""
    return _ROW * -(-len(labels) // _columns(labels, width)) + _BENEATH if labels else 0


def put_legend(drawing: Drawing, handles: Sequence[Handle], width: float) -> None:
    """Put a legend at the top, in as many rows as ``legend_height`` knows."""
    columns = _columns([str(handle.get_label()) for handle in handles], width)
    drawing.legend(handles=list(handles), loc="upper left", ncols=columns, columnspacing=1.4)


def _columns(labels: Sequence[str], width: float) -> int:
    longest = max(len(label) for label in labels)
    return max(1, min(len(labels), int(width / (LETTER * longest + 56))))
