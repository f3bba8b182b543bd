"""Every metric of codes and factors between its references: what codes of known meaning score."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.look import WIDE, Look, dots_legend, estimate, looks
from infoeval.report.figures.naming import apart, short
from infoeval.report.tables import Cell, ReportTable, TableColumn
from infoeval.results import Document, ModelResults, Result

_ROW, _AXIS = 40, 60
"""Heights of a metric's row, and of the axis with its label, CSS pixels."""
_VALUE, _KNOWN = -0.2, 0.17
"""Where the value and the references stand in a row, of its height, from its middle."""
_LONGEST = 30
_FLAG = "not to be trusted"


class Known(NamedTuple):
    """Codes of known meaning: the field of their score, their name, and how they are drawn."""

    field: str
    name: str
    marker: str
    colour: str
    filled: bool = False
    size: float = 6.0

    def mark(self, colours: Colours) -> Line2D:
        """Return the entry of a legend."""
        return Line2D([], [], linestyle="none", label=self.name, **self._style(colours))

    def draw(self, axes: Axes, value: float, row: float, colours: Colours) -> None:
        """Draw the mark at a score."""
        axes.plot([value], [row], linestyle="none", zorder=3, **self._style(colours))

    def _style(self, colours: Colours) -> dict[str, Any]:
        colour = colours[self.colour]
        return {
            "marker": self.marker,
            "markersize": self.size,
            "markerfacecolor": colour if self.filled else "none",
            "markeredgecolor": colour,
            "markeredgewidth": 1.3,
        }


KNOWN = (
    Known("noise", "noise", "x", "soft"),
    Known("common_cause", "common cause", "v", "baseline", filled=True, size=7),
    Known("rotated", "rotated", "D", "soft", size=5),
    Known("twice", "each factor twice", "s", "soft"),
    Known("exact_as_here", "exact as here", "o", "ink", size=8),
    Known("exact", "exact, factors independent", "|", "ink", size=13),
)


def references(document: Document) -> tuple[Figure, ...]:
    """Return a figure for each model whose metrics were compared with codes of known meaning."""
    drawn = []
    for model, look in zip(document.all_models, looks(document), strict=True):
        results = of_known_codes(model)
        if results:
            drawn.append(_figure(model, look, results, len(document.all_models) > 1))
    return apart(drawn)


def of_known_codes(model: ModelResults) -> list[Result]:
    """Return the results beside which codes of known meaning were scored."""
    return [result for result in model.results if result.typed.references is not None]


def _figure(model: ModelResults, look: Look, results: Sequence[Result], several: bool) -> Figure:
    title = "Each metric between its references"
    return Figure(
        name="references",
        title=f"{title}, {model.label}" if several else title,
        caption="Upper line of each metric: this model, with its interval. Lower line: codes of "
        "known meaning, made of the same factors.",
        width=WIDE,
        height=_AXIS + _ROW * len(results),
        draw=partial(_draw, results, look),
        table=_table(model, results, several),
        legend=partial(_legend, results, look),
    )


def _draw(results: Sequence[Result], look: Look, drawing: Drawing, colours: Colours) -> None:
    axes = drawing.add_subplot()
    for row, result in enumerate(results):
        scores = _scores(result)
        line: dict[str, Any] = {"color": colours["grid"], "linewidth": 1.2, "zorder": 1}
        axes.plot([min(scores.values()), max(scores.values())], [row + _KNOWN] * 2, **line)
        for known in KNOWN:
            if known.field in scores:
                known.draw(axes, scores[known.field], row + _KNOWN, colours)
        ends = [result.value if end is None else end for end in (result.low, result.high)]
        axes.plot(ends, [row + _VALUE] * 2, color=colours[look.colour], linewidth=1.5)
        axes.plot([result.value], [row + _VALUE], zorder=3, **look.dot(colours))
        axes.axhline(row + 0.5, color=colours["grid"], linewidth=0.5)
    axes.set_yticks(range(len(results)), [_label(each) for each in results])
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02), max(high, 1.02))
    axes.set_xlabel("score")


def _scores(result: Result) -> dict[str, float]:
    """Return what codes of known meaning score, by field."""
    known = result.typed.references
    found = {each.field: getattr(known, each.field) for each in KNOWN}
    return {field: value for field, value in found.items() if value is not None}


def _label(result: Result) -> str:
    name = short(result.name, _LONGEST)
    return f"{name}\n{_FLAG}" if result.typed.untrusted else name


def _legend(results: Sequence[Result], look: Look, colours: Colours) -> list[Handle]:
    (model,) = dots_legend([look], colours)
    model.set_label("this model")
    there = {field for result in results for field in _scores(result)}
    return [model, *(known.mark(colours) for known in KNOWN if known.field in there)]


def _table(model: ModelResults, results: Sequence[Result], several: bool) -> ReportTable:
    before, after = KNOWN[:4], KNOWN[4:]
    columns = [
        TableColumn("Metric"),
        *(TableColumn(known.name.capitalize(), "number") for known in before),
        TableColumn(model.label if several else "This model", "number"),
        *(TableColumn(known.name.capitalize(), "number") for known in after),
        TableColumn("Flag"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for result in results:
        scores = _scores(result)
        rows.append(
            (
                result.name,
                *(scores.get(known.field) for known in before),
                estimate(result),
                *(scores.get(known.field) for known in after),
                _FLAG if result.typed.untrusted else "",
            )
        )
    title = "Scores of this model and of codes of known meaning"
    title = f"{title}, {model.label}" if several else title
    return ReportTable("references", title, tuple(columns), tuple(rows))
