"""Total correlation: dependence of codes as if they were Gaussian."""

from collections.abc import Callable
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.resampling import Options, Rows, score_table, table_of

REFERENCE = "Locatello et al. 2019, Challenging common assumptions in unsupervised learning"


@metric(
    "total-correlation",
    kind="codes",
    range="0 or more",
    summary="total correlation of codes as if they were Gaussian, nats",
    use="whether codes are correlated; without factors",
    pitfalls="sees linear dependence only; blind to rotations of uncorrelated codes; says "
    "nothing of meaning",
)
def total_correlation(codes: ArrayLike, **options: Unpack[Options]) -> Score:
    """Total correlation of codes as if they were Gaussian: (sum log C_jj - log det C) / 2, nats.

    C is their covariance. 0 where no two codes are correlated; infinite, and an error here, where
    one is a linear function of the others. It sees linear dependence only.

    Args:
        codes: ``(n, D)``, two or more continuous ones.
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    ``details``: ``covariance`` (D x D), ``pruned`` codes.

    Raises UserError for what is not a table of continuous codes, for a constant code (leave it
    out, or ``prune=True``), and for codes that determine one another.

    >>> random = np.random.default_rng(0).normal(size=(10_000, 2))
    >>> correlated = random @ np.array([[1.0, 0.6], [0.0, 0.8]])  # by 0.6: 0.2231 nats
    >>> abs(float(total_correlation(correlated)) - 0.2231) < 0.02
    True
    """
    return score_covariance(codes, _gaussian, "nats", options)


def score_covariance(
    codes: ArrayLike,
    score: Callable[[NDArray[np.float64]], float],
    unit: str,
    options: Options,
) -> Score:
    """Score of codes by a function of their covariance ``(D, D)``."""
    table = several_codes(codes, options)
    for code in table.codes:
        if code.type == "categorical":
            raise UserError(f"{code.name} is categorical; it has no covariance")
        if code.spread == 0:
            raise UserError(f"{code.name} is constant; leave it out, or prune dead codes")
    if options.get("null", 0):
        raise UserError("a score of one table of codes has no null: shuffled, it is 0")
    values = table.matrix(table.codes)
    covariance = np.cov(values, rowvar=False)
    if _is_singular(covariance):
        raise UserError("some codes are linear functions of others: the score is infinite")

    def statistic(rows: Rows, _: Rows) -> float:
        part = np.cov(values[rows], rowvar=False)
        if _is_singular(part):
            raise UserError("too few rows that differ for an interval; give more, or replicates=0")
        return score(part)

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
        resample="jackknife",
    )


def several_codes(codes: ArrayLike, options: Options) -> Table:
    """Table of codes alone.

    Raises UserError for fewer than two codes.
    """
    table = table_of(codes, None, options)
    if len(table.codes) < 2:
        raise UserError("one code does not depend on others; give two or more")
    return table


def _is_singular(covariance: NDArray[np.float64]) -> bool:
    """Whether codes determine one another, however much each of them varies."""
    deviation = np.sqrt(np.diag(covariance))
    correlation = share(covariance, np.outer(deviation, deviation))
    return bool(np.linalg.matrix_rank(correlation, hermitian=True) < len(covariance))


def _gaussian(covariance: NDArray[np.float64]) -> float:
    return float(np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]) / 2
