"""Codes drawn while a factor is held still: rows of a table, or codes that a function makes anew.

Both kinds answer two questions, for many points at once: how far the two codes of a pair are apart
that share a factor's value, and how much codes vary that all have one value of a factor.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from infoeval.errors import UserError
from infoeval.metrics.counts import class_numbers_of
from infoeval.metrics.resampling import Options, Rows, check_options, score_table, table_of
from infoeval.metrics.score import Score
from infoeval.metrics.table import Table, as_table

__all__ = ["Codes", "Draws", "Effort", "Encoder", "Outcome", "Source", "score_draws", "source_of"]

LARGEST = 1e30
"""Larger codes leave no room for their squares, nor for a classifier of them."""
CALL = 4_096
"""Rows that a function is asked for at a time."""
SAMPLE = 10_000
"""Codes of a function that tell their types, and how much they vary."""
REPEATS = 5
"""Of a function's draws, for the interval."""
CELLS = 1 << 16
"""Numbers that are worked on at a time, so that they stay in the cache."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Generator = np.random.Generator
Encoder = Callable[[NDArray[Any]], ArrayLike]
"""From factor values ``(m, K)`` to their codes ``(m, D)``."""
Codes = ArrayLike | Encoder


@dataclass(frozen=True)
class Effort:
    """How many points to learn from and to score, and codes, or pairs of codes, in each point."""

    train_points: int
    test_points: int
    batch: int

    def but(
        self, train_points: int | None, test_points: int | None, batch: int | None, least_batch: int
    ) -> "Effort":
        """The same but for what is given. Raises UserError for what no whole number above 0 is."""
        asked = {"train_points": train_points, "test_points": test_points, "batch": batch}
        given = {name: number for name, number in asked.items() if number is not None}
        for name, number in given.items():
            least = least_batch if name == "batch" else 1
            whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
            if not whole or number < least:
                raise UserError(f"{name} is {number}; give a whole number >= {least}")
        return replace(self, **{name: int(number) for name, number in given.items()})


class Draws(Protocol):
    """Codes that can be drawn while a factor is held still.

    ``held`` is the number of a factor for each point. Two categories are 0 or 1 apart, and their
    variance is half their mean squared distance, as it is of numbers: Gini's impurity 1 - Σ p².
    """

    @property
    def spread(self) -> Array:
        """Variance of each code where no factor is held, ``(D,)``."""

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        """Mean ``|z1 - z2|`` of `batch` pairs that share a value each, ``(points, D)``."""

    def variances(self, held: Rows, batch: int, generator: Generator) -> Array:
        """Variance of `batch` codes that all share one value, ``(points, D)``."""


class Source(Protocol):
    """Where codes are drawn from, with a table that names codes and factors."""

    table: Table
    pruned: list[str]

    def whole(self) -> Draws:
        """Draws of everything there is."""

    def resampled(self, rows: Rows) -> Draws:
        """Draws of some of its rows, if it has rows."""

    def shuffled(self, order: Rows) -> Draws:
        """Draws whose codes have nothing to do with the factors that are held."""


@dataclass(frozen=True)
class Outcome:
    """A metric's value of one set of draws, with what else is to be told of them."""

    value: float
    details: dict[str, Any]


def source_of(
    codes: Codes,
    factors: ArrayLike,
    options: Options,
    effort: Effort,
    *,
    bins: int,
    cut: Sequence[str] = ("continuous", "periodic"),
    even: bool = False,
    all_but: bool = False,
) -> Source:
    """Take codes from a table ``(n, D)``, or from a function of factor values.

    Of a table, factors of the types in `cut` go into `bins` of equal width. `even`: values are
    equally probable, however many rows they have. `all_but`: all factors are held still except the
    one that is given.

    Raises UserError for what is not a table of codes and factors, for one factor alone, for codes
    above `LARGEST`, and where no two rows share a value.
    """
    check_options(options)
    source: Source
    if callable(codes):
        source = _FunctionSource(codes, factors, options, effort, all_but)
    else:
        table, pruned = table_of(codes, factors, options)
        classes = class_numbers_of(table.factors, bins, cut=cut)
        if all_but:
            classes = _classes_of_others(classes)
        source = _TableSource(table, pruned, classes, even, all_but)
    if len(source.table.factors) < 2:
        raise UserError("one factor; there is nothing to tell apart, give two or more")
    return source


