"""Every other metric as dots: of every model with what chance scores, or of every seed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import median

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from infoeval.report.figure import Colours, Figure, Handle
from infoeval.report.figures.dots import Dot, DotRow, draw_rows, unit_figure
from infoeval.report.figures.information_figure import alike
from infoeval.report.figures.look import (
    Look,
    adjusted_cell,
    chance_cell,
    dots_legend,
    estimate,
    looks,
)
from infoeval.report.figures.naming import apart
from infoeval.report.over_seeds import mean_over_seeds
from infoeval.report.tables import Cell, EstimateCell, Kind, TableColumn
from infoeval.report.wording import count_of, in_brackets
from infoeval.results import Document, ModelResults, Result
from infoeval.results.records import CLUSTER_ACCURACY, INFORMATION, OWN_BOUND

Key = tuple[str, str, str | None]
Measured = Mapping[int, EstimateCell]
"""One quantity of each model that has it, by the index of the model."""
_FEW = 3
"""Largest number of models whose dots stand a whole lane apart."""
_MEDIAN = "median of the seeds"
_INFORMATION = "information"
_CHANCE = "chance"
_HOW = "shuffled factors, or for cluster-acc the most frequent class every time"


def metrics(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each unit: those of different units share no axis."""
    units: dict[str, list[Key]] = {}
    for key, result in _others(document).items():
        units.setdefault(result.unit, []).append(key)
    return apart(_panel(document, unit, keys) for unit, keys in units.items())


def _others(document: Document) -> dict[Key, Result]:
    """Return the results without another figure, each of the first model that has it.

    Those are all but the information of codes and the pairs of a code and a factor.
    """
    by_key: dict[Key, Result] = {}
    for model in document.all_models:
        for result in model.results:
            if result.metric not in (INFORMATION, OWN_BOUND) and result.pair is None:
                by_key.setdefault(result.key, result)
    return by_key


def _name_of(result: Result) -> str:
    """Return a metric with target and options: "cluster-nmi of digit", "mig (bins=10)"."""
    name = f"{result.metric} of {result.target}" if result.target else result.metric
    return f"{name}{in_brackets(result.options)}"


def _name_in_full(result: Result) -> str:
    """Return the name, with a remark where a matching was fitted on the rows that it scores."""
    same_rows = result.clustering is not None and result.clustering.on_same_rows
    return f"{_name_of(result)}{' (fitted on the same rows)' if same_rows else ''}"


def kind_of(unit: str | None) -> Kind:
    """Return how numbers of a unit are written."""
    return "nats" if unit == "nats" else "number"


def _panel(document: Document, unit: str, keys: Sequence[Key]) -> Figure:
    models = looks(document)
    by_model = [_by_key(model, keys) for model in document.all_models]
    rows = []
    for key in keys:
        dots = [
            _dot(look, results[key])
            for look, results in zip(models, by_model, strict=True)
            if key in results
        ]
        lane = 1.0 if len(models) <= _FEW else 0.62
        rows.append(DotRow(_name_of(_others(document)[key]), tuple(dots), lane))
    null = any(dot.null for row in rows for dot in row.dots)
    columns, cells = _table(document, unit, keys)
    return unit_figure(
        "metrics",
        "Other metrics",
        unit,
        caption="Dots with their intervals"
        + (f"; grey: what chance scores ({_HOW})." if null else "."),
        rows=rows,
        draw=partial(_draw, rows, unit),
        legend=partial(_legend, models, null),
        columns=columns,
        cells=cells,
    )


def _by_key(model: ModelResults, keys: Iterable[Key]) -> dict[Key, Result]:
    """Return a model's results by key; those of a code are of the one aligned with it."""
    found: dict[Key, Result] = {}
    for result in model.results:
        if result.pair is None:
            found.setdefault(result.key, result)
    own = {(metric, options, target): model.own_name(target) for metric, options, target in keys}
    return {key: found[*key[:2], name] for key, name in own.items() if (*key[:2], name) in found}


def _dot(look: Look, result: Result) -> Dot:
    return Dot(look, result.value, result.low, result.high, result.chance)


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
        handles.append(Patch(facecolor=colours["grid"], alpha=0.55, label=_CHANCE))
    return handles


