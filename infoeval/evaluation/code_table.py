"""The table that metrics are given: codes of a model, factors, and what more the model can tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.metrics.stats.resampling import Options

__all__ = ["CodeTable", "Generated", "Part"]


class Part(NamedTuple):
    """Codes and factors of some rows, as data frames of named columns."""

    codes: pd.DataFrame
    factors: pd.DataFrame | None


@dataclass(frozen=True)
class CodeTable:
    """Codes of a model, and the factors of what they are codes of.

    ``fit`` are the rows that predictors and matchings are fitted on, and ``scored`` those that
    they are scored on; where both are None, metrics split ``rows`` themselves. ``encode`` gives the
    codes of any factor values, for a model of images that can be drawn; ``generated`` the codes
    that its generator was given and the factors of what it drew.
    """

    rows: Part
    code_types: list[str]
    factor_types: list[str]
    fit: Part | None = None
    scored: Part | None = None
    encode: Callable[[NDArray[np.float64]], ArrayLike] | None = None
    generated: Callable[[], "Generated"] | None = None

    @classmethod
    def of(
        cls,
        rows: Part,
        code_types: Sequence[str] | None,
        factor_types: Sequence[str] | None,
        **others: Any,
    ) -> "CodeTable":
        """A table whose types, where none are given, are inferred from all its rows.

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
            [column.type for column in table.codes],
            # A period is told by the word that was given.
            [
                given if given.startswith("p") else column.type
                for given, column in zip(
                    factor_types or [""] * len(table.factors), table.factors, strict=True
                )
            ],
            **others,
        )

    def options(self, options: Options) -> Options:
        """The options with the types of the columns."""
        return {**options, "code_types": self.code_types, "factor_types": self.factor_types}


class Generated(NamedTuple):
    """Codes and the factors that were measured in generated images, how well they are on real ones.

    ``unmeasured`` says which others were not, and why.
    """

    table: CodeTable
    accuracies: dict[str, dict[str, Any]]
    unmeasured: list[str]
