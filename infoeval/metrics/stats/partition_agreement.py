"""Agreement of a categorical code and labels as partitions of the rows, with its interval."""

from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.contingency import (
    check_paired,
    contingency_table,
    named_labels,
    table_of_occurring,
)
from infoeval.metrics.stats.mutual_information import FEW
from infoeval.metrics.stats.resampling import (
    ScoreOptions,
    check_options,
    score_table,
    without_columns,
)
from infoeval.metrics.stats.row_intervals import Rows

Array = NDArray[np.float64]
Statistic = Callable[[Array], float]
"""The value of a table ``(categories, classes)`` of counts."""


def score_agreement(
    statistic: Statistic,
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None,
    reference: str,
    bounds: tuple[float, float] = (0.0, 1.0),
    unit: str = "fraction",
    **options: Unpack[ScoreOptions],
) -> Score:
    """Score of ``statistic`` on the table of counts, with its interval and what chance scores.

    ``details`` name the categories and classes that occur.

    Raises UserError for vectors that are not one label per row or differ in length, for wrong
    options, for a table beyond a million cells, and when everything lies in one category and one
    class.
    """
    check_options(options)
    categories, (rows,) = named_labels({"codes": codes})
    classes, (columns,) = named_labels({"labels": labels}, class_names or None)
    check_paired(rows, columns)
    counts = table_of_occurring(rows, columns)
    if counts.size == 1:
        raise UserError("all rows lie in one category and one class; give rows with two of either")
    cells = LabelCells(rows, columns, (len(categories), len(classes)))
    alone = min(counts.shape) == 1
    score = score_table(
        cells.table,
        statistic(counts.astype(np.float64)),
        lambda *places: statistic(cells.counts(*places).astype(np.float64)),
        {**options, "replicates": 0} if alone else options,
        bounds=bounds,
        unit=unit,
        reference=reference,
        details={
            "categories": counts.shape[0],
            "classes": counts.shape[1],
            "category_names": categories,
            "class_names": [classes[column] for column in np.unique(columns)],
            **_sparse(len(rows), counts.shape),
        },
    )
    without_columns(score)
    if alone:
        score.details["interval"] = "none: with one category or one class the value is always 0"
    return score


class LabelCells:
    """Tables of counts of a categorical code and labels on any of their rows."""

    def __init__(
        self, codes: NDArray[np.int64], labels: NDArray[np.int64], shape: tuple[int, int]
    ) -> None:
        self.codes, self.labels, self.shape = codes, labels, shape
        self.table = Table(
            (Column("codes", "categorical", codes.astype(np.float64)),),
            (Column("labels", "discrete", labels.astype(np.float64)),),
        )

    def counts(self, code_rows: Rows, label_rows: Rows) -> NDArray[np.int64]:
        """Counts ``(categories, classes)`` of the codes and labels of some rows."""
        return contingency_table(self.codes[code_rows], self.labels[label_rows], *self.shape)


def _sparse(n: int, shape: tuple[int, ...]) -> dict[str, str]:
    categories, classes = shape
    if n >= FEW * categories * classes:
        return {}
    return {
        "sparse": f"{n:,} rows for {categories} × {classes} cells: fewer than {FEW} a cell, so "
        "chance makes much of the agreement; read the value above chance"
    }
