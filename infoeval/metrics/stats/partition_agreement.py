"""Agreement of two partitions of the same rows, with a bootstrap over rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import contingency_table, paired

__all__ = ["Statistic", "agreement"]

#: ``(tables, categories, classes)`` counts -> ``(tables,)`` values
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Cells of the largest table that a thousand bootstrap replicates are drawn of in a minute.
MOST_CELLS = 2**20
#: Cells drawn at a time: 32 MiB, whatever the size of the table.
BLOCK = 2**22
#: Rows of a table that stands for the population.
POPULATION = 1e9


def agreement(
    statistic: Statistic,
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    bounds: tuple[float, float],
    unit: str,
    reference: str,
    level: float,
    seed: int,
    replicates: int,
) -> Score:
    """Score ``statistic`` on the contingency table, with a bootstrap interval within ``bounds``.

    Resampling ``n`` rows with replacement is one multinomial draw of the table's counts, so the
    cost depends on the number of cells, not of rows. What is drawn from is :func:`population`.

    Raises UserError for vectors that are not one class number per row, for a level outside
    (0, 1), for fewer than 100 replicates, for a table beyond a million cells, and when everything
    lies in one category and one class.
    """
    check_level(level)
    if replicates < 100:
        raise UserError(f"{replicates} bootstrap replicates are too few; give 100 or more")
    if seed < 0:
        raise UserError(f"seed is {seed}; give a whole number >= 0")
    table = _table(codes, labels)
    n = int(table.sum())
    value = float(statistic(table[None].astype(np.float64))[0])
    low, high, kind = None, None, "none: with one category or one class the value is always 0"
    if min(table.shape) > 1:
        shares = population(table)
        centre = float(statistic(shares[None] * POPULATION)[0])
        drawn = _bootstrap(statistic, shares, n, seed, replicates)
        low, high = basic_bootstrap(value, drawn, centre, level, bounds)
        kind = "basic bootstrap over rows"
    details: dict[str, Any] = {
        "interval": kind,
        "seed": seed,
        "replicates": replicates,
        "categories": table.shape[0],
        "classes": table.shape[1],
    }
    return Score(value, low, high, level, n, unit, True, reference, details)


def population(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimate the cells' probabilities, with some left for cells that no row fell into.

    A resample of the counts alone never shows an empty cell, so a code that makes rare mistakes
    would look steadier than it is, and a perfect one certain. What unseen cells have together is
    about the share of cells seen once (Good 1953, The population frequencies of species and the
    estimation of population parameters, Biometrika 40). To that come three rows, because no
    mistake among n rows is compatible with 3 / n (Hanley and Lippman-Hand 1983, If nothing goes
    wrong, is everything all right?, JAMA 249). It is spread over the empty cells as if category
    and class were independent.
    """
    n = table.sum()
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) * (table == 0)
    shares: NDArray[np.float64] = table / n
    if chance.any():
        unseen = min(((table == 1).sum() + 3) / (n + 3), 0.5)
        shares = (1 - unseen) * shares + unseen * chance / chance.sum()
    return shares


def _table(codes: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """Count rows by category and class, of those that occur: the numbers may have any size."""
    first, second = paired(codes, labels)
    category_names, rows = np.unique(first, return_inverse=True)
    class_names, columns = np.unique(second, return_inverse=True)
    categories, classes = len(category_names), len(class_names)
    if categories == classes == 1:
        raise UserError("all rows lie in one category and one class; give rows with two of either")
    if categories * classes > MOST_CELLS:
        raise UserError(
            f"{categories} categories x {classes} classes: more than {MOST_CELLS} cells; "
            "give categories and classes, not one number for every row"
        )
    return contingency_table(rows, columns, categories, classes)


def _bootstrap(
    statistic: Statistic, shares: NDArray[np.float64], n: int, seed: int, replicates: int
) -> NDArray[np.float64]:
    """Return ``(replicates,)`` values on tables of ``n`` rows drawn with these shares."""
    generator = np.random.default_rng(seed)
    values = np.empty(replicates)
    block = max(1, BLOCK // shares.size)
    for start in range(0, replicates, block):
        stop = min(start + block, replicates)
        drawn = generator.multinomial(n, shares.ravel(), size=stop - start).astype(np.float64)
        values[start:stop] = statistic(drawn.reshape(stop - start, *shares.shape))
    return values
