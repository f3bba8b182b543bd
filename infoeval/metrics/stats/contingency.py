"""Labels, and contingency tables of two label vectors of the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from infoeval.arrays import as_array
from infoeval.errors import UserError

#: The largest number of cells of a table. More mean that row numbers were given for categories.
MOST_CELLS = 2**20


def label_values(values: ArrayLike, name: str) -> NDArray[Any]:
    """Labels of the rows, ``(n,)``: int64, booleans or words.

    Whole numbers of any size, floats that are whole, booleans and words are labels; beyond int64
    they are Python's integers. Raises UserError, beginning with ``name``, for anything else.

    >>> label_values([2.0, -1.0], "codes")
    array([ 2, -1])
    """
    array = as_array(values, name)
    if array.dtype.kind == "O":
        if any(map(_is_missing, array.ravel())):
            raise UserError(f"{name}: a label is missing; leave its row out")
        array = as_array(array.tolist(), name)
    if array.dtype.kind == "S":
        try:
            array = array.astype(np.str_)
        except UnicodeDecodeError:
            raise UserError(f"{name}: words that are not ASCII; give text") from None
    if array.ndim != 1:
        how = "without the second axis" if array.shape[1:] == (1,) else "arg max of one-hot rows"
        raise UserError(f"{name}: shape {array.shape}; give one label per row ({how})")
    if array.size == 0:
        raise UserError(f"{name}: empty; give at least one row")
    whole_objects = array.dtype.kind == "O" and all(isinstance(label, int) for label in array)
    if array.dtype.kind not in "biufUMm" and not whole_objects:
        raise UserError(f"{name}: type {array.dtype}; give a whole number or a word per row")
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.floor(array))
        if not whole.all():
            raise UserError(
                f"{name}: {array[~whole][0]} is not a whole number; give whole numbers or words"
            )
    if array.dtype.kind not in "iufO":
        return array
    if all(-(2**63) <= int(end) < 2**63 for end in (array.min(), array.max())):
        return array.astype(np.int64)
    return np.array([int(label) for label in array], dtype=object)


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):
        return True


def named_labels(
    vectors: Mapping[str, ArrayLike], names: Sequence[str] | None = None
) -> tuple[list[str], list[NDArray[np.int64]]]:
    """Names of all labels in some vectors, and each vector as indices of them.

    The keys of ``vectors`` are their names in messages. The labels that occur in any vector are
    sorted, numbers by size and words by the alphabet. With ``names``, labels must be indices of
    them.

    Raises UserError as :func:`label_values` does, and for numbers without a name.

    >>> named_labels({"labels": [10, 1, 2, 1]})
    (['1', '2', '10'], [array([2, 0, 1, 0])])
    """
    values = [label_values(vector, name) for name, vector in vectors.items()]
    if names is None:
        occurring, places = np.unique(np.concatenate(values), return_inverse=True)
        ends = np.cumsum([len(vector) for vector in values])[:-1]
        return occurring.astype(np.str_).tolist(), np.split(places, ends)
    for name, vector in zip(vectors, values, strict=True):
        numbers = vector.dtype.kind in "biO"
        wrong = vector[(vector < 0) | (vector >= len(names))] if numbers else vector
        if len(wrong):
            raise UserError(f"{name}: {wrong[0]} is not a number from 0 to {len(names) - 1}")
    return list(map(str, names)), [vector.astype(np.int64) for vector in values]


def contingency_table(
    codes: NDArray[np.int64], labels: NDArray[np.int64], categories: int, classes: int
) -> NDArray[np.int64]:
    """Counts of rows by category and class, ``(categories, classes)``.

    >>> contingency_table(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 3)
    array([[0, 2, 0],
           [1, 0, 0]])
    """
    counts = np.bincount(codes * classes + labels, minlength=categories * classes)
    return counts.reshape(categories, classes)


def table_of_occurring(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Counts of rows by the values that occur, ``(R, C)``, of two ``(n,)`` vectors.

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
    """Plug-in mutual information of row and column, nats, from ``(R, C)`` counts.

    >>> print(f"{plug_in_information(np.array([[5, 0], [0, 5]])):.4f}")
    0.6931
    """
    shares = table / table.sum()
    product = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return max(0.0, float(rel_entr(shares, product).sum()))


def check_paired(
    codes: NDArray[Any], labels: NDArray[Any], names: tuple[str, str] = ("codes", "labels")
) -> None:
    """Raise UserError unless two vectors have one entry for each of the same rows."""
    if len(codes) != len(labels):
        raise UserError(
            f"{len(codes)} {names[0]} for {len(labels)} {names[1]}; give one of each per row"
        )
