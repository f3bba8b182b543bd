"""What all figures are drawn with: the look of each model, legends, labels that fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from infoeval.report.document import Document, Result
from infoeval.report.figure import Colours
from infoeval.report.figures.naming import short_names
from infoeval.report.table import Estimate

__all__ = [
    "PANEL",
    "WIDE",
    "Look",
    "dots_legend",
    "estimate",
    "legend",
    "legend_height",
    "lines_legend",
    "looks",
    "ring",
]

WIDE, PANEL = 640, 300
"""Widths of a figure and of a small panel, CSS pixels."""

# Wide enough for the letters of most fonts at the size of the figures' text, CSS pixels.
_LETTER = 8.2
_LEGEND_ROW = 22
_COLOURS = ("subject", *(f"model-{number}" for number in range(2, 6)))
_MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">", "p", "h")
Dashes = tuple[float, ...]
_DASHES: tuple[Dashes, ...] = ((1, 0), (5, 1.5), (1.2, 1.2), (5, 1.5, 1.2, 1.5), (8, 2))


@dataclass(frozen=True)
class Look:
    """How a model is drawn, told apart by more than its colour.

    ``label`` stands in legends, where equal ones are named once; ``name`` is the model's own. Of
    several seeds the one shown is ``ringed`` where all are dots.
    """

    name: str
    label: str
    colour: str
    marker: str
    dashes: Dashes
    width: float = 1.6
    ringed: bool = False

    def line(self, colours: Colours) -> dict[str, Any]:
        """Return the properties of the model's lines."""
        return {"color": colours[self.colour], "dashes": self.dashes, "linewidth": self.width}

    def dot(self, colours: Colours, *, hollow: bool = False) -> dict[str, Any]:
        """Return the properties of the model's markers."""
        colour = colours[self.colour]
        return {
            "marker": self.marker,
            "markerfacecolor": "none" if hollow else colour,
            "markeredgecolor": colour,
            "markeredgewidth": 1.3,
            "linestyle": "none",
        }


def looks(document: Document) -> tuple[Look, ...]:
    """Return the look of every model, in their order."""
    names = short_names(model.name for model in document.models)
    found: list[Look] = []
    peers = 0
    for model, name in zip(document.models, names, strict=True):
        if model.role == "baseline":
            found.append(Look(name, name, "baseline", "s", (4, 1.5)))
        elif model.role == "seed":
            found.append(Look(name, "other seeds", "subject", "o", (1, 0), 0.7))
        else:
            style = _MARKERS[peers % len(_MARKERS)], _DASHES[peers % len(_DASHES)]
            found.append(Look(name, name, _COLOURS[peers % len(_COLOURS)], *style))
            peers += 1
    if any(model.role == "seed" for model in document.models):
        found[0] = replace(found[0], label=f"{found[0].name} (shown)", width=2.4, ringed=True)
    return tuple(found)


def dots_legend(models: Sequence[Look], colours: Colours) -> list[Line2D]:
    """Return the entries of a legend for models that are drawn as dots."""
    ringed = {"markersize": 10, "markeredgecolor": colours["ink"]}
    return [
        Line2D([], [], label=look.label, **(look.dot(colours) | (ringed if look.ringed else {})))
        for look in models
    ]


def lines_legend(models: Sequence[Look], colours: Colours) -> list[Line2D]:
    """Return the entries of a legend for models that are drawn as lines."""
    return [Line2D([], [], label=look.label, **look.line(colours)) for look in models]


def legend(drawing: Drawing, handles: Sequence[Line2D | Patch], width: float) -> None:
    """Put a legend above the axes, each label once, in as many rows as ``legend_height`` knows."""
    once = {str(handle.get_label()): handle for handle in handles}
    if once:
        columns = _columns(list(once), width)
        drawing.legend(
            handles=list(once.values()), loc="outside upper left", ncols=columns, columnspacing=1.4
        )


def legend_height(labels: Sequence[str], width: float) -> float:
    """Return how much a legend adds to a figure's height, CSS pixels."""
    once = list(dict.fromkeys(labels))
    return _LEGEND_ROW * -(-len(once) // _columns(once, width)) + 8 if once else 0


def ring(axes: Axes, x: float, y: float, colours: Colours) -> None:
    """Ring the dot of the model shown."""
    axes.plot(
        [x], [y], "o", markersize=12, markerfacecolor="none", markeredgecolor=colours["ink"],
        markeredgewidth=1.2,
    )  # fmt: skip


def estimate(result: Result | None) -> Estimate | None:
    """Return the cell of a result; None where there is none, or it has no value."""
    if result is None or result.value is None:
        return None
    return Estimate(result.value, result.low, result.high)


def _columns(labels: Sequence[str], width: float) -> int:
    longest = max(len(label) for label in labels)
    return max(1, min(len(labels), int(width / (_LETTER * longest + 56))))
