"""Association of every code with every factor, and the best one-to-one pairing."""

from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import expected_mutual_information

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.mutual_information import (
    BINS,
    class_numbers_of,
    entropies,
    information_matrix,
)
from infoeval.metrics.stats.resampling import (
    Rows,
    TableOptions,
    check_choice,
    score_parts,
    table_of,
)

REFERENCE = (
    "Spearman 1904; Fisher and Lee 1982, Nonparametric measures of angular-angular association; "
    "Vinh, Epps and Bailey 2010, NMI; paired by Kuhn 1955"
)

Periodic = Literal["circular", "linear"]
Normalization = Literal["arithmetic", "geometric", "min", "max"]
Estimator = Literal["plug-in", "adjusted"]

Array = NDArray[np.float64]

LEAST_SHARE = 1e-12
"""Directions with a smaller share of the variance of cosine and sine are ignored."""


@metric(
    "code-factors",
    kind="table",
    range="0 to 1",
    summary="association of each code with each factor, and the mean of the best one-to-one "
    "pairing",
    use="finding which code represents which factor, pair by pair; handles angles and order",
    pitfalls="if two codes share a factor, only the better one counts; codes that all follow a "
    "common cause of the factors score 0.9; outliers distort the bins used for discrete factors",
    evaluated={"images": "real"},
)
def code_factors(
    codes: ArrayLike,
    factors: ArrayLike,
    *,
    periodic: Periodic = "circular",
    normalization: Normalization = "arithmetic",
    estimator: Estimator = "plug-in",
    bins: int = BINS,
    **options: Unpack[TableOptions],
) -> Score:
    """Association of every code with every factor, from 0 to 1; the score is the mean best pairing.

    A continuous code and an ordinal or continuous factor: |Spearman|, the rank correlation. A
    continuous code and a periodic factor: a circular correlation of ranks, see ``periodic``. A
    categorical code or a discrete factor: normalised mutual information by counts, with bins of
    equal width for continuous and periodic columns. A constant code scores 0.

    The pairing assigns codes and factors one to one so that the sum is largest (Hungarian method);
    the score is the mean over as many pairs as there are codes or factors, whichever are fewer.
    Bootstrap tables are paired again.

    Args:
        codes: ``(n, D)``.
        factors: ``(n, K)``.
        periodic: "circular" asks whether the code *is* the angle: 1 where the code runs once round
            the circle with the angle or against it, wherever its range begins, and 0 where it takes
            the same values on both halves, as |angle| does. "linear" is the multiple correlation of
            the code's rank with cosine and sine: 0.99 for |angle|, and 0.78 for the angle itself,
            because of the jump where its range ends.
        normalization: of mutual information, by a mean of both entropies: "arithmetic",
            "geometric", "min" or "max", as in scikit-learn. 1 can be reached by "min" for any
            number of classes, by the others only for equal numbers: a code of ten categories has at
            most 0.46 with a balanced attribute by "arithmetic".
        estimator: of mutual information: "plug-in" counts; "adjusted" subtracts the mean over
            shuffled rows from information and mean entropy (AMI, Vinh et al. 2010), not below 0.
        bins: for continuous columns in mutual information.
        **options: see :class:`infoeval.metrics.stats.resampling.TableOptions`.

    Nothing is subtracted from the values by default: mutual information by counts is too high by
    about (R - 1)(C - 1) / 2n nats for R and C classes, and |Spearman| of independent columns is
    0.8 / √n on average. The basic bootstrap takes most of it off the intervals; ``null`` shows it.

    ``details``: ``associations``, an entry for each code and each factor, codes slowest, with
    ``code``, ``factor``, ``measure``, ``paired``, ``value``, ``low``, ``high`` and perhaps the
    ``null``; ``pruned`` codes.

    Raises UserError for what is not a table of codes and factors, and for unknown choices.

    >>> angle = np.linspace(0, 360, 600, endpoint=False)
    >>> size = np.random.default_rng(0).normal(size=600)
    >>> score = code_factors(
    ...     np.stack([-size, (angle - 90) % 360], axis=1),
    ...     np.stack([angle, size], axis=1),
    ...     factor_types=["periodic:360", "continuous"],
    ... )
    >>> round(float(score), 4)
    1.0
    >>> [(pair["code"], pair["factor"]) for pair in score.details["associations"] if pair["paired"]]
    [('code 0', 'factor 1'), ('code 1', 'factor 0')]
    """
    check_choice("periodic", periodic, Periodic)
    check_choice("normalization", normalization, Normalization)
    check_choice("estimator", estimator, Estimator)
    table = table_of(codes, factors, options)
    associations = _Associations(table, periodic, normalization, estimator, bins)
    every = np.arange(table.n)
    whole = associations.matrix(every, every)
    pairing = {pair for pair in _pairing(whole) if whole[pair] > 0}
    pairs = list(np.ndindex(*whole.shape))

    def statistic(code_rows: Rows, factor_rows: Rows) -> list[float]:
        return _with_mean(associations.matrix(code_rows, factor_rows))

    score = score_parts(
        table,
        dict(zip(["", *map(str, pairs)], _with_mean(whole), strict=True)),
        statistic,
        options,
        reference=REFERENCE,
        details={
            "periodic": periodic,
            "normalization": normalization,
            "estimator": estimator,
            "bins": bins,
        },
    )
    parts = score.details.pop("parts")
    score.details["associations"] = [
        {
            "code": table.codes[row].name,
            "factor": table.factors[column].name,
            "measure": associations.measure(row, column),
            "paired": (row, column) in pairing,
            **parts[str((row, column))],
        }
        for row, column in pairs
    ]
    return score


