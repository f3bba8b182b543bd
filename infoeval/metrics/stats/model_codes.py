"""Codes of several models for the same rows."""

from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.resampling import TableOptions, table_of


def codes_of_models(
    models: Any, options: TableOptions, metric: str, needs: str
) -> list[tuple[Column, ...]]:
    """Codes of each of several models, named after it; dead ones are kept.

    ``models`` is a list of tables, or one array ``(models, n, D)``; ``needs`` says why codes must
    be numbers. Raises UserError for fewer than two, for what is no table, for categorical codes,
    for different numbers of rows, and for types.
    """
    for name in ("code_types", "factor_types"):
        if options.get(name) is not None:
            raise UserError(f"{metric} has no option {name!r}: all codes are continuous")
    if not isinstance(models, list | tuple):
        array = as_array(models, "models")
        if array.ndim != 3:
            raise UserError(f"models: give a list, the codes of each, not {type(models).__name__}")
        models = list(array)
    if len(models) < 2:
        raise UserError(f"models: {len(models)}; {metric} compares two or more")
    tables = [_numbered(number, model, options, needs) for number, model in enumerate(models)]
    if len({len(codes[0].values) for codes in tables}) > 1:
        raise UserError("models: the codes differ in their number of rows")
    return tables


def _numbered(
    number: int, model: ArrayLike, options: TableOptions, needs: str
) -> tuple[Column, ...]:
    table = table_of(model, None, {**options, "prune": False})
    for code in table.codes:
        if code.type == "categorical":
            raise UserError(f"model {number}: {code.name} is categorical; {needs}")
    return tuple(replace(code, name=f"model {number}, {code.name}") for code in table.codes)
