"""How the drawn street numbers are painted: glyphs, wall, light and sensor.

A digit is kept as a table of signed distances to its outline, made once for each font from what
Pillow draws; an image looks its pixels up there. So a pixel's cover, however the digit is turned,
slanted, scaled or out of focus, costs one interpolation.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["FONTS", "NONE", "SIDE", "Scene", "glyph_hash", "paint", "uniform"]

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
)
"""The six fonts, which matplotlib brings."""

NONE = 10
"""What stands for no digit at all."""

SIDE = 32

Array = NDArray[np.float64]

_SEED = 2011  # fixed for good: another seed would be another data set

# Glyphs: the size in which a font is drawn, and the square around the digit.
_POINTS, _SQUARE = 128, 160
_FAR = -1000.0  # the distance that stands where there is no glyph

_CHUNK = 64  # images painted together

# What varies without being a factor: of each the least and the most.
_NUISANCES = {
    "height": (17.0, 23.0),  # of a digit, in pixels
    "stretch": (0.78, 1.0),  # width to height, of the font's own
    "spacing": (0.94, 1.08),  # between neighbours, of the font's own
    "turn": (-0.14, 0.14),  # of the number, in radians
    "slant": (-0.08, 0.2),
    "x": (-1.2, 1.2),  # of the centre, in pixels
    "y": (-1.2, 1.2),
    "focus": (1.0, 2.2),  # width of an edge, in pixels
    "middle": (0.47, 0.53),  # lightness halfway between digit and wall
    "gradient": (0.0, 0.3),  # of the light, from one side to the other
    "direction": (0.0, 2 * np.pi),  # from which it falls
    "plate": (-0.12, 0.12),  # lightness of what is above and below the plate, against the plate
    "plate_height": (1.25, 1.9),  # of the plate, to the digit's
    "noise": (1.0, 8.0),  # standard deviation, in levels of 255
}
_TEXTURE, _UNEVEN = 5, 0.045  # squares a side, and lightness, of the wall's uneven surface
_CHROMA = 0.1  # how far the channels lie from grey


@dataclass(frozen=True)
class Scene:
    """What is in the pictures; every field has shape ``(n,)``.

    Args:
        glyphs: left, centre and right: digits 0 to 9, or ``NONE``; shape ``(n, 3)``.
        font: index in ``FONTS``.
        light_digit: 1 for a digit lighter than the wall, 0 for a darker one.
        contrast: difference of lightness between digit and wall, 0 to 1.
        wall_hue, digit_hue: radians; 0 is red.
        lighting: what the light multiplies the colours by.

    """

    glyphs: NDArray[np.intp]
    font: NDArray[np.intp]
    light_digit: NDArray[np.intp]
    contrast: Array
    wall_hue: Array
    digit_hue: Array
    lighting: Array


def uniform(words: NDArray[np.uint64]) -> Array:
    """Turn raw 64-bit words into numbers in [0, 1).

    >>> uniform(np.array([0, 2**63], dtype=np.uint64)).tolist()
    [0.0, 0.5]
    """
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def paint(scene: Scene, first_row: int) -> NDArray[np.uint8]:
    """Paint the images ``(n, 3, 32, 32)`` of a scene.

    Nuisances and noise are those of rows ``first_row``, ``first_row + 1``, ...: they depend on
    nothing but the row's number.
    """
    images = np.empty((len(scene.font), 3, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, len(images), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(images)))
        chunk = Scene(**{name: values[rows] for name, values in vars(scene).items()})
        images[rows] = _paint_chunk(chunk, range(first_row + rows.start, first_row + rows.stop))
    return images


def _paint_chunk(scene: Scene, rows: range) -> NDArray[np.uint8]:
    nuisances, texture, noise = _chance(rows)
    places = _places(nuisances)
    cover = _cover(scene, nuisances, places)[:, None]
    half = np.where(scene.light_digit == 1, -0.5, 0.5) * scene.contrast
    digit = _colour(nuisances["middle"] - half, scene.digit_hue)
    wall = _colour(nuisances["middle"] + half, scene.wall_hue)
    surface = wall + (_surface(texture) + _around_plate(nuisances, places))[:, None]
    light = scene.lighting[:, None, None] * _light(nuisances)
    colours = (surface * (1 - cover) + digit * cover) * light[:, None]
    levels = 255 * colours + nuisances["noise"][:, None, None, None] * noise
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _chance(rows: range) -> tuple[dict[str, Array], Array, Array]:
    """Return the nuisances of each row, the wall's texture in -1..1, and noise of deviation 1.

    All of it comes from raw words of PCG64, whose stream numpy promises not to change. A value of
    the noise is the sum of four of their bytes, which is near enough to normal.
    """
    plain = len(_NUISANCES) + _TEXTURE**2
    noisy = 3 * SIDE**2 // 2
    words = np.stack(
        [np.random.PCG64([_SEED, row]).random_raw(plain + noisy) for row in rows]
    ).astype("<u8")
    numbers = uniform(words[:, :plain])
    nuisances = {
        name: least + (most - least) * numbers[:, k]
        for k, (name, (least, most)) in enumerate(_NUISANCES.items())
    }
    texture = 2 * numbers[:, len(_NUISANCES) :].reshape(-1, _TEXTURE, _TEXTURE) - 1
    sums = np.ascontiguousarray(words[:, plain:]).view(np.uint8).reshape(-1, 4).sum(axis=1)
    noise = (sums - 4 * 127.5) / np.sqrt(4 * (256**2 - 1) / 12)
    return nuisances, texture, noise.reshape(-1, 3, SIDE, SIDE)


def _places(nuisances: dict[str, Array]) -> tuple[Array, Array]:
    """Return where the pixels lie along and below the number's line, in pixels from its centre."""
    grid = np.arange(SIDE) - (SIDE - 1) / 2
    x = grid[None, None, :] - nuisances["x"][:, None, None]
    y = grid[None, :, None] - nuisances["y"][:, None, None]
    cos, sin = (f(nuisances["turn"])[:, None, None] for f in (np.cos, np.sin))
    return x * cos + y * sin, y * cos - x * sin


