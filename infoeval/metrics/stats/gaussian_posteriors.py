"""Gaussian posteriors q(z|x) of codes, by means and log variances."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError

Array = NDArray[np.float64]

LARGEST = 500.0
"""A log variance beyond this is no posterior, and its variance no number of use."""
BLOCK = 2**21
"""Numbers that are held at once."""


class Posteriors(NamedTuple):
    """Means and log variances, ``(n, D)``, and the names of the D codes."""

    means: Array
    log_variances: Array
    names: list[str]


def gaussian_posteriors(mean: ArrayLike, log_variance: ArrayLike) -> Posteriors:
    """Checked posteriors of n images and D codes, ``(n, D)`` or ``(n,)``.

    Names are those of a data frame's columns, or "code 0", "code 1" and so on.

    Raises UserError for arrays of different shapes, of fewer than two images, or of numbers that
    are not finite or too large.
    """
    named = isinstance(mean, pd.DataFrame)
    means, log_variances = _matrix(mean, "mean"), _matrix(log_variance, "log_variance")
    if means.shape != log_variances.shape:
        raise UserError(
            f"mean has shape {means.shape} and log_variance {log_variances.shape}; give one "
            "log variance for each mean"
        )
    if np.abs(log_variances).max() > LARGEST:
        raise UserError(f"log_variance: {np.abs(log_variances).max():.3g} is too far from 0")
    names = list(map(str, mean.columns)) if isinstance(mean, pd.DataFrame) and named else []
    return Posteriors(
        means, log_variances, names or [f"code {number}" for number in range(means.shape[1])]
    )


def divergences(posteriors: Posteriors, prior_mean: ArrayLike, prior_deviation: ArrayLike) -> Array:
    """KL(q(z_j|x) || p(z_j)), nats, of every image and code, ``(n, D)``; p is normal.

    ``prior_mean`` and ``prior_deviation`` are a number, or one for each code ``(D,)``.

    Raises UserError for a deviation that is not above 0.
    """
    means, log_variances, _ = posteriors
    centre, width = (
        _of_codes(values, means.shape[1], name)
        for values, name in ((prior_mean, "prior_mean"), (prior_deviation, "prior_deviation"))
    )
    if not (width > 0).all():
        raise UserError(f"prior_deviation: {width.min():g}; give deviations above 0")
    standard = (means - centre) / width
    shrunk = log_variances - 2 * np.log(width)
    # expm1(s) - s is exact where the posterior is nearly the prior, and never negative.
    return np.asarray(0.5 * (np.square(standard) + np.maximum(np.expm1(shrunk) - shrunk, 0.0)))


def log_mixture(values: Array, means: Array, log_variances: Array) -> Array:
    """log (1/n) sum_i N(value; mean_i, variance_i), nats, of every value ``(m,)``."""
    precisions = np.exp(-0.5 * log_variances)
    result = np.empty(len(values))
    step = max(1, BLOCK // len(means))
    for start in range(0, len(values), step):
        terms = values[start : start + step, None] - means
        terms *= precisions
        np.square(terms, out=terms)
        terms += log_variances
        terms *= -0.5
        top = terms.max(axis=1, keepdims=True)
        terms -= top
        result[start : start + step] = top[:, 0] + np.log(np.exp(terms, out=terms).sum(axis=1))
    return np.asarray(result - np.log(len(means)) - 0.5 * np.log(2 * np.pi))


def _matrix(values: ArrayLike, what: str) -> Array:
    try:
        array = as_array(values, what)
        if array.dtype.kind not in "biuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{what}: give numbers, (images, codes)") from None
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 1:
        raise UserError(f"{what}: shape {array.shape}; give (images, codes), two images or more")
    if not np.isfinite(array).all():
        raise UserError(f"{what}: {array[~np.isfinite(array)][0]} is not a finite number")
    if np.abs(array).max() > 1e50:
        raise UserError(f"{what}: {np.abs(array).max():.3g} is too large")
    return array


def _of_codes(values: ArrayLike, count: int, what: str) -> Array:
    """One finite number for each code."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (count,)) or not np.isfinite(array).all():
        raise UserError(f"{what}: give a number, or one for each of {count} codes")
    return np.broadcast_to(array, (count,))


def names_of(posteriors: Posteriors, others: Sequence[str]) -> list[str]:
    """Names of the codes and of others, all different.

    Raises UserError where two are equal.
    """
    names = [*posteriors.names, *others]
    if len(set(names)) < len(names):
        raise UserError(f"two codes have one name in {', '.join(names)}")
    return names
