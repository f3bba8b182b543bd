"""Curves of a Q trained afterwards: its information of each code by step, and under noise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.look import Look, entropy_mark, looks
from infoeval.report.figures.naming import apart
from infoeval.report.figures.panels import curve, panel
from infoeval.report.tables import Cell, Table, columns, estimate
from infoeval.results import Document
from infoeval.results.records import ALL_CODES, INFORMATION, InformationDetails, Round

_TRIED = "other sizes, rates and inputs of Q"
_NOT_CONVERGED = "not converged"


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
