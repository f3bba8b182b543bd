"""How evenly and decisively Q sorts real images."""

import math
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.category_probabilities import posterior_rows
from infoeval.metrics.stats.code_factor_table import Column, Table
from infoeval.metrics.stats.resampling import (
    ScoreOptions,
    check_options,
    score_table,
    without_columns,
)
from infoeval.metrics.stats.row_intervals import Rows


@metric(
    "real-sorting",
    kind="posterior",
    range="0 to ln K",
    summary="how evenly and confidently Q sorts real images into the categories of a code, nats",
    use="comparing Qs or seeds on real images without labels",
    pitfalls="not a bound on I(c; G(z, c)): a confident Q scores high whatever its categories "
    "mean, even if the generator ignores its codes",
)
def real_sorting(probabilities: ArrayLike, **options: Unpack[ScoreOptions]) -> Score:
    """H(mean q) - mean H(q), nats: how evenly and decisively Q sorts real images.

    ``probabilities`` are q(c|x), ``(n, K)``: one row for each real image, each of sum 1. The value
    is 0 where Q gives all images the same posterior, and log K where it is certain of every image
    and uses all categories equally. It does not show whether the categories mean anything, and it
    is not a bound on I(c; G(z, c)): no code made these images. The Q of a generator that ignores
    its codes can score high, and a Q that classifies every generated image correctly can score low
    (Bridle, Heading and MacKay 1992, Unsupervised classifiers, mutual information and phantom
    targets, NIPS 4).

    The interval is about the value's expectation over as many images, for the model as given. For
    ``options`` see :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    ``details``: ``entropy_of_mean`` and ``mean_entropy`` (nats), ``categories`` (K), ``interval``.

    Raises UserError for probabilities that are not ``(n, K)`` with two rows and two categories or
    more, that are negative or not finite, or whose rows do not sum to 1, and for a level outside
    (0, 1).

    >>> score = real_sorting([[0.9, 0.1], [0.1, 0.9]])
    >>> print(f"{score.value:.4f} of {score.details['entropy_of_mean']:.4f}")
    0.3681 of 0.6931
    """
    check_options(options)
    q = posterior_rows(probabilities)
    categories = q.shape[1]
    # Rounding can carry a sum past 1.
    entropies = np.clip(entr(q).sum(axis=1), 0.0, math.log(categories))

    def sorting(rows: Rows, _: Rows) -> float:
        return float(entr(q[rows].mean(axis=0)).sum() - entropies[rows].mean())

    every = np.arange(len(q))
    score = score_table(
        Table((Column("category", "categorical", q.argmax(axis=1).astype(np.float64)),), ()),
        sorting(every, every),
        sorting,
        options,
        bounds=(0.0, math.log(categories)),
        unit="nats",
        reference="Bridle, Heading and MacKay 1992",
        details={
            "entropy_of_mean": float(entr(q.mean(axis=0)).sum()),
            "mean_entropy": float(entropies.mean()),
            "categories": categories,
        },
    )
    return without_columns(score)
