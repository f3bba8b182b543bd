"""How many images lie among those of a reference: the precision of Kynkäänniemi et al. 2019."""

import numpy as np
from numpy.typing import NDArray

from infoeval.evaluation.image_statistics import image_statistics
from infoeval.metrics.stats.near_neighbours import Balls

COMPONENTS = 32
"""Principal components of the pixels."""
NEIGHBOURS = 3
SMALLEST_DEVIATION = 1e-4
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
        # What is the same in all reference images tells others from them.
        self.deviation = np.maximum(deviation, SMALLEST_DEVIATION * (1 + abs(self.mean)))
        self.balls = Balls((features - self.mean) / self.deviation, NEIGHBOURS)

    def contain(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return whether each image lies among the reference images, (n,)."""
        (held,) = self.balls.hold((self._raw(images) - self.mean) / self.deviation)
        return np.asarray(held.any(axis=1))

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
