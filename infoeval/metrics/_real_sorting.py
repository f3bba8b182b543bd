"""How evenly and decisively Q sorts real images."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, xlogy

from infoeval.intervals import check_level, normal_interval
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.category_probabilities import bounded_score, posterior_rows


@metric(
    "real-sorting",
    kind="posterior",
    range="0 to ln K",
    summary="how evenly and confidently Q sorts real images into the categories of a code, nats",
    use="comparing Qs or seeds on real images without labels",
    pitfalls="not a bound on I(c; G(z, c)): a confident Q scores high whatever its categories "
    "mean, even if the generator ignores its codes",
)
def real_sorting(probabilities: ArrayLike, *, level: float = 0.95) -> Score:
    """H(mean q) - mean H(q), nats: how evenly and decisively Q sorts real images.

    ``probabilities`` are q(c|x), ``(n, K)``: one row for each real image, each of sum 1. The value
    is 0 where Q gives all images the same posterior, and log K where it is certain of every image
    and uses all categories equally. It does not show whether the categories mean anything, and it
    is not a bound on I(c; G(z, c)): no code made these images. The Q of a generator that ignores
    its codes can score high, and a Q that classifies every generated image correctly can score low
    (Bridle, Heading and MacKay 1992, Unsupervised classifiers, mutual information and phantom
    targets, NIPS 4).

    The value is the mean over images of KL(q || mean q), and the interval the normal one of that
    mean: KL(q || mean q) minus the value is the influence of an image on it (delta method). It is
    cut at 0 and log K and contains the value. At either end of the range the influence vanishes and
    the interval is too short. It treats the model as given.

    ``details``: ``entropy_of_mean`` and ``mean_entropy`` (nats), ``categories`` (K), ``interval``.

    Raises UserError for probabilities that are not ``(n, K)`` with two rows and two categories or
    more, that are negative or not finite, or whose rows do not sum to 1, and for a level outside
    (0, 1).

    >>> score = real_sorting([[0.9, 0.1], [0.1, 0.9]])
    >>> print(f"{score.value:.4f} of {score.details['entropy_of_mean']:.4f}")
    0.3681 of 0.6931
    """
    check_level(level)
    q = posterior_rows(probabilities)
    n, categories = q.shape
    mean = q.mean(axis=0)
    # The smallest floats can have a mean of zero; they have no weight either.
    divergences = -entr(q).sum(axis=1) - xlogy(q, np.where(mean > 0, mean, 1.0)).sum(axis=1)
    value, low, high = normal_interval(divergences, level)
    details: dict[str, Any] = {
        "entropy_of_mean": float(entr(mean).sum()),
        "mean_entropy": float(entr(q).sum(axis=1).mean()),
        "categories": categories,
        "interval": "delta method over images",
    }
    return bounded_score(
        value, low, high, math.log(categories), level, n, "Bridle, Heading and MacKay 1992", details
    )
