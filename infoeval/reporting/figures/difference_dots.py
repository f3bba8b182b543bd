"""The first model minus each other model in every metric, with intervals."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from infoeval.reporting.figure import Colours, Figure, Handle
from infoeval.reporting.figures.dots import Dot, DotRow, draw_rows, unit_figure
from infoeval.reporting.figures.look import Look, dots_legend, looks
from infoeval.reporting.figures.metric_dots import kind_of
from infoeval.reporting.figures.naming import apart
from infoeval.reporting.tables import EstimateCell, Table, columns
from infoeval.reporting.wording import in_brackets
from infoeval.results import Difference, Document

Key = tuple[str, str, str | None]
"""A metric, the options that were asked of it, and its target."""


def differences(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each unit; none where models were not compared."""
    units: dict[str, list[Difference]] = {}
    for difference in document.differences:
        units.setdefault(_unit(document, difference), []).append(difference)
    return apart(_panel(document, unit, group) for unit, group in units.items())


def _unit(document: Document, difference: Difference) -> str:
    for model in document.all_models:
        what = difference.metric, difference.target
        # Differences of older files have no options.
        result = model.find(*what, difference.options) or model.find(*what)
        if result is not None and result.unit:
            return result.unit
    # The best code of a factor is another one in each model: no result has the factor alone.
    results = (result for model in document.all_models for result in model.results)
    return next((result.unit for result in results if result.metric == difference.metric), "")


def _panel(document: Document, unit: str, group: Sequence[Difference]) -> Figure:
    models = looks(document)
    by_key: dict[Key, list[Difference]] = {}
    for each in group:
        by_key.setdefault((each.metric, each.options, each.target), []).append(each)
    rows = [
        DotRow(
            f"{metric} of {target}{in_brackets(options)}"
            if target
            else f"{metric}{in_brackets(options)}",
            tuple(_dot(models[each.model], each) for each in found),
        )
        for (metric, options, target), found in by_key.items()
    ]
    shown = sorted({difference.model for difference in group})
    name = document.label
    return unit_figure(
        "differences",
        f"{name} minus the other models",
        unit,
        caption=(
            f"{name} minus each other model; hollow: the interval contains 0, "
            "so no difference is established."
        ),
        rows=rows,
        draw=partial(_draw, rows, unit, models[0].name),
        legend=partial(_legend, [models[index] for index in shown]),
        table=_table(document, unit, by_key),
    )


def _dot(look: Look, found: Difference) -> Dot:
    low, high = found.low, found.high
    nothing = low is not None and high is not None and low <= 0 <= high
    return Dot(look, found.difference, low, high, hollow=nothing)


def _draw(rows: Sequence[DotRow], unit: str, name: str, axes: Axes, colours: Colours) -> None:
    axes.axvline(0, color=colours["ink"], linewidth=1)
    draw_rows(axes, rows, colours, label_length=40)
    most = max(abs(end) for end in axes.get_xlim())
    axes.set_xlim(-most, most)
    axes.set_xlabel(f"{unit}, {name} minus the other model".strip(", "))


def _legend(models: Sequence[Look], colours: Colours) -> Sequence[Handle]:
    handles = dots_legend(models, colours)
    for handle, look in zip(handles, models, strict=True):
        handle.set_label(f"minus {look.label}")
    return handles


def _table(document: Document, unit: str, by_key: Mapping[Key, Sequence[Difference]]) -> Table:
    """Return a row for each metric, and a column for each other model."""
    indices = sorted({each.model for group in by_key.values() for each in group})
    cells = {
        key: {each.model: EstimateCell(each.difference, each.low, each.high) for each in group}
        for key, group in by_key.items()
    }
    rows = [
        (f"{metric}{in_brackets(options)}", target, *(found.get(index) for index in indices))
        for (metric, options, target), found in cells.items()
    ]
    names = [f"minus {document.all_models[index].label}" for index in indices]
    return (*columns("Metric", "Of"), *columns(*names, kind=kind_of(unit))), rows
