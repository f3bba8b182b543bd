"""Painting of street numbers: glyphs, wall, light and sensor.

A digit is stored as a table of signed distances to its outline, computed once for each font from
the glyph that Pillow draws. The coverage of a pixel, however the digit is rotated, slanted, scaled
or out of focus, then costs one interpolation.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from infoeval.data.rendering.factors import uniform

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
)
"""The six fonts that come with matplotlib."""

NONE = 10
"""The glyph index of an empty place."""

SIDE = 32

Array = NDArray[np.float64]

_SEED = 2011  # Another seed would be another data set.

# Size in which the glyphs of a font are drawn, and side of the square around them.
_POINTS, _SQUARE = 128, 160
_FAR = -1000.0  # signed distance where there is no glyph

_CHUNK = 64  # images painted together

# Ranges of what varies without being a factor.
_NUISANCES = {
    "height": (17.0, 23.0),  # of a digit, in pixels
    "stretch": (0.78, 1.0),  # of the width, relative to the font
    "spacing": (0.94, 1.08),  # between neighbours, relative to the font
    "turn": (-0.14, 0.14),  # rotation of the number, in radians
    "slant": (-0.08, 0.2),
    "x": (-1.2, 1.2),  # of the centre, in pixels
    "y": (-1.2, 1.2),
    "focus": (1.0, 2.2),  # width of an edge, in pixels
    "middle": (0.47, 0.53),  # lightness halfway between digit and wall
    "gradient": (0.0, 0.3),  # of the light, from one side to the other
    "direction": (0.0, 2 * np.pi),  # from which it falls
    "plate": (-0.12, 0.12),  # lightness above and below the plate, relative to the plate
    "plate_height": (1.25, 1.9),  # of the plate, relative to the digit
    "noise": (1.0, 8.0),  # standard deviation, in levels of 255
}
_TEXTURE, _UNEVEN = 5, 0.045  # grid points a side, and amplitude, of the wall's texture
_CHROMA = 0.1  # distance of the channels from grey


@dataclass(frozen=True)
class Scene:
    """Contents of images; every field has shape ``(n,)`` unless stated.

    Args:
        glyphs: left, centre and right: digits 0 to 9, or ``NONE``; shape ``(n, 3)``.
        font: index in ``FONTS``.
        light_digit: 1 for a digit lighter than the wall, 0 for a darker one.
        contrast: difference of lightness between digit and wall, 0 to 1.
        wall_hue, digit_hue: radians; 0 is red.
        lighting: factor by which colours are multiplied.
    """

    glyphs: NDArray[np.intp]
    font: NDArray[np.intp]
    light_digit: NDArray[np.intp]
    contrast: Array
    wall_hue: Array
    digit_hue: Array
    lighting: Array


def paint(scene: Scene, first_row: int) -> NDArray[np.uint8]:
    """Return the images ``(n, 3, 32, 32)`` of a scene.

    Nuisances and noise are those of rows ``first_row``, ``first_row + 1``, ...: they depend on
    the row's number alone.
    """
    images = np.empty((len(scene.font), 3, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, len(images), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(images)))
        chunk = Scene(**{name: values[rows] for name, values in vars(scene).items()})
        images[rows] = _paint_chunk(chunk, range(first_row + rows.start, first_row + rows.stop))
    return images


def _paint_chunk(scene: Scene, rows: range) -> NDArray[np.uint8]:
    nuisances, texture, noise = _nuisances(rows)
    coordinates = _coordinates(nuisances)
    coverage = _coverage(scene, nuisances, coordinates)[:, None]
    half = np.where(scene.light_digit == 1, -0.5, 0.5) * scene.contrast
    digit = _colour(nuisances["middle"] - half, scene.digit_hue)
    wall = _colour(nuisances["middle"] + half, scene.wall_hue)
    surface = wall + (_surface(texture) + _around_plate(nuisances, coordinates))[:, None]
    light = scene.lighting[:, None, None] * _light(nuisances)
    colours = (surface * (1 - coverage) + digit * coverage) * light[:, None]
    levels = 255 * colours + nuisances["noise"][:, None, None, None] * noise
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _nuisances(rows: range) -> tuple[dict[str, Array], Array, Array]:
    """Return nuisances of each row, the wall's texture in [-1, 1], and noise of deviation 1.

    A value of the noise is the sum of four bytes of raw words, which is close enough to normal.
    """
    plain = len(_NUISANCES) + _TEXTURE**2
    noisy = 3 * SIDE**2 // 2
    words = np.stack(
        [np.random.PCG64([_SEED, row]).random_raw(plain + noisy) for row in rows]
    ).astype("<u8")
    numbers = uniform(words[:, :plain])
    nuisances = {
        name: low + (high - low) * numbers[:, k]
        for k, (name, (low, high)) in enumerate(_NUISANCES.items())
    }
    texture = 2 * numbers[:, len(_NUISANCES) :].reshape(-1, _TEXTURE, _TEXTURE) - 1
    sums = np.ascontiguousarray(words[:, plain:]).view(np.uint8).reshape(-1, 4).sum(axis=1)
    noise = (sums - 4 * 127.5) / np.sqrt(4 * (256**2 - 1) / 12)
    return nuisances, texture, noise.reshape(-1, 3, SIDE, SIDE)


def _coordinates(nuisances: dict[str, Array]) -> tuple[Array, Array]:
    """Return the pixels' coordinates along and below the line of digits, from its centre."""
    grid = np.arange(SIDE) - (SIDE - 1) / 2
    x = grid[None, None, :] - nuisances["x"][:, None, None]
    y = grid[None, :, None] - nuisances["y"][:, None, None]
    cos, sin = (f(nuisances["turn"])[:, None, None] for f in (np.cos, np.sin))
    return x * cos + y * sin, y * cos - x * sin


