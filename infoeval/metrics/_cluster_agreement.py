"""Agreement of a categorical code and labels as partitions of the rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import check_paired, named_labels, table_of_occurring

Array = NDArray[np.float64]
#: ``(tables, categories, classes)`` counts -> ``(tables,)`` values
Statistic = Callable[[Array], Array]

#: The number of cells drawn at a time, 32 MiB.
BLOCK = 2**22
#: The number of rows of a table that represents the population.
POPULATION = 1e9


@metric(
    "cluster-nmi",
    kind="labels",
    range="0 to 1",
    summary="mutual information of a categorical code and labels over their mean entropy",
    use="categories and classes that differ in number",
    pitfalls="counts raise it by chance, most where rows are few and categories many",
)
def cluster_nmi(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 1000,
) -> Score:
    """Mutual information of code and label over the mean of their entropies, in [0, 1].

    ``codes`` and ``labels`` are ``(n,)``: the predicted category (arg max of q(c|x)) and the class
    of every row, whole numbers of any sign, booleans or words. They are names only: renaming
    changes nothing, and there may be more categories than classes or fewer. ``class_names`` are
    names of classes 0, 1, 2, ... Higher is better; 1 means that each determines the other. Same
    definition as scikit-learn's default (arithmetic mean).

    The value is the plug-in estimate, which chance raises: by about (K - 1)(L - 1) / (2 n) nats of
    mutual information. The interval is a basic bootstrap over rows. It reflects the resamples about
    the value, which removes that bias, so the value lies near its upper end, or at it when code and
    label have little in common. Rare mistakes that the rows do not show are allowed for. It treats
    the model as given, and does not include the spread over training seeds. With one category only,
    or one class, the value is 0 and there is no interval (``None``).

    ``details``: ``category_names`` and ``class_names`` that occur, ``interval``.

    Raises UserError for vectors that are not one label per row or differ in length, for everything
    in one category and one class (0 / 0), and for a level outside (0, 1).

    >>> cluster_nmi([2, 2, 0, 0, 1, 1], ["a", "a", "b", "b", "c", "c"]).value
    1.0
    """
    return _agreement(
        _nmi,
        codes,
        labels,
        class_names=class_names,
        reference="Vinh, Epps and Bailey 2010, Information theoretic measures for clusterings "
        "comparison, JMLR 11: NMI_sum",
        level=level,
        seed=seed,
        replicates=replicates,
    )


def _nmi(tables: Array) -> Array:
    """Normalised mutual information of each table."""
    first, second = _entropy(tables.sum(axis=2)), _entropy(tables.sum(axis=1))
    joint = _entropy(tables.reshape(len(tables), -1))
    mean = (first + second) / 2
    # A small resample can fall into a single cell: two equal partitions, as scikit-learn has it.
    ratio = np.divide(first + second - joint, mean, out=np.ones(len(tables)), where=mean > 0)
    return np.clip(ratio, 0.0, 1.0)


def _entropy(counts: Array) -> Array:
    """Entropy in nats of each row of counts; exactly 0 where one count has all."""
    share = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(-xlogy(share, share).sum(axis=1), dtype=np.float64)


@metric(
    "cluster-ari",
    kind="labels",
    range="-0.5 to 1",
    summary="agreement of a categorical code and labels on pairs of rows, above chance",
    use="as cluster-nmi, with 0 for chance",
    pitfalls="large classes count most",
)
def cluster_ari(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 1000,
) -> Score:
    """Agreement of code and label on pairs of rows, adjusted for chance, in [-0.5, 1].

    ``codes`` and ``labels`` are ``(n,)``: the predicted category (arg max of q(c|x)) and the class
    of every row, whole numbers of any sign, booleans or words. They are names only: renaming
    changes nothing, and there may be more categories than classes or fewer. ``class_names`` are
    names of classes 0, 1, 2, ... Higher is better; 1 means equal partitions, 0 is what chance gives
    on average. The lower limit of -0.5 is Chacon and Rastrojo's (2023, Minimum adjusted Rand index
    for two clusterings of a given size).

    The interval is a basic bootstrap over rows. Rare mistakes that the rows do not show are allowed
    for. With few rows per cell and many mistakes (100 rows, 10 x 10 cells, half wrong) it covers
    less often than its level. It treats the model as given, and does not include the spread over
    training seeds. With one category only, or one class, the value is 0 and there is no interval
    (``None``).

    ``details``: ``category_names`` and ``class_names`` that occur, ``interval``.

    Raises UserError for vectors that are not one label per row or differ in length, for everything
    in one category and one class (0 / 0), and for a level outside (0, 1).

    >>> cluster_ari([2, 2, 0, 0, 1, 1], ["a", "a", "b", "b", "c", "c"]).value
    1.0
    """
    return _agreement(
        _ari,
        codes,
        labels,
        class_names=class_names,
        bounds=(-0.5, 1.0),
        unit="index",
        reference="Hubert and Arabie 1985, Comparing partitions, Journal of Classification 2",
        level=level,
        seed=seed,
        replicates=replicates,
    )


def _ari(tables: Array) -> Array:
    """Adjusted Rand index of each table."""
    together = _pairs(tables.reshape(len(tables), -1))
    first, second = _pairs(tables.sum(axis=2)), _pairs(tables.sum(axis=1))
    n = tables.sum(axis=(1, 2))
    chance = first * second / np.maximum(n * (n - 1) / 2, 1)
    # 0 / 0: both partitions have one part, or all rows apart; they are equal then.
    room = (first + second) / 2 - chance
    index = np.divide(together - chance, room, out=np.ones(len(tables)), where=room > 0)
    return np.asarray(index)


def _pairs(counts: Array) -> Array:
    """Number of pairs of rows within a part, summed over parts, for each row of counts."""
    return np.asarray((counts * (counts - 1) / 2).sum(axis=1), dtype=np.float64)


def _agreement(
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
