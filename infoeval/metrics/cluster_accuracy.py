"""Accuracy of a categorical code as a classifier, once its categories are matched to classes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from infoeval.errors import UserError
from infoeval.intervals import check_level, clopper_pearson
from infoeval.metrics.score import Score
from infoeval.metrics.stats.contingency import contingency_table, paired

__all__ = ["cluster_accuracy", "many_to_one_matching", "one_to_one_matching"]

REFERENCE = (
    "Chen et al. 2016, InfoGAN, section 7.2; "
    "Kuhn 1955, The Hungarian method for the assignment problem"
)
UNMATCHED = -1
#: A square table of this size still fits in memory and is matched in seconds.
LARGEST = 4096


def cluster_accuracy(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    fit_codes: ArrayLike | None = None,
    fit_labels: ArrayLike | None = None,
    categories: int | None = None,
    classes: int | None = None,
    level: float = 0.95,
) -> Score:
    """Share of rows whose category is matched to their class, in [0, 1].

    ``codes`` and ``labels`` are ``(n,)`` whole numbers >= 0: the predicted category (arg max of
    q(c|x)) and the class of every scored row. The one-to-one matching of categories to classes is
    the one with the most correct rows among ``fit_codes`` and ``fit_labels`` (predictions on the
    train split), found by the Hungarian method. A category that no class is left for, or that
    shares no fit row with its class, is matched to none (-1), and its rows count as errors.
    ``categories`` (K) and ``classes`` (L) need not be equal; left out, they are taken from the
    largest number given.

    The interval is Clopper and Pearson's on the scored rows with the matching fixed: exact when
    the matching was fitted on other rows. Without ``fit_codes`` the matching is fitted on the
    scored rows themselves: the value is then too high by chance, and the interval does not include
    the choice of matching (``details["matching_fitted_on"]`` says which). Neither includes the
    spread over training seeds.

    ``details``: ``matching`` (class of category 0, 1, ...), ``confusion`` (K x L counts of the
    scored rows), ``error``, ``many_to_one`` with ``many_to_one_low``, ``many_to_one_high`` and
    ``many_to_one_matching`` (each category to its most frequent class among the fit rows, so
    several may share one), ``fit_n``, ``fit_accuracy``, ``matching_fitted_on``, ``interval``.

    Raises UserError for vectors that are not one class number per row or differ in length, for
    numbers beyond ``categories`` or ``classes``, and for a level outside (0, 1).

    >>> score = cluster_accuracy([0, 1, 1, 0], [1, 0, 0, 1], fit_codes=[0, 1], fit_labels=[1, 0])
    >>> score.value, score.details["matching"]
    (1.0, [1, 0])
    """
    check_level(level)
    scored, fit = _tables(codes, labels, fit_codes, fit_labels, categories, classes)
    n = int(scored.sum())
    one_to_one, many_to_one = one_to_one_matching(fit), many_to_one_matching(fit)
    correct, correct_many = _correct(scored, one_to_one), _correct(scored, many_to_one)
    low, high = clopper_pearson(correct, n, level)
    many_low, many_high = clopper_pearson(correct_many, n, level)
    fit_n = int(fit.sum())
    details: dict[str, Any] = {
        "matching": one_to_one.tolist(),
        "confusion": scored.tolist(),
        "error": 1 - correct / n,
        "many_to_one": correct_many / n,
        "many_to_one_low": many_low,
        "many_to_one_high": many_high,
        "many_to_one_matching": many_to_one.tolist(),
        "matching_fitted_on": "the scored rows" if fit_codes is None else "separate rows",
        "fit_n": fit_n,
        "fit_accuracy": _correct(fit, one_to_one) / fit_n,
        "interval": "Clopper-Pearson on the scored rows, matching fixed",
    }
    return Score(correct / n, low, high, level, n, "fraction", True, REFERENCE, details)


def one_to_one_matching(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of each category, ``(K,)``, with the most rows on matched cells.

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
    """Return the most frequent class of each category, ``(K,)``; -1 for one that never occurs.

    >>> many_to_one_matching(np.array([[9, 8], [7, 0], [0, 0]]))
    array([ 0,  0, -1])
    """
    return np.where(table.any(axis=1), table.argmax(axis=1), UNMATCHED)


def _tables(
    codes: ArrayLike,
    labels: ArrayLike,
    fit_codes: ArrayLike | None,
    fit_labels: ArrayLike | None,
    categories: int | None,
    classes: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ``(K, L)`` counts of the scored rows and of the rows to fit the matching on."""
    if (fit_codes is None) != (fit_labels is None):
        raise UserError("give both fit_codes and fit_labels, or neither")
    scored = paired(codes, labels)
    fit = scored
    if fit_codes is not None and fit_labels is not None:
        fit = paired(fit_codes, fit_labels, ("fit_codes", "fit_labels"))
    rows = _size(categories, int(max(scored[0].max(), fit[0].max())), "categories", "code")
    columns = _size(classes, int(max(scored[1].max(), fit[1].max())), "classes", "label")
    return contingency_table(*scored, rows, columns), contingency_table(*fit, rows, columns)


def _size(given: int | None, largest: int, name: str, what: str) -> int:
    """Return the table's number of rows or columns; UserError if a number does not fit in it."""
    size = largest + 1 if given is None else given
    if largest >= size:
        raise UserError(f"{what} {largest} with {name}={size}; numbers go from 0 to {name} - 1")
    if size > LARGEST:
        raise UserError(
            f"{name} up to {size - 1}: more than {LARGEST}; renumber them 0, 1, 2, ... "
            "(numpy.unique(..., return_inverse=True)[1])"
        )
    return size


def _correct(table: NDArray[np.int64], matching: NDArray[np.int64]) -> int:
    """Count the rows whose class is the one that their category is matched to."""
    matched = np.flatnonzero(matching != UNMATCHED)
    return int(table[matched, matching[matched]].sum())
