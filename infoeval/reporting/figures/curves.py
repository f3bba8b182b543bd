"""Curves in small panels of equal frames: the training, and a Q trained afterwards."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from infoeval.reporting.figure import Colours, Figure, Handle, Margins
from infoeval.reporting.figures.look import Look, entropy_line, entropy_mark, looks
from infoeval.reporting.figures.naming import apart, short, stem
from infoeval.reporting.tables import Cell, Kind, ReportTable, Table, columns, estimate
from infoeval.results import Code, Document
from infoeval.results.result_details import ALL_CODES, INFORMATION, InformationDetails, Round

Curves = Callable[[Axes, Colours], None]
"""Draws the curves of a panel and sets the ends of its axes."""

_WIDTH, _HEIGHT = 300, 214
"""The size of a panel, CSS pixels."""
_MARGINS = Margins(left=74, right=18, top=28, bottom=50)
_TICKS, _FEW_TICKS = 5, 3
_LONG = 10_000
"""Least number that is so long that an axis has room for few ticks."""
_MOST_POINTS = 400
_FEWEST_POINTS = 60
_POINTS_IN_ALL = 1000
_TABLE_ROWS = 11
_BOUND = "lower bound, nats"
Array = NDArray[np.float64]
_TRIED = "other sizes, rates and inputs of Q"
_NOT_CONVERGED = "not converged"


def panel(
    kind: str,
    heading: str,
    *,
    title: str,
    caption: str,
    axes: tuple[str, str],
    limit: float | None,
    curves: Curves,
    legend: Callable[[Colours], Sequence[Handle]],
    table: Table,
) -> Figure:
    """Return a panel of curves, with a dashed line where there is a limit.

    ``heading`` stands above it; ``axes`` are the labels of the x and the y axis.
    """
    return Figure(
        name=stem(kind, heading),
        title=title,
        caption=caption,
        width=_WIDTH,
        height=_HEIGHT,
        draw=partial(_draw_panel, heading, axes, limit, curves),
        table=ReportTable("", title, table[0], tuple(table[1])),
        legend=legend,
        margins=_MARGINS,
    )


def _draw_panel(
    heading: str,
    labels: tuple[str, str],
    limit: float | None,
    curves: Curves,
    drawing: Drawing,
    colours: Colours,
) -> None:
    axes = drawing.add_subplot()
    # A height that is given is one that matplotlib need not look for.
    axes.set_title(short(heading), y=1)
    axes.grid(axis="y")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    if limit is not None:
        axes.axhline(limit, **entropy_line(colours))
    curves(axes, colours)
    for axis, high in ((axes.xaxis, axes.get_xlim()[1]), (axes.yaxis, 0.0)):
        axis.set_major_locator(
            MaxNLocator(_FEW_TICKS if high >= _LONG else _TICKS, steps=[1, 2, 2.5, 5, 10])
        )
        axis.set_major_formatter(FuncFormatter(_number))


def curve(axes: Axes, x: ArrayLike, y: ArrayLike, look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order."""
    axes.plot(x, y, **look.line(colours))


def _number(value: float, position: int | None = None) -> str:
    """Return a number of an axis as text.

    >>> _number(3000), _number(-0.25), _number(1e6)
    ('3000', '−0.25', '1e+06')
    """
    return f"{value:g}".replace("-", "−")


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
    panels = [
        _training_panel(document, f"information_{code.name}", code.name, code) for code in codes
    ]
    losses = "Generator loss", "Discriminator loss"
    panels += [_training_panel(document, loss.lower().replace(" ", "_"), loss) for loss in losses]
    return apart(panel for panel in panels if panel is not None)


def _training_panel(
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
        curves=partial(_draw_training, curves, limit, code is not None),
        legend=partial(_training_legend, curves, limit),
        table=_training_table(curves, "nats" if code else "number"),
    )


def _training_legend(
    curves: Sequence[_Curve], limit: float | None, colours: Colours
) -> list[Handle]:
    """Return the models where there are several, and the dashed line."""
    looked = [each.look for each in curves] if len(curves) > 1 else []
    models = [Line2D([], [], label=look.label, **look.line(colours)) for look in looked]
    return [*models, *([entropy_mark(colours)] if limit is not None else [])]


