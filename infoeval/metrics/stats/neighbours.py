"""Mutual information of a continuous code and a class, from distances instead of bins."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

__all__ = ["NEIGHBOURS", "neighbour_information", "separated"]

NEIGHBOURS = 3
NOISE = 1e-10


def separated(codes: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Codes ``(n, D)`` of mean 0 and deviation 1, with noise that only parts equal values."""
    # From the first row, so that equal values are 0; about the mean, so that no digits are lost.
    apart = codes - codes[0]
    apart -= apart.mean(axis=0)
    spread = apart.std(axis=0)
    noise = np.random.RandomState(seed).standard_normal(codes.shape)
    return np.asarray(apart / np.where(spread > 0, spread, 1.0) + NOISE * noise)


def neighbour_information(
    values: NDArray[np.float64], classes: NDArray[np.intp], neighbours: int = NEIGHBOURS
) -> float:
    """I(z; v), nats, of ascending numbers ``(n,)`` and their class numbers ``(n,)``; not below 0.

    The estimator of Ross 2014 (Mutual information between discrete and continuous data sets):
    psi(n) - mean psi(n_v) + psi(k) - mean psi(m), where n_v rows share a row's class, and m rows
    are nearer to it than its k-th neighbour of that class. In one dimension neighbours stand next
    to each other, so that it costs n log n. Classes of a single row are left out, and of k rows or
    fewer all rows are neighbours.
    """
    sizes = np.bincount(classes)
    if (sizes == 1).any():
        kept = sizes[classes] > 1
        values, classes = values[kept], classes[kept]
    n = len(values)
    if n == 0:
        return 0.0
    # Small integers are sorted in linear time.
    by_class = np.argsort(classes.astype(np.min_scalar_type(len(sizes))), kind="stable")
    counts = sizes[classes[by_class]]
    radius = np.empty(n)
    radius[by_class] = _radius(values[by_class], counts, neighbours)
    nearer = _count_nearer(values, radius)
    psi = _digamma(n)
    used = psi[np.minimum(neighbours, counts - 1)].mean()
    found = psi[n] + used - psi[counts].mean() - psi[nearer].mean()
    return max(0.0, float(found))


def _radius(
    ordered: NDArray[np.float64], counts: NDArray[np.intp], neighbours: int
) -> NDArray[np.float64]:
    """Distance to the k-th neighbour of the same class; values ascend within their class.

    `counts` is the size of each value's class, whose values stand together.
    """
    starts, sizes = _starts(counts)
    # Between two classes stand places that are infinitely far away.
    place = np.arange(len(ordered)) + neighbours * np.repeat(np.arange(1, len(sizes) + 1), sizes)
    here, above, below = (
        np.full(len(ordered) + neighbours * (len(sizes) + 1), far) for far in (0.0, np.inf, -np.inf)
    )
    here[place] = above[place] = below[place] = ordered
    inner = len(here) - 2 * neighbours
    middle = here[neighbours:][:inner]
    best = np.full(inner, np.inf)
    for right in range(neighbours + 1):
        # `right` of the neighbours stand above, the others below.
        width = np.maximum(
            above[neighbours + right :][:inner] - middle, middle - below[right:][:inner]
        )
        np.minimum(best, width, out=best)
    # All of a small class are neighbours.
    last = ordered[np.repeat(starts + sizes - 1, sizes)]
    widest = np.maximum(last - ordered, ordered - ordered[np.repeat(starts, sizes)])
    return np.where(counts <= neighbours, widest, best[place - neighbours])


def _starts(counts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where every class begins, and how many values it has."""
    starts, sizes, place = [], [], 0
    while place < len(counts):
        starts.append(place)
        sizes.append(int(counts[place]))
        place += sizes[-1]
    return np.array(starts, dtype=np.intp), np.array(sizes, dtype=np.intp)


def _count_nearer(ordered: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many values, itself among them, are nearer to each one than its radius."""
    n = len(ordered)
    padded = np.concatenate([[-np.inf], ordered, [np.inf]])
    # Both ends of every row's interval are sorted in among the values: less work than to search.
    merged = np.argsort(np.concatenate([ordered, ordered - radius, ordered + radius]))
    below = np.empty(3 * n, dtype=np.intp)
    below[merged] = np.cumsum(merged < n)
    first, last = below[n : 2 * n] + 1, below[2 * n :] + 1
    # Sums round, and equal numbers are merged in any order: the distances themselves decide.
    while (out := ordered - padded[first] >= radius).any():
        first += out
    while (inside := ordered - padded[first - 1] < radius).any():
        first -= inside
    while (out := padded[last - 1] - ordered >= radius).any():
        last -= out
    while (inside := padded[last] - ordered < radius).any():
        last += inside
    return np.asarray(np.maximum(last - first, 1))


@lru_cache(maxsize=8)
def _digamma(largest: int) -> NDArray[np.float64]:
    """digamma of 0, 1, … `largest`."""
    return np.asarray(digamma(np.arange(largest + 1)), dtype=np.float64)