def _table(
    document: Document, unit: str, keys: Sequence[Key]
) -> tuple[list[TableColumn], list[tuple[Cell, ...]]]:
    """Return a row for each metric: of each model its value, what chance scores, and the rest.

    Columns that no metric has anything for are left out.
    """
    kind = kind_of(unit)
    named = _others(document)
    columns = [TableColumn("Metric")]
    cells: list[list[Cell]] = [[_name_in_full(named[key]) for key in keys]]
    if document.arrangement == "seeds":
        columns.append(TableColumn(_mean_of(document), kind))
        by_seed = [_by_key(seed, keys) for seed in document.peers]
        values = {key: [seed[key].value for seed in by_seed if key in seed] for key in keys}
        cells.append([_mean(values[key], key[0]) for key in keys])
    for model in document.all_models:
        results = _by_key(model, keys)
        measured = [results.get(key) for key in keys]
        for quantity, cell_of, written in (
            ("value", estimate, kind),
            ("chance", chance_cell, kind),
            ("adjusted for chance", adjusted_cell, "number"),
        ):
            column: list[Cell] = [cell_of(result) for result in measured]
            if quantity == "value" or any(column):
                columns.append(TableColumn(_head(document, model.label, quantity), written))
                cells.append(column)
    return columns, list(zip(*cells, strict=True))


def _mean_of(document: Document) -> str:
    return f"Mean of {count_of(len(document.peers), 'seed')}"


def _mean(values: Sequence[float], metric: str) -> EstimateCell | None:
    return mean_over_seeds(values, metric) if values else None


def _head(document: Document, label: str, quantity: str) -> str:
    """Return a column's name: of one model "Value", of several the model's label."""
    if len(document.all_models) == 1:
        return quantity.capitalize()
    return label if quantity == "value" else f"{label}, {quantity}"


def seeds(document: Document) -> tuple[Figure, ...]:
    """Return a panel for each unit, where the models are seeds of one trainer."""
    if document.arrangement != "seeds":
        return ()
    units: dict[str, dict[str, Measured]] = {}
    for name, unit, measured in _quantities(document):
        if measured:
            units.setdefault(unit, {})[name] = measured
    return apart(_seeds_panel(document, unit, quantities) for unit, quantities in units.items())


def _quantities(document: Document) -> list[tuple[str, str, Measured]]:
    """Return name, unit and values of what is shown: cluster errors, metrics, information."""
    quantities: list[tuple[str, str, Measured]] = []
    others = _others(document)
    by_model = [_by_key(model, others) for model in document.all_models]
    for key, result in others.items():
        if result.metric == CLUSTER_ACCURACY:
            better = _name_in_full(result).removeprefix(CLUSTER_ACCURACY)
            name = f"cluster error{better} (lower is better)"
        else:
            name = _name_of(result)
        measured = {
            index: _cell(results[key]) for index, results in enumerate(by_model) if key in results
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


def _cell(result: Result) -> EstimateCell:
    value, low, high = result.value, result.low, result.high
    if result.metric != CLUSTER_ACCURACY:
        return EstimateCell(value, low, high)
    return EstimateCell(
        1 - value, None if high is None else 1 - high, None if low is None else 1 - low
    )


def _seeds_panel(document: Document, unit: str, quantities: Mapping[str, Measured]) -> Figure:
    models = looks(document)
    rows = [_row(document, models, name, measured) for name, measured in quantities.items()]
    columns, cells = _seeds_table(document, unit, quantities)
    return unit_figure(
        "seeds",
        "Every seed",
        unit,
        caption="A dot for each seed; the seed shown is ringed. The interval of a mean is over the "
        "seeds (Student's t, 95 %), those of single seeds over images.",
        rows=rows,
        draw=partial(_draw_seeds, rows, unit),
        legend=partial(_seeds_legend, models),
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


def _draw_seeds(rows: Sequence[DotRow], unit: str, axes: Axes, colours: Colours) -> None:
    draw_rows(axes, rows, colours, label_length=44)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02), max(high, 1.02) if unit in ("fraction", "index") else high)
    axes.set_xlabel(unit)


def _seeds_legend(models: Sequence[Look], colours: Colours) -> list[Handle]:
    mark = Line2D([], [], color=colours["ink"], linewidth=1.8, label=_MEDIAN)
    return [*dots_legend(models, colours), mark]


def _seeds_table(
    document: Document, unit: str, quantities: Mapping[str, Measured]
) -> tuple[list[TableColumn], list[tuple[Cell, ...]]]:
    """Return the mean over seeds, a row for each seed, baselines last; a column for each metric."""
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
    seeds = {seed.index for seed in document.peers}
    means = [
        _mean([cell.value or 0.0 for index, cell in of.items() if index in seeds], name)
        for name, of in quantities.items()
    ]
    return columns, [(_mean_of(document), *means), *rows]
