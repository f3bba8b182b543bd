"""Which points lie in the balls that reach from others to their nearest neighbours."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-12
"""Squared distances are as exact as this share of the largest squared length."""
CHUNK = 1000
"""Points that are compared with all others at a time."""

Array = NDArray[np.float64]


class Balls:
    """Balls about points (n, D), each of which reaches to the point's k-th nearest other point.

    Kynkäänniemi et al. 2019, Improved precision and recall metric for assessing generative models.
    Of k or fewer points, a ball reaches to the farthest. Points that are equal lie in each other's
    balls, whatever rounding says.

    Args:
        points: the centres.
        neighbours: k; there are balls for each of several.

    """

    def __init__(self, points: Array, *neighbours: int) -> None:
        from sklearn.neighbors import NearestNeighbors  # takes a second to import

        self._middle = points.mean(axis=0)  # distances of points far from 0 would be rounded off
        self._points = points - self._middle
        # The nearest is the point itself.
        ranks = [min(k, len(points) - 1) for k in neighbours]
        nearest = NearestNeighbors(n_neighbors=max(ranks) + 1, algorithm="brute")
        distances, _ = nearest.fit(self._points).kneighbors(self._points)
        longest = (self._points**2).sum(axis=1).max()
        self._radii = (distances[:, ranks] ** 2).T + ROUNDING * longest

    def hold(self, others: Array) -> NDArray[np.bool_]:
        """Return whether each of other points (m, D) lies in each ball: (neighbours, m, n)."""
        held = np.empty((len(self._radii), len(others), len(self._points)), bool)
        start = 0
        for part in self._squares(others):
            held[:, start : start + len(part)] = part <= self._radii[:, None]
            start += len(part)
        return held

    def _squares(self, others: Array) -> Iterator[Array]:
        for start in range(0, len(others), CHUNK):
            yield squared_distances(others[start : start + CHUNK] - self._middle, self._points)


def squared_distances(first: Array, second: Array) -> Array:
    """Return the squared distances (m, n) of points (m, D) from points (n, D).

    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [[25.0, 1.0]]
    """
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * first @ second.T, 0.0))
