"""Dependence of codes on one another: total and Wasserstein correlation, mutual information."""

from collections.abc import Callable
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.mutual_information import class_numbers_of, information_matrix
from infoeval.metrics.stats.resampling import Options, Rows, score_table, table_of

REFERENCE = "Locatello et al. 2019, Challenging common assumptions in unsupervised learning"
Array = NDArray[np.float64]


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
    return _score_covariance(codes, _gaussian, "nats", options)


def _gaussian(covariance: Array) -> float:
    return float(np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]) / 2


@metric(
    "wasserstein-correlation",
    kind="codes",
    range="0 to 2",
    summary="distance of Gaussian codes from independent ones over their variance",
    use="as total-correlation, where codes nearly determine one another",
    pitfalls="sees linear dependence only; codes of large variance count most",
)
def wasserstein_correlation(codes: ArrayLike, **options: Unpack[Options]) -> Score:
    """Squared 2-Wasserstein distance of Gaussian codes from independent ones, over their variance.

    (2 tr C - 2 tr (C diag C)^(1/2)) / tr C, C the covariance: 0 where no two codes are correlated.
    It grows less than the total correlation does where codes nearly determine one another, and
    counts codes of large variance most. Arguments, details and errors are those of
    :func:`infoeval.metrics.total_correlation`.

    >>> codes = np.random.default_rng(0).normal(size=(10_000, 2))
    >>> float(wasserstein_correlation(codes)) < 0.001
    True
    """
    return _score_covariance(codes, _wasserstein, "fraction", options)


def _wasserstein(covariance: Array) -> float:
    # C diag(C) has the eigenvalues of the symmetric diag(C)^(1/2) C diag(C)^(1/2).
    scale = np.sqrt(np.diag(covariance))
    eigenvalues = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    variance = float(np.trace(covariance))
    root = float(np.sqrt(np.clip(eigenvalues, 0, None)).sum())
    return max(0.0, 2 * variance - 2 * root) / variance


@metric(
    "code-information",
    kind="codes",
    range="0 or more",
    summary="mean mutual information of two codes, nats",
    use="whether codes depend on one another in any way; without factors",
    pitfalls="bias of counts: look at the null; sees pairs only",
)
def code_information(codes: ArrayLike, *, bins: int = 20, **options: Unpack[Options]) -> Score:
    """Mean mutual information of two codes, nats, over all pairs, by counts of bins.

    Continuous codes are cut into bins of equal width, categorical ones are counted as they are. It
    sees any dependence of two codes, and has a bias of (B - 1)^2 / 2n nats: compare with the null,
    for which every code is shuffled independently.

    Args:
        codes: ``(n, D)``, two or more.
        bins: of equal width; 20 as in disentanglement_lib.
        **options: see :class:`infoeval.metrics.stats.resampling.Options`.

    ``details``: ``information`` (D x D, nats), ``pruned`` codes.

    Raises UserError for what is not a table of codes.

    >>> codes = np.random.default_rng(0).normal(size=(10_000, 3))
    >>> float(code_information(codes)) < 0.02
    True
    """
    table = _several_codes(codes, options)
    classes = class_numbers_of(table.codes, bins)

    def statistic(rows: Rows, other: Rows) -> float:
        return _mean_of_pairs(information_matrix(classes[rows], classes[other]))

    whole = information_matrix(classes, classes)
    return score_table(
        table,
        _mean_of_pairs(whole),
        statistic,
        options,
        bounds=(0.0, float("inf")),
        unit="nats",
        reference=REFERENCE,
        details={"information": whole.tolist(), "bins": bins},
        higher_is_better=False,
    )


def _mean_of_pairs(matrix: Array) -> float:
    count = len(matrix)
    return float(matrix.sum() - np.trace(matrix)) / (count * (count - 1))


def _score_covariance(
    codes: ArrayLike,
    score: Callable[[Array], float],
    unit: str,
    options: Options,
) -> Score:
    """Score of codes by a function of their covariance ``(D, D)``."""
    table = _several_codes(codes, options)
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


def _several_codes(codes: ArrayLike, options: Options) -> Table:
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