def score_draws(
    source: Source,
    measure: Callable[[Draws, Generator], Outcome],
    effort: Effort,
    options: Options,
    *,
    lowest: float,
    reference: str,
    details: dict[str, Any],
) -> Score:
    """Score what `measure` makes of fresh draws, from `lowest` to 1.

    A table's interval is over rows and draws at once. A function has no rows: its interval is over
    draws, `REPEATS` of them unless ``replicates`` are given, and ``n`` counts the test points.
    """
    if isinstance(source, _FunctionSource):
        options = {**options, "replicates": options.get("replicates", REPEATS)}
    generator = np.random.default_rng([options.get("seed", 0), 2])
    whole = measure(source.whole(), generator)
    score = score_table(
        source.table,
        whole.value,
        lambda rows, _: measure(source.resampled(rows), generator).value,
        options,
        bounds=(lowest, 1.0),
        unit="fraction",
        reference=reference,
        details={
            **whole.details,
            "pruned": source.pruned,
            "train_points": effort.train_points,
            "test_points": effort.test_points,
            "batch": effort.batch,
            **details,
        },
        resample="deviation",
        shuffled=lambda order: measure(source.shuffled(order), generator).value,
    )
    if isinstance(source, _TableSource):
        score.details["rows_alone"] = source.alone
    if isinstance(source, _FunctionSource):
        score.details["encodings"] = source.encodings
        score.details["interval"] = score.details["interval"].replace("bootstrap tables and ", "")
        score = replace(score, n=effort.test_points)
    return score


class _TableSource:
    """Rows of a table, where those of one class, ``classes`` ``(n, K)``, share a value."""

    def __init__(
        self, table: Table, pruned: list[str], classes: Rows, even: bool, all_but: bool
    ) -> None:
        self.table, self.pruned, self.even = table, pruned, even
        self.values, self.classes = np.ascontiguousarray(table.matrix(table.codes)), classes
        self.categorical = np.array([code.type == "categorical" for code in table.codes])
        _check_size(self.values)
        for factor, column in zip(table.factors, classes.T, strict=True):
            if column.max() == table.n - 1:
                what = (
                    f"no two rows agree in all factors but {factor.name}; give fewer bins or more"
                    if all_but
                    else f"no two rows have the same value of {factor.name}; give more"
                )
                raise UserError(f"{what} rows, or a function for the codes")
        self._whole = _TableDraws(self.values, self.categorical, classes, even)
        self.alone = [table.n - len(groups.rows) for groups in self._whole.groups]

    def whole(self) -> Draws:
        return self._whole

    def resampled(self, rows: Rows) -> Draws:
        return _TableDraws(self.values[rows], self.categorical, self.classes[rows], self.even)

    def shuffled(self, order: Rows) -> Draws:
        return _TableDraws(self.values, self.categorical, self.classes[order], self.even)


