"""From two vectors of categories to the table of their counts, and what it says."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from infoeval.errors import UserError

__all__ = [
    "class_numbers",
    "contingency_table",
    "paired",
    "plug_in_information",
    "table_of_occurring",
    "whole_numbers",
]

#: Cells of the largest table; beyond it the categories are row numbers rather than categories.
MOST_CELLS = 2**20


def class_numbers(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """Check that ``values`` is one whole number >= 0 per row and return it as ``(n,)`` int64.

    Floats pass when they are whole (code tables are often stored as floats).
    Raises UserError, beginning with ``name``, for anything else.

    >>> class_numbers([2.0, 0.0], "codes")
    array([2, 0])
    """
    array = whole_numbers(values, name)
    if array.min() < 0:
        raise UserError(f"{name}: {array.min()} is negative; give class numbers 0, 1, 2, ...")
    if int(array.max()) >= 2**63:
        raise UserError(f"{name}: {array.max()} is too large; number the classes 0, 1, 2, ...")
    return array.astype(np.int64)


def whole_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Check that ``values`` is one whole number per row, of any sign, and return it as ``(n,)``.

    Raises UserError, beginning with ``name``, for anything else.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise UserError(f"{name}: rows differ in length; give one number per row") from None
    if array.ndim != 1:
        raise UserError(
            f"{name}: shape {array.shape}; give one number per row (arg max of one-hot rows)"
        )
    if array.size == 0:
        raise UserError(f"{name}: empty; give at least one row")
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name}: type {array.dtype}; give whole numbers, one per row")
    if array.dtype.kind == "f" and not np.all(np.isfinite(array) & (array == np.floor(array))):
        wrong = array[~(np.isfinite(array) & (array == np.floor(array)))][0]
        raise UserError(f"{name}: {wrong} is not a whole number; give class numbers 0, 1, 2, ...")
    return array


def paired(
    codes: ArrayLike, labels: ArrayLike, names: tuple[str, str] = ("codes", "labels")
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Check two label vectors of the same rows; both as ``(n,)`` int64. Raises UserError."""
    first, second = class_numbers(codes, names[0]), class_numbers(labels, names[1])
    if len(first) != len(second):
        raise UserError(
            f"{len(first)} {names[0]} for {len(second)} {names[1]}; give one of each per row"
        )
    return first, second


def contingency_table(
    codes: NDArray[np.int64], labels: NDArray[np.int64], categories: int, classes: int
) -> NDArray[np.int64]:
    """Count rows by category and class: ``(categories, classes)``.

    >>> contingency_table(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 3)
    array([[0, 2, 0],
           [1, 0, 0]])
    """
    counts = np.bincount(codes * classes + labels, minlength=categories * classes)
    return counts.reshape(categories, classes)


def table_of_occurring(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Count rows by the values that occur: ``(R, C)`` from two ``(n,)`` vectors of categories.

    Raises UserError for more than a million cells.

    >>> table_of_occurring(np.array([3, 3, 7]), np.array([1, 1, 0]))
    array([[0, 2],
           [1, 0]])
    """
    row_names, rows = np.unique(first, return_inverse=True)
    column_names, columns = np.unique(second, return_inverse=True)
    shape = len(row_names), len(column_names)
    if shape[0] * shape[1] > MOST_CELLS:
        raise UserError(
            f"{shape[0]} x {shape[1]} categories: more than {MOST_CELLS} cells; "
            "give categories, not one number for every row"
        )
    return contingency_table(rows, columns, *shape)


def plug_in_information(table: NDArray[np.int64]) -> float:
    """Mutual information of row and column, nats, as if the ``(R, C)`` counts were the law.

    >>> print(f"{plug_in_information(np.array([[5, 0], [0, 5]])):.4f}")
    0.6931
    """
    shares = table / table.sum()
    product = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return max(0.0, float(rel_entr(shares, product).sum()))