def _coverage(scene: Scene, nuisances: dict[str, Array], coordinates: tuple[Array, Array]) -> Array:
    """Return the share of each pixel that the digits cover, ``(n, 32, 32)``."""
    from scipy import ndimage  # slow to import, and the catalogue of data sets does not need it

    tables, heights, advances = _glyphs()
    along, below = coordinates
    unit = (heights[scene.font] / nuisances["height"])[:, None, None]  # of the table, in a pixel
    row = below * unit
    column = along * unit / nuisances["stretch"][:, None, None]
    column += nuisances["slant"][:, None, None] * row
    step = (advances[scene.font] * nuisances["spacing"])[:, None, None]
    middle = (_SQUARE - 1) / 2
    distances = np.full(along.shape, _FAR)
    for side, glyph in zip((-1, 0, 1), scene.glyphs.T, strict=True):
        table = np.broadcast_to((scene.font * (NONE + 1) + glyph)[:, None, None], along.shape)
        where = np.stack([table, middle + row, middle + column - side * step])
        interpolated = ndimage.map_coordinates(tables, where, order=1, mode="nearest")
        distances = np.maximum(distances, interpolated)
    return np.clip(0.5 + distances / unit / nuisances["focus"][:, None, None], 0, 1)


def _colour(lightness: Array, hue: Array) -> Array:
    """Return colours ``(n, 3, 1, 1)`` whose channels have the mean ``lightness``."""
    channels = np.cos(hue[:, None] - 2 * np.pi * np.arange(3) / 3)
    return (lightness[:, None] + _CHROMA * channels)[:, :, None, None]


def _surface(texture: Array) -> Array:
    """Return the contribution of the wall's texture to its lightness, ``(n, 32, 32)``."""
    between = np.linspace(0, _TEXTURE - 1, SIDE)[:, None] - np.arange(_TEXTURE)
    spread = np.maximum(0, 1 - abs(between))
    smooth: Array = _UNEVEN * (spread @ texture @ spread.T)
    return smooth


def _around_plate(nuisances: dict[str, Array], coordinates: tuple[Array, Array]) -> Array:
    """Return the extra lightness of the wall above and below the plate, ``(n, 32, 32)``."""
    edge = (nuisances["height"] * nuisances["plate_height"] / 2)[:, None, None]
    outside = np.clip(abs(coordinates[1]) - edge + 0.5, 0, 1)
    return np.asarray(nuisances["plate"][:, None, None] * outside)


def _light(nuisances: dict[str, Array]) -> Array:
    """Return light of mean 1 from one side, ``(n, 32, 32)``."""
    grid = np.linspace(-0.5, 0.5, SIDE)
    angle = nuisances["direction"][:, None, None]
    slope = np.cos(angle) * grid[None, None, :] + np.sin(angle) * grid[None, :, None]
    return np.asarray(1 + nuisances["gradient"][:, None, None] * slope)


@lru_cache(maxsize=1)
def _masks() -> tuple[NDArray[np.bool_], Array, Array]:
    """Return pixels ``(fonts, glyphs, side, side)``, and the fonts' digit heights and advances."""
    import matplotlib

    masks = np.zeros((len(FONTS), NONE + 1, _SQUARE, _SQUARE), dtype=bool)
    heights, advances = np.empty(len(FONTS)), np.empty(len(FONTS))
    for k, name in enumerate(FONTS):
        path = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")
        font = ImageFont.truetype(path, _POINTS, layout_engine=ImageFont.Layout.BASIC)
        top = font.getbbox("1", anchor="ms")[1]
        heights[k], advances[k] = -top, font.getlength("0")
        for digit in range(10):
            canvas = Image.new("L", (_SQUARE, _SQUARE))
            place = (_SQUARE / 2, (_SQUARE - top) / 2)
            ImageDraw.Draw(canvas).text(place, str(digit), fill=255, font=font, anchor="ms")
            masks[k, digit] = np.asarray(canvas) > 127
    return masks, heights, advances


@lru_cache(maxsize=1)
def _glyphs() -> tuple[NDArray[np.float32], Array, Array]:
    """Return signed distances to the outlines, positive inside; and heights and advances."""
    from scipy import ndimage

    masks, heights, advances = _masks()
    tables = np.full(masks.shape, _FAR, dtype=np.float32)
    for place in np.ndindex(len(FONTS), NONE):
        inside = masks[place]
        tables[place] = ndimage.distance_transform_edt(inside)
        tables[place] -= ndimage.distance_transform_edt(~inside)
    return tables.reshape(-1, _SQUARE, _SQUARE), heights, advances


def glyph_hash() -> str:
    """Return the SHA-256 of the digits as this machine's Pillow and matplotlib draw them."""
    masks, heights, advances = _masks()
    content = np.packbits(masks).tobytes() + heights.tobytes() + advances.tobytes()
    return hashlib.sha256(content).hexdigest()
