"""How many images lie among those of a reference: the precision of Kynkäänniemi et al. 2019."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from infoeval.evaluation.image_statistics import image_statistics

COMPONENTS = 32
"""Principal components of the pixels."""
NEIGHBOURS = 3
LARGEST_SIDE = 32
"""Pixels a side from which components are computed; larger images are reduced by averaging."""


class NearSamples:
    """Tells which images lie among reference images, uint8 (n, channels, height, width).

    Features are the principal components of reduced pixels and `image_statistics`, each in
    deviations of the reference. An image lies among them if it is nearer to some reference image
    than that is to its third neighbour (improved precision: Kynkäänniemi et al. 2019). These
    features are plain: they see colours, places and shapes, not whether a face is a good face.
    """

    def __init__(self, reference: NDArray[np.uint8]) -> None:
        pixels = _reduced(reference)
        self.centre = pixels.mean(axis=0)
        _, _, axes = np.linalg.svd(pixels - self.centre, full_matrices=False)
        self.axes = axes[:COMPONENTS]
        features = self._raw(reference)
        self.mean, deviation = features.mean(axis=0), features.std(axis=0)
        self.varying = deviation > 1e-6 * (1 + abs(self.mean))
        self.deviation = np.where(self.varying, deviation, 1.0)
        points = self._features(reference)
        self.neighbours = NearestNeighbors(n_neighbors=1).fit(points)
        distances, _ = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(points).kneighbors(points)
        self.radii, self.points = distances[:, -1], points

    def contain(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return whether each image lies among the reference images, (n,)."""
        away = self._features(images)
        squares = (away**2).sum(1)[:, None] + (self.points**2).sum(1) - 2 * away @ self.points.T
        return np.asarray((squares <= self.radii**2 + 1e-9).any(axis=1))

    def _features(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        scaled = (self._raw(images) - self.mean) / self.deviation
        return np.asarray(scaled[:, self.varying])

    def _raw(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        components = (_reduced(images) - self.centre) @ self.axes.T
        return np.hstack([components, image_statistics(images).to_numpy()])


def _reduced(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return pixels (n, values) from 0 to 1 of images averaged over blocks of pixels."""
    height, width = images.shape[2:]
    step = -(-max(height, width) // LARGEST_SIDE)
    parts = images[:, :, : height - height % step or height, : width - width % step or width]
    rows, columns = parts.shape[2] // step or 1, parts.shape[3] // step or 1
    blocks = parts.reshape(*parts.shape[:2], rows, parts.shape[2] // rows, columns, -1)
    return np.asarray(blocks.mean(axis=(3, 5)).reshape(len(images), -1) / 255)
