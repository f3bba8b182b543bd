"""Numbers as dots with their intervals, a row each, and the marks of codes of known meaning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from infoeval.reporting.figure import Colours, Figure, Handle
from infoeval.reporting.figures.look import WIDE, Look, draw_beyond, ring
from infoeval.reporting.figures.naming import short, stem
from infoeval.reporting.tables import ReportTable, Table
from infoeval.results import Result
from infoeval.results.result_details import Null

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
_LANE, _AXIS = 14, 60
"""Heights of a lane, and of the axis with its labels, CSS pixels."""
_GAP = 0.45
"""Height of the gap between rows, in lanes."""
_VALUES, _KNOWN = -0.2, 0.36
"""Where values stand above the middle of their row, and codes of known meaning above its end."""


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


@dataclass(frozen=True)
class Dot:
    """One number; ``null`` is what chance scores in its place.

    A dot that is ``open`` is dotted up to ``most``, or as far as there is room.
    """

    look: Look
    value: float
    low: float | None = None
    high: float | None = None
    null: Null | None = None
    hollow: bool = False
    open: bool = False
    most: float | None = None


@dataclass(frozen=True)
class DotRow:
    """The dots of a row, a lane each of ``lane`` times the usual height, from the top.

    ``median`` and ``limit`` are marked across the row where they are given; ``known`` are scores of
    codes of known meaning, by field.
    """

    label: str
    dots: tuple[Dot, ...]
    lane: float = 1.0
    median: float | None = None
    limit: float | None = None
    known: Mapping[str, float] = field(default_factory=dict)

    @property
    def height(self) -> float:
        """In lanes."""
        return max(self.lane * len(self.dots), 1.0) + _GAP


def height_of(rows: Sequence[DotRow]) -> float:
    """Return how high the axes are with their labels, in CSS pixels."""
    return _AXIS + _LANE * sum(row.height for row in rows)


def unit_figure(
    kind: str,
    title: str,
    unit: str,
    *,
    caption: str,
    rows: Sequence[DotRow],
    draw: Callable[[Axes, Colours], None],
    legend: Callable[[Colours], Sequence[Handle]],
    table: Table,
) -> Figure:
    """Return the figure of numbers of one unit, and their table."""
    title = f"{title} ({unit})" if unit else title
    return Figure(
        name=stem(kind, unit or "no unit"),
        title=title,
        caption=caption,
        width=WIDE,
        height=height_of(rows),
        draw=lambda drawing, colours: draw(drawing.add_subplot(), colours),
        table=ReportTable("", title, table[0], tuple(table[1])),
        legend=legend,
    )


def draw_rows(
    axes: Axes, rows: Sequence[DotRow], colours: Colours, *, label_length: int = 30
) -> None:
    """Draw all rows, the first at the top."""
    top, ticks, placed = 0.0, [], []
    for row in rows:
        middle = top + row.height / 2
        ticks.append(middle)
        if row.known:
            draw_known(axes, row.known, top + row.height - _KNOWN, colours)
            middle += _VALUES
        ends = [top + 0.12, top + row.height - 0.12]
        if row.limit is not None:
            axes.plot([row.limit] * 2, ends, color=colours["ink"], linewidth=1.2, dashes=(2, 2))
        if row.median is not None:
            axes.plot([row.median] * 2, ends, color=colours["ink"], linewidth=1.8)
        for place, dot in enumerate(row.dots):
            lane = middle + row.lane * (place - (len(row.dots) - 1) / 2)
            _limits(axes, dot, lane, 0.4 * min(row.lane, 1.0), colours)
            placed.append((dot, lane))
        top += row.height
        axes.axhline(top, color=colours["grid"], linewidth=0.5)
    _dots(axes, placed, colours)
    for dot, lane in placed:
        if dot.open:
            draw_beyond(axes, lane, dot.value, dot.most, colours)
    axes.set_yticks(ticks, [short(row.label, label_length) for row in rows])
    axes.set_ylim(top, 0)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _limits(axes: Axes, dot: Dot, lane: float, half: float, colours: Colours) -> None:
    """Draw the interval, over the band of the null scores."""
    null = dot.null
    if null is not None:
        low = null.mean if null.low is None else null.low
        high = null.mean if null.high is None else null.high
        band = Rectangle((low, lane - half), high - low, 2 * half, alpha=0.55, linewidth=0)
        band.set_facecolor(colours["grid"])
        axes.add_patch(band)
        axes.plot([null.mean] * 2, [lane - half, lane + half], color=colours["soft"], linewidth=1)
    low, high = (dot.value if end is None else end for end in (dot.low, dot.high))
    if low != high:
        axes.plot([low, high], [lane, lane], color=colours[dot.look.colour], linewidth=1.5)


def _dots(axes: Axes, placed: Sequence[tuple[Dot, float]], colours: Colours) -> None:
    groups: dict[tuple[Look, bool], list[tuple[float, float]]] = {}
    for dot, lane in placed:
        groups.setdefault((dot.look, dot.hollow), []).append((dot.value, lane))
        if dot.look.ringed:
            ring(axes, dot.value, lane, colours)
    for (look, hollow), places in groups.items():
        values, lanes = zip(*places, strict=True)
        axes.scatter(
            values,
            lanes,
            s=36,
            marker=look.marker,
            facecolor=colours["card" if hollow else look.colour],
            edgecolor=colours[look.colour],
            linewidth=1.3,
            zorder=3,
        )
