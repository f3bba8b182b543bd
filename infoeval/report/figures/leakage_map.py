"""The information about each true code in each code that Q reads."""

from functools import partial

import numpy as np

from infoeval.report.figure import Figure
from infoeval.report.figures.heat import Map, draw_map, size_of
from infoeval.report.tables import Cell, Column, Table
from infoeval.report.wording import nats
from infoeval.results.details import LeakageDetails
from infoeval.results.document import Document
from infoeval.results.model_results import ModelResults

__all__ = ["leakage"]

_TITLE = "Information about each true code in each code that Q reads, in nats"


def leakage(document: Document) -> tuple[Figure, ...]:
    """Return the map of the model shown; none where it was not measured, or has one code."""
    shown = _of(document)
    if shown is None or len(shown.names) < 2:
        return ()
    heat = _map(shown)
    width, height = size_of(heat)
    figure = Figure(
        name="leakage",
        title=_TITLE,
        caption="Grey: not above what unrelated codes give by chance 95 times in 100.",
        width=width,
        height=height,
        draw=partial(draw_map, heat),
        table=_table(document, shown),
    )
    return (figure,)


def _of(model: ModelResults) -> LeakageDetails | None:
    known = (result.information for result in model.results if result.information)
    return next((details.leakage for details in known if details.leakage), None)


def _map(shown: LeakageDetails) -> Map:
    matrix, chance = np.asarray(shown.matrix), np.asarray(shown.chance)
    most = max(float(matrix.max()), 1e-9)
    nothing = matrix <= chance
    return Map(
        np.where(nothing, 0.0, matrix / most),
        [[nats(value) for value in row] for row in matrix],
        shown.names,
        shown.names,
        across="code that Q reads",
        down="true code",
        soft=frozenset((int(row), int(column)) for row, column in np.argwhere(nothing)),
    )


def _table(document: Document, shown: LeakageDetails) -> Table:
    """Return a row for each pair of codes, and a column for each model."""
    several = len(document.all_models) > 1
    columns = [Column("True code"), Column("Code that Q reads")]
    columns += [
        Column(f"{m.label}, nats" if several else "Nats", "number") for m in document.all_models
    ]
    whose = f", {document.label}" if several else ""
    columns += [Column(f"Chance, nats{whose}", "number"), Column(f"Above chance{whose}")]
    others = [_of(model) for model in document.all_models[1:]]
    rows: list[tuple[Cell, ...]] = []
    for i, true in enumerate(shown.names):
        for j, read in enumerate(shown.names):
            value, chance = shown.matrix[i][j], shown.chance[i][j]
            cells = [_value(other, true, read) for other in others]
            above = "yes" if value > chance else "no"
            rows.append((true, read, value, *cells, chance, above))
    return Table("leakage", _TITLE, tuple(columns), tuple(rows))


def _value(other: LeakageDetails | None, true: str, read: str) -> float | None:
    if other is None or true not in other.names or read not in other.names:
        return None
    return other.matrix[other.names.index(true)][other.names.index(read)]
