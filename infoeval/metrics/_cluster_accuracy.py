"""Accuracy of a categorical code as a classifier, after matching its categories to classes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from infoeval.errors import UserError
from infoeval.intervals import clopper_pearson
from infoeval.metrics.registry import metric
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import check_paired, contingency_table, named_labels
from infoeval.metrics.stats.partition_agreement import LabelCells
from infoeval.metrics.stats.resampling import (
    ScoreOptions,
    check_options,
    score_parts,
    with_limits,
    without_columns,
)
from infoeval.metrics.stats.row_intervals import PartStatistic, Rows

REFERENCE = (
    "Chen et al. 2016, InfoGAN, section 7.2; "
    "Kuhn 1955, The Hungarian method for the assignment problem"
)
UNMATCHED = -1
#: The largest number of categories, or of classes: such a table is matched in seconds.
LARGEST = 4096
MOST_MATCHED = 2**16
"""Larger tables are matched once only: there is no interval and no chance unless asked for."""
OWN_ROWS = "the scored rows"


@metric(
    "cluster-acc",
    kind="labels",
    range="0 to 1",
    summary="accuracy of a categorical code after one-to-one Hungarian matching to labels",
    use="rating a categorical code as an unsupervised classifier, as in the InfoGAN paper",
    pitfalls="if two classes fall into one category, all rows of one of them count as errors; too "
    "high if the matching is fitted on the scored rows",
)
def cluster_accuracy(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    fit_codes: ArrayLike | None = None,
    fit_labels: ArrayLike | None = None,
    categories: int | None = None,
    class_names: Sequence[str] | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Share of rows whose category is matched to their class, in [0, 1].

    ``codes`` and ``labels`` are ``(n,)``: the predicted category (arg max of q(c|x)) and the class
    of every scored row, whole numbers of any sign, booleans or words. The one-to-one matching of
    categories to classes is the one with the most correct rows among ``fit_codes`` and
    ``fit_labels`` (predictions on the train split), found by the Hungarian method. A category that
    has no class left, or no fit row in common with its class, is matched to none (-1), and its
    rows count as errors. There may be more categories than classes or fewer. Names and order
    change nothing, unless several matchings of the fit rows are equally good.

    Categories and classes are those that occur in any row, sorted: numbers by size, words by the
    alphabet. With ``categories`` (K) they are the numbers 0 to K - 1, whether they occur or not;
    with ``class_names`` the classes are the numbers of these names.

    With ``fit_codes`` the interval is Clopper and Pearson's on the scored rows with the matching
    fixed, and exact. Without them the matching is fitted on the scored rows themselves, which
    raises the value by chance (``details["matching_fitted_on"]``); the interval is then about its
    expectation over as many rows, each time with a matching of their own. Neither includes the
    spread over training seeds. ``base_rate`` is the accuracy of naming the most frequent class of
    the scored rows every time: an accuracy that is not above it is no sign of a classifier.
    ``null`` is what shuffled labels score.

    ``details``: ``category_names`` (K) and ``class_names`` (L), ``matching`` (K places among the
    classes), ``confusion`` (K x L counts of the scored rows), ``error``, ``many_to_one`` with
    ``many_to_one_low``, ``many_to_one_high`` and ``many_to_one_matching`` (each category to its
    most frequent class among the fit rows, so several may share one), ``fit_n``, ``fit_accuracy``,
    ``matching_fitted_on``, ``base_rate``, ``null``, ``adjusted``, ``interval``. For ``options`` see
    :class:`infoeval.metrics.stats.resampling.ScoreOptions`.

    Raises UserError for vectors that are not one label per row or differ in length, for numbers
    beyond ``categories`` or ``class_names``, for more than 4,096 of either, and for a level outside
    (0, 1).

    >>> score = cluster_accuracy([3, 1, 1, 3], ["a", "b", "b", "a"])
    >>> score.value, score.details["matching"], score.details["category_names"]
    (1.0, [1, 0], ['1', '3'])
    """
    check_options(options)
    if (fit_codes is None) != (fit_labels is None):
        raise UserError("give both fit_codes and fit_labels, or neither")
    rows, columns = {"codes": codes}, {"labels": labels}
    if fit_codes is not None and fit_labels is not None:
        rows["fit_codes"], columns["fit_labels"] = fit_codes, fit_labels
    known = None
    if categories is not None:
        _check_count(categories, "categories")
        known = list(map(str, range(categories)))
    category_names, numbers = named_labels(rows, known)
    names, classes = named_labels(columns, class_names or None)
    for pair in zip(numbers, classes, zip(rows, columns, strict=True), strict=True):
        check_paired(*pair)
    _check_count(len(category_names), "categories")
    _check_count(len(names), "classes")
    tables = [
        contingency_table(*pair, len(category_names), len(names))
        for pair in zip(numbers, classes, strict=True)
    ]
    scored, fit = tables[0], tables[-1]
    cells = LabelCells(numbers[0], classes[0], (len(category_names), len(names)))
    own = fit_codes is None
    score = _of_own_rows(cells, options) if own else _of_other_rows(cells, fit, options)
    one_to_one, many_to_one = one_to_one_matching(fit), many_to_one_matching(fit)
    parts = score.details.pop("parts")
    without_columns(score)
    fit_n = int(fit.sum())
    details: dict[str, Any] = {
        "category_names": category_names,
        "class_names": names,
        "matching": one_to_one.tolist(),
        "confusion": scored.tolist(),
        "error": 1 - score.value,
        "many_to_one": parts["many_to_one"]["value"],
        "many_to_one_low": parts["many_to_one"]["low"],
        "many_to_one_high": parts["many_to_one"]["high"],
        "many_to_one_matching": many_to_one.tolist(),
        "matching_fitted_on": OWN_ROWS if own else "separate rows",
        "base_rate": float(scored.sum(axis=0).max() / scored.sum()),
        "fit_n": fit_n,
        "fit_accuracy": _correct(fit, one_to_one) / fit_n,
        **score.details,
    }
    return replace(score, details=details)


