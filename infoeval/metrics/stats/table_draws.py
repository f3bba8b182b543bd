"""Codes drawn while a factor is held still: rows of a table that share its value."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column
from infoeval.metrics.stats.counts import class_numbers_of
from infoeval.metrics.stats.resampling import Options, Rows, table_of
from infoeval.metrics.stats.row_groups import RowGroups, classes_of_others
from infoeval.metrics.stats.spread import check_size, mean_distances, variances

__all__ = ["TableDraws", "TableSource"]

CELLS = 1 << 17
"""Numbers that are drawn at a time, so that they stay in the cache."""
WIDTHS = (1, 2, 4, 8)
"""Rows of so many codes are copied much faster than others, by an instruction or two."""

Array = NDArray[np.float64]
Generator = np.random.Generator


class TableSource:
    """Rows of a table, where those of one class share a value: see `source_of`."""

    has_rows = True

    def __init__(
        self,
        codes: ArrayLike,
        factors: ArrayLike,
        options: Options,
        *,
        bins: int,
        cut: Sequence[str],
        even: bool,
        all_but: bool,
    ) -> None:
        self.table, self.pruned = table_of(codes, factors, options)
        for code in self.table.codes:
            check_size(code.values)
        classes = class_numbers_of(self.table.factors, bins, cut=cut)
        self.classes, self.even = classes_of_others(classes) if all_but else classes, even
        for factor, column in zip(self.table.factors, self.classes.T, strict=True):
            if column.max() == self.table.n - 1:
                what = (
                    f"no two rows agree in all factors but {factor.name}; give fewer bins or more"
                    if all_but
                    else f"no two rows have the same value of {factor.name}; give more"
                )
                raise UserError(f"{what} rows, or a function for the codes")
        self._whole = TableDraws(self.table.codes, self.classes, even)

    def whole(self) -> "TableDraws":
        return self._whole

    def resampled(self, rows: Rows) -> "TableDraws":
        return TableDraws(self.table.rows(rows).codes, self.classes[rows], self.even)

    def shuffled(self, order: Rows) -> "TableDraws":
        return TableDraws(self.table.codes, self.classes[order], self.even)

    def details(self) -> dict[str, Any]:
        return {"rows_alone": [self.table.n - len(each.rows) for each in self._whole.groups]}


class TableDraws:
    """Draws of a table's rows, but of none whose value no other row has."""

    def __init__(self, codes: Sequence[Column], classes: Rows, even: bool) -> None:
        self.groups = [RowGroups(column, even) for column in classes.T]
        self.categorical = np.array([code.type == "categorical" for code in codes])
        self.spread = np.array([_variance(code) for code in codes])
        self.unit = np.where(self.categorical | (self.spread == 0), 1.0, np.sqrt(self.spread))
        # About 0 and of deviation 1 seven digits do, and half the memory has to be read.
        self.scaled = np.empty((len(codes), len(classes)), dtype=np.float32)
        for j, code in enumerate(codes):
            mean = 0.0 if self.categorical[j] else code.values.mean()
            self.scaled[j] = (code.values - mean) / self.unit[j]

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        codes = np.arange(len(self.unit))
        categorical = np.flatnonzero(self.categorical)
        parts = []
        for count, groups, table in self._pieces(held, batch, codes):
            places = groups.pairs((batch, count), generator)
            first, second = (table.take(each, axis=0, mode="clip") for each in places)
            parts.append(mean_distances(first, second, categorical))
        return _in_order_of(held, parts)[:, codes] * self.unit

    def relative_variances(
        self, held: Rows, batch: int, codes: Rows, generator: Generator
    ) -> NDArray[Any]:
        categorical = np.flatnonzero(self.categorical[codes])
        parts = []
        for count, groups, table in self._pieces(held, batch, codes):
            places = groups.batches((batch, count), generator)
            parts.append(variances(table.take(places, axis=0, mode="clip"), categorical))
        found = _in_order_of(held, parts)[:, : len(codes)]
        found[:, categorical] /= self.spread[codes][categorical]
        return found

    def _pieces(
        self, held: Rows, batch: int, codes: Rows
    ) -> Iterator[tuple[int, RowGroups, NDArray[np.float32]]]:
        """How many points of one factor at a time, with its groups and the codes in their order."""
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
    """Points as they are held, of parts in the order of the factors."""
    joined = np.concatenate(parts)
    found = np.empty_like(joined)
    found[np.argsort(held.astype(np.int16), kind="stable")] = joined
    return found


def _variance(code: Column) -> float:
    categorical = np.arange(int(code.type == "categorical"))
    return float(variances(code.values[:, None, None].copy(), categorical)[0, 0])
