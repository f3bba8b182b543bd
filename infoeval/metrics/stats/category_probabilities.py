"""Posteriors q(c|x) of a categorical code."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError

#: Rows of half-precision probabilities may miss a sum of one by this much.
SUM_TOLERANCE = 1e-3


def posterior_rows(values: ArrayLike) -> NDArray[np.float64]:
    """Rows of probabilities ``(n, K)``, divided by their sums, which rounding moves from 1.

    Raises UserError for anything but two or more rows of two or more probabilities of sum 1.
    """
    try:
        given = as_array(values, "probabilities")
        if given.dtype.kind == "c":
            raise TypeError
        array = given.astype(np.float64)
    except (TypeError, ValueError):
        raise UserError("probabilities: give one row of K numbers per image") from None
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 2:
        raise UserError(
            f"probabilities: shape {array.shape}; give (n, K): two images or more, "
            "two categories or more"
        )
    if not np.isfinite(array).all():
        raise UserError(f"probabilities: {array[~np.isfinite(array)][0]} is not a finite number")
    if array.min() < 0:
        raise UserError(f"probabilities: {array.min()} is negative; give q(c|x), not logits")
    sums = array.sum(axis=1, keepdims=True)
    wrong = np.abs(sums - 1) > SUM_TOLERANCE
    if wrong.any():
        raise UserError(f"probabilities: a row sums to {sums[wrong][0]:.6g}; each must sum to 1")
    return np.asarray(array / sums, dtype=np.float64)