class _TableDraws:
    """Draws of a table's rows, but of none whose value no other row has."""

    def __init__(self, values: Array, categorical: Flags, classes: Rows, even: bool) -> None:
        self.values, self.categorical = values, categorical
        self.groups = [_Groups(column, even) for column in classes.T]
        self.spread: Array = _variances(values[None], categorical)[0]

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        # Shifted and scaled: then seven digits do, and half the memory has to be read.
        shifted = self.values - np.median(self.values, axis=0)
        scale = np.abs(shifted).max(axis=0)
        scale[self.categorical | (scale == 0)] = 1.0
        count = len(scale)
        # numpy copies rows of 4, 16 or 32 bytes much faster than others.
        width = next((wide for wide in (1, 4, 8) if wide >= count), count)
        table = np.zeros((len(shifted), width), dtype=np.float32)
        table[:, :count] = shifted / scale
        categorical = np.append(self.categorical, np.zeros(width - count, dtype=np.bool_))
        found = np.empty((len(held), width))
        for number, groups in enumerate(self.groups):
            ordered = table[groups.rows]
            for points in _pieces(np.flatnonzero(held == number), batch * width, CELLS):
                first, second = groups.pairs((batch, len(points)), generator)
                apart = ordered.take(first, axis=0, mode="clip")
                apart -= ordered.take(second, axis=0, mode="clip")
                found[points] = _distances(apart, categorical).sum(axis=0)
        return np.asarray(found[:, :count] * (scale / batch))

    def variances(self, held: Rows, batch: int, generator: Generator) -> Array:
        numeric = np.flatnonzero(~self.categorical)
        deviation = np.sqrt(self.spread)
        deviation[self.categorical | (deviation == 0)] = 1.0
        scaled = self.values - self.values.mean(axis=0)
        scaled /= deviation
        short = scaled.astype(np.float32).take(numeric, axis=1)
        found = np.empty((len(held), len(deviation)))
        for number, groups in enumerate(self.groups):
            powers = groups.powers(short)
            for points in _pieces(np.flatnonzero(held == number), batch, CELLS):
                places = groups.batches(len(points), batch, generator)
                found[points[:, None], numeric] = _sampled_variances(powers, places)
                for code in np.flatnonzero(self.categorical):
                    found[points, code] = _impurities(self.values[groups.rows[places], code])
        found *= deviation**2
        return found


