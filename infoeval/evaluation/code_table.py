"""The table that metrics of codes and factors are computed from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.stats.code_factor_table import Column, as_table
from infoeval.subjects.subject import Rows

NOISE = "noise"
"""The factor that numbers images of the same noise and categories."""


@dataclass(frozen=True)
class CodeTable:
    """Codes of a model, with factors and the types of both.

    ``fit`` are the rows that predictors and matchings are fitted on, and ``scored`` those that
    they are scored on; where both are None, metrics split ``rows`` themselves. ``encode`` gives the
    codes of any factor values, for a model of images that can be drawn.
    """

    rows: Rows
    code_types: list[str]
    factor_types: list[str]
    fit: Rows | None = None
    scored: Rows | None = None
    encode: Callable[[NDArray[np.float64]], ArrayLike] | None = None

    @classmethod
    def of(
        cls,
        rows: Rows,
        code_types: Sequence[str] | None,
        factor_types: Sequence[str] | None,
        **others: Any,
    ) -> "CodeTable":
        """Return a table whose types, where none are given, are inferred from all its rows.

        Raises UserError for what is no table.
        """
        parts = [rows, *(part for part in (others.get("fit"), others.get("scored")) if part)]
        codes = pd.concat([part.codes for part in parts], ignore_index=True)
        factors = None
        if rows.factors is not None:
            factors = pd.concat([part.factors for part in parts], ignore_index=True)
        table = as_table(codes, factors, code_types=code_types, factor_types=factor_types)
        return cls(
            rows,
            _with_periods(code_types, table.codes),
            _with_periods(factor_types, table.factors),
            **others,
        )


def _with_periods(given: Sequence[str] | None, columns: Sequence[Column]) -> list[str]:
    """Return the types of columns; only the words that were given have the periods."""
    words = given or [""] * len(columns)
    return [
        word if word.startswith("p") else column.type
        for word, column in zip(words, columns, strict=True)
    ]


class MeasuredTable(NamedTuple):
    """Codes, and factors measured in generated images; how well each is measured on real ones.

    ``unmeasured`` are the reasons why other factors are missing.
    """

    table: CodeTable
    accuracies: dict[str, dict[str, Any]]
    unmeasured: list[str]
