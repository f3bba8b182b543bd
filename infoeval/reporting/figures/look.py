"""The look of each model in all figures, and the entries of legends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infoeval.reporting.figure import Colours
from infoeval.reporting.figures.naming import short_names
from infoeval.reporting.tables import EstimateCell
from infoeval.results import Document, Result

WIDE = 640
"""The width of a figure, CSS pixels."""

ENTROPY = "H(c)"
BEYOND = "dotted: what a larger Q or more training might still find"
_COLOURS = ("subject", *(f"model-{number}" for number in range(2, 6)))
_MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">", "p", "h")
Dashes = tuple[float, ...]
_DASHES: tuple[Dashes, ...] = ((1, 0), (5, 1.5), (1.2, 1.2), (5, 1.5, 1.2, 1.5), (8, 2))


@dataclass(frozen=True)
class Look:
    """How a model is drawn, recognisable by more than its colour.

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

    def dot(self, colours: Colours) -> dict[str, Any]:
        """Return the properties of the model's markers."""
        colour = colours[self.colour]
        return {
            "marker": self.marker,
            "markerfacecolor": colour,
            "markeredgecolor": colour,
            "markeredgewidth": 1.3,
            "linestyle": "none",
        }


def looks(document: Document) -> tuple[Look, ...]:
    """Return the look of every model, in their order."""
    names = short_names(model.label for model in document.all_models)
    styles: list[Look] = []
    peers = 0
    for model, name in zip(document.all_models, names, strict=True):
        if model.role == "baseline":
            styles.append(Look(name, name, "baseline", "s", (4, 1.5)))
        elif model.role == "seed":
            styles.append(Look(name, "other seeds", "subject", "o", (1, 0), 0.7))
        else:
            style = _MARKERS[peers % len(_MARKERS)], _DASHES[peers % len(_DASHES)]
            styles.append(Look(name, name, _COLOURS[peers % len(_COLOURS)], *style))
            peers += 1
    if any(model.role == "seed" for model in document.all_models):
        styles[0] = replace(styles[0], label=f"{styles[0].name} (shown)", width=2.4, ringed=True)
    return tuple(styles)


def dots_legend(models: Sequence[Look], colours: Colours) -> list[Line2D]:
    """Return the entries of a legend for models that are drawn as dots."""
    ringed = {"markersize": 10, "markeredgecolor": colours["ink"]}
    return [
        Line2D([], [], label=look.label, **(look.dot(colours) | (ringed if look.ringed else {})))
        for look in models
    ]


def entropy_mark(colours: Colours) -> Line2D:
    """Return the entry of a legend for the line at a code's entropy."""
    return Line2D([], [], label=ENTROPY, **entropy_line(colours))


def median_mark(colours: Colours) -> Line2D:
    """Return the entry of a legend for the median of the seeds."""
    return Line2D([], [], color=colours["ink"], linewidth=1.8, label="median of the seeds")


def entropy_line(colours: Colours) -> dict[str, Any]:
    """Return the properties of the line at a code's entropy."""
    return {"color": colours["ink"], "linewidth": 1.3, "dashes": (2, 2)}


def draw_beyond(axes: Axes, row: float, value: float, most: float | None, colours: Colours) -> None:
    """Dot what a larger Q or more training might find: up to ``most``, or to the axes' end."""
    right = axes.get_xlim()[1]
    ends = [value, right if most is None else min(most, right)]
    style: dict[str, Any] = {"color": colours["soft"], "linewidth": 1, "dashes": (1, 2.5)}
    axes.plot(ends, [row, row], scalex=False, zorder=1.5, **style)


def ring(axes: Axes, x: float, y: float, colours: Colours) -> None:
    """Ring the dot of the model shown."""
    axes.plot(
        [x], [y], "o", markersize=12, markerfacecolor="none", markeredgecolor=colours["ink"],
        markeredgewidth=1.2,
    )  # fmt: skip


def chance_cell(result: Result | None) -> EstimateCell | None:
    """Return the cell of what chance scores in a result's place, where it is known."""
    null = result.chance if result else None
    return EstimateCell(null.mean, null.low, null.high) if null else None
