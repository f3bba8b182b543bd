"""Maps of pairs: codes and factors, and true codes with the codes that Q reads."""

from collections.abc import Sequence

import numpy as np

from infoeval.reporting.carried_information import carries_nothing
from infoeval.reporting.figure import Figure
from infoeval.reporting.figures.heat import Map, map_figure
from infoeval.reporting.figures.look import chance_cell
from infoeval.reporting.figures.naming import apart, stem
from infoeval.reporting.followed_factors import SURE
from infoeval.reporting.tables import Cell, ReportTable, TableColumn, columns, estimate
from infoeval.reporting.wording import nats
from infoeval.results import Document, ModelResults, Result
from infoeval.results.result_details import LeakageDetails

_LEAKAGE = "Information about each true code in each code that Q reads, in nats"
_MANY = 12
"""Largest number of factors that are columns; more of them are rows."""

MOST_MAPS = 6
"""Models whose codes have a map of their own."""

Place = tuple[str, str]


def factors(document: Document) -> tuple[Figure, ...]:
    """Return a map of every code against every factor, for each setting measured."""
    return _of_models(document, document.peers[:1])


def other_factors(document: Document) -> tuple[Figure, ...]:
    """Return the same maps of the other models compared, or seeds."""
    return _of_models(document, document.peers[1:MOST_MAPS])


def _of_models(document: Document, models: Sequence[ModelResults]) -> tuple[Figure, ...]:
    return apart(
        _factors(document, model, settings, pairs)
        for model in models
        for settings, pairs in _pairs(model).items()
    )


def _pairs(model: ModelResults) -> dict[str, dict[Place, Result]]:
    """Return the results of each code with each factor, by the settings that were asked for."""
    by_settings: dict[str, dict[Place, Result]] = {}
    for result in model.results:
        pair = result.pair
        if pair is not None:
            by_pair = by_settings.setdefault(result.options, {})
            by_pair.setdefault((pair.code, pair.factor), result)
    return by_settings


def _factors(
    document: Document, model: ModelResults, settings: str, pairs: dict[Place, Result]
) -> Figure:
    title = "Association of each code with each factor" + (f" ({settings})" if settings else "")
    if len(document.all_models) > 1:
        title += f", {model.label}"
    return map_figure(
        _factor_map(pairs),
        name=stem("factors", settings, *([f"model {model.index}"] if model.index else [])),
        title=title,
        caption=(
            "From 0 to 1, by the measure that fits the pair (see the table); values of different "
            "measures do not compare. Framed: the best one-to-one pairing of codes and factors."
            + (" Grey numbers: not above chance." if any(map(_by_chance, pairs.values())) else "")
        ),
        table=_factor_table(document, model, settings, pairs, title),
    )


def _factor_map(pairs: dict[Place, Result]) -> Map:
    codes = list(dict.fromkeys(code for code, _ in pairs))
    names = list(dict.fromkeys(factor for _, factor in pairs))
    places = {(codes.index(c), names.index(f)): result for (c, f), result in pairs.items()}
    values = np.full((len(codes), len(names)), np.nan)
    for place, result in places.items():
        values[place] = result.value
    marks = [
        frozenset(place for place, result in places.items() if result.pair and result.pair.paired),
        frozenset(place for place, result in places.items() if _by_chance(result)),
    ]
    if len(names) > _MANY:
        turned = [frozenset((column, row) for row, column in mark) for mark in marks]
        return Map(values.T, _written(values.T), names, codes, "code", "factor", *turned)
    return Map(values, _written(values), codes, names, "factor", "code", *marks)


def _by_chance(result: Result) -> bool:
    """Whether shuffled factors often have a pair as strong as this one."""
    pair = result.pair
    return pair is not None and pair.p is not None and pair.p > SURE


def _written(values: np.ndarray) -> list[list[str]]:
    return [[f"{value:.2f}" if np.isfinite(value) else "" for value in row] for row in values]


