"""Information of the predicted category of real images about their labels."""

import math
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.category_probabilities import posterior_rows
from infoeval.metrics.stats.contingency import (
    check_paired,
    label_values,
    plug_in_information,
    table_of_occurring,
)
from infoeval.metrics.stats.partition_agreement import LabelCells
from infoeval.metrics.stats.resampling import (
    ScoreOptions,
    check_options,
    score_table,
    without_columns,
)


@metric(
    "real-label-information",
    kind="posterior",
    range="0 or more",
    summary="mutual information between Q's predicted category of a real image and its label, nats",
    use="checking whether the categories that Q predicts for real images follow the labels",
    pitfalls="not a bound on I(c; G(z, c)): the generator need not draw the categories that Q "
    "predicts; the value is too low if code and label determine each other",
)
def real_label_information(
    probabilities: ArrayLike, labels: ArrayLike, **options: Unpack[ScoreOptions]
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

    The interval is about the value's expectation over as many images, for the model as given. For
    ``options`` see :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    ``details``: ``code_entropy`` and ``label_entropy`` (nats, plug-in), ``uncorrected`` (nats),
    ``categories``, ``classes``, ``interval``.

    Raises UserError for probabilities as :func:`infoeval.metrics.real_sorting` does, for labels
    that are not one per row, and for a level outside (0, 1).

    >>> labels = np.repeat([1, 0], 500)
    >>> score = real_label_information(np.eye(3)[labels], labels)
    >>> print(f"{score.value:.4f} of {score.details['label_entropy']:.4f}")
    0.6926 of 0.6931
    """
    check_options(options)
    codes, values = posterior_rows(probabilities).argmax(axis=1), label_values(labels, "labels")
    check_paired(codes, values, ("rows of probabilities", "labels"))
    table = table_of_occurring(codes, values)
    entropies = [float(entr(table.sum(axis=axis) / len(codes)).sum()) for axis in (1, 0)]
    numbers = [np.unique(column, return_inverse=True)[1] for column in (codes, values)]
    cells = LabelCells(numbers[0], numbers[1], (table.shape[0], table.shape[1]))
    score = score_table(
        cells.table,
        _corrected(table),
        lambda *rows: _corrected(cells.counts(*rows)),
        options,
        # Not the entropies of these rows: others have others, and so has what they score.
        bounds=(0.0, math.log(min(table.shape))),
        best=min(entropies),
        unit="nats",
        reference="Shannon 1948; bias: Miller 1955",
        details={
            "code_entropy": entropies[0],
            "label_entropy": entropies[1],
            "uncorrected": plug_in_information(table),
            "categories": table.shape[0],
            "classes": table.shape[1],
        },
    )
    return without_columns(score)


def _corrected(table: NDArray[np.int64]) -> float:
    """Plug-in information, nats, less its bias under independence, and not below 0."""
    categories, classes = (int((table.sum(axis=axis) > 0).sum()) for axis in (1, 0))
    bias = (categories - 1) * (classes - 1) / (2 * table.sum())
    return max(0.0, plug_in_information(table) - float(bias))
