"""What Q does on real images, where no code is known and so nothing bounds I(c; G(z, c)).

Both numbers describe how Q sorts images that no code made. A generator that ignores its codes can
come with a Q that scores high on either, and a Q that reads every code of a generated image can
score low: neither is a bound on I(c; G(z, c)), from below or above.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, xlogy

from infoeval.errors import UserError
from infoeval.intervals import check_level, normal_interval
from infoeval.metrics.stats.contingency import (
    plug_in_information,
    table_of_occurring,
    whole_numbers,
)

__all__ = ["RealImageScore", "label_information", "sorting_information"]

#: What rows of half-precision probabilities may be off one by.
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class RealImageScore:
    """A number about Q on ``n`` real images, nats, with the limits of its interval at ``level``.

    Not a bound on I(c; G(z, c)). ``details`` holds plain data only.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    details: dict[str, Any] = field(default_factory=dict)


def sorting_information(probabilities: ArrayLike, level: float = 0.95) -> RealImageScore:
    """H(mean q) - mean H(q), nats: how evenly and decisively Q sorts the images.

    ``probabilities`` are q(c|x), ``(n, K)``: one row for each real image, each of sum 1. The value
    is 0 where Q says the same of every image and log K where it is certain of every image and uses
    all categories equally. It says nothing on whether the categories mean anything, and it is not
    a bound on I(c; G(z, c)): no code made these images (Bridle, Heading and MacKay 1992,
    Unsupervised classifiers, mutual information and phantom targets, NIPS 4).

    The value is the mean over images of KL(q || mean q), and the interval the normal one of that
    mean: KL(q || mean q) less the value is the influence of an image on it (delta method). It is
    cut at 0 and log K and widened to hold the value. At either end of the range the influence
    vanishes and the interval is too short. It treats the model as given.

    ``details``: ``entropy_of_mean`` and ``mean_entropy`` (nats), ``categories`` (K), ``interval``.

    Raises UserError for probabilities that are not ``(n, K)`` with two rows and two categories or
    more, that are negative or not finite, or whose rows do not sum to 1, and for a level outside
    (0, 1).

    >>> score = sorting_information([[0.9, 0.1], [0.1, 0.9]])
    >>> print(f"{score.value:.4f} of {score.details['entropy_of_mean']:.4f}")
    0.3681 of 0.6931
    """
    check_level(level)
    q = _probabilities(probabilities)
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
    return _score(value, low, high, math.log(categories), level, n, details)


def label_information(codes: ArrayLike, labels: ArrayLike, level: float = 0.95) -> RealImageScore:
    """I(ĉ; label), nats: what the category that Q reads tells about the class of a real image.

    ``codes`` and ``labels`` are ``(n,)`` whole numbers: the arg max of q(c|x) and the class. Both
    are names only. Not a bound on I(c; G(z, c)): it is about real images and their labels, and a
    generator need not draw what Q reads.

    The value is the plug-in estimate less its bias under independence, (K - 1)(L - 1) / (2 n) for
    K categories and L classes that occur, and not below 0 (Miller 1955, Note on the bias of
    information estimates). Where code and label nearly determine each other the bias is smaller,
    and the value too low by up to that.

    The interval is by the delta method: log p(c, y) / (p(c) p(y)) of a row, less the mean, is its
    influence, and z of its standard errors go below the corrected estimate and above the
    uncorrected one, because the bias lies between none and the whole correction. It is cut at 0
    and at the smaller entropy, both as in these rows, and widened to hold the value. Where one
    determines the other exactly the influence hardly varies and the interval is too short. It
    treats the model as given.

    ``details``: ``code_entropy`` and ``label_entropy`` (nats, plug-in), ``uncorrected`` (nats),
    ``categories``, ``classes``, ``interval``.

    Raises UserError for vectors that are not one whole number per row or differ in length, for
    fewer than two rows, and for a level outside (0, 1).

    >>> score = label_information(np.repeat([5, 8], 500), np.repeat([1, 0], 500))
    >>> print(f"{score.value:.4f} of {score.details['label_entropy']:.4f}")
    0.6926 of 0.6931
    """
    check_level(level)
    first, second = whole_numbers(codes, "codes"), whole_numbers(labels, "labels")
    n = len(first)
    if n != len(second):
        raise UserError(f"{n} codes for {len(second)} labels; give one of each per row")
    if n < 2:
        raise UserError(f"{n} rows; give two or more")
    table = table_of_occurring(first, second)
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
    return _score(value, low, high, min(entropies), level, n, details)


def _score(
    value: float,
    low: float,
    high: float,
    largest: float,
    level: float,
    n: int,
    details: dict[str, Any],
) -> RealImageScore:
    """Cut value and limits at 0 and ``largest``, which rounding alone can carry the value past."""
    value = min(max(value, 0.0), largest)
    low, high = min(max(low, 0.0), value), max(min(high, largest), value)
    return RealImageScore(value, low, high, level, n, details)


def _probabilities(values: ArrayLike) -> NDArray[np.float64]:
    """Return ``(n, K)`` rows that sum to 1 as exactly as floats can."""
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
