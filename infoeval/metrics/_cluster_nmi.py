"""Normalised mutual information of a categorical code and labels."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.partition_agreement import score_agreement
from infoeval.metrics.stats.resampling import ScoreOptions

Array = NDArray[np.float64]


@metric(
    "cluster-nmi",
    kind="labels",
    range="0 to 1",
    summary="mutual information of a categorical code and labels, divided by their mean entropy",
    use="codes whose number of categories differs from the number of classes",
    pitfalls="biased upwards by chance, most with few rows and many categories",
)
def cluster_nmi(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Mutual information of code and label over the mean of their entropies, in [0, 1].

    ``codes`` and ``labels`` are ``(n,)``: the predicted category (arg max of q(c|x)) and the class
    of every row, whole numbers of any sign, booleans or words. They are names only: renaming
    changes nothing, and there may be more categories than classes or fewer. ``class_names`` are
    names of classes 0, 1, 2, ... Higher is better; 1 means that each determines the other. Same
    definition as scikit-learn's default (arithmetic mean).

    The value is the plug-in estimate, which chance raises: by about (K - 1)(L - 1) / (2 n) nats of
    mutual information. ``details["null"]`` is what shuffled labels score, and
    ``details["adjusted"]`` the value above it. The interval is about the value's expectation over
    as many rows, chance included. It treats the model as given, and does not include the spread
    over training seeds. With one category only, or one class, the value is 0 and there is no
    interval (``None``). For ``options`` see
    :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    ``details``: ``category_names`` and ``class_names`` that occur, ``interval``.

    Raises UserError for vectors that are not one label per row or differ in length, for everything
    in one category and one class (0 / 0), and for a level outside (0, 1).

    >>> cluster_nmi([2, 2, 0, 0, 1, 1], ["a", "a", "b", "b", "c", "c"]).value
    1.0
    """
    return score_agreement(
        _nmi,
        codes,
        labels,
        class_names=class_names,
        reference="Vinh, Epps and Bailey 2010, Information theoretic measures for clusterings "
        "comparison, JMLR 11: NMI_sum",
        **options,
    )


def _nmi(table: Array) -> float:
    first, second, joint = map(_entropy, (table.sum(axis=1), table.sum(axis=0), table.ravel()))
    if first + second == 0:
        # Some rows can fall into a single cell: two equal partitions, as scikit-learn has it.
        return 1.0
    return float(np.clip(2 * (first + second - joint) / (first + second), 0.0, 1.0))


def _entropy(counts: Array) -> float:
    """Entropy in nats of counts; exactly 0 where one of them has all."""
    share = counts / counts.sum()
    return float(-xlogy(share, share).sum())
