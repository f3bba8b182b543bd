"""Mutual information of codes and factors, by counts or by neighbours, and scores based on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, xlogy

from infoeval.errors import UserError
from infoeval.metrics.score import Score
from infoeval.metrics.stats.circle_frames import TURN
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.resampling import (
    TableOptions,
    check_choice,
    score_table,
)
from infoeval.metrics.stats.row_intervals import Rows

BINS = 20
NEIGHBOURS = 3
NOISE = 1e-10
FEW = 2
"""Rows for a cell, on average, below which counts say little."""

Estimator = Literal["plug-in", "corrected", "ksg"]
Array = NDArray[np.float64]
Classes = NDArray[np.intp]
"""Class numbers 0, 1, 2, …, ``(n, columns)`` or ``(n,)``."""


def class_numbers_of(
    columns: Sequence[Column], bins: int = BINS, *, cut: Sequence[str] = ("continuous", "periodic")
) -> Classes:
    """Class numbers of columns, ``(n, columns)``: bins of equal width for the types in ``cut``.

    Other columns keep their classes. The bins reach from a column's smallest value to its largest,
    as in disentanglement_lib, so that one outlier can move them all. Raises UserError for fewer
    than two bins.
    """
    if not isinstance(bins, int | np.integer) or bins < 2:
        raise UserError(f"{bins} bins; give two or more, a whole number")
    numbers = []
    for column in columns:
        values: NDArray[Any] = column.values
        if column.type in cut:
            # As in numpy.histogram, which refuses bins narrower than the spacing of floats.
            edges = np.linspace(values.min(), values.max(), bins + 1)[:-1]
            values = np.digitize(values, edges)
        numbers.append(np.unique(values, return_inverse=True)[1])
    return np.stack(numbers, axis=1)


class BinnedColumns:
    """Class numbers of columns on any of their rows; some of the rows have bins of their own."""

    def __init__(
        self,
        columns: Sequence[Column],
        bins: int = BINS,
        *,
        cut: Sequence[str] = ("continuous", "periodic"),
    ) -> None:
        self.columns, self.bins, self.cut = columns, bins, cut
        self.whole = class_numbers_of(columns, bins, cut=cut)

    def of(self, rows: Rows) -> Classes:
        """Class numbers ``(…, rows, columns)``; as many rows as there are keep the bins of all."""
        if rows.shape[-1] == len(self.whole):
            return self.whole[rows]
        numbers = self.whole[rows]
        for place, column in enumerate(self.columns):
            if column.type in self.cut:
                values = column.values[rows]
                ends = values.min(axis=-1), values.max(axis=-1)
                edges = np.linspace(*ends, self.bins + 1, axis=-1)[..., :-1]
                numbers[..., place] = _places(edges, values)
        return numbers


def _places(edges: Array, values: Array) -> Classes:
    """Number of the last edge that is not above a value; ``edges`` ascend, ``(…, bins)``."""
    if values.ndim == 1:
        return np.searchsorted(edges, values, side="right") - 1
    return np.asarray((values[..., None] >= edges[..., None, :]).sum(axis=-1) - 1)


def information_matrix(first: Classes, second: Classes, of_first: Array | None = None) -> Array:
    """Plug-in mutual information, nats, of each column of ``first`` with each one of ``second``.

    Of ``(…, n, D)`` and ``(…, n, K)`` it is ``(…, D, K)``; ``of_first`` are the entropies of
    ``first``, where they are known. It is too high by about (R - 1)(C - 1) / (2 n) for R and C
    independent classes.

    >>> codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> information_matrix(codes, codes[:, :1]).round(4)
    array([[0.6931],
           [0.    ]])
    """
    n = first.shape[-2]
    one, two = _columns(first), _columns(second)
    alone = entropies(first) if of_first is None else of_first
    other = entropies(second)
    matrix = np.empty((*alone.shape, len(two)))
    for row, code in enumerate(one):
        for column, factor in enumerate(two):
            together = _entropy(_counts(code * (factor.max() + 1) + factor), n)
            both = alone[..., row] + other[..., column]
            matrix[..., row, column] = np.maximum(0.0, both - together)
    return matrix


def entropies(classes: Classes) -> Array:
    """Plug-in entropy, nats, of every column, ``(…, columns)``, of classes ``(…, n, columns)``.

    >>> entropies(np.array([[0, 0], [0, 1], [0, 2], [0, 3]])).round(4)
    array([0.    , 1.3863])
    """
    n = classes.shape[-2]
    return np.stack([_entropy(_counts(column), n) for column in _columns(classes)], axis=-1)


def _columns(classes: Classes) -> Classes:
    """The columns of ``(…, n, columns)``, each in one piece, ``(columns, …, n)``."""
    return np.ascontiguousarray(np.moveaxis(classes, -1, 0))


def _counts(classes: Classes) -> NDArray[np.intp]:
    """How often each class occurs, ``(…, classes)``, of classes ``(…, n)``."""
    if classes.ndim == 1:
        return np.bincount(classes)
    groups, width = classes.reshape(-1, classes.shape[-1]), int(classes.max()) + 1
    apart = groups + width * np.arange(len(groups))[:, None]
    counts = np.bincount(apart.ravel(), minlength=len(groups) * width)
    return counts.reshape(*classes.shape[:-1], width)


def _entropy(counts: NDArray[np.intp], n: int) -> Array:
    # Rounding would leave something of a single class, of which shares could be taken.
    single = counts.max(axis=-1) == n
    return np.where(single, 0.0, np.log(n) - xlogy(counts, counts).sum(axis=-1) / n)


@dataclass(frozen=True)
class Matrix:
    """Information I(z_j; v_k) ``(D, K)`` and entropies H(z_j) ``(D,)``, H(v_k) ``(K,)``, nats.

    H(z_j) is that of the binned code.
    """

    information: Array
    codes: Array
    factors: Array


class TableInformation:
    """I(z_j; v_k), nats, of a table's codes and factors on any of its rows, by an estimator.

    "plug-in" counts classes and bins; "corrected" subtracts (R - 1)(C - 1) / 2n, the bias of the
    counts under independence (Miller 1955), and stops at 0; "ksg" counts neighbours of continuous
    codes (Ross 2014, k = 3), and classes of categorical ones.
    """

    def __init__(
        self, table: Table, estimator: Estimator = "plug-in", bins: int = BINS, seed: int = 0
    ) -> None:
        self.estimator = estimator
        self.codes = BinnedColumns(table.codes, bins)
        self.factors = BinnedColumns(table.factors, bins)
        if estimator == "ksg":
            for factor in table.factors:
                if factor.type in ("continuous", "periodic"):
                    raise UserError(
                        f"{factor.name} is {factor.type}; estimator 'ksg' needs discrete factors"
                    )
            self.types = [code.type for code in table.codes]
            self.values = separated(table.matrix(table.codes), seed, self.types)

    def matrix(self, code_rows: Rows, factor_rows: Rows) -> Matrix:
        """Matrix from the codes of ``code_rows`` and the factors of ``factor_rows``, paired."""
        codes, factors = self.codes.of(code_rows), self.factors.of(factor_rows)
        information = information_matrix(codes, factors)
        if self.estimator == "corrected":
            categories, classes = (
                np.array([np.count_nonzero(np.bincount(column)) for column in numbers.T])
                for numbers in (codes, factors)
            )
            bias = np.outer(categories - 1, classes - 1) / (2 * len(codes))
            information = np.maximum(information - bias, 0.0)
        entropy = entropies(codes)
        if self.estimator == "ksg":
            for row, kind in enumerate(self.types):
                if kind != "categorical":
                    information[row] = neighbour_row(self.values[code_rows, row], factors, kind)
            # By neighbours it can exceed the entropy of bins that an outlier has widened.
            entropy = np.maximum(entropy, information.max(axis=1))
        return Matrix(information, entropy, entropies(factors))


def score_information(
    table: Table,
    terms: Callable[[Matrix], Array],
    options: TableOptions,
    *,
    per: Literal["code", "factor"],
    metric: Callable[[Matrix], float] | None = None,
    estimator: Estimator,
    bins: int,
    reference: str,
    **details: Any,
) -> Score:
    """Score, from 0 to 1, of a metric of the information matrix.

    ``terms`` returns a number for each code ``(D,)`` or factor ``(K,)``, and the score is their
    mean, or what ``metric`` returns. The score's details hold the terms, the matrix and the
    entropies of the whole table, the best factor of each code or best code of each factor, and
    ``details``.
    """
    check_choice("estimator", estimator, Estimator)
    information = TableInformation(table, estimator, bins, options.get("seed", 0))
    every = np.arange(table.n)
    whole = information.matrix(every, every)
    value = metric or (lambda matrix: float(terms(matrix).mean()))
    other, columns, axis = "factor", table.factors, 1
    if per == "factor":
        other, columns, axis = "code", table.codes, 0
    return score_table(
        table,
        value(whole),
        lambda code_rows, factor_rows: value(information.matrix(code_rows, factor_rows)),
        options,
        reference=reference,
        details={
            "information": whole.information.tolist(),
            "code_entropies": whole.codes.tolist(),
            "factor_entropies": whole.factors.tolist(),
            f"per_{per}": terms(whole).tolist(),
            f"best_{other}": [columns[best].name for best in whole.information.argmax(axis=axis)],
            **details,
            "estimator": estimator,
            "bins": bins,
            **({} if estimator == "ksg" else sparse_cells(information.codes, information.factors)),
        },
        ranges=estimator != "ksg",
    )


def sparse_cells(codes: BinnedColumns, factors: BinnedColumns) -> dict[str, str]:
    """``sparse``: a sentence if some code and factor have fewer than `FEW` rows for a cell."""
    n = len(codes.whole)
    occupied = [len(np.unique(column)) for column in codes.whole.T]
    classes = [len(np.unique(column)) for column in factors.whole.T]
    code = int(np.argmax(occupied))
    if codes is factors:
        classes[code] = 0  # a code is not compared with itself
    factor = int(np.argmax(classes))
    if n >= FEW * occupied[code] * classes[factor]:
        return {}
    return {
        "sparse": f"{n:,} rows for {occupied[code]} × {classes[factor]} cells of "
        f"{codes.columns[code].name} and {factors.columns[factor].name}: fewer than {FEW} a cell, "
        "so chance makes much of the information; read the value above chance"
    }


def separated(codes: Array, seed: int, types: Sequence[str] = ()) -> Array:
    """Codes ``(n, D)`` standardised, with noise that only separates equal values.

    Those whose type is periodic remain radians, from 0 to below 2π.
    """
    # Differences from the first row are 0 for equal values; the mean is subtracted for precision.
    apart = codes - codes[0]
    apart -= apart.mean(axis=0)
    spread = apart.std(axis=0)
    noise = NOISE * np.random.RandomState(seed).standard_normal(codes.shape)
    moved = apart / np.where(spread > 0, spread, 1.0) + noise
    for column in np.flatnonzero(np.array(types) == "periodic"):
        moved[:, column] = (codes[:, column] + noise[:, column]) % TURN
    return np.asarray(moved)


def neighbour_row(
    values: Array, classes: Classes, kind: str, neighbours: int = NEIGHBOURS
) -> Array:
    """Estimates of I(z; v), nats, ``(K,)``, from one code's `separated` values and ``(n, K)``.

    ``kind`` is the type of the code, continuous or periodic.
    """
    order = np.argsort(values, kind="stable")
    turn = TURN if kind == "periodic" else None
    return np.array(
        [
            neighbour_information(values[order], column[order], neighbours, turn=turn)
            for column in classes.T
        ]
    )


def neighbour_information(
    values: Array, classes: Classes, neighbours: int = NEIGHBOURS, *, turn: float | None = None
) -> float:
    """Estimate of I(z; v) >= 0, nats, of ascending values ``(n,)`` and class numbers ``(n,)``.

    The estimator of Ross 2014 (Mutual information between discrete and continuous data sets):
    psi(n) - mean psi(n_v) + psi(k) - mean psi(m), where n_v rows share a row's class, and m rows
    are nearer to it than its k-th neighbour of that class. In one dimension neighbours are adjacent
    in the order, so that it costs n log n. Classes of a single row are left out; in classes of k
    rows or fewer all are neighbours. With a ``turn``, values are on a circle of this length, and
    distances are the shorter way round.
    """
    sizes = np.bincount(classes)
    if (sizes == 1).any():
        kept = sizes[classes] > 1
        values, classes = values[kept], classes[kept]
    n = len(values)
    if n == 0:
        return 0.0
    # Small integers are sorted in linear time.
    by_class = np.argsort(classes.astype(np.min_scalar_type(len(sizes))), kind="stable")
    sizes = sizes[sizes > 1]
    counts = np.repeat(sizes, sizes)
    radius = np.empty(n)
    if turn is None:
        radius[by_class] = _radius(values[by_class], sizes, neighbours)
        nearer = _count_nearer(values, radius)
    else:
        radius[by_class] = _radius_on_circle(values[by_class], sizes, neighbours, turn)
        # No radius is longer than half a turn, so that no value counts twice.
        copies = _count_nearer(_three_turns(values, turn), np.tile(radius, 3))
        nearer = copies[n : 2 * n]
    psi = _digamma(n)
    used = psi[np.minimum(neighbours, counts - 1)].mean()
    information = psi[n] + used - psi[counts].mean() - psi[nearer].mean()
    return max(0.0, float(information))


def _radius(ordered: Array, sizes: NDArray[np.intp], neighbours: int) -> Array:
    """Distance to the k-th neighbour of the same class, ``(n,)``.

    ``ordered`` holds the values of one class after the other, ascending within each; ``sizes`` are
    the numbers of values of the classes.
    """
    ends = np.cumsum(sizes)
    # Infinite values separate the classes.
    place = np.arange(len(ordered)) + neighbours * np.repeat(np.arange(1, len(sizes) + 1), sizes)
    here, above, below = (
        np.full(len(ordered) + neighbours * (len(sizes) + 1), far) for far in (0.0, np.inf, -np.inf)
    )
    here[place] = above[place] = below[place] = ordered
    inner = len(here) - 2 * neighbours
    middle = here[neighbours:][:inner]
    best = np.full(inner, np.inf)
    for right in range(neighbours + 1):
        # ``right`` of the neighbours lie above, the others below.
        width = np.maximum(
            above[neighbours + right :][:inner] - middle, middle - below[right:][:inner]
        )
        np.minimum(best, width, out=best)
    # All of a small class are neighbours.
    first, last = (ordered[np.repeat(places, sizes)] for places in (ends - sizes, ends - 1))
    widest = np.maximum(last - ordered, ordered - first)
    return np.where(np.repeat(sizes, sizes) <= neighbours, widest, best[place - neighbours])


def _radius_on_circle(
    ordered: Array, sizes: NDArray[np.intp], neighbours: int, turn: float
) -> Array:
    """As `_radius`, on a circle, each class continued by a copy one turn before and one after."""
    radius = np.empty(len(ordered))
    counts = np.repeat(sizes, sizes)
    for size in np.unique(sizes):
        rows = np.flatnonzero(counts == size)
        copies = _three_turns(ordered[rows].reshape(-1, size).T, turn)
        # The farthest of few is nearer than the second copy of any other.
        nearest = _radius(
            copies.T.ravel(), np.full(copies.shape[1], 3 * size), min(neighbours, size - 1)
        )
        radius[rows] = nearest.reshape(-1, 3 * size)[:, size : 2 * size].ravel()
    return radius


def _three_turns(values: Array, turn: float) -> Array:
    """Values, with copies one turn before and one turn after, along the first axis."""
    return np.concatenate([values - turn, values, values + turn])


def _count_nearer(ordered: Array, radius: Array) -> NDArray[np.intp]:
    """Number of values nearer to each one than its radius, itself included, ``(n,)``."""
    n = len(ordered)
    padded = np.concatenate([[-np.inf], ordered, [np.inf]])
    # Sorting both ends of every interval among the values is faster than searching for them.
    merged = np.argsort(np.concatenate([ordered, ordered - radius, ordered + radius]))
    below = np.empty(3 * n, dtype=np.intp)
    below[merged] = np.cumsum(merged < n)
    first, last = below[n : 2 * n] + 1, below[2 * n :] + 1
    # Correct for rounded sums and ties, by the distances themselves.
    while (out := ordered - padded[first] >= radius).any():
        first += out
    while (inside := ordered - padded[first - 1] < radius).any():
        first -= inside
    while (out := padded[last - 1] - ordered >= radius).any():
        last -= out
    while (inside := padded[last] - ordered < radius).any():
        last += inside
    return np.asarray(np.maximum(last - first, 1))


@lru_cache(maxsize=8)
def _digamma(largest: int) -> NDArray[np.float64]:
    """Digamma function of 0, 1, ... ``largest``."""
    return np.asarray(digamma(np.arange(largest + 1)), dtype=np.float64)
