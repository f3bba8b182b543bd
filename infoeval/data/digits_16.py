"""The digits of scikit-learn enlarged to 16×16, with how each is written measured in the image."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from infoeval.data import digits
from infoeval.data.image_set import ImageSet
from infoeval.data.resizing import fit_all
from infoeval.data.source import DataSource, LoadRequest

SIDE = 16
FACTORS = ("slant", "width", "ink")


def measure_writing(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return `FACTORS` of grey images (n, 1, height, width) with light strokes, (n, 3).

    Slant is how far the writing moves to the right for each pixel up: −cov(x, y) / var(y), with x
    and y the places of the light, downwards, a pixel's weight its grey level. Width is the light's
    standard deviation across over that down; ink the mean grey level as a share of white. A moment
    that a blank image or a straight line does not have counts as 0.

    >>> stroke = np.zeros((1, 1, 8, 8), np.uint8)
    >>> stroke[0, 0, range(8), range(7, -1, -1)] = 255
    >>> measure_writing(stroke)
    array([[1.   , 1.   , 0.125]])
    """
    light = images[:, 0].astype(float) / 255
    total = light.sum((1, 2))
    share = light / np.maximum(total, 1e-9)[:, None, None]
    down, across = share.sum(2), share.sum(1)
    y, x = np.arange(images.shape[2]), np.arange(images.shape[3])
    mean_y, mean_x = down @ y, across @ x
    var_y, var_x = down @ y**2 - mean_y**2, across @ x**2 - mean_x**2
    covariance = np.einsum("nyx,y,x->n", share, y, x) - mean_y * mean_x
    has_height = var_y > 1e-9
    height = np.where(has_height, var_y, 1.0)
    slant = np.where(has_height, -covariance / height, 0.0)
    width = np.where(has_height, np.sqrt(np.maximum(var_x, 0.0) / height), 0.0)
    return np.stack([slant, width, light.mean((1, 2))], axis=1)


def _load(request: LoadRequest) -> ImageSet:
    small = digits.SOURCE.load(request)
    images = fit_all(small.images, (1, SIDE, SIDE))
    return replace(
        small,
        name="digits_16",
        images=images,
        factors=measure_writing(images),
        factor_names=FACTORS,
        factor_types=("continuous",) * len(FACTORS),
        resized_from="8×8 grey",
    )


SOURCE = DataSource(
    name="digits_16",
    description="the same digits enlarged to 16×16, with slant, width and ink measured",
    load=_load,
    where=lambda root: "scikit-learn",
)
