"""How far two samples of vectors are apart, and how far the vectors of one."""

import numpy as np
from numpy.typing import NDArray

from infoeval.metrics.stats.near_neighbours import CHUNK, squared_distances

Array = NDArray[np.float64]


def frechet_distance(first: Array, second: Array) -> float:
    """Return the squared Fréchet distance of normal laws fitted to two samples (n, D), (m, D).

    |μ − ν|² + tr(A + B − 2 (√A B √A)^½), the FID of Heusel et al. 2017. Samples of equal laws have
    a distance above 0, which falls with their size.

    >>> line = np.array([[-1.0], [1.0]])
    >>> round(frechet_distance(line, line + 3), 9)
    9.0
    """
    apart = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
    one, other = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (first, second))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    common = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    return float(max(apart + np.trace(one) + np.trace(other) - 2 * common, 0.0))


def kernel_distance(first: Array, second: Array) -> float:
    """Return the unbiased squared kernel distance of two samples, (n, D) and (m, D).

    The maximum mean discrepancy by the kernel (x·y / D + 1)³, the KID of Bińkowski et al. 2018. Its
    mean over samples of equal laws is 0, so it can be negative.
    """

    def within(sample: Array) -> float:
        own = float((((sample**2).sum(axis=1) / sample.shape[1] + 1) ** 3).sum())
        return (_kernel_sum(sample, sample) - own) / (len(sample) * (len(sample) - 1))

    across = _kernel_sum(first, second) / (len(first) * len(second))
    return within(first) + within(second) - 2 * across


def _kernel_sum(first: Array, second: Array) -> float:
    """Return the sum of the kernel over all pairs of two samples."""
    total = 0.0
    for start in range(0, len(first), CHUNK):
        base = first[start : start + CHUNK] @ second.T / first.shape[1] + 1
        total += float(np.vdot(base * base, base))  # much faster than a power
    return total


def mean_distance(points: Array) -> Array:
    """Return the mean distance of two of n points, of each group of (…, n, D) points.

    >>> float(mean_distance(np.array([[0.0], [1.0], [2.0]])))
    1.3333333333333333
    """
    groups = points.reshape(-1, *points.shape[-2:])
    count = points.shape[-2]
    middles = groups.mean(axis=1, keepdims=True)
    sums = [np.sqrt(squared_distances(group, group)).sum() for group in groups - middles]
    return np.asarray(np.reshape(sums, points.shape[:-2]) / (count * (count - 1)))
