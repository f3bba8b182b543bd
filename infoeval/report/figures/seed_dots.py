"""Every seed, not the best: a dot for each, of every metric."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import median

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.dots import Dot, DotRow, draw_rows, unit_figure
from infoeval.report.figures.information_figure import alike
from infoeval.report.figures.look import Look, dots_legend, looks
from infoeval.report.figures.metric_dots import kind_of, name_of, others
from infoeval.report.figures.naming import apart
from infoeval.report.tables import Cell, EstimateCell, Kind, TableColumn
from infoeval.results.document import Document
from infoeval.results.model_results import ModelResults
from infoeval.results.records import CLUSTER_ACCURACY, Result

__all__ = ["seeds"]

_MEDIAN = "median of the seeds"
_INFORMATION = "information"
Measured = Mapping[int, EstimateCell]
"""One quantity of each model that has it, by the model's index."""


def seeds(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each unit, where the models are seeds of one trainer."""
    if document.arrangement != "seeds":
        return ()
    units: dict[str, dict[str, Measured]] = {}
    for name, unit, measured in _quantities(document):
        if measured:
            units.setdefault(unit, {})[name] = measured
    return apart(_panel(document, unit, quantities) for unit, quantities in units.items())


def _quantities(document: Document) -> list[tuple[str, str, Measured]]:
    """Return name, unit and values of what is shown: cluster errors, metrics, information."""
    quantities: list[tuple[str, str, Measured]] = []
    for key, result in others(document).items():
        if result.metric == CLUSTER_ACCURACY:
            name = f"cluster error of {result.target} (lower is better)"
        else:
            name = name_of(result)
        measured = {
            model.index: _cell(same)
            for model in document.all_models
            if (same := _find(model, key)) is not None
        }
        quantities.append((name, result.unit, measured))
    for code in document.all_codes:
        measured = {
            index: _cell(bound)
            for index, bound in enumerate(alike(document, code.name))
            if bound is not None
        }
        quantities.append((f"{_INFORMATION} of {code.name}", "nats", measured))
    return quantities


def _find(model: ModelResults, key: tuple[str, str, str | None]) -> Result | None:
    return next((r for r in model.results if r.key == key and r.pair is None), None)


def _cell(result: Result) -> EstimateCell:
    value, low, high = result.value, result.low, result.high
    if result.metric != CLUSTER_ACCURACY:
        return EstimateCell(value, low, high)
    return EstimateCell(
        1 - value, None if high is None else 1 - high, None if low is None else 1 - low
    )


def _panel(document: Document, unit: str, quantities: Mapping[str, Measured]) -> Figure:
    models = looks(document)
    rows = [_row(document, models, name, measured) for name, measured in quantities.items()]
    columns, cells = _table(document, unit, quantities)
    return unit_figure(
        "seeds",
        "Every seed",
        unit,
        caption="A dot for each seed; the seed shown is ringed.",
        rows=rows,
        draw=partial(_draw, rows, unit),
        legend=partial(_legend, models),
        columns=columns,
        cells=cells,
    )


def _row(document: Document, models: Sequence[Look], name: str, measured: Measured) -> DotRow:
    dots = [Dot(models[index], cell.value or 0.0) for index, cell in measured.items()]
    of_seeds = [
        cell.value or 0.0 for index, cell in measured.items()
        if document.all_models[index].role != "baseline"
    ]  # fmt: skip
    return DotRow(name, tuple(dots), lane=0.45, median=median(of_seeds) if of_seeds else None)


def _draw(rows: Sequence[DotRow], unit: str, axes: Axes, colours: Colours) -> None:
    draw_rows(axes, rows, colours, label_length=44)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02), max(high, 1.02) if unit in ("fraction", "index") else high)
    axes.set_xlabel(unit)


def _legend(models: Sequence[Look], colours: Colours) -> list[Handle]:
    mark = Line2D([], [], color=colours["ink"], linewidth=1.8, label=_MEDIAN)
    return [*dots_legend(models, colours), mark]


def _table(
    document: Document, unit: str, quantities: Mapping[str, Measured]
) -> tuple[list[TableColumn], list[tuple[Cell, ...]]]:
    """Return a row for each seed, baselines last, and a column for each metric."""
    kinds: list[Kind] = [
        "percent" if name.startswith("cluster error") else kind_of(unit) for name in quantities
    ]
    columns = [
        TableColumn("Model"),
        *(TableColumn(name, kind) for name, kind in zip(quantities, kinds, strict=True)),
    ]
    rows: list[tuple[Cell, ...]] = [
        (model.label, *(measured.get(model.index) for measured in quantities.values()))
        for model in (*document.peers, *document.baselines)
    ]
    return columns, rows
