"""The noise curve: what is left of a code's information when noise is added to the images."""

from collections.abc import Sequence
from functools import partial

from matplotlib.figure import Figure as Drawing

from infoeval.report.figure import Colours, Figure
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
from infoeval.report.text_table import Column, Estimate, Table
from infoeval.results.document import Document

__all__ = ["noise"]


def noise(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each code, and one for all of them together."""
    panels = []
    for target, limit in targets(document):
        found = [each for each in readings(document, target) if each.convergence.noise]
        if found:
            panels.append(_panel(target, limit, found))
    return apart(panels)


def _panel(target: str, limit: float | None, found: Sequence[Reading]) -> Figure:
    title = f"{target} under pixel noise"
    name = stem("noise", target)
    return Figure(
        name=name,
        title=title,
        caption=(
            f"The information of {target} that is left when Gaussian noise is added to the "
            "images, whose pixels lie from 0 to 1."
        ),
        width=WIDTH,
        height=HEIGHT,
        draw=partial(_draw, target, limit, found),
        table=_table(name, title, found),
        legend=partial(legend_of, found, limit),
        margins=MARGINS,
    )


def _draw(
    title: str,
    limit: float | None,
    found: Sequence[Reading],
    drawing: Drawing,
    colours: Colours,
) -> None:
    axes = axes_of(drawing, title, "σ of the noise", "nats", limit, colours)
    # The model shown first lies on top of the others.
    for each in reversed(found):
        steps = each.convergence.noise
        for step in steps:
            ends = [step.value if end is None else end for end in (step.low, step.high)]
            colour = colours[each.look.colour]
            axes.plot([step.deviation] * 2, ends, color=colour, linewidth=1.4)
        line(axes, [(step.deviation, step.value) for step in steps], each.look, colours)
    finish_from_zero(axes)


def _table(name: str, title: str, found: Sequence[Reading]) -> Table:
    """Return a row for each σ, and a column for each model."""
    left = [
        {
            step.deviation: Estimate(step.value, step.low, step.high)
            for step in each.convergence.noise
        }
        for each in found
    ]
    deviations = sorted({deviation for each in left for deviation in each})
    rows = tuple((deviation, *(each.get(deviation) for each in left)) for deviation in deviations)
    names = [f"{each.model}, nats" if len(found) > 1 else "Left, nats" for each in found]
    columns = (Column("σ of the noise", "number"), *(Column(name, "nats") for name in names))
    return Table(name, title, columns, rows)
