"""Association of every code with every factor, each from 0 to 1, by the types of both."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from infoeval.metrics.stats.code_factor_matrix import share
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.mutual_information import (
    BinnedColumns,
    entropies,
    information_matrix,
)
from infoeval.metrics.stats.row_intervals import Rows

Periodic = Literal["circular", "linear"]
Normalization = Literal["factor", "arithmetic", "geometric", "min", "max"]
AssociationEstimator = Literal["plug-in", "adjusted"]

Array = NDArray[np.float64]

LEAST_SHARE = 1e-12
"""Directions with a smaller share of the variance of cosine and sine are ignored."""
LEAST_ROOM = 1e-10
"""Less information than this, nats, is what rounding leaves of a column that tells nothing."""
TWO_CLASSES = "|2 AUC − 1|"


class Associations:
    """Associations of the codes and factors of any rows of a table; see `code_factors`."""

    def __init__(
        self,
        table: Table,
        periodic: Periodic,
        normalization: Normalization,
        estimator: AssociationEstimator,
        bins: int,
    ) -> None:
        self.periodic, self.normalization, self.estimator = periodic, normalization, estimator
        self.code_types = np.array([code.type for code in table.codes])
        self.factor_types = np.array([factor.type for factor in table.factors])
        self.code_order, self.factor_order = _order(table.codes), _order(table.factors)
        self.code_values, self.values = table.matrix(table.codes).T, table.matrix(table.factors).T
        self.codes = BinnedColumns(table.codes, bins)
        self.factors = BinnedColumns(table.factors, bins)
        self.factor_entropies = entropies(self.factors.whole)
        two = np.array([factor.values.max() == 1 for factor in table.factors])
        self.two_classes = (self.factor_types == "discrete") & two & (normalization == "factor")
        numbers, discrete = self.code_types == "continuous", self.factor_types == "discrete"
        # An angle has no order, by which two classes could be told apart.
        ordered = numbers[:, None] & self.two_classes
        self.by_information = (self.code_types == "categorical")[:, None] | (discrete & ~ordered)
        self._last: _CodesOfRows | None = None

    def measure(self, row: int, column: int) -> str:
        """Name of the measure for a code and a factor."""
        if self.by_information[row, column]:
            adjusted = self.estimator == "adjusted"
            if self.normalization == "factor":
                return "adjusted I / H(factor)" if adjusted else "I / H(factor)"
            return "AMI" if adjusted else "NMI"
        if self.two_classes[column]:
            return TWO_CLASSES
        angles = [
            types == "periodic" for types in (self.code_types[row], self.factor_types[column])
        ]
        if all(angles):
            return "circular correlation"
        return f"{self.periodic} correlation" if any(angles) else "|Spearman|"

    def strength(self, values: Array, chance: Array) -> Array:
        """Values above chance on one scale, that of a correlation, ``(D, K)`` from 0 to 1.

        Rank correlations stay as they are. A share u of the factor's entropy H becomes
        √((1 - exp(-2 u H)) / (1 - exp(-2 H))): the correlation of normal variables of as much
        information (Linfoot 1957, An informational measure of correlation), over its largest value.
        """
        above = np.clip(share(values - chance, 1 - chance), 0.0, 1.0)
        information = np.expm1(-2 * above * self.factor_entropies)
        correlation = np.sqrt(information / np.expm1(-2 * self.factor_entropies))
        return np.where(self.by_information, correlation, above)

    def matrix(self, code_rows: Rows, factor_rows: Rows) -> Array:
        """Associations ``(D, K)`` of the codes of ``code_rows`` and factors of ``factor_rows``.

        Both are ``(n,)``, or ``(groups, n)``, and then the associations of each group's rows are
        ``(groups, D, K)``.
        """
        shape = len(self.code_types), len(self.factor_types)
        values = np.zeros((*code_rows.shape[:-1], *shape))
        numbers, turning, categories = (
            np.flatnonzero(self.code_types == kind)
            for kind in ("continuous", "periodic", "categorical")
        )
        ordered = np.flatnonzero(np.isin(self.factor_types, ("ordinal", "continuous")))
        angles = np.flatnonzero(self.factor_types == "periodic")
        classes = np.flatnonzero(self.two_classes)
        codes = self._codes_of(code_rows, numbers)
        for columns, measure in (
            (ordered, self._spearman),
            (angles, self._circular),
            (classes, self._areas),
        ):
            if len(columns):
                values[..., numbers[:, None], columns] = measure(codes.ranks, columns, factor_rows)
        columns = np.concatenate([ordered, angles])
        if len(turning) and len(columns):
            values[..., turning[:, None], columns] = self._of_angles(
                turning, columns, code_rows, factor_rows
            )
        for rows in (numbers, turning, categories):
            columns = np.flatnonzero(self.by_information[rows].all(axis=0)) if len(rows) else rows
            if len(rows) and len(columns):
                values[..., rows[:, None], columns] = self._information(
                    codes.classes[..., rows],
                    codes.entropies[..., rows],
                    self.factors.of(factor_rows)[..., columns],
                )
        return values

    def _codes_of(self, rows: Rows, numbers: Rows) -> "_CodesOfRows":
        """What is known of the codes of some rows; shuffled tables are all of the same."""
        if self._last is None or self._last.rows is not rows:
            ranks = _ranks(_of_rows(self.code_order, numbers, rows))
            classes = self.codes.of(rows)
            self._last = _CodesOfRows(rows, ranks, classes, entropies(classes))
        return self._last

    def normalised(self, normalization: Normalization) -> Array:
        """Mutual information of all rows over a mean of both entropies, ``(D, K)``."""
        return _normalised(
            information_matrix(self.codes.whole, self.factors.whole),
            entropies(self.codes.whole),
            self.factor_entropies,
            normalization,
        )

    def _spearman(self, ranks: Array, columns: Rows, rows: Rows) -> Array:
        others = _standardised(_ranks(_of_rows(self.factor_order, columns, rows)))
        return np.asarray(np.abs(_standardised(ranks) @ others.mT))

    def _circular(self, ranks: Array, columns: Rows, rows: Rows) -> Array:
        if self.periodic == "linear":
            return linear_correlations(_standardised(ranks), _of_rows(self.values, columns, rows))
        return circular_correlations(ranks, _ranks(_of_rows(self.factor_order, columns, rows)))

    def _of_angles(self, codes: Rows, columns: Rows, code_rows: Rows, rows: Rows) -> Array:
        """Circular correlations of codes that are angles with numbers and angles.

        ``linear`` is that of numbers with sine and cosine of the code.
        """
        ranks = _ranks(_of_rows(self.factor_order, columns, rows))
        turns = _of_rows(self.code_order, codes, code_rows)
        values = circular_correlations(_ranks(turns), ranks)
        if self.periodic == "linear":
            numbers = self.factor_types[columns] != "periodic"
            angles = _of_rows(self.code_values, codes, code_rows)
            lines = _standardised(ranks[..., numbers, :])
            values[..., numbers] = linear_correlations(lines, angles).mT
        return values

    def _areas(self, ranks: Array, columns: Rows, rows: Rows) -> Array:
        """|2 AUC - 1| of each code as a test of the second class: the rank-biserial correlation."""
        second = _of_rows(self.factor_order, columns, rows).astype(np.float64)
        counts = second.sum(axis=-1)[..., None, :]
        others = ranks.shape[-1] - counts
        apart = share(ranks @ second.mT, counts) - share(ranks @ (1 - second).mT, others)
        both = (counts > 0) & (others > 0)
        return np.asarray(np.where(both, np.abs(apart) * 2 / ranks.shape[-1], 0.0))

    def _information(
        self, codes: NDArray[np.intp], of_codes: Array, factors: NDArray[np.intp]
    ) -> Array:
        chance: Array | float = 0.0
        if self.estimator == "adjusted":
            chance = _chances(codes, factors)
        return _normalised(
            information_matrix(codes, factors, of_codes),
            of_codes,
            entropies(factors),
            self.normalization,
            chance,
        )


@dataclass(frozen=True)
class _CodesOfRows:
    """Ranks ``(…, D, n)`` of the codes of numbers; classes ``(…, n, D)`` and entropies of all."""

    rows: Rows
    ranks: Array
    classes: NDArray[np.intp]
    entropies: Array


LEAST_ROWS = 3
"""Classes of fewer rows are left out of averages over classes: any two rows are in some order."""


class WithinClasses(Associations):
    """Associations inside each class of the rows, averaged; a class counts by its rows.

    Args:
        classes: the class of each row, numbers ``(n,)`` from 0 on; it goes with the factors.

    """

    def __init__(
        self,
        table: Table,
        classes: NDArray[np.intp],
        periodic: Periodic,
        normalization: Normalization,
        estimator: AssociationEstimator,
        bins: int,
    ) -> None:
        super().__init__(table, periodic, normalization, estimator, bins)
        self.classes = classes

    def matrix(self, code_rows: Rows, factor_rows: Rows) -> Array:
        """Mean over classes of the associations ``(D, K)`` of their rows."""
        classes = self.classes[factor_rows]
        by_class, counts = np.argsort(classes, kind="stable"), np.bincount(classes)
        starts = np.cumsum(counts) - counts
        total = np.zeros((len(self.code_types), len(self.factor_types)))
        for count in np.unique(counts[counts >= LEAST_ROWS]):  # classes of one size at once
            rows = by_class[starts[counts == count][:, None] + np.arange(count)]
            total += count * super().matrix(code_rows[rows], factor_rows[rows]).sum(axis=0)
        return np.asarray(total / max(counts[counts >= LEAST_ROWS].sum(), 1))


def _normalised(
    information: Array,
    codes: Array,
    factors: Array,
    normalization: Normalization,
    chance: Array | float = 0.0,
) -> Array:
    """Information over a mean of the entropies, or the factor's, ``chance`` taken off both."""
    pairs = np.stack(np.broadcast_arrays(codes[..., :, None], factors[..., None, :]))
    whole: dict[Normalization, Array] = {
        "factor": pairs[1],
        "arithmetic": pairs.mean(axis=0),
        "geometric": np.sqrt(np.maximum(pairs, 0.0).prod(axis=0)),
        "min": pairs.min(axis=0),
        "max": pairs.max(axis=0),
    }
    room = whole[normalization] - chance
    shares = np.clip(share(information - chance, room), 0.0, 1.0)
    return np.where(room > LEAST_ROOM, shares, 0.0)