def _accuracies(table: NDArray[np.int64], fit: NDArray[np.int64]) -> list[float]:
    """Accuracy of the one-to-one and of the many-to-one matching of other counts."""
    n = max(int(table.sum()), 1)
    return [
        _correct(table, match(fit)) / n for match in (one_to_one_matching, many_to_one_matching)
    ]


def _of_own_rows(cells: LabelCells, options: ScoreOptions) -> Score:
    """Score of rows that the matching is fitted on, too: any of the rows have their own."""

    def statistic(code_rows: Rows, label_rows: Rows) -> list[float]:
        counts = cells.counts(code_rows, label_rows)
        return _accuracies(counts, counts)

    return _score(cells, statistic, options)


def _of_other_rows(cells: LabelCells, fit: NDArray[np.int64], options: ScoreOptions) -> Score:
    """Score with the matching of other rows, and exact limits of the scored ones."""

    def statistic(code_rows: Rows, label_rows: Rows) -> list[float]:
        return _accuracies(cells.counts(code_rows, label_rows), fit)

    score = _score(cells, statistic, options)
    level, n = options.get("level", 0.95), score.n
    for part in score.details["parts"].values():
        part["low"], part["high"] = clopper_pearson(round(part["value"] * n), n, level)
    first = score.details["parts"]["one_to_one"]
    score.details["interval"] = "Clopper-Pearson on the scored rows, matching fixed"
    return with_limits(score, first["low"], first["high"], level)


def _score(cells: LabelCells, statistic: PartStatistic, options: ScoreOptions) -> Score:
    every = np.arange(cells.table.n)
    if cells.shape[0] * cells.shape[1] > MOST_MATCHED:
        options = {"replicates": 0, "null": 0, **options}
    values = dict(zip(("one_to_one", "many_to_one"), statistic(every, every), strict=True))
    return score_parts(cells.table, values, statistic, options, reference=REFERENCE, details={})


def one_to_one_matching(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Class of each category, ``(K,)``, by the one-to-one matching with the most rows.

    ``table`` holds ``(K, L)`` counts. -1 marks a category without a class; an empty cell is no
    evidence for a match, so it counts as none.

    >>> one_to_one_matching(np.array([[9, 8], [7, 0], [0, 0]]))
    array([ 1,  0, -1])
    """
    matching = np.full(table.shape[0], UNMATCHED, dtype=np.int64)
    matched, to = linear_sum_assignment(table, maximize=True)
    seen = table[matched, to] > 0
    matching[matched[seen]] = to[seen]
    return matching


def many_to_one_matching(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Most frequent class of each category, ``(K,)``; -1 for one that never occurs.

    >>> many_to_one_matching(np.array([[9, 8], [7, 0], [0, 0]]))
    array([ 0,  0, -1])
    """
    return np.where(table.any(axis=1), table.argmax(axis=1), UNMATCHED)


def _check_count(count: int, what: str) -> None:
    if count > LARGEST:
        raise UserError(f"{count} {what}: more than {LARGEST}; give categories, not row numbers")


def _correct(table: NDArray[np.int64], matching: NDArray[np.int64]) -> int:
    """Number of rows whose class is the one that their category is matched to."""
    matched = np.flatnonzero(matching != UNMATCHED)
    return int(table[matched, matching[matched]].sum())
