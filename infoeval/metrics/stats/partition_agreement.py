"""Agreement of a categorical code and labels as partitions of the rows, with its interval."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import check_paired, named_labels, table_of_occurring

Array = NDArray[np.float64]
#: ``(tables, categories, classes)`` counts -> ``(tables,)`` values
Statistic = Callable[[Array], Array]

#: The number of cells drawn at a time, 32 MiB.
BLOCK = 2**22
#: The number of rows of a table that represents the population.
POPULATION = 1e9


def score_agreement(
    statistic: Statistic,
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None,
    reference: str,
    level: float,
    seed: int,
    replicates: int,
    bounds: tuple[float, float] = (0.0, 1.0),
    unit: str = "fraction",
) -> Score:
    """Score of ``statistic`` on the contingency table, with a bootstrap interval.

    Resampling ``n`` rows with replacement is one multinomial draw of the table's counts, so the
    cost depends on the number of cells, not of rows. They are drawn from :func:`population`. The
    interval is cut at ``bounds``. ``details`` name the categories and classes that occur.

    Raises UserError for vectors that are not one label per row or differ in length, for a level
    outside (0, 1), for fewer than 100 replicates, for a table beyond a million cells, and when
    everything lies in one category and one class.
    """
    check_level(level)
    if replicates < 100:
        raise UserError(f"{replicates} bootstrap replicates are too few; give 100 or more")
    if seed < 0:
        raise UserError(f"seed is {seed}; give a whole number >= 0")
    categories, (rows,) = named_labels({"codes": codes})
    classes, (columns,) = named_labels({"labels": labels}, class_names or None)
    check_paired(rows, columns)
    table = table_of_occurring(rows, columns)
    if table.size == 1:
        raise UserError("all rows lie in one category and one class; give rows with two of either")
    n = len(rows)
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
        "category_names": categories,
        "class_names": [classes[column] for column in np.unique(columns)],
    }
    return Score(value, low, high, level, n, unit, True, reference, details)


def population(table: NDArray[np.int64]) -> Array:
    """Estimated probability of each cell, some of it for cells that no row fell into.

    A resample of the counts alone never fills an empty cell, so the interval of a code that makes
    rare mistakes would be too short, and that of a perfect one a point. The probability of all
    empty cells is about the share of cells seen once (Good 1953, The population frequencies of
    species and the estimation of population parameters, Biometrika 40). Three rows are added,
    because no mistake in n rows is compatible with a rate of 3 / n (Hanley and Lippman-Hand 1983,
    If nothing goes wrong, is everything all right?, JAMA 249). It is spread over the empty cells as
    if category and class were independent.
    """
    n = table.sum()
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) * (table == 0)
    shares: Array = table / n
    if chance.any():
        unseen = min(((table == 1).sum() + 3) / (n + 3), 0.5)
        shares = (1 - unseen) * shares + unseen * chance / chance.sum()
    return shares


def _bootstrap(statistic: Statistic, shares: Array, n: int, seed: int, replicates: int) -> Array:
    """Values ``(replicates,)`` of tables of ``n`` rows drawn with these probabilities."""
    generator = np.random.default_rng(seed)
    values = np.empty(replicates)
    block = max(1, BLOCK // shares.size)
    for start in range(0, replicates, block):
        stop = min(start + block, replicates)
        drawn = generator.multinomial(n, shares.ravel(), size=stop - start).astype(np.float64)
        values[start:stop] = statistic(drawn.reshape(stop - start, *shares.shape))
    return values
