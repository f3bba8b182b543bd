"""Conversion of tensors, lists and data frames to arrays."""

import sys
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.errors import UserError, one_line

ROUNDING = 1e-4
"""Images of floats may leave [0, 1] by this rounding error."""


def as_array(values: Any, what: str) -> NDArray[Any]:
    """Return the array of a tensor, list, series, data frame, or anything that numpy converts.

    Tensors may be on any device, require gradients and have any precision; below float32, where
    numpy lacks some types, they become float32. Lists of tensors are stacked. Whole numbers in
    lists remain exact, and pandas' categories that are neither numbers nor words, such as
    intervals, become words.

    Raises UserError, beginning with ``what``, for masked values, rows of different lengths, and
    what cannot be converted, such as dictionaries and generators.

    >>> as_array([2**63, -1], "labels")
    array([9223372036854775808, -1], dtype=object)
    """
    if np.ma.is_masked(values):
        raise UserError(f"{what}: values are masked; leave their rows out")
    try:
        plain = _plain(values)
        array = np.asarray(plain)
        if array.dtype.kind == "O" and array.ndim == 0:
            raise TypeError("give an array, a list or a data frame")
        if array.dtype.kind == "f" and isinstance(plain, list | tuple):
            elements = np.array(plain, dtype=object)
            if all(isinstance(element, int) for element in elements.ravel()):
                return elements  # numpy has rounded numbers of 2^63 and more
        return array
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise UserError(f"{what}: cannot be made an array ({one_line(error)})") from error
        raise UserError(f"{what}: rows differ in length; give one value a column") from None
    except Exception as error:  # array libraries raise any kind
        raise UserError(
            f"{what}: a {type(values).__name__} cannot be made an array ({one_line(error)})"
        ) from error


def _plain(values: Any) -> Any:
    """Return values in a form that numpy converts correctly."""
    if is_tensor(values):
        return _of_tensor(values)
    if is_sparse(values):
        return values.toarray()
    if isinstance(values, list | tuple) and any(map(_holds_tensors, values)):
        return [_plain(part) for part in values]
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        words = np.asarray(values.dtype.categories).dtype.kind == "O"
        return values.astype(str) if words and not pd.isna(values).any() else values
    return values


def _holds_tensors(part: Any) -> bool:
    return is_tensor(part) or (isinstance(part, list | tuple) and any(map(is_tensor, part)))


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor, without importing torch."""
    torch = sys.modules.get("torch")  # without it there are no tensors
    return torch is not None and isinstance(value, torch.Tensor)


def is_sparse(value: Any) -> bool:
    """Return whether a value is a sparse matrix or array of scipy, without importing it."""
    return hasattr(value, "nnz") and hasattr(value, "toarray")


def _of_tensor(tensor: Any) -> NDArray[Any]:
    tensor = tensor.detach()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    if tensor.is_floating_point() and tensor.element_size() < 4:
        tensor = tensor.float()
    array: NDArray[Any] = tensor.resolve_conj().resolve_neg().cpu().numpy()
    return array
