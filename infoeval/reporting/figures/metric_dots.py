"""Every other metric as dots: of every model beside its references, or of every seed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from infoeval.reporting.class_matching import errors
from infoeval.reporting.figure import Colours, Figure, Handle
from infoeval.reporting.figures.dots import (
    FLAG,
    KNOWN,
    Dot,
    DotRow,
    draw_rows,
    height_of,
    known_scores,
    unit_figure,
)
from infoeval.reporting.figures.information_figure import alike
from infoeval.reporting.figures.look import (
    WIDE,
    Look,
    chance_cell,
    dots_legend,
    looks,
    median_mark,
)
from infoeval.reporting.figures.naming import apart
from infoeval.reporting.over_seeds import mean_over_seeds
from infoeval.reporting.tables import (
    Cell,
    EstimateCell,
    Kind,
    ReportTable,
    Table,
    TableColumn,
    columns,
    estimate,
)
from infoeval.reporting.wording import count_of, in_brackets
from infoeval.results import Document, ModelResults, Result
from infoeval.results.result_details import CLUSTER_ACCURACY, INFORMATION, OWN_BOUND, SCORE_UNITS

Key = tuple[str, str, str | None]
Measured = Mapping[int, EstimateCell]
"""One quantity of each model that has it, by the index of the model."""
_LANE = 0.62
"""How far the dots of several models stand from each other."""
_INFORMATION = "information"
_CHANCE = "chance"
_HOW = "shuffled factors, or for cluster-acc the most frequent class every time"


def metrics(document: Document) -> tuple[Figure, ...]:
    """Return the figure of all results that have no other one; none where there are none.

    It has an axis for each unit, but one for all scores, and an arrow for what is better.
    """
    units: dict[str, list[DotRow]] = {}
    for key, result in _others(document).items():
        unit = "score" if result.unit in SCORE_UNITS else result.unit
        units.setdefault(unit, []).append(_metric_row(document, key, result))
    if not units:
        return ()
    rows = [row for of_unit in units.values() for row in of_unit]
    null = any(dot.null for row in rows for dot in row.dots)
    known = any(row.known for row in rows)
    caption = "Dots with their intervals; ↑: more is better, ↓: less"
    caption += f"; grey: what chance scores ({_HOW})" if null else ""
    caption += "; below the dots: codes of known meaning, made of the same factors" if known else ""
    figure = Figure(
        name="metrics",
        title="Metrics",
        caption=f"{caption}.",
        width=WIDE,
        height=sum(map(height_of, units.values())),
        draw=partial(_draw, units),
        table=_table(document),
        legend=partial(_legend, looks(document), rows, null),
    )
    return (figure,)


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


def _metric_row(document: Document, key: Key, named: Result) -> DotRow:
    results = [_by_key(model, [key]).get(key) for model in document.all_models]
    dots = [
        Dot(look, result.value, result.low, result.high, result.chance)
        for look, result in zip(looks(document), results, strict=True)
        if result is not None
    ]
    known = next(filter(None, map(known_scores, results)), {})
    return DotRow(f"{_name_of(named)} {_arrow(named)}", tuple(dots), _LANE, known=known)


def _arrow(result: Result) -> str:
    return "↑" if result.higher_is_better else "↓"


def _by_key(model: ModelResults, keys: Iterable[Key]) -> dict[Key, Result]:
    """Return a model's results by key; those of a code are of the one aligned with it."""
    found: dict[Key, Result] = {}
    for result in model.results:
        if result.pair is None:
            found.setdefault(result.key, result)
    own = {(metric, options, target): model.own_name(target) for metric, options, target in keys}
    return {key: found[*key[:2], name] for key, name in own.items() if (*key[:2], name) in found}


def _draw(units: Mapping[str, Sequence[DotRow]], drawing: Drawing, colours: Colours) -> None:
    """Draw the axes of all units, one below the other."""
    heights = [height_of(rows) for rows in units.values()]
    grid = drawing.add_gridspec(len(units), 1, height_ratios=heights)
    for place, (unit, rows) in enumerate(units.items()):
        axes = drawing.add_subplot(grid[place, 0])
        draw_rows(axes, rows, colours, label_length=40)
        low, high = axes.get_xlim()
        if unit == "score":
            low, high = min(low, -0.02), max(high, 1.02)
        axes.set_xlim(min(low, 0), high)
        axes.set_xlabel(unit)


def _legend(
    models: Sequence[Look], rows: Sequence[DotRow], null: bool, colours: Colours
) -> list[Handle]:
    there = {field for row in rows for field in row.known}
    handles: list[Handle] = list(dots_legend(models, colours)) if len(models) > 1 else []
    if null:
        handles.append(Patch(facecolor=colours["grid"], alpha=0.55, label=_CHANCE))
    return [*handles, *(known.mark(colours) for known in KNOWN if known.field in there)]


