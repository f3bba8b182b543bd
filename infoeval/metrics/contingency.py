"""From two label vectors to the table that all clustering metrics are made of."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError

__all__ = ["class_numbers", "contingency_table", "paired"]


def class_numbers(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """Check that ``values`` is one whole number >= 0 per row and return it as ``(n,)`` int64.

    Floats pass when they are whole (code tables are often stored as floats).
    Raises UserError, beginning with ``name``, for anything else.

    >>> class_numbers([2.0, 0.0], "codes")
    array([2, 0])
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
    if array.min() < 0:
        raise UserError(f"{name}: {array.min()} is negative; give class numbers 0, 1, 2, ...")
    if int(array.max()) >= 2**63:
        raise UserError(f"{name}: {array.max()} is too large; number the classes 0, 1, 2, ...")
    return array.astype(np.int64)


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
