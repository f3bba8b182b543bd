"""Adjusted Rand index of a categorical code and labels."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.partition_agreement import score_agreement
from infoeval.metrics.stats.resampling import ScoreOptions

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
    **options: Unpack[ScoreOptions],
) -> Score:
    """Agreement of code and label on pairs of rows, adjusted for chance, in [-0.5, 1].

    ``codes`` and ``labels`` are ``(n,)``: the predicted category (arg max of q(c|x)) and the class
    of every row, whole numbers of any sign, booleans or words. They are names only: renaming
    changes nothing, and there may be more categories than classes or fewer. ``class_names`` are
    names of classes 0, 1, 2, ... Higher is better; 1 means equal partitions, 0 is what chance gives
    on average. The lower limit of -0.5 is Chacon and Rastrojo's (2023, Minimum adjusted Rand index
    for two clusterings of a given size).

    The interval is about the value's expectation over as many rows. It treats the model as given,
    and does not include the spread over training seeds. With one category only, or one class, the
    value is 0 and there is no interval (``None``). For ``options`` see
    :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

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
        **options,
    )


def _ari(table: Array) -> float:
    together, n = _pairs(table.ravel()), float(table.sum())
    first, second = _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    chance = first * second / max(n * (n - 1) / 2, 1.0)
    room = (first + second) / 2 - chance
    # 0 / 0: both partitions have one part, or all rows apart; they are equal then.
    return (together - chance) / room if room > 0 else 1.0


def _pairs(counts: Array) -> float:
    """Number of pairs of rows within a part, summed over parts."""
    return float((counts * (counts - 1) / 2).sum())
