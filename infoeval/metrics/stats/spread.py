"""How far the codes of pairs are apart, and how much the codes of a batch vary.

Two categories are 0 or 1 apart, and their variance is half their mean squared distance, as it is of
numbers: Gini's impurity 1 - Σ p².
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.errors import UserError

__all__ = ["check_size", "mean_distances", "variances"]

LARGEST = 1e30
"""Larger codes leave no room for their squares, nor for a classifier of them."""

Numbers = NDArray[np.intp]


def check_size(codes: NDArray[Any]) -> None:
    """Raise UserError for codes above `LARGEST`."""
    largest = float(np.abs(codes).max())
    if largest > LARGEST:
        raise UserError(f"a code reaches {largest:.3g}; scale the codes down")


def mean_distances(first: NDArray[Any], second: NDArray[Any], categorical: Numbers) -> NDArray[Any]:
    """Mean ``|z1 - z2|`` of each batch, ``(batches, D)``, of pairs ``(size, batches, D)``.

    `categorical`: the numbers of those of the D codes that are. Overwrites `first`.
    """
    first -= second
    np.abs(first, out=first)
    for code in categorical:
        first[..., code] = first[..., code] > 0
    return np.asarray(first.sum(axis=0) / len(first))


def variances(codes: NDArray[Any], categorical: Numbers) -> NDArray[Any]:
    """Variance of each batch, without bias, ``(batches, D)``, of codes ``(size, batches, D)``.

    `categorical`: the numbers of those of the D codes that are. Overwrites `codes`.
    """
    size = len(codes)
    impurities = {code: _impurities(codes[..., code].T) for code in categorical}
    # From the first one, so that equal ones give 0 and nothing else. It lies within √size
    # deviations of the mean, so that the difference of sums loses few digits.
    codes -= codes[0].copy()
    sums = codes.sum(axis=0)
    np.square(codes, out=codes)
    found = np.maximum(codes.sum(axis=0) - sums**2 / size, 0.0) / (size - 1)
    for code, impurity in impurities.items():
        found[:, code] = impurity
    return np.asarray(found)


def _impurities(categories: NDArray[Any]) -> NDArray[np.float64]:
    """Gini's impurity of each row, (1 - Σ p²) n / (n - 1), which has no bias.

    >>> _impurities(np.array([[3, 3, 3], [1, 2, 1], [1, 2, 3]])).round(4)
    array([0.    , 0.6667, 1.    ])
    """
    ordered = np.sort(categories, axis=1)
    n = ordered.shape[1]
    place = np.arange(n)
    # Σ count² is Σ (2 r + 1) over the members of a category, r = 0, 1, … of each.
    begins = np.where(np.diff(ordered, axis=1, prepend=np.nan) != 0, place, 0)
    rank = place - np.maximum.accumulate(begins, axis=1)
    pairs = n * n - (2 * rank + 1).sum(axis=1)
    return np.asarray(pairs / (n * (n - 1)))
