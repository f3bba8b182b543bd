"""Scores of q(c|x) of real images, which no known code made."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, xlogy

from infoeval.errors import UserError
from infoeval.intervals import check_level, normal_interval
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import (
    check_paired,
    label_values,
    plug_in_information,
    table_of_occurring,
)

#: Rows of half-precision probabilities may miss a sum of one by this much.
SUM_TOLERANCE = 1e-3


@metric(
    "real-sorting",
    kind="posterior",
    range="0 to ln K",
    summary="how evenly and decisively Q sorts real images by a categorical code, nats",
    use="to compare Qs or seeds on real images without labels",
    pitfalls="no bound on I(c; G(z, c)): a sure Q scores high whatever its categories mean, even "
    "where the generator ignores its codes",
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
    q = _posterior_rows(probabilities)
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
    return _bounded_score(
        value, low, high, math.log(categories), level, n, "Bridle, Heading and MacKay 1992", details
    )


@metric(
    "real-label-information",
    kind="posterior",
    range="0 or more",
    summary="information of the category read from a real image about its label, nats",
    use="whether the categories that Q reads from real images follow the labels, in nats",
    pitfalls="no bound on I(c; G(z, c)): the generator need not draw what Q reads; too short an "
    "interval where code and label determine each other",
)
def real_label_information(
    probabilities: ArrayLike, labels: ArrayLike, *, level: float = 0.95
) -> Score:
    """I(ĉ; label), nats: information of the predicted category of real images about their class.

    ``probabilities`` are q(c|x), ``(n, K)``: one row for each real image, each of sum 1; the
    category ĉ is the arg max. ``labels`` are ``(n,)`` whole numbers, booleans or words, which are
    names only. Not a bound on I(c; G(z, c)): a generator need not draw the categories that Q
    predicts for real images.

    The value is the plug-in estimate minus its bias under independence, (K - 1)(L - 1) / (2 n) for
    the K categories and L classes that occur, and not below 0 (Miller 1955, Note on the bias of
    information estimates). Where code and label nearly determine each other the bias is smaller,
    and the value too low by up to that.

    The interval is by the delta method: log p(c, y) / (p(c) p(y)) of a row, minus the mean, is its
    influence; z standard errors are subtracted from the corrected estimate and added to the
    uncorrected one, because the bias is between 0 and the correction. It is cut at 0 and
    at the smaller entropy of these rows, and contains the value. Where one determines the other
    exactly the influence hardly varies and the interval is too short. It treats the model as given.

    ``details``: ``code_entropy`` and ``label_entropy`` (nats, plug-in), ``uncorrected`` (nats),
    ``categories``, ``classes``, ``interval``.

    Raises UserError for probabilities as :func:`infoeval.metrics.real_sorting` does, for labels
    that are not one per row, and for a level outside (0, 1).

    >>> labels = np.repeat([1, 0], 500)
    >>> score = real_label_information(np.eye(3)[labels], labels)
    >>> print(f"{score.value:.4f} of {score.details['label_entropy']:.4f}")
    0.6926 of 0.6931
    """
    check_level(level)
    codes, values = _posterior_rows(probabilities).argmax(axis=1), label_values(labels, "labels")
    check_paired(codes, values, ("rows of probabilities", "labels"))
    n = len(codes)
    table = table_of_occurring(codes, values)
    categories, classes = table.shape
    entropies = [float(entr(table.sum(axis=axis) / n).sum()) for axis in (1, 0)]
    uncorrected = plug_in_information(table)
    correction = (categories - 1) * (classes - 1) / (2 * n)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    seen = table > 0
    influence = np.repeat(np.log(table[seen] / expected[seen]), table[seen])
    mean, low, high = normal_interval(influence, level)
    details: dict[str, Any] = {
        "code_entropy": entropies[0],
        "label_entropy": entropies[1],
        "uncorrected": uncorrected,
        "categories": categories,
        "classes": classes,
        "interval": "delta method over images, widened by the bias correction",
    }
    value = max(0.0, uncorrected - correction)
    low, high = value - (mean - low), uncorrected + (high - mean)
    return _bounded_score(
        value, low, high, min(entropies), level, n, "Shannon 1948; bias: Miller 1955", details
    )


def _bounded_score(
    value: float,
    low: float,
    high: float,
    largest: float,
    level: float,
    n: int,
    reference: str,
    details: dict[str, Any],
) -> Score:
    """Score in nats, cut at 0 and ``largest``, which rounding can carry a value past."""
    value = min(max(value, 0.0), largest)
    low, high = min(max(low, 0.0), value), max(min(high, largest), value)
    return Score(value, low, high, level, n, "nats", True, reference, details)


def _posterior_rows(values: ArrayLike) -> NDArray[np.float64]:
    """Validated rows ``(n, K)``, divided by their sums, which rounding moves from 1."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError("probabilities: give one row of K numbers per image") from None
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 2:
        raise UserError(
            f"probabilities: shape {array.shape}; give (n, K): two images or more, "
            "two categories or more"
        )
    if not np.isfinite(array).all():
        raise UserError(f"probabilities: {array[~np.isfinite(array)][0]} is not a finite number")
    if array.min() < 0:
        raise UserError(f"probabilities: {array.min()} is negative; give q(c|x), not logits")
    sums = array.sum(axis=1, keepdims=True)
    wrong = np.abs(sums - 1) > SUM_TOLERANCE
    if wrong.any():
        raise UserError(f"probabilities: a row sums to {sums[wrong][0]:.6g}; each must sum to 1")
    return np.asarray(array / sums, dtype=np.float64)
