"""Results and differences as CSV, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from infoeval.results.model_results import ModelResults
from infoeval.results.records import Difference, Result

_MODEL = ("model", "role", "seed")
_RESULT = ("metric", "target", "value", "low", "high", "level", "n", "unit", "seconds")
_CHANCE = ("chance", "adjusted", "adjusted_low", "adjusted_high")


RESULTS = (*_MODEL, *_RESULT, *_CHANCE)
"""The columns of a table of results."""
DIFFERENCES = tuple(entry.name for entry in fields(Difference) if entry.name != "options")
"""The columns of a table of differences."""


def results_rows(models: Iterable[ModelResults]) -> list[list[Any]]:
    """Return a row for each result of each model, with the columns `RESULTS`."""
    rows = []
    for model in models:
        start = [model.label, model.role, model.identity.seed]
        for result in model.results:
            cells = [getattr(result, key) for key in _RESULT[1:]]
            rows.append([*start, result.name, *cells, *_beside_chance(result)])
    return rows


def results_csv(models: Iterable[ModelResults]) -> str:
    """Return CSV with a row for each result of each model."""
    return _csv(RESULTS, results_rows(models))


def differences_rows(differences: Iterable[Difference]) -> list[list[Any]]:
    """Return a row for each difference, with the columns `DIFFERENCES`.

    As in a table of results, the options asked of a metric are in its name.
    """
    return [[each.name, *(getattr(each, key) for key in DIFFERENCES[1:])] for each in differences]


def differences_csv(differences: Iterable[Difference]) -> str:
    """Return CSV with a row for each difference of the first model from another."""
    return _csv(DIFFERENCES, differences_rows(differences))


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return buffer.getvalue()


def _beside_chance(result: Result) -> tuple[float | None, ...]:
    """Return what chance scores, and the value adjusted for that with its interval."""
    chance, adjusted = result.chance, result.typed.adjusted
    ends = (adjusted.value, adjusted.low, adjusted.high) if adjusted else (None, None, None)
    return (chance.mean if chance else None, *ends)
