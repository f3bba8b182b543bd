"""Adjusted Rand index of a categorical code and the labels."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.agreement import agreement
from infoeval.metrics.score import Score

__all__ = ["cluster_ari"]

REFERENCE = "Hubert and Arabie 1985, Comparing partitions, Journal of Classification 2"


def cluster_ari(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 1000,
) -> Score:
    """Agreement of code and label on pairs of rows, adjusted for chance, in [-0.5, 1].

    ``codes`` and ``labels`` are ``(n,)`` whole numbers >= 0: the predicted category (arg max of
    q(c|x)) and the class of every row. The numbers are names only: renumbering changes nothing,
    and there may be more categories than classes or fewer. Higher is better; 1 means equal
    partitions, 0 is what chance gives on average. The lower limit of -0.5 is Chacon and
    Rastrojo's (2023, Minimum adjusted Rand index for two clusterings of a given size).

    The interval is a basic bootstrap over rows, which takes out the small bias that comes from
    drawing the same row twice. It treats the model as given: it does not include the spread over
    training seeds. Where every resample gives the same value, as for perfect agreement, there is
    no interval (``None``).

    Raises UserError for vectors that are not one class number per row or differ in length, for
    everything in one category and one class (0 / 0), and for a level outside (0, 1).

    >>> cluster_ari([2, 2, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2]).value
    1.0
    """
    value, interval, n, details = agreement(
        _ari, codes, labels, bounds=(-0.5, 1.0), level=level, seed=seed, replicates=replicates
    )
    low, high = interval or (None, None)
    return Score(value, low, high, level, n, "index", True, REFERENCE, details)


def _ari(
    cells: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    together, first, second = (_pairs(counts) for counts in (cells, rows, columns))
    n = cells.sum(axis=1)
    chance = first * second / np.maximum(n * (n - 1) / 2, 1)
    most = (first + second) / 2
    # 0 / 0: both partitions have one part, or all rows apart; they are equal then.
    room = most - chance
    return np.divide(together - chance, room, out=np.ones_like(room), where=room > 0)


def _pairs(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count the pairs of rows within a part, summed over parts, for each row of counts."""
    return np.asarray((counts * (counts - 1) / 2).sum(axis=1), dtype=np.float64)