def _draw_training(
    curves: Sequence[_Curve], limit: float | None, of_code: bool, axes: Axes, colours: Colours
) -> None:
    most = max(_FEWEST_POINTS, min(_MOST_POINTS, _POINTS_IN_ALL // len(curves)))
    shown = []
    # The model shown first lies on top of the others.
    for model in reversed(curves):
        steps, values = _thin(model.steps, model.values, most)
        _finite_line(axes, steps, values, model.look, colours)
        shown.append(values)
    axes.set_ylim(*_frame(np.concatenate(shown), limit, of_code=of_code))
    axes.set_xlim(left=min(0, *axes.get_xlim()))


def _finite_line(axes: Axes, steps: Array, values: Array, look: Look, colours: Colours) -> None:
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


def _training_table(curves: Sequence[_Curve], kind: Kind) -> Table:
    """Return about ten evenly spaced records; another model's where it recorded that step."""
    steps = curves[0].steps
    last = len(steps) - 1
    kept = sorted({round(last * place / (_TABLE_ROWS - 1)) for place in range(_TABLE_ROWS)})
    recorded = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    rows = [(steps[place], *(values.get(steps[place]) for values in recorded)) for place in kept]
    return columns(("Step", "count"), *((curve.model, kind) for curve in curves)), rows


@dataclass(frozen=True)
class _Reading:
    """The information that a Q finds of a code in one model."""

    look: Look
    model: str
    details: InformationDetails

    @property
    def kept(self) -> list[Round]:
        """The rounds of the Q that was trained to the end."""
        return [round_ for round_ in self.details.curve if self._to_the_end(round_)]

    @property
    def tried(self) -> list[Round]:
        """The rounds of the sizes, rates and inputs that were abandoned."""
        return [round_ for round_ in self.details.curve if not self._to_the_end(round_)]

    def _to_the_end(self, round_: Round) -> bool:
        last = self.details.curve[-1]
        return (round_.width, round_.rate, round_.input) == (last.width, last.rate, last.input)


Readings = Sequence[_Reading]


def learning(document: Document) -> tuple[Figure, ...]:
    """Return the learning curve of Q for each code, and for all of them together."""
    return apart(
        panel(
            "learning",
            target,
            title=f"Learning curve of Q, {target}",
            caption=f"The bound on the information in {target} after each round of training Q, "
            "against the steps of training.",
            axes=("steps of training", "nats"),
            limit=limit,
            curves=partial(_draw_learning, readings),
            legend=partial(_learning_legend, readings, limit),
            table=_learning_table(readings),
        )
        for target, limit, readings in _measured(document, lambda details: details.curve)
    )


def noise(document: Document) -> tuple[Figure, ...]:
    """Return the information left under pixel noise, of each code and of all of them together."""
    return apart(
        panel(
            "noise",
            target,
            title=f"{target} under pixel noise",
            caption=f"The information in {target} that is left when Gaussian noise is added to the "
            "images, whose pixels lie between 0 and 1.",
            axes=("σ of the noise", "nats"),
            limit=limit,
            curves=partial(_draw_noise, readings),
            legend=partial(_legend, readings, limit),
            table=_noise_table(readings),
        )
        for target, limit, readings in _measured(document, lambda details: details.noise)
    )


def _measured(
    document: Document, part: Callable[[InformationDetails], Sequence[object]]
) -> Iterator[tuple[str, float | None, Readings]]:
    """Yield each code, and all together, with the limit and the readings that have a ``part``."""
    codes = document.all_codes
    targets = [(code.name, code.limit) for code in codes]
    if len(codes) > 1:
        limits = [code.limit for code in codes if code.limit is not None]
        targets.append((ALL_CODES, sum(limits) if len(limits) == len(codes) else None))
    for target, limit in targets:
        readings = [reading for reading in _readings(document, target) if part(reading.details)]
        if readings:
            yield target, limit, readings


def _readings(document: Document, target: str) -> list[_Reading]:
    """Return the reading of a code in every model that has one."""
    readings = []
    for model, look in zip(document.all_models, looks(document), strict=True):
        result = model.find(INFORMATION, target)
        if result is not None and result.convergence is not None:
            readings.append(_Reading(look, model.label, result.convergence))
    return readings


def _draw_learning(readings: Readings, axes: Axes, colours: Colours) -> None:
    # The model shown first lies on top of the others.
    for reading in reversed(readings):
        kept = [(round_.steps, round_.value) for round_ in reading.kept]
        _line(axes, kept, reading.look, colours)
        if not reading.details.converged:
            axes.plot(*kept[-1], markersize=8, clip_on=False, **_hollow(reading.look, colours))
        tried = [(round_.steps, round_.value) for round_ in reading.tried]
        if tried:
            axes.plot(*zip(*tried, strict=True), markersize=5, **_cross(reading.look, colours))
    _from_zero(axes)


def _draw_noise(readings: Readings, axes: Axes, colours: Colours) -> None:
    for reading in reversed(readings):
        steps = reading.details.noise
        for step in steps:
            ends = [step.value if end is None else end for end in (step.low, step.high)]
            colour = colours[reading.look.colour]
            axes.plot([step.deviation] * 2, ends, color=colour, linewidth=1.4)
        _line(axes, [(step.deviation, step.value) for step in steps], reading.look, colours)
    _from_zero(axes)


def _line(axes: Axes, points: Sequence[tuple[float, float]], look: Look, colours: Colours) -> None:
    """Draw a model's line through points, which are in order, each with a dot."""
    x, y = zip(*points, strict=True)
    # A dot on the frame is whole.
    axes.plot(x, y, markersize=5, clip_on=False, **look.dot(colours))
    curve(axes, x, y, look, colours)


def _from_zero(axes: Axes) -> None:
    """Set the ends of both axes, which show zero."""
    axes.set_ylim(bottom=min(axes.get_ylim()[0], 0))
    axes.set_xlim(left=0)


def _hollow(look: Look, colours: Colours) -> dict[str, Any]:
    """Return the mark of a Q that has not converged."""
    return look.dot(colours) | {"markerfacecolor": colours["card"], "markeredgewidth": 1.8}


def _cross(look: Look, colours: Colours) -> dict[str, Any]:
    """Return the mark of a Q that was abandoned."""
    colour = colours[look.colour]
    return {"marker": "x", "linestyle": "none", "markeredgecolor": colour, "markeredgewidth": 1.3}


def _legend(readings: Readings, limit: float | None, colours: Colours) -> list[Handle]:
    """Return the entries of a legend: the models where there are several, and the dashed line."""
    models = [_entry(reading.look, colours) for reading in readings] if len(readings) > 1 else []
    return [*models, *([entropy_mark(colours)] if limit is not None else [])]


def _learning_legend(readings: Readings, limit: float | None, colours: Colours) -> list[Handle]:
    ink = Look("", "", "ink", "o", (1, 0))
    handles = _legend(readings, limit, colours)
    if any(reading.tried for reading in readings):
        handles.append(Line2D([], [], label=_TRIED, markersize=5, **_cross(ink, colours)))
    if not all(reading.details.converged for reading in readings):
        handles.append(Line2D([], [], label=_NOT_CONVERGED, markersize=8, **_hollow(ink, colours)))
    return handles


def _entry(look: Look, colours: Colours) -> Line2D:
    style = {**look.dot(colours), **look.line(colours), "linestyle": "-", "markersize": 5}
    return Line2D([], [], label=look.label, **style)


def _learning_table(readings: Readings) -> Table:
    """Return a row for each round of each Q, and whether it was kept."""
    several = len(readings) > 1
    heads = (
        *columns(("Steps", "count"), *(["Model"] if several else [])),
        *columns("Bound, nats", "Gain at most, nats", kind="nats"),
        *columns(("Width of Q", "count"), ("Learning rate", "number"), "This Q"),
    )
    rows: list[tuple[Cell, ...]] = []
    for reading in readings:
        model = (reading.model,) if several else ()
        last = "converged" if reading.details.converged else "not converged"
        for round_ in reading.details.curve:
            fate = "abandoned" if round_ in reading.tried else "kept"
            if round_ is reading.details.curve[-1]:
                fate = f"kept, {last}"
            rows.append(
                (round_.steps, *model, round_.value, round_.gain, round_.width, round_.rate, fate)
            )
    return heads, rows


def _noise_table(readings: Readings) -> Table:
    """Return a row for each σ, and a column for each model."""
    left = [{step.deviation: step for step in reading.details.noise} for reading in readings]
    rows = [
        (deviation, *(estimate(column.get(deviation)) for column in left))
        for deviation in sorted({deviation for column in left for deviation in column})
    ]
    several = len(readings) > 1
    names = [f"{reading.model}, nats" if several else "Left, nats" for reading in readings]
    return (*columns(("σ of the noise", "number")), *columns(*names, kind="nats")), rows
