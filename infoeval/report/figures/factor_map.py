"""The association of codes and factors."""

from functools import partial

import numpy as np

from infoeval.report.figure import Figure
from infoeval.report.figures.heat import Map, draw_map, size_of
from infoeval.report.figures.look import estimate
from infoeval.report.figures.naming import apart, stem
from infoeval.report.tables import Cell, Column, EstimateCell, Table
from infoeval.results.document import Document
from infoeval.results.model_results import ModelResults
from infoeval.results.records import Result

__all__ = ["factors"]

_MANY = 12
"""Factors, above which they are rows and the codes columns."""

Place = tuple[str, str]


def factors(document: Document) -> tuple[Figure, ...]:
    """Return a map of every code against every factor, for each setting that was measured."""
    return apart(_figure(document, settings, pairs) for settings, pairs in _pairs(document).items())


def _pairs(model: ModelResults) -> dict[str, dict[Place, Result]]:
    """Return the results of each code with each factor, by the settings that were asked for."""
    by_settings: dict[str, dict[Place, Result]] = {}
    for result in model.results:
        pair = result.pair
        if pair is not None:
            by_pair = by_settings.setdefault(result.options, {})
            by_pair.setdefault((pair.code, pair.factor), result)
    return by_settings


def _figure(document: Document, settings: str, pairs: dict[Place, Result]) -> Figure:
    heat = _map(pairs)
    width, height = size_of(heat)
    which = f" ({settings})" if settings else ""
    return Figure(
        name=stem("factors", settings),
        title=f"Association of each code with each factor{which}",
        caption=(
            "From 0 to 1, by the measure that fits the pair (see the table). Framed: the best "
            "one-to-one pairing of codes and factors."
        ),
        width=width,
        height=height,
        draw=partial(draw_map, heat),
        table=_table(document, settings, pairs),
    )


def _map(pairs: dict[Place, Result]) -> Map:
    codes = list(dict.fromkeys(code for code, _ in pairs))
    names = list(dict.fromkeys(factor for _, factor in pairs))
    places = {(codes.index(c), names.index(f)): result for (c, f), result in pairs.items()}
    values = np.full((len(codes), len(names)), np.nan)
    for place, result in places.items():
        values[place] = result.value
    outlined = {place for place, result in places.items() if result.pair and result.pair.paired}
    if len(names) > _MANY:
        turned = frozenset((column, row) for row, column in outlined)
        return Map(values.T, _written(values.T), names, codes, "code", "factor", turned)
    return Map(values, _written(values), codes, names, "factor", "code", frozenset(outlined))


def _written(values: np.ndarray) -> list[list[str]]:
    return [[f"{value:.2f}" if np.isfinite(value) else "" for value in row] for row in values]


def _table(document: Document, settings: str, pairs: dict[Place, Result]) -> Table:
    """Return a row for each pair, and a column for each model."""
    models = [_pairs(model).get(settings, {}) for model in document.all_models]
    null = any(result.typed.null for result in pairs.values())
    names = [model.label for model in document.all_models] if len(models) > 1 else ["Value"]
    rows: list[tuple[Cell, ...]] = []
    for (code, factor), result in pairs.items():
        pair = result.pair
        cells = [estimate(model.get((code, factor))) for model in models]
        rows.append(
            (
                code,
                factor,
                pair.measure if pair else None,
                "yes" if pair and pair.paired else "no",
                *cells,
                *([_shuffled(result)] if null else []),
            )
        )
    columns = [Column("Code"), Column("Factor"), Column("Measure"), Column("Paired")]
    columns += [Column(name, "number") for name in names]
    columns += [Column("Shuffled factors", "number")] if null else []
    which = f" ({settings})" if settings else ""
    title = f"Association of each code with each factor{which}"
    return Table(stem("factors", settings), title, tuple(columns), tuple(rows))


def _shuffled(result: Result) -> EstimateCell | None:
    null = result.typed.null
    return EstimateCell(null.mean, null.low, null.high) if null else None
