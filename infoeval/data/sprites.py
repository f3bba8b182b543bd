"""Sprites with known factors, drawn from formulas on the grid that dSprites uses."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data.image_set import ImageSet, fixed_order
from infoeval.data.rendering.factors import Factor, checked_factors, types_of
from infoeval.data.source import DataSource, LoadRequest

_FACTORS = {
    "shape": Factor("discrete", 0, 2),
    "scale": Factor("ordinal", 0.5, 1),
    "orientation": Factor("periodic", 0, 2 * math.pi),
    "x": Factor("ordinal", 0, 1),
    "y": Factor("ordinal", 0, 1),
}
_GRID = (
    np.arange(3.0),
    np.arange(5, 11) / 10,
    2 * math.pi * np.arange(40) / 40,
    np.arange(32) / 31,
    np.arange(32) / 31,
)
_COUNTS = {"train": 50_000, "test": 10_000}

_SIDE = 64
_PIXELS = np.arange(_SIDE) + 0.5  # their centres

# One step of x or y is one pixel, from pixel 16 to pixel 47, so a sprite that moves keeps its
# outline. A square of scale 1 has sides of 20.6 pixels: no sprite reaches 15 pixels from its
# centre, and no centre of a pixel lies on an outline of the grid, where rounding would decide.
_FIRST, _STEPS = 16.5, 31
_SQUARE = 20.6

_STRETCH = 1.6  # of the ellipse, length to width

# The heart is a square on its tip and a half-disc on each of its upper sides: with sides of 1 it
# has an area of 1 + π/4, and its centroid lies that much above the middle of the square.
_HEART = 1 / math.sqrt(1 + math.pi / 4)
_LIFT = (math.pi / 8 + 1 / 6) / math.sqrt(2) / (1 + math.pi / 4)

_CHUNK = 32  # images drawn together: they fit into a processor's cache


def draw_sprites(factors: ArrayLike) -> NDArray[np.uint8]:
    """Return sprites of any shape, scale, orientation, x and y: white on black, 0 or 255.

    A pixel is white if its centre is inside. At one scale the three shapes have the same area,
    (20.6 · scale)² pixels up to rounding, and their centroids are at x and y. All factors but the
    shape may have values between those of the grid.

    Args:
        factors: shape ``(n, 5)``. Shape: 0 square, 1 ellipse, 2 heart. Scale: 0.5 to 1.
            Orientation: radians in [0, 2π), anticlockwise; it is visible modulo π/2 for a square
            and modulo π for an ellipse.
            x: 0 left to 1 right; y: 0 top to 1 bottom.

    Returns:
        Images of shape ``(n, 1, 64, 64)``.

    Raises:
        UserError: not five factors, or one outside its range.

    >>> int(draw_sprites([[0, 1, 0, 0.5, 0.5]]).astype(bool).sum())
    400
    """
    checked = checked_factors("sprites", _FACTORS, factors)
    images = np.empty((len(checked), 1, _SIDE, _SIDE), dtype=np.uint8)
    for shape, inside in enumerate((_in_square, _in_ellipse, _in_heart)):
        rows = np.flatnonzero(checked[:, 0] == shape)
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            images[chunk, 0] = inside(*_local_axes(checked[chunk])) * np.uint8(255)
    return images


def _local_axes(factors: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the coordinates of all pixels along a sprite's axes, each ``(n, 64, 64)``.

    The origin is the centroid, and the unit the square root of the area.
    """
    scale, orientation, x, y = factors.T[1:, :, None]
    right = (_PIXELS - _FIRST - _STEPS * x) / (_SQUARE * scale)
    up = (_FIRST + _STEPS * y - _PIXELS) / (_SQUARE * scale)
    cos, sin = np.cos(orientation), np.sin(orientation)
    along = (right * cos, up * sin), (-right * sin, up * cos)
    u, v = (
        across.astype(np.float32)[:, None, :] + down.astype(np.float32)[:, :, None]
        for across, down in along
    )
    return u, v


def _in_square(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    return (abs(u) <= 0.5) & (abs(v) <= 0.5)


def _in_ellipse(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether pixels are inside; the long axis is horizontal at orientation 0."""
    return u**2 / _STRETCH + v**2 * _STRETCH <= 1 / math.pi


def _in_heart(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether pixels are inside the square or the two discs on its upper sides."""
    v = v + np.float32(_LIFT * _HEART)
    p, q = (u + v) / math.sqrt(2), (v - u) / math.sqrt(2)  # along the square's sides
    half = _HEART / 2
    square = (abs(p) <= half) & (abs(q) <= half)
    return square | ((p - half) ** 2 + q**2 <= half**2) | (p**2 + (q - half) ** 2 <= half**2)


def _load(request: LoadRequest) -> ImageSet:
    sizes = tuple(len(values) for values in _GRID)
    order = fixed_order(math.prod(sizes))[: sum(_COUNTS.values())]
    test, train = np.split(order, [_COUNTS["test"]])
    indices = np.unravel_index(train if request.split == "train" else test, sizes)
    factors = np.stack([values[k] for values, k in zip(_GRID, indices, strict=True)], axis=1)
    return ImageSet(
        name="sprites",
        split=request.split,
        images=draw_sprites(factors),
        factors=factors,
        factor_names=tuple(_FACTORS),
        factor_types=types_of(_FACTORS),
    )


SOURCE = DataSource(
    name="sprites",
    description="sprites drawn here: 60,000 of dSprites' 737,280 grid points, 64×64, 5 factors",
    load=_load,
    render=draw_sprites,
)
