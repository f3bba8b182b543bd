"""Q's learning curve: the bound on a code's information after each round of training."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.look import Look
from infoeval.report.figures.naming import apart, stem
from infoeval.report.figures.panels import HEIGHT, MARGINS, WIDTH, axes_of
from infoeval.report.figures.q_panels import (
    Reading,
    finish_from_zero,
    legend_of,
    line,
    readings,
    targets,
)
from infoeval.report.text_table import Cell, Column, Table
from infoeval.results.document import Document

__all__ = ["learning"]

_TRIED = "other sizes and rates of Q"
_NOT_CONVERGED = "not converged"


def learning(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each code, and one for all of them together."""
    panels = []
    for target, limit in targets(document):
        found = [each for each in readings(document, target) if each.convergence.curve]
        if found:
            panels.append(_panel(target, limit, found))
    return apart(panels)


def _panel(target: str, limit: float | None, found: Sequence[Reading]) -> Figure:
    title = f"Q learning {target}"
    name = stem("learning", target)
    return Figure(
        name=name,
        title=title,
        caption=(
            f"The bound on the information of {target} that Q reached after each round, "
            "over the steps it had been trained."
        ),
        width=WIDTH,
        height=HEIGHT,
        draw=partial(_draw, target, limit, found),
        table=_table(name, title, found),
        legend=partial(_legend, found, limit),
        margins=MARGINS,
    )


def _draw(
    title: str,
    limit: float | None,
    found: Sequence[Reading],
    drawing: Drawing,
    colours: Colours,
) -> None:
    axes = axes_of(drawing, title, "steps of training", "nats", limit, colours)
    # The model shown first lies on top of the others.
    for each in reversed(found):
        rounds = [(gain.steps, gain.value) for gain in each.kept]
        line(axes, rounds, each.look, colours)
        if not each.convergence.converged:
            axes.plot(*rounds[-1], markersize=8, clip_on=False, **_hollow(each.look, colours))
        tried = [(gain.steps, gain.value) for gain in each.tried]
        if tried:
            axes.plot(*zip(*tried, strict=True), markersize=5, **_cross(each.look, colours))
    finish_from_zero(axes)


def _legend(found: Sequence[Reading], limit: float | None, colours: Colours) -> list[Handle]:
    ink = Look("", "", "ink", "o", (1, 0))
    handles = legend_of(found, limit, colours)
    if any(each.tried for each in found):
        handles.append(Line2D([], [], label=_TRIED, markersize=5, **_cross(ink, colours)))
    if not all(each.convergence.converged for each in found):
        handles.append(Line2D([], [], label=_NOT_CONVERGED, markersize=8, **_hollow(ink, colours)))
    return handles


def _hollow(look: Look, colours: Colours) -> dict[str, Any]:
    """Return the mark of a Q that has not converged."""
    return look.dot(colours) | {"markerfacecolor": colours["card"], "markeredgewidth": 1.8}


def _cross(look: Look, colours: Colours) -> dict[str, Any]:
    colour = colours[look.colour]
    return {"marker": "x", "linestyle": "none", "markeredgecolor": colour, "markeredgewidth": 1.3}


def _table(name: str, title: str, found: Sequence[Reading]) -> Table:
    """Return a row for each round of each Q, and whether it was kept."""
    several = len(found) > 1
    columns = [
        Column("Steps", "count"),
        *([Column("Model")] if several else []),
        Column("Width of Q", "count"),
        Column("Learning rate", "number"),
        Column("Bound, nats", "nats"),
        Column("Gain at most, nats", "nats"),
        Column("This Q"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for each in found:
        model = (each.model,) if several else ()
        last = "converged" if each.convergence.converged else "not converged"
        for gain in each.convergence.curve:
            fate = "left" if gain in each.tried else "kept"
            if gain is each.convergence.curve[-1]:
                fate = f"kept, {last}"
            rows.append((gain.steps, *model, gain.width, gain.rate, gain.value, gain.gain, fate))
    return Table(name, title, tuple(columns), tuple(rows))
