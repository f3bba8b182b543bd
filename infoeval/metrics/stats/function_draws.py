"""Codes drawn while a factor is held still: those that a function makes of factor values."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Table, as_table
from infoeval.metrics.stats.resampling import Options, Rows, table_of
from infoeval.metrics.stats.spread import check_size, mean_distances, variances

__all__ = ["Encoder", "FunctionDraws", "FunctionSource"]

CALL = 4_096
"""Rows that a function is asked for at a time."""
SAMPLE = 10_000
"""Codes of a function that tell their types, and how much they vary."""

Array = NDArray[np.float64]
Generator = np.random.Generator
Encoder = Callable[[NDArray[Any]], ArrayLike]
"""From factor values ``(m, K)`` to their codes ``(m, D)``."""


class FunctionSource:
    """Codes of factor values, each drawn from its column alone: see `source_of`.

    At most `most` codes are asked for beforehand. ``encodings`` counts all that were.
    """

    has_rows = False

    def __init__(
        self, function: Encoder, factors: ArrayLike, options: Options, *, most: int, all_but: bool
    ) -> None:
        self.function, self.all_but = function, all_but
        self.encodings, self.width = 0, 0
        self.factors = _matrix(factors)
        columns = as_table(
            np.zeros(len(self.factors)), factors, factor_types=options.get("factor_types")
        ).factors
        count = max(2, min(SAMPLE, most))
        generator = np.random.default_rng([options.get("seed", 0), 3])
        sample = self._called(self.drawn(count, generator))
        every = as_table(sample, None, code_types=options.get("code_types")).codes
        table, self.pruned = table_of(sample, None, {**options, "factor_types": None})
        self.kept = np.array([code.name not in self.pruned for code in every])
        types = np.array([code.type for code in table.codes])
        self.categorical = np.flatnonzero(types == "categorical")
        values = table.matrix(table.codes)
        self.spread: Array = variances(values[:, None].copy(), self.categorical)[0]
        rows = np.resize(np.arange(len(self.factors)), count)
        self.table = Table(table.codes, Table(columns, columns).rows(rows).factors)

    def whole(self) -> "FunctionDraws":
        return FunctionDraws(self, shared=True)

    def resampled(self, rows: Rows) -> "FunctionDraws":
        return self.whole()

    def shuffled(self, order: Rows) -> "FunctionDraws":
        return FunctionDraws(self, shared=False)

    def details(self) -> dict[str, Any]:
        return {"encodings": self.encodings}

    def drawn(self, count: int, generator: Generator) -> NDArray[Any]:
        """Factor values ``(count, K)``, independent of each other."""
        rows, factors = self.factors.shape
        drawn = generator.integers(rows, size=(count, factors))
        return np.asarray(self.factors[drawn, np.arange(factors)])

    def codes(self, values: NDArray[Any], batch: int) -> Array:
        """The codes that are scored, ``(batch, points, D)``, of values ``(batch points, K)``."""
        codes = self._called(values)[:, self.kept].astype(np.float64)
        return codes.reshape(batch, -1, codes.shape[1])

    def _called(self, values: NDArray[Any]) -> NDArray[Any]:
        self.encodings += len(values)
        return np.concatenate([self._answer(piece) for piece in _pieces(values, CALL)])

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
        check_size(codes)
        return codes


class FunctionDraws:
    """Draws of a function's codes; unless ``shared``, no value is held still."""

    def __init__(self, source: FunctionSource, shared: bool) -> None:
        self.source, self.shared, self.spread = source, shared, source.spread

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        source, found = self.source, []
        for points in _pieces(held, CALL // batch):
            first = source.drawn(batch * len(points), generator)
            second = self._drawn_again(first, np.tile(points, batch), generator)
            pair = source.codes(first, batch), source.codes(second, batch)
            found.append(mean_distances(*pair, source.categorical))
        return np.concatenate(found)

    def relative_variances(
        self, held: Rows, batch: int, codes: Rows, generator: Generator
    ) -> NDArray[Any]:
        source, found = self.source, []
        for points in _pieces(held, CALL // batch):
            one = np.tile(source.drawn(len(points), generator), (batch, 1))
            values = self._drawn_again(one, np.tile(points, batch), generator)
            found.append(variances(source.codes(values, batch), source.categorical))
        return np.concatenate(found)[:, codes] / self.spread[codes]

    def _drawn_again(
        self, values: NDArray[Any], numbers: Rows, generator: Generator
    ) -> NDArray[Any]:
        """Values drawn anew, but for those factors that are held still."""
        drawn = self.source.drawn(len(values), generator)
        if not self.shared:
            return drawn
        held = numbers[:, None] == np.arange(values.shape[1])
        return np.where(held != self.source.all_but, values, drawn)


def _pieces(rows: NDArray[Any], most: int) -> Iterator[NDArray[Any]]:
    """Consecutive rows, at most so many at a time."""
    step = max(1, most)
    return (rows[start : start + step] for start in range(0, len(rows), step))


def _matrix(factors: ArrayLike) -> NDArray[Any]:
    if isinstance(factors, pd.DataFrame):
        return np.asarray(factors.to_numpy())
    try:
        values = np.atleast_1d(np.asarray(factors))
    except ValueError:
        raise UserError("factors: rows differ in length; give one number a column") from None
    return values[:, None] if values.ndim == 1 else values
