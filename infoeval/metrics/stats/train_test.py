"""Rows to fit on and rows to score, of one table: the first ones and the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Table, as_rows
from infoeval.metrics.stats.resampling import Options, Rows, table_of

__all__ = ["Split", "TestRows", "split_table"]

TestRows = tuple[ArrayLike, ArrayLike]
"""Codes and factors of other rows than those that models are fitted on."""
SCORED_SHARE = 1 / 3


@dataclass(frozen=True)
class Split:
    """A table whose first `fit` rows are to fit models on, and whose others are to score them."""

    table: Table
    fit: int
    pruned: list[str]

    def parts(self, rows: Rows) -> tuple[Rows, Rows]:
        """Those of some rows that are to fit on, and those that are to score."""
        return rows[rows < self.fit], rows[rows >= self.fit]


def split_table(
    codes: ArrayLike, factors: ArrayLike, test: TestRows | None, options: Options
) -> Split:
    """The table of all rows; without `test`, a third of them is drawn by the seed to be scored.

    Raises UserError for what is not a table of codes and factors, for test rows of other columns,
    and for too few rows.
    """
    if test is not None:
        all_codes, fit = _stacked(codes, test[0], "code")
        all_factors, known = _stacked(factors, test[1], "factor")
        if fit != known:
            raise UserError(
                f"{fit} rows of codes for {known} rows of factors to fit on; give one of each "
                "per row"
            )
        table, pruned = table_of(all_codes, all_factors, options)
    else:
        table, pruned = table_of(codes, factors, options)
        fit = table.n - max(1, round(SCORED_SHARE * table.n))
        order = np.random.default_rng([options.get("seed", 0), 1]).permutation(table.n)
        table = table.rows(np.concatenate([np.sort(order[:fit]), np.sort(order[fit:])]))
    if fit < 2 or table.n - fit < 1:
        raise UserError(f"{table.n} rows; give more, some to fit on and others to score")
    return Split(table, fit, pruned)


def _stacked(first: Any, second: Any, what: str) -> tuple[Any, int]:
    """The rows of both, and how many are the first ones."""
    if isinstance(first, pd.DataFrame) and isinstance(second, pd.DataFrame):
        if list(first.columns) != list(second.columns):
            raise UserError(f"the {what}s of the test rows have other columns")
        return pd.concat([first, second], ignore_index=True), len(first)
    one, other = as_rows(first, what), as_rows(second, what)
    if one.shape[1:] != other.shape[1:]:
        raise UserError(f"the {what}s of the test rows have shape {other.shape}, not {one.shape}")
    return np.concatenate([one, other]), len(one)
