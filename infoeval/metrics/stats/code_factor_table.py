"""Validated table of codes and factors, the input of disentanglement metrics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError, unknown
from infoeval.metrics.stats.circle_frames import TURN, circular_spread, framed, waves

FACTOR_TYPES = ("discrete", "ordinal", "continuous", "periodic")
CODE_TYPES = ("continuous", "categorical", "periodic")
CATEGORIES = ("discrete", "categorical")

SMALLEST, LARGEST = 1e-50, 1e50
"""The fourth powers of numbers in this range are finite; it covers all that float32 holds."""


@dataclass(frozen=True)
class Column:
    """A code or factor: its name, its type, and a number for every row, ``(n,)`` float64.

    A discrete factor and a categorical code hold class numbers 0, 1, 2, …, which have no order;
    an ordinal factor holds values in order; a periodic factor or code, angles in [0, 2π).
    """

    name: str
    type: str
    values: NDArray[np.float64]

    @property
    def spread(self) -> float:
        """Standard deviation, exactly 0 for equal values, which a rounded mean does not give.

        Of angles it is that of the points on the unit circle, from 0 to 1.
        """
        if self.type == "periodic":
            return circular_spread(self.values)
        return float((self.values - self.values[0]).std())

    @property
    def inputs(self) -> NDArray[np.float64]:
        """Inputs of a predictor, ``(n, columns)``: those of `targets`, or a column per category."""
        if self.type == "categorical":
            return np.eye(int(self.values.max()) + 1)[self.values.astype(np.intp)]
        return self.targets

    @property
    def targets(self) -> NDArray[np.float64]:
        """Targets of a regression, ``(n, columns)``: the values, or sine and cosine of angles."""
        if self.type == "periodic":
            return waves(self.values)
        return self.values[:, None]


@dataclass(frozen=True)
class Table:
    """Codes and factors of the same ``n`` rows, and the names of pruned codes."""

    codes: tuple[Column, ...]
    factors: tuple[Column, ...]
    pruned: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.codes[0].values)

    def matrix(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Values of some columns, ``(n, columns)``."""
        return np.stack([column.values for column in columns], axis=1)

    def rows(self, rows: NDArray[np.intp]) -> "Table":
        """Table of these rows, in this order."""
        codes, factors = (
            tuple(replace(column, values=column.values[rows]) for column in columns)
            for columns in (self.codes, self.factors)
        )
        return Table(codes, factors, self.pruned)

    def keep(self, codes: Sequence[Column]) -> "Table":
        """Table with some of its codes; the names of the others are added to ``pruned``."""
        # Two columns may have the same name.
        others = [code.name for code in self.codes if not any(code is kept for kept in codes)]
        return Table(tuple(codes), self.factors, (*self.pruned, *others))

    def paired(self, code_rows: NDArray[np.intp], factor_rows: NDArray[np.intp]) -> "Table":
        """Table of the codes of some rows and the factors of as many others, in these orders."""
        return Table(self.rows(code_rows).codes, self.rows(factor_rows).factors, self.pruned)


def as_table(
    codes: ArrayLike,
    factors: ArrayLike | None,
    *,
    code_types: Sequence[str] | None = None,
    factor_types: Sequence[str] | None = None,
) -> Table:
    """Validated table of codes ``(n, D)`` and factors ``(n, K)``, every column with its type.

    Factors are None for metrics that need none. Both are arrays, lists of rows or data frames, or
    one-dimensional for a single column. Names are those of a data frame's columns, or "code 0",
    "factor 0" and so on.

    Types are given by name or first letter, one for each column: of factors ``discrete``,
    ``ordinal``, ``continuous`` or ``periodic`` (angles in radians; ``periodic:360`` for another
    period), of codes ``continuous``, ``categorical`` or ``periodic``. By default whole numbers,
    booleans and words are discrete factors and whole numbers of an integer type categorical codes;
    floats are continuous, except factors that are whole throughout, which are discrete.

    Periodic codes are turned, and perhaps mirrored, into a frame of reference, see `circle_frames`:
    no metric depends on where their angle is 0.

    Raises UserError for columns of different lengths, values that are missing or not finite, words
    in a column that is not discrete or categorical, numbers above 1e50, a column of different
    numbers within 1e-50, a factor of one value, and fewer than two rows.

    >>> table = as_table([[0.1, 2.0], [0.7, 3.0]], [[0, 0.5], [1, 0.25]])
    >>> [(column.name, column.type) for column in table.factors]
    [('factor 0', 'discrete'), ('factor 1', 'continuous')]
    """
    code_columns = _columns(codes, "code")
    factor_columns = [] if factors is None else _columns(factors, "factor")
    n = len(code_columns[0][1])
    if any(len(values) != n for _, values in factor_columns):
        raise UserError(
            f"{n} rows of codes for {len(factor_columns[0][1])} rows of factors; give one of each "
            "per row"
        )
    if n < 2:
        raise UserError("one row; give two or more")
    typed = _typed(code_columns, code_types, CODE_TYPES, "code")
    known = _typed(factor_columns, factor_types, FACTOR_TYPES, "factor")
    for factor in known:
        if (factor.values == factor.values[0]).all():
            raise UserError(f"{factor.name} has the same value in every row; leave it out")
    angles = [factor.values for factor in known if factor.type == "periodic"]
    turned = (
        replace(code, values=framed(code.values, angles)) if code.type == "periodic" else code
        for code in typed
    )
    return Table(tuple(turned), known)


