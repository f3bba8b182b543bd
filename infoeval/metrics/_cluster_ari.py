"""Adjusted Rand index of a categorical code and labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.partition_agreement import score_agreement

Array = NDArray[np.float64]


@metric(
    "cluster-ari",
    kind="labels",
    range="-0.5 to 1",
    summary="agreement of a categorical code and labels on pairs of rows, corrected for chance",
    use="as cluster-nmi, but with 0 for chance agreement",
    pitfalls="large classes weigh most",
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
    return score_agreement(
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