class _Groups:
    """Rows in the order of their class, those classes left out that have one row."""

    def __init__(self, classes: Rows, even: bool) -> None:
        sizes = np.bincount(classes)
        # Short numbers are sorted in linear time.
        order = np.argsort(classes.astype(np.min_scalar_type(len(sizes))), kind="stable")
        self.rows = order[np.repeat(sizes > 1, sizes)]
        self.sizes = sizes[sizes > 1]
        self.starts = np.cumsum(self.sizes) - self.sizes
        # What a random choice falls on: a place among the rows, or a group where all count alike.
        self.even = even
        chances = np.ones_like(self.sizes) if even else self.sizes
        self.size_of = np.repeat(self.sizes, chances).astype(np.float64)
        self.start_of = np.repeat(self.starts, chances)

    def pairs(self, shape: tuple[int, ...], generator: Generator) -> tuple[Rows, Rows]:
        """Places among the rows of two different ones of the same group."""
        numbers = generator.random(shape)
        choice = _digits(numbers, len(self.size_of))
        size, start = self.size_of.take(choice), self.start_of.take(choice)
        first = _digits(numbers, size) + start if self.even else choice
        second = _digits(numbers, size - 1)
        second += start
        second += second >= first
        return first, second

    def batches(self, count: int, batch: int, generator: Generator) -> NDArray[np.int32]:
        """Places of rows of one group for each batch, ``(count, batch)``, with replacement."""
        choice = generator.integers(len(self.size_of), size=(count, 1))
        numbers = generator.random((count, batch))
        numbers *= self.size_of[choice]
        places = numbers.astype(np.int32)
        places += self.start_of[choice].astype(np.int32)
        return places

    def powers(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What values lie above the mean of their group, and its square, ``(rows, 2 columns)``.

        About this mean no variance is the small difference of large numbers, so that seven digits
        do; half the memory has to be read.
        """
        ordered = values.take(self.rows, axis=0)
        sums = np.add.reduceat(ordered, self.starts, axis=0, dtype=np.float64)
        means = (sums / self.sizes[:, None]).astype(np.float32)
        columns = values.shape[1]
        powers = np.empty((len(ordered), 2 * columns), dtype=np.float32)
        np.subtract(ordered, means.repeat(self.sizes, axis=0), out=powers[:, :columns])
        np.square(powers[:, :columns], out=powers[:, columns:])
        return powers


class _FunctionSource:
    """Codes that a function makes of factor values, each drawn from its column alone."""

    def __init__(
        self,
        function: Encoder,
        factors: ArrayLike,
        options: Options,
        effort: Effort,
        all_but: bool,
    ) -> None:
        self.function, self.all_but = function, all_but
        self.encodings, self.width = 0, 0
        self.factors = _matrix(factors)
        columns = as_table(
            np.zeros(len(self.factors)), factors, factor_types=options.get("factor_types")
        ).factors
        count = max(2, min(SAMPLE, effort.batch * effort.train_points))
        generator = np.random.default_rng([options.get("seed", 0), 3])
        sample = self._called(self.drawn(count, generator))
        every = as_table(sample, None, code_types=options.get("code_types")).codes
        table, self.pruned = table_of(sample, None, {**options, "factor_types": None})
        self.kept = np.array([code.name not in self.pruned for code in every])
        self.categorical = np.array([code.type == "categorical" for code in table.codes])
        self.spread: Array = _variances(table.matrix(table.codes)[None], self.categorical)[0]
        rows = np.resize(np.arange(len(self.factors)), count)
        self.table = Table(table.codes, Table(columns, columns).rows(rows).factors)

    def whole(self) -> Draws:
        return _FunctionDraws(self, shared=True)

    def resampled(self, rows: Rows) -> Draws:
        return self.whole()

    def shuffled(self, order: Rows) -> Draws:
        return _FunctionDraws(self, shared=False)

    def drawn(self, count: int, generator: Generator) -> NDArray[Any]:
        """Factor values ``(count, K)``, independent of each other."""
        rows, factors = self.factors.shape
        drawn = generator.integers(rows, size=(count, factors))
        return np.asarray(self.factors[drawn, np.arange(factors)])

    def codes(self, values: NDArray[Any]) -> Array:
        """The codes that are scored, of factor values ``(m, K)``."""
        return self._called(values)[:, self.kept].astype(np.float64)

    def _called(self, values: NDArray[Any]) -> NDArray[Any]:
        pieces = _pieces(np.arange(len(values)), 1, CALL)
        parts = [self._answer(values[rows]) for rows in pieces]
        self.encodings += len(values)
        return np.concatenate(parts)

    def _answer(self, values: NDArray[Any]) -> NDArray[Any]:
        codes = np.asarray(self.function(values))
        if codes.ndim == 1:
            codes = codes[:, None]
        if codes.ndim != 2 or len(codes) != len(values):
            raise UserError(
                f"codes: the function gave shape {codes.shape} for {len(values)} rows of factors; "
                "give (rows, codes)"
            )
        self.width = self.width or codes.shape[1]
        if codes.shape[1] != self.width:
            raise UserError(f"codes: the function gave {self.width} codes, then {codes.shape[1]}")
        if codes.dtype.kind not in "biuf" or not np.isfinite(codes).all():
            raise UserError("codes: the function gave what is not a finite number")
        _check_size(codes)
        return codes


class _FunctionDraws:
    """Draws of a function's codes; unless ``shared``, no value is held still."""

    def __init__(self, source: _FunctionSource, shared: bool) -> None:
        self.source, self.shared, self.spread = source, shared, source.spread

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        source = self.source
        found = np.empty((len(held), len(source.categorical)))
        for points in _pieces(np.arange(len(held)), batch, CALL):
            numbers = held[points].repeat(batch)
            first = source.drawn(len(numbers), generator)
            second = self._held(first, numbers, generator)
            apart = _distances(source.codes(first) - source.codes(second), source.categorical)
            found[points] = apart.reshape(len(points), batch, -1).mean(axis=1)
        return found

    def variances(self, held: Rows, batch: int, generator: Generator) -> Array:
        source = self.source
        found = np.empty((len(held), len(source.categorical)))
        for points in _pieces(np.arange(len(held)), batch, CALL):
            one = source.drawn(len(points), generator).repeat(batch, axis=0)
            codes = source.codes(self._held(one, held[points].repeat(batch), generator))
            codes = codes.reshape(len(points), batch, -1)
            found[points] = _variances(codes, source.categorical)
        return found

    def _held(self, values: NDArray[Any], numbers: Rows, generator: Generator) -> NDArray[Any]:
        """Values drawn anew, but for those factors that are held still."""
        drawn = self.source.drawn(len(values), generator)
        if not self.shared:
            return drawn
        held = np.zeros(values.shape, dtype=np.bool_)
        held[np.arange(len(values)), numbers] = True
        return np.where(held != self.source.all_but, values, drawn)


def _matrix(factors: ArrayLike) -> NDArray[Any]:
    if isinstance(factors, pd.DataFrame):
        return np.asarray(factors.to_numpy())
    try:
        values = np.atleast_1d(np.asarray(factors))
    except ValueError:
        raise UserError("factors: rows differ in length; give one number a column") from None
    return values[:, None] if values.ndim == 1 else values


def _check_size(codes: NDArray[Any]) -> None:
    largest = float(np.abs(codes).max())
    if largest > LARGEST:
        raise UserError(f"a code reaches {largest:.3g}; scale the codes down")


def _classes_of_others(classes: Rows) -> Rows:
    """For each factor, a class for all rows that agree in the other factors, ``(n, K)``."""
    found = np.empty_like(classes)
    for left_out in range(classes.shape[1]):
        together = np.zeros(len(classes), dtype=np.intp)
        for column in np.delete(classes, left_out, axis=1).T:
            together = np.unique(together * (column.max() + 1) + column, return_inverse=True)[1]
        found[:, left_out] = together
    return found


def _pieces(points: Rows, width: int, limit: int) -> Iterator[Rows]:
    """Consecutive points, as many at a time as make `limit` numbers if each has `width`."""
    step = max(1, limit // width)
    return (points[start : start + step] for start in range(0, len(points), step))


def _digits(numbers: Array, bases: int | Array) -> Rows:
    """The next digit of each number in [0, 1), in its base; what is behind it is left in place.

    A random number has 53 bits, enough for both places of a pair, and to draw it takes longest.
    """
    numbers *= bases
    digits = np.floor(numbers)
    numbers -= digits
    return digits.astype(np.intp)


def _distances(apart: NDArray[Any], categorical: Flags) -> NDArray[Any]:
    """How far codes are apart, ``(..., D)``, of their differences, which are overwritten."""
    np.abs(apart, out=apart)
    if categorical.any():
        apart[..., categorical] = apart[..., categorical] > 0
    return apart


def _variances(codes: Array, categorical: Flags) -> Array:
    """Variance within each batch, ``(batches, D)``, of ``(batches, size, D)``."""
    # From the first one, so that equal ones give 0 and nothing else.
    found = (codes - codes[:, :1]).var(axis=1, ddof=1)
    for code in np.flatnonzero(categorical):
        found[:, code] = _impurities(codes[:, :, code])
    return np.asarray(found)


def _sampled_variances(
    powers: NDArray[np.float32], places: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Variance of each batch of places ``(batches, size)`` in the table of powers.

    The product with a sparse matrix adds rows up while it reads them.
    """
    count, batch = places.shape
    ends = np.arange(0, places.size + 1, batch, dtype=np.int32)
    ones = np.ones(places.size, dtype=np.float32)
    picks = sparse.csr_array((ones, places.ravel(), ends), shape=(count, len(powers)))
    sums, squares = np.split(np.asarray(picks @ powers), 2, axis=1)
    return np.asarray(np.maximum(squares - sums**2 / batch, 0.0) / (batch - 1))


def _impurities(categories: NDArray[Any]) -> Array:
    """Gini's impurity of each row, (1 - Σ p²) n / (n - 1), which has no bias.

    >>> _impurities(np.array([[3, 3, 3], [1, 2, 1], [1, 2, 3]])).round(4)
    array([0.    , 0.6667, 1.    ])
    """
    ordered = np.sort(categories, axis=1)
    n = ordered.shape[1]
    place = np.arange(n)
    # Σ count² is Σ (2 r + 1) over the members of a category, r = 0, 1, … of each.
    begins = np.where(np.diff(ordered, axis=1, prepend=np.nan) != 0, place, 0)
    rank = place - np.maximum.accumulate(begins, axis=1)
    pairs = n * n - (2 * rank + 1).sum(axis=1)
    return np.asarray(pairs / (n * (n - 1)))