def _chances(codes: NDArray[np.intp], factors: NDArray[np.intp]) -> Array:
    """`_chance` of each code and factor, ``(…, D, K)``; classes ``(…, n, D)``, ``(…, n, K)``."""
    if codes.ndim == 2:
        return np.array([[_chance(code, factor) for factor in factors.T] for code in codes.T])
    return np.array([_chances(*pair) for pair in zip(codes, factors, strict=True)])


def _chance(first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """Mean information, nats, of two columns of classes over all orders of the rows."""
    from sklearn.metrics.cluster import expected_mutual_information

    shape = int(first.max()) + 1, int(second.max()) + 1
    cells = first * shape[1] + second
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    seen = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    return float(expected_mutual_information(seen, len(first)))


def _order(columns: tuple[Column, ...]) -> NDArray[np.intp]:
    """Index of each value among the column's sorted distinct values, ``(columns, n)``."""
    return np.stack([np.unique(column.values, return_inverse=True)[1] for column in columns])


def _of_rows(values: NDArray[Any], columns: Rows, rows: Rows) -> NDArray[Any]:
    """Some columns ``(columns, N)`` of rows ``(n,)`` or ``(groups, n)``: ``(…, columns, n)``."""
    return values[columns][:, rows].swapaxes(0, -2)


def _ranks(order: NDArray[np.intp]) -> Array:
    """Ranks from 0 to n - 1 of columns ``(…, D, n)``, ties at their mean."""
    if order.ndim > 2:
        return np.asarray(rankdata(order, axis=-1) - 1)
    ranks = np.empty(order.shape)  # without sorting, which takes longer where rows are many
    for rank, column in zip(ranks, order, strict=True):
        counts = np.bincount(column)
        rank[:] = (np.cumsum(counts) - (counts + 1) / 2)[column]
    return ranks


def _standardised(values: Array) -> Array:
    """Columns of mean 0 and sum of squares 1, or all 0 where constant, ``(…, D, n)``."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return share(centred, np.linalg.norm(centred, axis=-1, keepdims=True))


def circular_correlations(codes: Array, angles: Array) -> Array:
    """√| |mean exp i(a - b)|² - |mean exp i(a + b)|² | of ranks of codes and angles on the circle.

    The ranks of ``codes`` ``(…, D, n)`` and ``angles`` ``(…, K, n)``, 0 to n - 1, are laid around
    the circle, a = 2 pi rank / n. The first mean is large where the code increases with the angle
    and the second where it decreases; a fold makes both alike. ``(…, D, K)``, from 0 to 1.
    The difference is the rank correlation of Fisher and Lee (1982, Nonparametric measures of
    angular-angular association, Biometrika 69). For a code that is the angle with noise of
    mean resultant length r it is r², like a squared correlation, so its root is taken. A constant
    code has 0.

    >>> ranks = np.arange(12.0)[None]
    >>> circular_correlations((5 - ranks) % 12, ranks).round(6)
    array([[1.]])
    >>> circular_correlations(np.abs(ranks - 6), ranks).round(6)
    array([[0.]])
    """
    n = codes.shape[-1]
    first, second = (np.exp(2j * np.pi / n * ranks) for ranks in (codes, angles))
    along, against = (np.abs(first @ other.mT) / n for other in (second.conj(), second))
    values = np.sqrt(np.abs(along**2 - against**2))
    return np.where(np.ptp(codes, axis=-1)[..., None] > 0, values, 0.0)


def linear_correlations(codes: Array, angles: Array) -> Array:
    """Multiple correlation of each code with the cosine and the sine of each angle.

    ``codes`` ``(…, D, n)`` are standardised: of mean 0 and sum of squares 1, or all 0. ``angles``
    ``(…, K, n)`` are in radians. ``(…, D, K)``, from 0 to 1 (Mardia 1976, Linear-circular
    correlation coefficients and rhythmometry, Biometrika 63).

    >>> angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)[None]
    >>> linear_correlations(np.cos(angles + 1) / np.sqrt(6), angles).round(6)
    array([[1.]])
    """
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=-2)
    waves -= waves.mean(axis=-1, keepdims=True)
    shared = codes[..., None, :, :] @ waves.mT
    inverse = np.linalg.pinv(waves @ waves.mT, rcond=LEAST_SHARE, hermitian=True)
    explained = np.einsum("...kdi,...kij,...kdj->...dk", shared, inverse, shared)
    return np.asarray(np.sqrt(np.clip(explained, 0.0, 1.0)), dtype=np.float64)
