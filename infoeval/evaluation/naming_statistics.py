"""Statistics of images that codes are named after, each as blind to the others as can be."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from infoeval.evaluation.image_statistics import SMALLEST, mass_of

Array = NDArray[np.floating]

CHUNK = 2**18
"""Values of pixels at a time, which fit into a processor's cache."""
INSIDE = 0.25
"""What differs from the ground by more than this part of the most is inside the object."""
STEEPEST = 0.99
"""Share of the pixels whose gradient is smaller than the one that sharpness tells."""
PLAINEST = 0.25
"""Share of the pixels that may be plain in an image of some texture."""


class _Moments(NamedTuple):
    """Of each image: centroid and variance (2, n) down and across, covariance and skewness (n,)."""

    middle: Array
    spread: Array
    both: Array
    skewness: Array


def naming_statistics(images: NDArray[np.uint8]) -> pd.DataFrame:
    """Return statistics of uint8 images (n, channels, height, width), a row an image.

    The object is where the mean of nine neighbours differs from the border's median by more than a
    quarter of the most. Of this area are its share of all pixels, its centroid (in widths and
    heights from the upper left corner), its size (the deviation around the centroid, in pixels),
    how much wider than high it is (-1 to 1), its slant in degrees from upright, positive where it
    leans like / (how far it moves to the right for each pixel up), and its skewness x, from left to
    right. Of what differs there, as a mass: the stroke width is twice the mass over the sum of its
    gradients, for a long stroke its width, as a share of the size; symmetry is the correlation with
    the mirror image, left and right about the centroid; light x and light y, on which side the
    object is lit, are how far to the right and down its centroid is from that of the area, in
    deviations of the area.

    Brightness is the mean of the levels of object and ground, contrast their distance, so that a
    larger object is not a brighter image. Sharpness is the 99th percentile of the gradient over the
    range of grey levels, texture the first quartile of the second differences over the deviation of
    grey levels: 0 where a quarter of the image is plain. Of RGB also the saturation (that of HSL:
    the range of the channels, over the most that it can be at such a lightness), and red less green
    and blue less yellow over the same.

    >>> stroke = np.zeros((1, 1, 24, 24), np.uint8)
    >>> stroke[0, 0, 2:22, 10:13] = 255
    >>> found = naming_statistics(stroke).iloc[0]
    >>> [round(float(found[name]), 2) for name in ("centroid x", "slant", "symmetry", "contrast")]
    [0.48, 0.0, 1.0, 1.0]
    """
    count = max(1, CHUNK // max(1, images[0].size))
    parts = [images[start : start + count] for start in range(0, len(images), count)]
    return pd.concat([_statistics(part) for part in parts], ignore_index=True)


def _statistics(images: NDArray[np.uint8]) -> pd.DataFrame:
    pixels = images.astype(np.float32) / np.float32(255)
    grey, mass = pixels.mean(axis=1), mass_of(pixels).astype(np.float32)
    smooth = _of_nine(mass)
    inside = smooth > INSIDE * np.maximum(smooth.max(axis=(1, 2), keepdims=True), SMALLEST)
    found = _of_object(mass * inside, inside.astype(np.float32))
    found |= _of_levels(grey, mass, inside)
    if pixels.shape[1] == 3:
        found |= _of_colours(pixels)
    return pd.DataFrame(found)


def _of_object(mass: Array, area: Array) -> dict[str, Array]:
    whole, outline = _moments(mass), _moments(area)
    height, width = mass.shape[1:]
    down, across = outline.spread
    size = np.sqrt(down + across)
    light = (whole.middle - outline.middle) / np.sqrt(outline.spread + SMALLEST)
    steps = _gradient(mass).sum(axis=(1, 2)) + SMALLEST
    return {
        "centroid x": 0.5 + outline.middle[1] / width,
        "centroid y": 0.5 + outline.middle[0] / height,
        "area": area.mean(axis=(1, 2)),
        "size": size,
        "wider than high": (across - down) / (across + down + SMALLEST),
        "slant": np.degrees(np.arctan2(-outline.both, down + SMALLEST)),
        "stroke width": 2 * mass.sum(axis=(1, 2)) / steps / (size + SMALLEST),
        "symmetry": _symmetry(mass, whole.middle[1]),
        "skewness x": outline.skewness,
        "light x": light[1],
        "light y": light[0],
    }


def _of_levels(grey: Array, mass: Array, inside: NDArray[np.bool_]) -> dict[str, Array]:
    object_level, ground_level = _weighed(grey, mass * inside), _weighed(grey, 1.0 - inside)
    steep = np.quantile(_gradient(grey).reshape(len(grey), -1), STEEPEST, axis=1)
    bends = np.abs(9 * (_of_nine(grey) - grey)).reshape(len(grey), -1)
    return {
        "brightness": (object_level + ground_level) / 2,
        "contrast": np.abs(object_level - ground_level),
        "sharpness": steep / (np.ptp(grey, axis=(1, 2)) + SMALLEST),
        "texture": np.quantile(bends, PLAINEST, axis=1) / (grey.std(axis=(1, 2)) + SMALLEST),
    }


def _of_colours(pixels: NDArray[np.float32]) -> dict[str, Array]:
    red, green, blue = (
        each.mean(axis=(1, 2), dtype=np.float64) for each in np.moveaxis(pixels, 1, 0)
    )
    most, least = pixels.max(axis=1), pixels.min(axis=1)
    chroma, possible = most - least, 1 - np.abs(most + least - 1)
    scale = possible.mean(axis=(1, 2), dtype=np.float64) + SMALLEST
    return {
        "saturation": chroma.mean(axis=(1, 2), dtype=np.float64) / scale,
        "red less green": (red - green) / scale,
        "blue less yellow": (blue - (red + green) / 2) / scale,
    }


def _moments(mass: Array) -> _Moments:
    """Return moments of masses (n, height, width), in pixels from the middle of the image."""
    y, x = (np.arange(side) - (side - 1) / 2 for side in mass.shape[1:])
    rows, columns = mass.sum(axis=2, dtype=np.float64), mass.sum(axis=1, dtype=np.float64)
    total = rows.sum(axis=1) + SMALLEST
    down, across = rows / total[:, None], columns / total[:, None]
    middle = np.stack([down @ y, across @ x])
    spread = (np.stack([down @ y**2, across @ x**2]) - middle**2).clip(0)
    both = (mass @ x.astype(np.float32)) @ y / total - middle[0] * middle[1]
    third = (across * (x - middle[1][:, None]) ** 3).sum(axis=1)
    return _Moments(middle, spread, both, third / (spread[1] + SMALLEST) ** 1.5)


def _weighed(grey: Array, weights: Array) -> Array:
    return np.asarray((grey * weights).sum(axis=(1, 2)) / (weights.sum(axis=(1, 2)) + SMALLEST))


def _of_nine(grey: Array) -> Array:
    """Return the mean of each pixel and its neighbours; those of the border are repeated."""
    around = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = around[:, 2:] + around[:, 1:-1] + around[:, :-2]
    found: Array = (rows[:, :, 2:] + rows[:, :, 1:-1] + rows[:, :, :-2]) / 9
    return found


def _gradient(grey: Array) -> Array:
    """Return the length of each pixel's gradient, from differences of its neighbours."""
    around = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = around[:, 2:, 1:-1] - around[:, :-2, 1:-1]
    across = around[:, 1:-1, 2:] - around[:, 1:-1, :-2]
    return np.asarray(np.sqrt(down * down + across * across) / 2)


def _symmetry(mass: Array, middle: Array) -> Array:
    """Return the correlation of masses with their mirror images, about the middle of each."""
    width = mass.shape[2]
    # A pixel's mirror image about (width - 1) / 2 + middle, to the nearest pixel.
    places = np.rint(width - 1 + 2 * middle[:, None] - np.arange(width)).astype(int)
    known = (places >= 0) & (places < width)
    columns = np.broadcast_to(places.clip(0, width - 1)[:, None, :], mass.shape)
    mirrored = np.take_along_axis(mass, columns, axis=2) * known[:, None, :]
    first, second = (each - each.mean(axis=(1, 2), keepdims=True) for each in (mass, mirrored))
    lengths = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2)))
    return np.asarray((first * second).sum(axis=(1, 2)) / (lengths + SMALLEST))
