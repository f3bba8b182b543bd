"""Scores of the dependence of codes on one another."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Table, check_no_angles
from infoeval.metrics.stats.resampling import (
    TableOptions,
    score_table,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

REFERENCE = "Locatello et al. 2019, Challenging common assumptions in unsupervised learning"
Array = NDArray[np.float64]


def score_covariance(
    codes: ArrayLike, score: Callable[[Array], float], unit: str, options: TableOptions
) -> Score:
    """Score of codes by a function of their covariance ``(D, D)``, with an interval.

    Raises UserError for codes that are not two or more continuous ones that vary, and for codes
    that determine one another.
    """
    table = several_codes(codes, options)
    check_no_angles(table.codes, "an angle has no covariance")
    for code in table.codes:
        if code.type == "categorical":
            raise UserError(f"{code.name} is categorical; it has no covariance")
        if code.spread == 0:
            raise UserError(f"{code.name} is constant; leave it out, or prune dead codes")
    values = table.matrix(table.codes)
    covariance = np.cov(values, rowvar=False)
    if _is_singular(covariance):
        raise UserError("some codes are linear functions of others: the score is infinite")

    def statistic(rows: Rows, _: Rows) -> float:
        part = np.cov(values[rows], rowvar=False)
        if _is_singular(part):
            raise UserError("too few rows that differ for an interval; give more, or replicates=0")
        return score(part)

    def shuffled(order: Rows) -> float:
        return score(np.cov(independent_orders(values, order), rowvar=False))

    return score_table(
        table,
        score(covariance),
        statistic,
        options,
        bounds=(0.0, float("inf")),
        unit=unit,
        reference=REFERENCE,
        details={"covariance": covariance.tolist()},
        higher_is_better=False,
        shuffled=shuffled,
    )


def independent_orders(values: Array, order: Rows) -> Array:
    """Values ``(n, D)`` with every column in another order, made from one order of the rows."""
    rows, columns = np.arange(len(values)), []
    for column in values.T:
        columns.append(column[rows])
        rows = order[rows]
    return np.stack(columns, axis=1)


def several_codes(codes: ArrayLike, options: TableOptions) -> Table:
    """Table of codes alone.

    Raises UserError for fewer than two codes.
    """
    table = table_of(codes, None, options)
    if len(table.codes) < 2:
        raise UserError("one code does not depend on others; give two or more")
    return table


def _is_singular(covariance: Array) -> bool:
    """Whether codes determine one another, however much each of them varies."""
    deviation = np.sqrt(np.diag(covariance))
    correlation = share(covariance, np.outer(deviation, deviation))
    return bool(np.linalg.matrix_rank(correlation, hermitian=True) < len(covariance))
