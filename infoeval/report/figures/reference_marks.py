"""Codes of known meaning: how their scores are drawn beside those of a model."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours
from infoeval.results import Result

FLAG = "not to be trusted"


class Known(NamedTuple):
    """Codes of known meaning: the field of their score, their name, and how they are drawn."""

    field: str
    name: str
    marker: str
    colour: str
    filled: bool = False
    size: float = 4.5

    def mark(self, colours: Colours) -> Line2D:
        """Return the entry of a legend."""
        return Line2D([], [], linestyle="none", label=self.name, **self._style(colours))

    def draw(self, axes: Axes, value: float, row: float, colours: Colours) -> None:
        """Draw the mark at a score."""
        axes.plot([value], [row], linestyle="none", zorder=2.5, **self._style(colours))

    def _style(self, colours: Colours) -> dict[str, Any]:
        colour = colours[self.colour]
        return {
            "marker": self.marker,
            "markersize": self.size,
            "markerfacecolor": colour if self.filled else "none",
            "markeredgecolor": colour,
            "markeredgewidth": 1.1,
        }


KNOWN = (
    Known("noise", "noise", "x", "soft"),
    Known("common_cause", "common cause", "v", "baseline", filled=True, size=5),
    Known("rotated", "rotated", "D", "soft", size=4),
    Known("twice", "each factor twice", "s", "soft"),
    Known("exact_as_here", "exact as here", "o", "ink", size=6),
    Known("exact", "exact, factors independent", "|", "ink", size=9),
)


def known_scores(result: Result | None) -> dict[str, float]:
    """Return what codes of known meaning score, by field; nothing where none were scored."""
    known = result.typed.references if result else None
    found = {each.field: getattr(known, each.field, None) for each in KNOWN}
    return {field: value for field, value in found.items() if value is not None}


def draw_known(axes: Axes, scores: Mapping[str, float], row: float, colours: Colours) -> None:
    """Draw the scores of codes of known meaning as marks on a line from the least to the most."""
    ends = [min(scores.values()), max(scores.values())]
    axes.plot(ends, [row, row], color=colours["grid"], linewidth=1.0, zorder=1)
    for known in KNOWN:
        if known.field in scores:
            known.draw(axes, scores[known.field], row, colours)
