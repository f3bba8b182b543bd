"""Codes of several models for the same rows."""

from dataclasses import replace

from numpy.typing import ArrayLike

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.resampling import TableOptions, table_of


def numbered_codes(
    number: int, model: ArrayLike, options: TableOptions, needs: str
) -> tuple[Column, ...]:
    """Codes of the model of this number, named after it; dead ones are kept.

    Raises UserError for what is no table, and for categorical codes; ``needs`` says why.
    """
    table = table_of(model, None, {**options, "prune": False})
    for code in table.codes:
        if code.type == "categorical":
            raise UserError(f"model {number}: {code.name} is categorical; {needs}")
    return tuple(replace(code, name=f"model {number}, {code.name}") for code in table.codes)