def _factor_table(
    document: Document,
    model: ModelResults,
    settings: str,
    pairs: dict[Place, Result],
    title: str,
) -> ReportTable:
    """Return a row for each pair, and a column for each model: those of others by aligned codes.

    The tables of the other models have their own values alone.
    """
    models = document.all_models if model.index == 0 else (model,)
    by_model = [_pairs(each).get(settings, {}) for each in models]
    names = [each.label for each in models] if len(models) > 1 else ["Value"]
    heads = [*columns("Code", "Factor", "Measure", "Paired"), *columns(*names, kind="number")]
    rows: list[list[Cell]] = []
    for (code, factor), result in pairs.items():
        pair = result.pair
        paired = "yes" if pair and pair.paired else "no"
        own = [code if each is model else each.own_name(code) or code for each in models]
        cells = [
            estimate(theirs.get((name, factor))) for name, theirs in zip(own, by_model, strict=True)
        ]
        rows.append([code, factor, pair.measure if pair else None, paired, *cells])
    whose = f", {document.label}" if len(models) > 1 else ""
    for name, column in _of_chance(list(pairs.values())).items():
        if any(cell is not None for cell in column):
            heads.append(TableColumn(f"{name}{whose}", "number"))
            for row, cell in zip(rows, column, strict=True):
                row.append(cell)
    return ReportTable("", title, tuple(heads), tuple(map(tuple, rows)))


def _of_chance(results: Sequence[Result]) -> dict[str, list[Cell]]:
    """Return what is known of each pair beside its value: chance, and NMI where it is not that."""
    pairs = [result.pair for result in results]
    return {
        "Chance": [chance_cell(result) for result in results],
        "Adjusted for chance": [estimate(result.typed.adjusted) for result in results],
        "p": [pair.p if pair else None for pair in pairs],
        "NMI": [pair.nmi if pair else None for pair in pairs],
    }


def leakage(document: Document) -> tuple[Figure, ...]:
    """Return the map of the model shown; none where it was not measured, or has one code."""
    shown = _leakage_of(document)
    if shown is None or len(shown.names) < 2:
        return ()
    whose = f", {document.label}" if len(document.all_models) > 1 else ""
    found = {name: document.information(name) for name in shown.names}
    empty = [name for name, result in found.items() if result and carries_nothing(result)]
    figure = map_figure(
        _leakage_map(shown, empty),
        name="leakage",
        title=f"{_LEAKAGE}{whose}",
        caption="Grey numbers: not above what unrelated codes give by chance 95 times in 100."
        + (
            " Grey columns: of codes that carry nothing, so what Q reads there is arbitrary."
            if empty
            else ""
        ),
        table=_leakage_table(document, shown),
    )
    return (figure,)


def _leakage_of(model: ModelResults) -> LeakageDetails | None:
    known = (result.information for result in model.results if result.information)
    return next((details.leakage for details in known if details.leakage), None)


def _leakage_map(shown: LeakageDetails, empty: Sequence[str]) -> Map:
    matrix, chance = np.asarray(shown.matrix), np.asarray(shown.chance)
    most = max(float(matrix.max()), 1e-9)
    nothing = matrix <= chance
    return Map(
        np.where(nothing, 0.0, matrix / most),
        # What a code tells of itself stands among the readings of its information.
        [
            ["" if i == j else nats(value) for j, value in enumerate(row)]
            for i, row in enumerate(matrix)
        ],
        shown.names,
        shown.names,
        across="code that Q reads",
        down="true code",
        soft=frozenset((int(row), int(column)) for row, column in np.argwhere(nothing)),
        greyed=frozenset(shown.names.index(name) for name in empty),
    )


def _leakage_table(document: Document, shown: LeakageDetails) -> ReportTable:
    """Return a row for each pair of codes, and a column for each model."""
    several = len(document.all_models) > 1
    models = [f"{model.label}, nats" if several else "Nats" for model in document.all_models]
    whose = f", {document.label}" if several else ""
    heads = (
        *columns("True code", "Code that Q reads"),
        *columns(*models, f"Chance, nats{whose}", kind="number"),
        *columns(f"Above chance{whose}"),
    )
    others = [_leakage_of(model) for model in document.all_models[1:]]
    rows: list[tuple[Cell, ...]] = []
    for i, true in enumerate(shown.names):
        for j, read in enumerate(shown.names):
            value, chance = shown.matrix[i][j], shown.chance[i][j]
            cells = [_value(other, true, read) for other in others]
            above = "yes" if value > chance else "no"
            rows.append((true, read, value, *cells, chance, above))
    return ReportTable("leakage", _LEAKAGE, heads, tuple(rows))


def _value(other: LeakageDetails | None, true: str, read: str) -> float | None:
    if other is None or true not in other.names or read not in other.names:
        return None
    return other.matrix[other.names.index(true)][other.names.index(read)]
