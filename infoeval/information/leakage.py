"""Leakage: the mutual information of every true code with every code predicted from the image."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.metrics.stats.contingency import plug_in_information, table_of_occurring

CHANCE_LEVEL = 0.95
"""Independent codes stay below the chance limit with this probability."""


@dataclass(frozen=True)
class Leakage:
    """I(c_i; ĉ_j), nats, of every true code i (row) and every predicted code j (column).

    `matrix` holds the estimates and `chance` the 0.95 quantiles of the estimates for independent
    codes; both have a row and a column for each of `names`. `n` counts the samples.
    """

    names: tuple[str, ...]
    matrix: list[list[float]]
    chance: list[list[float]]
    n: int


def leakage(
    codes: Mapping[str, NDArray[Any]], predicted: Mapping[str, NDArray[Any]], *, bins: int = 16
) -> Leakage:
    """Return the mutual information of every true code with every predicted code, nats.

    `codes` are the codes that images were generated from and `predicted` what was read from the
    images (arg max or mean of q), by name: (n,) each, of the same rows. Integers are categories.
    Floats are cut into `bins` bins of equal counts; equal values share a bin, so a constant has
    one. The result is invariant to increasing maps of floats and to renaming categories. Off the
    diagonal is what one code leaks into the prediction of another.

    The estimate is the plug-in one less its bias under independence, (R - 1)(C - 1) / (2 n) nats
    for R true and C predicted categories that occur, and not below 0 (Miller 1955, Note on the bias
    of information estimates). `chance` is the 0.95 quantile of that estimate under independence:
    2 n times the plug-in estimate then follows a chi-square law of (R - 1)(C - 1) degrees of
    freedom, provided that most cells expect about five rows: 16 bins by 16 need n of 1,300 or more.
    B bins hold at most log B nats: the diagonal of a continuous code is how well its order is
    predicted, not the bound on I(c; x).

    Raises UserError for names that differ, no code, no row, arrays that are not (n,) of one n,
    values that are not finite numbers, more than a million cells, and fewer than two bins.

    >>> code = np.arange(1000) % 2
    >>> result = leakage({"a": code}, {"a": 1 - code})
    >>> print(f"{result.matrix[0][0]:.3f} nats, by chance {result.chance[0][0]:.3f}")
    0.693 nats, by chance 0.001
    """
    if bins < 2:
        raise UserError(f"{bins} bins; give two or more")
    if not codes:
        raise UserError("no codes; give one or more")
    if set(codes) != set(predicted):
        raise UserError(
            f"codes {', '.join(codes)} but read codes {', '.join(predicted)}; give the same names"
        )
    names = tuple(codes)
    true = [_categories(codes[name], bins, f"code {name}") for name in names]
    seen = [_categories(predicted[name], bins, f"read code {name}") for name in names]
    n = len(true[0])
    for name, first, second in zip(names, true, seen, strict=True):
        if len(first) != n or len(second) != n:
            raise UserError(
                f"code {name}: {len(first)} true and {len(second)} read values, where code "
                f"{names[0]} has {n}; give one of each per row"
            )
    pairs = [[_estimate(first, second) for second in seen] for first in true]
    return Leakage(
        names,
        [[value for value, _ in row] for row in pairs],
        [[chance for _, chance in row] for row in pairs],
        n,
    )


def _categories(values: NDArray[Any], bins: int, name: str) -> NDArray[np.int64]:
    """Return the number (n,) of each row's category, or of its bin of equal counts."""
    array = as_array(values, name)
    if array.ndim != 1:
        raise UserError(f"{name}: shape {array.shape}; give one number per row")
    if array.size == 0:
        raise UserError(f"{name}: empty; give at least one row")
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name}: type {array.dtype}; give numbers, one per row")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{name}: {array[~np.isfinite(array)][0]} is not a finite number")
    _, numbers, counts = np.unique(array, return_inverse=True, return_counts=True)
    if array.dtype.kind != "f":
        return np.asarray(numbers, dtype=np.int64)
    # A value's rank is the middle of its ties among the sorted rows. Twice the rank is an integer,
    # so rounding cannot separate values that an increasing transform leaves together.
    twice_the_rank = 2 * (np.cumsum(counts) - counts) + counts
    return np.asarray((bins * twice_the_rank // (2 * array.size))[numbers], dtype=np.int64)


def _estimate(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[float, float]:
    """Return the corrected estimate and its limit under independence, nats."""
    table = table_of_occurring(first, second)
    degrees = math.prod(size - 1 for size in table.shape)
    if degrees == 0:
        return 0.0, 0.0
    twice_n = 2 * int(table.sum())
    value = max(0.0, plug_in_information(table) - degrees / twice_n)
    limit = (float(chdtri(degrees, 1 - CHANCE_LEVEL)) - degrees) / twice_n
    return value, limit
