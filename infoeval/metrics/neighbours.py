"""Mutual information of a continuous code and a class, from distances instead of bins."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

__all__ = ["NEIGHBOURS", "neighbour_information", "separated"]

NEIGHBOURS = 3
NOISE = 1e-10


def separated(codes: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Codes ``(n, D)`` of unit deviation, with so little noise that it only parts equal values."""
    spread = codes.std(axis=0)
    scaled = codes / np.where(spread > 0, spread, 1.0)
    noise = np.random.RandomState(seed).standard_normal(codes.shape)
    moved: NDArray[np.float64] = scaled + NOISE * np.maximum(1, np.abs(scaled).mean(axis=0)) * noise
    return moved


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
    kept = sizes[classes] > 1
    values, classes = values[kept], classes[kept]
    n = len(values)
    if n == 0:
        return 0.0
    by_class = np.argsort(classes, kind="stable")
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
    n = len(ordered)
    place = np.arange(n)
    first = np.repeat(*_starts(counts))
    last = first + counts - 1
    # All of a small class are neighbours.
    best = np.where(
        counts <= neighbours,
        np.maximum(ordered[last] - ordered, ordered - ordered[first]),
        np.inf,
    )
    for right in range(neighbours + 1):
        # `right` of the neighbours stand above, the others below.
        below, above = place - (neighbours - right), place + right
        inside = (below >= first) & (above <= last)
        below, above = below[inside], above[inside]
        here = ordered[inside]
        width = np.maximum(ordered[above] - here, here - ordered[below])
        best[inside] = np.minimum(best[inside], width)
    return best


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
    padded = np.concatenate([[-np.inf], ordered, [np.inf]])
    first = np.searchsorted(ordered, ordered - radius, "left") + 1
    last = np.searchsorted(ordered, ordered + radius, "right") + 1
    # Sums round: the values at either end are compared by their distance itself.
    first = first + (ordered - padded[first] >= radius)
    first = first - (ordered - padded[first - 1] < radius)
    last = last - (padded[last - 1] - ordered >= radius)
    last = last + (padded[last] - ordered < radius)
    return np.asarray(np.maximum(last - first, 1))


@lru_cache(maxsize=8)
def _digamma(largest: int) -> NDArray[np.float64]:
    """digamma of 0, 1, … `largest`."""
    return np.asarray(digamma(np.arange(largest + 1)), dtype=np.float64)
