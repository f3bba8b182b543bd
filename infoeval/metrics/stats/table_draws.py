"""Codes drawn while a factor is held fixed: rows of a table that share a value of the factor."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.stats.circle_frames import TURN
from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.mutual_information import BinnedColumns
from infoeval.metrics.stats.resampling import (
    TableOptions,
    table_of,
)
from infoeval.metrics.stats.row_intervals import Rows

CELLS = 1 << 17
"""The number of values drawn at a time, which fit into the cache."""
WIDTHS = (1, 2, 4, 8)
"""Numbers of codes in a row for which copying rows is fast."""
LARGEST = 1e30
"""The squares of larger codes, and classifiers of them, could overflow."""

BITS = np.uint64(32)
LOW = np.uint64(2**32 - 1)
ONE = np.uint64(1)

Array = NDArray[np.float64]
Types = NDArray[np.str_]
Numbers = NDArray[np.uint64]
"""Random ones have 32 bits: probabilities of g choices differ by at most g / 2³²."""
Generator = np.random.Generator


class TableSource:
    """Source of codes that draws rows of a table; arguments as in `source_of`.

    Raises UserError for codes of 1e30 and more, and where no two rows share a value of a factor.
    """

    has_rows = True

    def __init__(
        self,
        codes: ArrayLike,
        factors: ArrayLike,
        options: TableOptions,
        *,
        bins: int,
        cut: Sequence[str],
        even: bool,
        all_but: bool,
    ) -> None:
        self.table = table_of(codes, factors, options)
        for code in self.table.codes:
            check_size(code.values)
        self.binned, self.even, self.all_but = (
            BinnedColumns(self.table.factors, bins, cut=cut),
            even,
            all_but,
        )
        every = np.arange(self.table.n)
        self._whole = self.resampled(every, every)

    def whole(self) -> "TableDraws":
        """Draws of all rows."""
        return self._whole

    def resampled(self, rows: Rows, order: Rows) -> "TableDraws":
        """Draws of the codes of some rows with the factors of as many rows.

        Raises UserError where no two of these share a value of a factor.
        """
        classes = self.binned.of(order)
        if self.all_but:
            classes = classes_of_others(classes)
        for factor, column in zip(self.table.factors, classes.T, strict=True):
            if np.bincount(column).max() == 1:
                what, more = f"have the same value of {factor.name}", "more"
                if self.all_but:
                    what, more = f"agree in all factors but {factor.name}", "fewer bins or more"
                raise UserError(
                    f"no two rows {what}; give {more} rows, or a function for the codes"
                )
        return TableDraws(self.table.rows(rows).codes, classes, self.even)

    def shuffled(self, order: Rows) -> "TableDraws":
        """Draws of rows with the factors in another order."""
        return self.resampled(np.arange(self.table.n), order)

    def details(self) -> dict[str, Any]:
        """Details of a score: the number of rows left out for their value of each factor."""
        return {"rows_alone": [self.table.n - len(group.rows) for group in self._whole.groups]}


class TableDraws:
    """Draws of a table's rows, without those whose value no other row has.

    ``spread`` ``(D,)`` is the variance of each code over all rows. ``held`` in the methods is the
    number of the factor that is held fixed for each point.
    """

    def __init__(self, codes: Sequence[Column], classes: Rows, even: bool) -> None:
        self.groups = [RowGroups(column, even) for column in classes.T]
        self.types = np.array([code.type for code in codes])
        numbers = self.types == "continuous"
        self.spread = np.array([_variance(code) for code in codes])
        self.unit = np.where(numbers & (self.spread > 0), np.sqrt(self.spread), 1.0)
        # Standardised codes need no more than single precision, which halves the memory traffic.
        self.scaled = np.empty((len(codes), len(classes)), dtype=np.float32)
        for j, code in enumerate(codes):
            mean = code.values.mean() if numbers[j] else 0.0
            self.scaled[j] = (code.values - mean) / self.unit[j]

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        """Mean ``|z1 - z2|`` of ``batch`` pairs that each share a value, ``(points, D)``."""
        codes = np.arange(len(self.unit))
        parts = []
        for count, groups, table in self._pieces(held, batch, codes):
            places = groups.pairs((batch, count), generator)
            first, second = (table.take(rows, axis=0, mode="clip") for rows in places)
            parts.append(mean_distances(first, second, self.types))
        return _in_order_of(held, parts)[:, codes] * self.unit

    def relative_variances(
        self, held: Rows, batch: int, codes: Rows, generator: Generator
    ) -> NDArray[Any]:
        """Variance of ``batch`` codes that all share one value over ``spread``.

        ``(points, codes)``, of the codes of these numbers, all of which vary.
        """
        types = self.types[codes]
        parts = []
        for count, groups, table in self._pieces(held, batch, codes):
            places = groups.batches((batch, count), generator)
            parts.append(variances(table.take(places, axis=0, mode="clip"), types))
        ratios = _in_order_of(held, parts)[:, : len(codes)]
        as_they_are = types != "continuous"
        ratios[:, as_they_are] /= self.spread[codes][as_they_are]
        return ratios

    def _pieces(
        self, held: Rows, batch: int, codes: Rows
    ) -> Iterator[tuple[int, "RowGroups", NDArray[np.float32]]]:
        """Blocks of points: their number, their factor's groups and the codes in group order."""
        width = next((wide for wide in WIDTHS if wide >= len(codes)), len(codes))
        table = np.zeros((self.scaled.shape[1], width), dtype=np.float32)
        table[:, : len(codes)] = self.scaled[codes].T
        ordered = np.empty_like(table)
        step = max(1, CELLS // (batch * max(width, WIDTHS[-1])))
        counts = np.bincount(held, minlength=len(self.groups)).tolist()
        for groups, count in zip(self.groups, counts, strict=True):
            rows = ordered[: len(groups.rows)]
            table.take(groups.rows, axis=0, mode="clip", out=rows)
            for start in range(0, count, step):
                yield min(step, count - start), groups, rows


def _in_order_of(held: Rows, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Points in the order of ``held``; ``parts`` are in the order of the factors."""
    joined = np.concatenate(parts)
    ordered = np.empty_like(joined)
    ordered[np.argsort(held.astype(np.int16), kind="stable")] = joined
    return ordered


def _variance(code: Column) -> float:
    return float(variances(code.values[:, None, None].copy(), np.array([code.type]))[0, 0])


class RowGroups:
    """Rows sorted by their classes ``(n,)``, without classes of one row.

    A place is a row's position in this order. ``even``: all groups are equally probable, instead of
    all rows.
    """

    def __init__(self, classes: Rows, even: bool) -> None:
        sizes = np.bincount(classes)
        # Small integers are sorted in linear time.
        order = np.argsort(classes.astype(np.min_scalar_type(len(sizes))), kind="stable")
        self.rows = order[np.repeat(sizes > 1, sizes)]
        sizes = sizes[sizes > 1]
        starts = np.cumsum(sizes) - sizes
        self.even = even
        # The start and size of the group, for each group or row that can be drawn.
        times = np.ones_like(sizes) if even else sizes
        self.starts = starts.astype(np.uint64).repeat(times)
        self.sizes = sizes.astype(np.uint64).repeat(times)

    def pairs(self, shape: tuple[int, int], generator: Generator) -> tuple[Rows, Rows]:
        """Places of two different rows of one group, each of this shape."""
        # Drawing is the slowest step, so one number of 64 bits serves both rows.
        second = generator.bit_generator.random_raw(shape)
        first = second >> BITS
        second &= LOW
        first *= np.uint64(len(self.sizes))
        choice = first >> BITS
        start, size = (ends.take(choice.view(np.intp)) for ends in (self.starts, self.sizes))
        if self.even:
            # The lower bits choose the row in the group.
            first &= LOW
            first = _part(first, size)
            first += start
        else:
            first = choice
        size -= ONE
        second = _part(second, size)
        second += start
        second += second >= first
        return first.view(np.intp), second.view(np.intp)

    def batches(self, shape: tuple[int, int], generator: Generator) -> Rows:
        """Places of rows of one group in each column, ``(batch, columns)``, with replacement."""
        batch, count = shape
        choice = generator.integers(len(self.sizes), size=count)
        words = generator.bit_generator.random_raw((batch * count + 1) // 2)
        numbers = words.view(np.uint32)[: batch * count].reshape(shape)
        places = _part(numbers.astype(np.uint64), self.sizes[choice])
        places += self.starts[choice]
        return places.view(np.intp)


def _part(numbers: Numbers, parts: Numbers) -> Numbers:
    """Index of the one of ``parts`` equal intervals that each number is in, in place."""
    numbers *= parts
    numbers >>= BITS
    return numbers


def classes_of_others(classes: Rows) -> Rows:
    """Class numbers ``(n, K)`` of the rows that agree in all factors but one, for each factor."""
    joint = np.empty_like(classes)
    for left_out in range(classes.shape[1]):
        together = np.zeros(len(classes), dtype=np.intp)
        for column in np.delete(classes, left_out, axis=1).T:
            together = np.unique(together * (column.max() + 1) + column, return_inverse=True)[1]
        joint[:, left_out] = together
    return joint


def check_size(codes: NDArray[Any]) -> None:
    """Raise UserError for codes above `LARGEST`."""
    largest = float(np.abs(codes).max())
    if largest > LARGEST:
        raise UserError(f"a code reaches {largest:.3g}; scale the codes down")


# The distance of two categories is 0 or 1, so half its mean square, which for numbers is the
# variance, is Gini's impurity. That of two angles is the shorter way round, and their variance that
# of the points on the unit circle.


def mean_distances(first: NDArray[Any], second: NDArray[Any], types: Types) -> NDArray[Any]:
    """Mean ``|z1 - z2|`` of each batch, ``(batches, D)``, of pairs ``(size, batches, D)``.

    ``types`` are those of the codes, of which there may be fewer than columns. Overwrites
    ``first``.
    """
    first -= second
    np.abs(first, out=first)
    for code in np.flatnonzero(types == "categorical"):
        first[..., code] = first[..., code] > 0
    for code in np.flatnonzero(types == "periodic"):
        first[..., code] = np.minimum(first[..., code], TURN - first[..., code])
    return np.asarray(first.sum(axis=0) / len(first))


def variances(codes: NDArray[Any], types: Types) -> NDArray[Any]:
    """Unbiased variance of each batch, ``(batches, D)``, of codes ``(size, batches, D)``.

    ``types`` are those of the codes, of which there may be fewer than columns. Overwrites
    ``codes``.
    """
    size = len(codes)
    others = {
        code: _VARIANCES[kind](codes[..., code].T)
        for code, kind in enumerate(types)
        if kind in _VARIANCES
    }
    # About the first code, so that equal ones give exactly 0. It is within √size deviations of the
    # mean, so that the difference of sums loses few digits.
    codes -= codes[0].copy()
    sums = codes.sum(axis=0)
    np.square(codes, out=codes)
    result = np.maximum(codes.sum(axis=0) - sums**2 / size, 0.0) / (size - 1)
    for code, variance in others.items():
        result[:, code] = variance
    return np.asarray(result)


def _impurities(categories: NDArray[Any]) -> Array:
    """Unbiased Gini impurity of each row, (1 - Σ p²) n / (n - 1).

    >>> _impurities(np.array([[3, 3, 3], [1, 2, 1], [1, 2, 3]])).round(4)
    array([0.    , 0.6667, 1.    ])
    """
    ordered = np.sort(categories, axis=1)
    n = ordered.shape[1]
    place = np.arange(n)
    # Σ count² is Σ (2 r + 1) over the members r = 0, 1, ... of each category.
    begins = np.where(np.diff(ordered, axis=1, prepend=np.nan) != 0, place, 0)
    rank = place - np.maximum.accumulate(begins, axis=1)
    pairs = n * n - (2 * rank + 1).sum(axis=1)
    return np.asarray(pairs / (n * (n - 1)))


def _circular_variances(angles: NDArray[Any]) -> Array:
    """Unbiased variance of points on the unit circle at each row's angles, (1 - R²) n / (n - 1).

    >>> _circular_variances(np.array([[6.0, 6.0], [0.0, np.pi]])).round(4)
    array([0., 2.])
    """
    # About the first one, so that equal ones give exactly 0.
    away = angles - angles[:, :1]
    n = away.shape[1]
    variance = np.cos(away).var(axis=1) + np.sin(away).var(axis=1)
    return np.asarray(variance * n / (n - 1), dtype=np.float64)


_VARIANCES = {"categorical": _impurities, "periodic": _circular_variances}
