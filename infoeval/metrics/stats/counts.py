"""Classes and bins of columns, and the information and entropy that their counts tell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from infoeval.errors import UserError
from infoeval.metrics.stats.code_factor_table import Column

__all__ = ["BINS", "class_numbers_of", "entropies", "information_matrix"]

BINS = 20

Classes = NDArray[np.intp]
"""(n, columns) class numbers, 0, 1, 2, …"""


def class_numbers_of(
    columns: Sequence[Column], bins: int = BINS, *, cut: Sequence[str] = ("continuous", "periodic")
) -> Classes:
    """Cut columns of the types in `cut` into bins of equal width; others keep their classes.

    The bins reach from a column's smallest value to its largest, as in disentanglement_lib, so
    one outlier can move them all. Class numbers are ``(n, columns)``. Raises UserError for fewer
    than two bins.
    """
    if not isinstance(bins, int | np.integer) or bins < 2:
        raise UserError(f"{bins} bins; give two or more, a whole number")
    numbers = []
    for column in columns:
        values: NDArray[Any] = column.values
        if column.type in cut:
            # As numpy's histogram has them, which refuses bins narrower than numbers lie apart.
            edges = np.linspace(values.min(), values.max(), bins + 1)[:-1]
            values = np.digitize(values, edges)
        numbers.append(np.unique(values, return_inverse=True)[1])
    return np.stack(numbers, axis=1)


def information_matrix(first: Classes, second: Classes) -> NDArray[np.float64]:
    """Plug-in mutual information, nats, of every column of `first` with every one of `second`.

    Returns ``(columns of first, columns of second)``; it is too high by about
    (R - 1)(C - 1) / (2 n) for R and C classes that have nothing to do with each other.

    >>> codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> information_matrix(codes, codes[:, :1]).round(4)
    array([[0.6931],
           [0.    ]])
    """
    n = len(first)
    sizes = second.max(axis=0) + 1
    alone, other = entropies(first), entropies(second)
    matrix = np.empty((first.shape[1], second.shape[1]))
    for row in range(first.shape[1]):
        for column in range(second.shape[1]):
            cells = first[:, row] * sizes[column] + second[:, column]
            together = _entropy(np.bincount(cells), n)
            matrix[row, column] = max(0.0, alone[row] + other[column] - together)
    return matrix


def entropies(classes: Classes) -> NDArray[np.float64]:
    """Plug-in entropy, nats, of every column, ``(columns,)``.

    >>> entropies(np.array([[0, 0], [0, 1], [0, 2], [0, 3]])).round(4)
    array([0.    , 1.3863])
    """
    return np.array([_entropy(np.bincount(column), len(classes)) for column in classes.T])


def _entropy(counts: NDArray[np.intp], n: int) -> float:
    return float(np.log(n) - xlogy(counts, counts).sum() / n)
