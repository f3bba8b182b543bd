"""Information of the predicted category of real images about their labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from infoeval.intervals import check_level, normal_interval
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.category_probabilities import bounded_score, posterior_rows
from infoeval.metrics.stats.contingency import (
    check_paired,
    label_values,
    plug_in_information,
    table_of_occurring,
)


@metric(
    "real-label-information",
    kind="posterior",
    range="0 or more",
    summary="mutual information between Q's predicted category of a real image and its label, nats",
    use="checking whether the categories that Q predicts for real images follow the labels",
    pitfalls="not a bound on I(c; G(z, c)): the generator need not draw the categories that Q "
    "predicts; the interval is too short if code and label determine each other",
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
    codes, values = posterior_rows(probabilities).argmax(axis=1), label_values(labels, "labels")
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
    return bounded_score(
        value, low, high, min(entropies), level, n, "Shannon 1948; bias: Miller 1955", details
    )
