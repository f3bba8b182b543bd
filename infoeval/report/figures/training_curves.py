"""Training curves: the bound of each code by the model's own Q, and the losses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.look import Look, entropy_mark, looks
from infoeval.report.figures.naming import apart
from infoeval.report.figures.panels import curve, panel
from infoeval.report.tables import Kind, Table, columns
from infoeval.results import Code, Document

_MOST_POINTS = 400
_FEWEST_POINTS = 60
_POINTS_IN_ALL = 1000
_TABLE_ROWS = 11
_BOUND = "lower bound, nats"
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
    codes = document.all_codes
    panels = [_panel(document, f"information_{code.name}", code.name, code) for code in codes]
    losses = "Generator loss", "Discriminator loss"
    panels += [_panel(document, loss.lower().replace(" ", "_"), loss) for loss in losses]
    return apart(panel for panel in panels if panel is not None)


def _panel(
    document: Document, series: str, heading: str, code: Code | None = None
) -> Figure | None:
    """Return the panel of a loss, or of a code."""
    curves = [
        _Curve(look, model.label, model.steps, values)
        for model, look in zip(document.all_models, looks(document), strict=True)
        if (values := model.curve(series))
    ]
    if not curves:
        return None
    limit = code.limit if code else None
    title = f"Lower bound on the information in {heading}" if code else heading
    more = ", by the model's own Q" if code else ""
    more += "; dashed: the code's entropy H(c)" if limit is not None else ""
    return panel(
        "training",
        heading,
        title=title,
        caption=f"{title} over training{more}.",
        axes=("step", _BOUND if code else "loss"),
        limit=limit,
        curves=partial(_draw, curves, limit, code is not None),
        legend=partial(_legend, curves, limit),
        table=_table(curves, "nats" if code else "number"),
    )


def _legend(curves: Sequence[_Curve], limit: float | None, colours: Colours) -> list[Handle]:
    """Return the models where there are several, and the dashed line."""
    looked = [each.look for each in curves] if len(curves) > 1 else []
    models = [Line2D([], [], label=look.label, **look.line(colours)) for look in looked]
    return [*models, *([entropy_mark(colours)] if limit is not None else [])]


def _draw(
    curves: Sequence[_Curve], limit: float | None, of_code: bool, axes: Axes, colours: Colours
) -> None:
    most = max(_FEWEST_POINTS, min(_MOST_POINTS, _POINTS_IN_ALL // len(curves)))
    shown = []
    # The model shown first lies on top of the others.
    for model in reversed(curves):
        steps, values = _thin(model.steps, model.values, most)
        _line(axes, steps, values, model.look, colours)
        shown.append(values)
    axes.set_ylim(*_frame(np.concatenate(shown), limit, of_code=of_code))
    axes.set_xlim(left=min(0, *axes.get_xlim()))


def _line(axes: Axes, steps: Array, values: Array, look: Look, colours: Colours) -> None:
    """Draw a curve; what is not a number stays a gap."""
    for finite, places in groupby(range(len(values)), lambda place: math.isfinite(values[place])):
        if finite:
            kept = list(places)
            curve(axes, steps[kept], values[kept], look, colours)


def _thin(
    steps: Sequence[int], values: Sequence[float | None], most: int = _MOST_POINTS
) -> tuple[Array, Array]:
    """Return at most so many evenly spaced points of a curve, its first and last among them."""
    count = len(steps)
    kept = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
    numbers = [np.nan if value is None else value for value in values]
    return np.asarray(steps, dtype=np.float64)[kept], np.asarray(numbers)[kept]


def _frame(values: Array, limit: float | None, *, of_code: bool) -> tuple[float, float]:
    """Return the ends of the y axis.

    The lower one of a code stays near zero when early values lie far below it: they would flatten
    everything that matters.
    """
    finite = values[np.isfinite(values)]
    high = max([*finite, *([] if limit is None else [limit])], default=1.0)
    low = min(finite, default=0.0)
    if of_code:
        low = max(low, -max(limit or 0.0, 1.0))
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def _table(curves: Sequence[_Curve], kind: Kind) -> Table:
    """Return about ten evenly spaced records; another model's where it recorded that step."""
    steps = curves[0].steps
    last = len(steps) - 1
    kept = sorted({round(last * place / (_TABLE_ROWS - 1)) for place in range(_TABLE_ROWS)})
    recorded = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    rows = [(steps[place], *(values.get(steps[place]) for values in recorded)) for place in kept]
    return columns(("Step", "count"), *((curve.model, kind) for curve in curves)), rows
