"""Training curves: the own Q's bound of each code, and the losses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from infoeval.report.document import Document
from infoeval.report.figure import Colours, Figure
from infoeval.report.figures.drawing import PANEL, Look, legend, legend_height, lines_legend, looks
from infoeval.report.figures.naming import apart, short, stem
from infoeval.report.table import Cell, Column, Kind, Table

__all__ = ["training"]

_MOST_POINTS = 400
_FEWEST_POINTS = 60
_POINTS_IN_ALL = 1000
_TABLE_ROWS = 11
_ENTROPY = "H(c)"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Curve:
    """A training curve of one model; None where a value was not finite."""

    look: Look
    model: str
    steps: Sequence[int]
    values: Sequence[float | None]


def training(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each code that has a curve, and one for each loss."""
    wanted: list[tuple[str, str, str, float | None]] = [
        (f"information_{code.name}", f"L_I of {code.name}", "nats", code.entropy)
        for code in document.codes
    ]
    wanted += [
        ("generator_loss", "Generator loss", "loss", None),
        ("discriminator_loss", "Discriminator loss", "loss", None),
    ]
    panels = [_panel(document, *each) for each in wanted]
    return apart(panel for panel in panels if panel is not None)


def _panel(
    document: Document, series: str, title: str, unit: str, limit: float | None
) -> Figure | None:
    curves = [
        _Curve(look, model.name, model.history.step, values)
        for model, look in zip(document.models, looks(document), strict=True)
        if model.history and (values := model.curve(series))
    ]
    if not curves:
        return None
    labels = _labels(curves, limit)
    more = "; dashed: the code's entropy H(c)" if limit is not None else ""
    return Figure(
        name=stem("training", series.removeprefix("information_")),
        title=title,
        caption=f"{title} over training{more}.",
        width=PANEL,
        height=220 + legend_height(labels, PANEL),
        draw=partial(_draw, curves, limit, unit, title),
        table=_table(curves, stem("training", series), title, unit),
    )


def _labels(curves: Sequence[_Curve], limit: float | None) -> list[str]:
    """Return what the legend tells: the models where there are several, and the dashed line."""
    models = [curve.look.label for curve in curves] if len(curves) > 1 else []
    return [*models, *([_ENTROPY] if limit is not None else [])]


def _draw(
    curves: Sequence[_Curve],
    limit: float | None,
    unit: str,
    title: str,
    drawing: Drawing,
    colours: Colours,
) -> None:
    axes = drawing.add_subplot()
    axes.set_title(short(title, 26))
    axes.grid(axis="y")
    axes.set(xlabel="step", ylabel=unit)
    ink = colours["ink"]
    if limit is not None:
        axes.axhline(limit, color=ink, linewidth=1.3, dashes=(2, 2))
    most = max(_FEWEST_POINTS, min(_MOST_POINTS, _POINTS_IN_ALL // len(curves)))
    shown = []
    # The model shown first lies on top of the others.
    for curve in reversed(curves):
        steps, values = _thin(curve.steps, curve.values, most)
        _line(axes, steps, values, curve.look, colours)
        shown.append(values)
    axes.set_ylim(*_frame(np.concatenate(shown), limit))
    axes.set_xlim(left=min(0, *axes.get_xlim()))
    axes.locator_params(axis="both", nbins=5)
    handles = lines_legend([curve.look for curve in curves], colours) if len(curves) > 1 else []
    if limit is not None:
        handles.append(Line2D([], [], color=ink, linewidth=1.3, dashes=(2, 2), label=_ENTROPY))
    legend(drawing, handles, PANEL)


def _line(axes: Axes, steps: Array, values: Array, look: Look, colours: Colours) -> None:
    """Draw a curve; what is not a number stays a gap."""
    for finite, places in groupby(range(len(values)), lambda place: math.isfinite(values[place])):
        if finite:
            kept = list(places)
            sns.lineplot(
                x=steps[kept],
                y=values[kept],
                ax=axes,
                estimator=None,
                errorbar=None,
                sort=False,
                **look.line(colours),
            )


def _thin(
    steps: Sequence[int], values: Sequence[float | None], most: int = _MOST_POINTS
) -> tuple[Array, Array]:
    """Return at most so many evenly spaced points of a curve, its first and last among them."""
    count = len(steps)
    kept = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
    numbers = [np.nan if value is None else value for value in values]
    return np.asarray(steps, dtype=np.float64)[kept], np.asarray(numbers)[kept]


def _frame(values: Array, limit: float | None) -> tuple[float, float]:
    """Return the ends of the y axis.

    The lower one stays near zero when early values lie far below it: they would flatten everything
    that matters.
    """
    finite = values[np.isfinite(values)]
    high = max([*finite, *([] if limit is None else [limit])], default=1.0)
    low = min(finite, default=0.0)
    if limit is not None:
        low = max(low, -max(abs(limit), 1.0))
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def _table(curves: Sequence[_Curve], name: str, title: str, unit: str) -> Table:
    """Return about ten evenly spaced records; another model's where it recorded that step."""
    steps = curves[0].steps
    last = len(steps) - 1
    kept = sorted({round(last * place / (_TABLE_ROWS - 1)) for place in range(_TABLE_ROWS)})
    recorded = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    rows: list[tuple[Cell, ...]] = [
        (steps[place], *(values.get(steps[place]) for values in recorded)) for place in kept
    ]
    kind: Kind = "nats" if unit == "nats" else "number"
    columns = Column("Step", "count"), *(Column(curve.model, kind) for curve in curves)
    return Table(name, title, columns, tuple(rows))