def _table(document: Document) -> ReportTable:
    """Return a row for each metric: of each model its value, what chance scores, and the rest.

    Codes of known meaning are those of the first model that has any. Columns that no metric has
    anything for are left out.
    """
    named = _others(document)
    heads = [*columns("Metric", "Unit")]
    cells: list[list[Cell]] = [
        [f"{_name_in_full(result)} {_arrow(result)}" for result in named.values()],
        [result.unit for result in named.values()],
    ]
    by_model = [_by_key(model, named) for model in document.all_models]
    if document.arrangement == "seeds":
        heads.append(TableColumn(_mean_of(document), "number"))
        by_seed = [_by_key(seed, named) for seed in document.peers]
        values = {key: [seed[key].value for seed in by_seed if key in seed] for key in named}
        cells.append([_mean(values[key], key[0]) for key in named])
    for model, results in zip(document.all_models, by_model, strict=True):
        for quantity, cell_of in (
            ("value", estimate),
            ("chance", chance_cell),
            ("adjusted for chance", lambda result: estimate(result and result.typed.adjusted)),
        ):
            column: list[Cell] = [cell_of(results.get(key)) for key in named]
            if quantity == "value" or any(column):
                heads.append(TableColumn(_head(document, model.label, quantity), "number"))
                cells.append(column)
    scores = [
        next(filter(None, (known_scores(results.get(key)) for results in by_model)), {})
        for key in named
    ]
    for known in KNOWN:
        if any(known.field in each for each in scores):
            heads.append(TableColumn(known.name.capitalize(), "number"))
            cells.append([each.get(known.field) for each in scores])
    flags = [FLAG if result.typed.untrusted else "" for result in named.values()]
    if any(flags):
        heads.append(TableColumn("Flag"))
        cells.append(list(flags))
    # The plain definition of each metric, or the paper that defines it.
    hints = tuple(document.definitions.get(r.metric, r.reference) for r in named.values())
    rows = tuple(zip(*cells, strict=True))
    return ReportTable("metrics", "Metrics: ↑ more is better, ↓ less", tuple(heads), rows, hints)


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
    if result.metric == CLUSTER_ACCURACY:
        value, (low, high) = 1 - value, errors(low, high)
    return EstimateCell(value, low, high)


def _seeds_panel(document: Document, unit: str, quantities: Mapping[str, Measured]) -> Figure:
    models = looks(document)
    rows = [_row(document, models, name, measured) for name, measured in quantities.items()]
    return unit_figure(
        "seeds",
        "Every seed",
        unit,
        caption="A dot for each seed; the seed shown is ringed. The interval of a mean is over the "
        "seeds (Student's t, 95 %), those of single seeds over images.",
        rows=rows,
        draw=partial(_draw_seeds, rows, unit),
        legend=lambda colours: [*dots_legend(models, colours), median_mark(colours)],
        table=_seeds_table(document, unit, quantities),
    )


def _row(document: Document, models: Sequence[Look], name: str, measured: Measured) -> DotRow:
    values = {index: cell.value or 0.0 for index, cell in measured.items()}
    dots = tuple(Dot(models[index], value) for index, value in values.items())
    baselines = {model.index for model in document.baselines}
    of_seeds = [value for index, value in values.items() if index not in baselines]
    return DotRow(name, dots, lane=0.45, median=median(of_seeds) if of_seeds else None)


def _draw_seeds(rows: Sequence[DotRow], unit: str, axes: Axes, colours: Colours) -> None:
    draw_rows(axes, rows, colours, label_length=44)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.02), max(high, 1.02) if unit in ("fraction", "index") else high)
    axes.set_xlabel(unit)


def _seeds_table(document: Document, unit: str, quantities: Mapping[str, Measured]) -> Table:
    """Return the mean over seeds, a row for each seed, baselines last; a column for each metric."""
    kinds: dict[str, Kind] = {
        name: "percent" if name.startswith("cluster error") else kind_of(unit)
        for name in quantities
    }
    rows: list[tuple[Cell, ...]] = [
        (model.label, *(measured.get(model.index) for measured in quantities.values()))
        for model in (*document.peers, *document.baselines)
    ]
    seeds = {seed.index for seed in document.peers}
    means = [
        _mean([cell.value or 0.0 for index, cell in of.items() if index in seeds], name)
        for name, of in quantities.items()
    ]
    return columns("Model", *kinds.items()), [(_mean_of(document), *means), *rows]
