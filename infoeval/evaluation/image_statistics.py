"""Simple statistics of images, which need no labels and no trained network."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SMALLEST = 1e-6
CHUNK = 500


def image_statistics(images: NDArray[np.uint8]) -> pd.DataFrame:
    """Return statistics of uint8 images (n, channels, height, width), a row an image.

    Of pixels from 0 to 1: brightness, the mean; contrast, their deviation; edges, the mean length
    of the gradient. Of RGB also the mean saturation, and the means of red less green and of blue
    less yellow. Of what differs from the border's median, as a mass: its total, its centroid (x to
    the right, y downwards, in widths and heights), its size (the deviation around the centroid),
    how much wider than high it is, and its slant (the correlation of x and y, positive where it
    leans like \\).

    >>> blank = np.zeros((1, 1, 8, 8), np.uint8)
    >>> blank[0, 0, :, 6] = 255
    >>> round(float(image_statistics(blank)["centroid x"].iloc[0]), 4)
    0.8125
    """
    parts = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
    return pd.concat([_statistics(part) for part in parts], ignore_index=True)


def _statistics(images: NDArray[np.uint8]) -> pd.DataFrame:
    pixels = images.astype(np.float32) / np.float32(255)
    grey = pixels.mean(axis=1)
    down, across = np.gradient(grey, axis=(1, 2)) if min(grey.shape[1:]) > 1 else (grey * 0,) * 2
    columns = {
        "brightness": grey.mean(axis=(1, 2)),
        "contrast": grey.std(axis=(1, 2)),
        "edges": np.hypot(down, across).mean(axis=(1, 2)),
    }
    if pixels.shape[1] == 3:
        red, green, blue = pixels.transpose(1, 0, 2, 3)
        columns |= {
            "saturation": np.ptp(pixels, axis=1).mean(axis=(1, 2)),
            "red less green": (red - green).mean(axis=(1, 2)),
            "blue less yellow": (blue - (red + green) / 2).mean(axis=(1, 2)),
        }
    return pd.DataFrame({name: values.astype(float) for name, values in columns.items()}).join(
        pd.DataFrame(_moments(pixels))
    )


def mass_of(pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how much pixels from 0 to 1 differ from the border's median, (n, height, width)."""
    border = np.concatenate(
        [pixels[:, :, 0], pixels[:, :, -1], pixels[:, :, :, 0], pixels[:, :, :, -1]], axis=2
    )
    ground = np.median(border, axis=2)[:, :, None, None]
    mass: NDArray[np.float64] = np.abs(pixels - ground).mean(axis=1, dtype=np.float64)
    return mass


def _moments(pixels: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Return mass, centroid, size, width and slant of what differs from the border's median."""
    mass = mass_of(pixels)
    height, width = mass.shape[1:]
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    total = mass.sum(axis=(1, 2)) + SMALLEST
    # An image of the ground alone has its centroid in the middle.
    middle_x = (mass.sum(axis=1) @ x + SMALLEST / 2) / total
    middle_y = (mass.sum(axis=2) @ y + SMALLEST / 2) / total
    away_x, away_y = x - middle_x[:, None], y - middle_y[:, None]
    wide = (mass.sum(axis=1) * away_x**2).sum(axis=1) / total
    high = (mass.sum(axis=2) * away_y**2).sum(axis=1) / total
    both = np.einsum("nij,ni,nj->n", mass, away_y, away_x) / total
    return {
        "mass": total / (height * width),
        "centroid x": middle_x,
        "centroid y": middle_y,
        "size": np.sqrt(wide + high),
        "wider than high": (wide - high) / (wide + high + SMALLEST),
        "slant": both / (np.sqrt(wide * high) + SMALLEST),
    }