def _cover(scene: Scene, nuisances: dict[str, Array], places: tuple[Array, Array]) -> Array:
    """Return how much of each pixel the digits cover, ``(n, 32, 32)``."""
    from scipy import ndimage  # slow to import, and the catalogue of data sets needs none of it

    tables, heights, advances = _glyphs()
    along, below = places
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
        looked_up = ndimage.map_coordinates(tables, where, order=1, mode="nearest")
        distances = np.maximum(distances, looked_up)
    return np.clip(0.5 + distances / unit / nuisances["focus"][:, None, None], 0, 1)


def _colour(lightness: Array, hue: Array) -> Array:
    """Return colours ``(n, 3, 1, 1)`` whose channels have the mean ``lightness``."""
    channels = np.cos(hue[:, None] - 2 * np.pi * np.arange(3) / 3)
    return (lightness[:, None] + _CHROMA * channels)[:, :, None, None]


def _surface(texture: Array) -> Array:
    """Return what the wall's unevenness adds to its lightness, ``(n, 32, 32)``."""
    between = np.linspace(0, _TEXTURE - 1, SIDE)[:, None] - np.arange(_TEXTURE)
    spread = np.maximum(0, 1 - abs(between))
    smooth: Array = _UNEVEN * (spread @ texture @ spread.T)
    return smooth


def _around_plate(nuisances: dict[str, Array], places: tuple[Array, Array]) -> Array:
    """Return what the wall above and below the number's plate adds, ``(n, 32, 32)``."""
    edge = (nuisances["height"] * nuisances["plate_height"] / 2)[:, None, None]
    outside = np.clip(abs(places[1]) - edge + 0.5, 0, 1)
    return np.asarray(nuisances["plate"][:, None, None] * outside)


def _light(nuisances: dict[str, Array]) -> Array:
    """Return light of mean 1 that falls from one side, ``(n, 32, 32)``."""
    grid = np.linspace(-0.5, 0.5, SIDE)
    angle = nuisances["direction"][:, None, None]
    slope = np.cos(angle) * grid[None, None, :] + np.sin(angle) * grid[None, :, None]
    return np.asarray(1 + nuisances["gradient"][:, None, None] * slope)


@lru_cache(maxsize=1)
def _masks() -> tuple[NDArray[np.bool_], Array, Array]:
    """Draw every digit of every font; return also the fonts' heights of digits and advances."""
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
    """Return signed distances to the outlines, positive inside, and the fonts' measures."""
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
