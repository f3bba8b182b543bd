"""Agreement of two partitions of the same rows, with a bootstrap over rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.metrics.contingency import nonzero_cells, paired
from infoeval.metrics.intervals import basic_bootstrap, check_level

__all__ = ["Statistic", "agreement"]

Counts = NDArray[np.float64]
#: (tables, cells), (tables, categories), (tables, classes) counts -> (tables,) values
Statistic = Callable[[Counts, Counts, Counts], NDArray[np.float64]]

# Counts drawn at a time: 32 MiB, whatever the size of the table.
BLOCK = 2**22


def agreement(
    statistic: Statistic,
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    bounds: tuple[float, float],
    level: float,
    seed: int,
    replicates: int,
) -> tuple[float, tuple[float, float] | None, int, dict[str, Any]]:
    """Return value, basic bootstrap interval (or None), number of rows and details.

    Resampling ``n`` rows with replacement is a multinomial draw of the contingency table's counts,
    so the cost depends on the number of cells that occur, not of rows.

    Raises UserError for vectors that are not one class number per row, for a level outside
    (0, 1), for fewer than 100 replicates, and when everything lies in one category and one class.
    """
    first, second = paired(codes, labels)
    check_level(level)
    if replicates < 100:
        raise UserError(f"{replicates} bootstrap replicates are too few; give 100 or more")
    if seed < 0:
        raise UserError(f"seed is {seed}; give a whole number >= 0")
    rows, columns, counts = nonzero_cells(first, second)
    if len(counts) == 1:
        raise UserError("all rows lie in one category and one class; agreement needs two of either")
    tables = _Tables(rows, columns)
    value = float(statistic(*tables.margins(counts[None].astype(np.float64)))[0])
    drawn = _bootstrap(statistic, tables, counts, seed, replicates)
    interval = basic_bootstrap(value, drawn, level, bounds)
    kind = "basic bootstrap over rows" if interval else "none: every bootstrap resample agrees"
    details = {
        "interval": kind,
        "seed": seed,
        "replicates": replicates,
        "categories": int(rows[-1]) + 1,
        "classes": int(columns.max()) + 1,
    }
    return value, interval, len(first), details


class _Tables:
    """The cells of a contingency table, ready to sum many tables' counts by row and by column."""

    def __init__(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        self.row_starts = np.unique(rows, return_index=True)[1]
        self.by_column = np.argsort(columns, kind="stable")
        self.column_starts = np.unique(columns[self.by_column], return_index=True)[1]

    def margins(self, cells: Counts) -> tuple[Counts, Counts, Counts]:
        """Return ``(tables, cells)`` counts with their row sums and column sums."""
        rows = np.add.reduceat(cells, self.row_starts, axis=1)
        columns = np.add.reduceat(cells[:, self.by_column], self.column_starts, axis=1)
        return cells, rows, columns


def _bootstrap(
    statistic: Statistic, tables: _Tables, counts: NDArray[np.int64], seed: int, replicates: int
) -> NDArray[np.float64]:
    """Return ``(replicates,)`` values on tables drawn with the sample's cell frequencies."""
    generator = np.random.default_rng(seed)
    n = int(counts.sum())
    values = np.empty(replicates)
    block = max(1, BLOCK // len(counts))
    for start in range(0, replicates, block):
        stop = min(start + block, replicates)
        drawn = generator.multinomial(n, counts / n, size=stop - start).astype(np.float64)
        values[start:stop] = statistic(*tables.margins(drawn))
    return values