def _pairing(matrix: Array) -> list[tuple[int, int]]:
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


def _with_mean(matrix: Array) -> list[float]:
    """Mean over the best pairing, followed by all values, codes slowest."""
    mean = float(np.mean([matrix[pair] for pair in _pairing(matrix)]))
    return [mean, *matrix.ravel().tolist()]


class _Associations:
    """Associations of the codes and factors of any rows of a table, whose rows all fix the bins."""

    def __init__(
        self,
        table: Table,
        periodic: Periodic,
        normalization: Normalization,
        estimator: Estimator,
        bins: int,
    ) -> None:
        self.periodic, self.normalization, self.estimator = periodic, normalization, estimator
        self.code_types = np.array([code.type for code in table.codes])
        self.factor_types = np.array([factor.type for factor in table.factors])
        self.code_order, self.factor_order = _order(table.codes), _order(table.factors)
        self.angles = table.matrix(table.factors).T
        self.code_classes = class_numbers_of(table.codes, bins)
        self.factor_classes = class_numbers_of(table.factors, bins)

    def measure(self, row: int, column: int) -> str:
        """Name of the measure for a code and a factor."""
        factor = self.factor_types[column]
        if self.code_types[row] == "categorical" or factor == "discrete":
            return "AMI" if self.estimator == "adjusted" else "NMI"
        if factor == "periodic":
            return f"{self.periodic} correlation"
        return "|Spearman|"

    def matrix(self, code_rows: Rows, factor_rows: Rows) -> Array:
        """Associations ``(D, K)`` of the codes of ``code_rows`` and factors of ``factor_rows``."""
        associations = np.zeros((len(self.code_types), len(self.factor_types)))
        numbers = np.flatnonzero(self.code_types == "continuous")
        categories = np.flatnonzero(self.code_types == "categorical")
        classes = np.flatnonzero(self.factor_types == "discrete")
        ordinals = np.flatnonzero(np.isin(self.factor_types, ("ordinal", "continuous")))
        angles = np.flatnonzero(self.factor_types == "periodic")
        ranks = _ranks(self.code_order[numbers][:, code_rows])
        associations[np.ix_(numbers, ordinals)] = self._spearman(ranks, ordinals, factor_rows)
        associations[np.ix_(numbers, angles)] = self._circular(ranks, angles, factor_rows)
        for rows, columns in (
            (categories, np.arange(len(self.factor_types))),
            (numbers, classes),
        ):
            if len(rows) and len(columns):
                associations[np.ix_(rows, columns)] = self._information(
                    self.code_classes[np.ix_(code_rows, rows)],
                    self.factor_classes[np.ix_(factor_rows, columns)],
                )
        return associations

    def _spearman(self, ranks: Array, columns: Rows, rows: Rows) -> Array:
        others = _standardised(_ranks(self.factor_order[columns][:, rows]))
        return np.asarray(np.abs(_standardised(ranks) @ others.T))

    def _circular(self, ranks: Array, columns: Rows, rows: Rows) -> Array:
        if self.periodic == "linear":
            return linear_correlations(_standardised(ranks), self.angles[columns][:, rows])
        correlations = circular_correlations(ranks, _ranks(self.factor_order[columns][:, rows]))
        return np.where(np.ptp(ranks, axis=1)[:, None] > 0, correlations, 0.0)

    def _information(self, codes: NDArray[np.intp], factors: NDArray[np.intp]) -> Array:
        pairs = np.stack(np.broadcast_arrays(entropies(codes)[:, None], entropies(factors)))
        means: dict[Normalization, Array] = {
            "arithmetic": pairs.mean(axis=0),
            "geometric": np.sqrt(pairs.prod(axis=0)),
            "min": pairs.min(axis=0),
            "max": pairs.max(axis=0),
        }
        information, whole = information_matrix(codes, factors), means[self.normalization]
        if self.estimator == "adjusted":
            chance = np.array([[_chance(code, factor) for factor in factors.T] for code in codes.T])
            information, whole = information - chance, whole - chance
        return np.clip(share(information, whole), 0.0, 1.0)


