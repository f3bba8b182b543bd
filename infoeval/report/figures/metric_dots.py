"""Every other metric: its value with its interval, and what shuffled factors score."""

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.dots import Dot, DotRow, draw_rows, unit_figure
from infoeval.report.figures.look import Look, dots_legend, estimate, looks, shuffled
from infoeval.report.figures.naming import apart
from infoeval.report.tables import Cell, Kind, TableColumn
from infoeval.results.document import Document
from infoeval.results.records import INFORMATION, OWN_BOUND, Result

__all__ = ["Key", "kind_of", "metrics", "name_of", "others"]

Key = tuple[str, str, str | None]
_FEW = 3
"""Models, whose dots stand at some distance."""
_SHUFFLED = "shuffled factors"


def metrics(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each unit: those of different units share no axis."""
    units: dict[str, list[Key]] = {}
    for key, result in others(document).items():
        units.setdefault(result.unit, []).append(key)
    return apart(_panel(document, unit, keys) for unit, keys in units.items())


def others(document: Document) -> dict[Key, Result]:
    """Return what has no figure of its own, of the first model that has it.

    The information of the codes and single pairs of code and factor are left out.
    """
    by_key: dict[Key, Result] = {}
    for model in document.all_models:
        for result in model.results:
            if result.metric not in (INFORMATION, OWN_BOUND) and result.pair is None:
                by_key.setdefault(result.key, result)
    return by_key


def name_of(result: Result) -> str:
    """Return a metric with target and options: "cluster-nmi of digit", "mig (bins=10)"."""
    options = result.options
    name = f"{result.metric} of {result.target}" if result.target else result.metric
    return f"{name} ({options})" if options else name


def kind_of(unit: str | None) -> Kind:
    """Return how numbers of a unit are written."""
    return "nats" if unit == "nats" else "number"


def _panel(document: Document, unit: str, keys: Sequence[Key]) -> Figure:
    models = looks(document)
    by_model = [_by_key(model.results) for model in document.all_models]
    rows = []
    for key in keys:
        dots = [
            _dot(look, results[key])
            for look, results in zip(models, by_model, strict=True)
            if key in results
        ]
        lane = 1.0 if len(models) <= _FEW else 0.62
        rows.append(DotRow(name_of(others(document)[key]), tuple(dots), lane))
    null = any(dot.null for row in rows for dot in row.dots)
    columns, cells = _table(document, unit, keys, null=null)
    return unit_figure(
        "metrics",
        "Other metrics",
        unit,
        caption="Dots with their intervals"
        + ("; grey: the scores of shuffled factors." if null else "."),
        rows=rows,
        draw=partial(_draw, rows, unit),
        legend=partial(_legend, models, null),
        columns=columns,
        cells=cells,
    )


def _by_key(results: Sequence[Result]) -> dict[Key, Result]:
    by_key: dict[Key, Result] = {}
    for result in results:
        if result.pair is None:
            by_key.setdefault(result.key, result)
    return by_key


def _dot(look: Look, result: Result) -> Dot:
    return Dot(look, result.value, result.low, result.high, result.typed.null)


def _draw(rows: Sequence[DotRow], unit: str, axes: Axes, colours: Colours) -> None:
    draw_rows(axes, rows, colours, label_length=40)
    low, high = axes.get_xlim()
    if unit in ("fraction", "index"):
        low, high = min(low, -0.02), max(high, 1.02)
    axes.set_xlim(min(low, 0), high)
    axes.set_xlabel(unit)


def _legend(models: Sequence[Look], null: bool, colours: Colours) -> list[Handle]:
    handles: list[Handle] = list(dots_legend(models, colours)) if len(models) > 1 else []
    if null:
        handles.append(Patch(facecolor=colours["grid"], alpha=0.55, label=_SHUFFLED))
    return handles


def _table(
    document: Document, unit: str, keys: Sequence[Key], *, null: bool
) -> tuple[list[TableColumn], list[tuple[Cell, ...]]]:
    """Return a row for each metric, and a column for each model, with its null beside it."""
    kind = kind_of(unit)
    several = len(document.all_models) > 1
    columns = [TableColumn("Metric")]
    for model in document.all_models:
        columns.append(TableColumn(model.label if several else "Value", kind))
        if null:
            name = f"{model.label}, shuffled factors" if several else "Shuffled factors"
            columns.append(TableColumn(name, kind))
    named = others(document)
    by_model = [_by_key(model.results) for model in document.all_models]
    rows: list[tuple[Cell, ...]] = []
    for key in keys:
        cells: list[Cell] = []
        for results in by_model:
            cells.append(estimate(results.get(key)))
            if null:
                cells.append(shuffled(results.get(key)))
        rows.append((name_of(named[key]), *cells))
    return columns, rows