def check_numbers(codes: Sequence[Column], metric: str) -> None:
    """Raise UserError for a code of more than two categories: two are numbers as well."""
    for code in codes:
        if code.type == "categorical" and code.values.max() > 1:
            raise UserError(f"{code.name} has more than two categories; {metric} needs numbers")


def check_no_angles(codes: Sequence[Column], why: str) -> None:
    """Raise UserError for a periodic code; ``why`` says what a metric asks that it does not have.

    >>> check_no_angles([Column("hue", "periodic", np.zeros(2))], "a covariance is of numbers")
    Traceback (most recent call last):
    infoeval.errors.UserError: hue is periodic; a covariance is of numbers
    """
    for code in codes:
        if code.type == "periodic":
            raise UserError(f"{code.name} is periodic; {why}")


def as_rows(values: ArrayLike, what: str) -> NDArray[Any]:
    """Values as an array ``(rows, columns)``; error messages begin with ``what``."""
    array = as_array(values, f"{what}s")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise UserError(f"{what}s: shape {array.shape}; give (rows, columns)")
    return array


def _columns(values: Any, what: str) -> list[tuple[str, NDArray[Any]]]:
    """Names and values of all columns."""
    if isinstance(values, pd.DataFrame):
        # Not by name, as two of them may have the same.
        columns = [(str(name), as_array(column, str(name))) for name, column in values.items()]
    elif isinstance(getattr(values, "columns", None), list):  # a data frame of another library
        columns = [(str(name), as_array(values[name], str(name))) for name in values.columns]
    else:
        columns = [
            (f"{what} {number}", column) for number, column in enumerate(as_rows(values, what).T)
        ]
    if not columns or len(columns[0][1]) == 0:
        raise UserError(f"no {what}s; give one column and two rows at least")
    return [(name, _plain(name, column)) for name, column in columns]


def _plain(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Values as numbers or words; objects are converted to their common type."""
    if values.dtype.kind in "OUSMm" and pd.isna(values).any():
        raise UserError(f"{name}: a value is missing; leave its row out")
    if values.dtype.kind == "O":
        values = pd.Series(values).infer_objects().to_numpy()
        if any(isinstance(value, Decimal | Fraction) for value in values):
            values = _numbers(name, values)
    if values.dtype.kind not in "biufOUSMm":
        raise UserError(f"{name}: {values.dtype} is not a number in every row; give numbers")
    return values


def _typed(
    columns: list[tuple[str, NDArray[Any]]],
    types: Sequence[str] | None,
    known: tuple[str, ...],
    what: str,
) -> tuple[Column, ...]:
    if types is not None and len(types) != len(columns):
        raise UserError(f"{len(types)} types for {len(columns)} {what}s; give one for each")
    given = types if types is not None else [_inferred(values, what) for _, values in columns]
    return tuple(
        _column(name, values, str(kind), known)
        for (name, values), kind in zip(columns, given, strict=True)
    )


def _inferred(values: NDArray[Any], what: str) -> str:
    """Default type of a column."""
    whole = values.dtype.kind != "f"
    if what == "code":
        return "categorical" if whole else "continuous"
    if not whole:
        whole = bool(np.isfinite(values).all() and (values == np.floor(values)).all())
    return "discrete" if whole else "continuous"


def _column(name: str, values: NDArray[Any], kind: str, known: tuple[str, ...]) -> Column:
    word, _, period = kind.partition(":")
    matches = [type_ for type_ in known if word and type_.startswith(word)]
    if len(matches) != 1 or (period and matches != ["periodic"]):
        raise UserError(unknown(f"{name}: no type", kind, known))
    (word,) = matches
    if word in CATEGORIES:
        if values.dtype.kind == "f":
            _check_finite(name, values)
        classes = values.astype(str) if values.dtype.kind == "O" else values
        return Column(name, word, np.unique(classes, return_inverse=True)[1].astype(np.float64))
    numbers = _numbers(name, values)
    if word == "periodic":
        numbers = in_radians(numbers, _period(name, period))
    return Column(name, word, numbers)


def in_radians(numbers: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Angles from 0 to below 2π of numbers of another period."""
    # The second remainder is for angles just below 0, which round to a whole turn.
    return np.asarray(numbers % period / period * TURN % TURN)


def periods_of(types: Sequence[str] | None, count: int) -> list[float | None]:
    """Period of each of so many codes by their types; None for those that are not periodic."""
    words = [str(kind).partition(":") for kind in types or [""] * count]
    return [
        _period("codes", period) if word and "periodic".startswith(word) else None
        for word, _, period in words
    ]


def _numbers(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Values as finite float64 in the supported range."""
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(
            f"{name}: {values.dtype} is not a number in every row; give numbers"
        ) from None
    _check_finite(name, numbers)
    largest = float(np.abs(numbers).max())
    if largest > LARGEST:
        raise UserError(f"{name} reaches {largest:.3g}; scale it down, below {LARGEST:g}")
    width = float(np.ptp(numbers))
    if 0 < width < SMALLEST:
        raise UserError(f"{name} varies by {width:.3g} in all; scale it up, or leave it out")
    return numbers


def _check_finite(name: str, numbers: NDArray[Any]) -> None:
    if not np.isfinite(numbers).all():
        wrong = numbers[~np.isfinite(numbers)][0]
        raise UserError(f"{name}: {wrong} is not a finite number; leave its row out")


def _period(name: str, text: str) -> float:
    """Period that follows the colon of a type; 2π by default."""
    try:
        period = float(text) if text else TURN
    except ValueError:
        period = math.nan
    if not (math.isfinite(period) and period > 0):
        raise UserError(f"{name}: period {text!r} is not a number above 0")
    return period