def _chance(first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """Mean information, nats, of two columns of classes over all orders of the rows."""
    shape = int(first.max()) + 1, int(second.max()) + 1
    cells = first * shape[1] + second
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    seen = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    return float(expected_mutual_information(seen, len(first)))


def _order(columns: tuple[Column, ...]) -> NDArray[np.intp]:
    """Index of each value among the column's sorted distinct values, ``(columns, n)``."""
    return np.stack([np.unique(column.values, return_inverse=True)[1] for column in columns])


def _ranks(order: NDArray[np.intp]) -> Array:
    """Ranks from 0 to n - 1 of columns ``(D, n)``, ties at their mean, without sorting."""
    ranks = np.empty(order.shape)
    for rank, column in zip(ranks, order, strict=True):
        counts = np.bincount(column)
        rank[:] = (np.cumsum(counts) - (counts + 1) / 2)[column]
    return ranks


def _standardised(values: Array) -> Array:
    """Columns of mean 0 and sum of squares 1, or all 0 where constant, ``(D, n)``."""
    centred = values - values.mean(axis=1, keepdims=True)
    return share(centred, np.linalg.norm(centred, axis=1, keepdims=True))


def circular_correlations(codes: Array, angles: Array) -> Array:
    """√| |mean exp i(a - b)|² - |mean exp i(a + b)|² | of ranks of codes and angles on the circle.

    The ranks of ``codes`` ``(D, n)`` and of ``angles`` ``(K, n)``, 0 to n - 1, are laid around the
    circle, a = 2 pi rank / n. The first mean is large where the code increases with the angle and
    the second where it decreases; a fold makes both alike. ``(D, K)``, from 0
    to 1. The difference is the rank correlation of Fisher and Lee (1982, Nonparametric measures of
    angular-angular association, Biometrika 69). For a code that is the angle with noise of
    mean resultant length r it is r², like a squared correlation, so its root is taken.

    >>> ranks = np.arange(12.0)[None]
    >>> circular_correlations((5 - ranks) % 12, ranks).round(6)
    array([[1.]])
    >>> circular_correlations(np.abs(ranks - 6), ranks).round(6)
    array([[0.]])
    """
    n = codes.shape[1]
    first, second = (np.exp(2j * np.pi / n * ranks) for ranks in (codes, angles))
    along, against = (np.abs(first @ other.T) / n for other in (second.conj(), second))
    return np.asarray(np.sqrt(np.abs(along**2 - against**2)), dtype=np.float64)


def linear_correlations(codes: Array, angles: Array) -> Array:
    """Multiple correlation of each code with the cosine and the sine of each angle.

    ``codes`` ``(D, n)`` are standardised: of mean 0 and sum of squares 1, or all 0. ``angles``
    ``(K, n)`` are in radians. ``(D, K)``, from 0 to 1 (Mardia 1976, Linear-circular
    correlation coefficients and rhythmometry, Biometrika 63).

    >>> angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)[None]
    >>> linear_correlations(np.cos(angles + 1) / np.sqrt(6), angles).round(6)
    array([[1.]])
    """
    explained = np.empty((len(codes), len(angles)))
    for column, angle in enumerate(angles):
        waves = np.stack([np.cos(angle), np.sin(angle)])
        waves -= waves.mean(axis=1, keepdims=True)
        shared = codes @ waves.T
        inverse = np.linalg.pinv(waves @ waves.T, rcond=LEAST_SHARE, hermitian=True)
        explained[:, column] = np.einsum("di,ij,dj->d", shared, inverse, shared)
    return np.asarray(np.sqrt(np.clip(explained, 0.0, 1.0)), dtype=np.float64)
