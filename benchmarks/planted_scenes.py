"""Scenes with known factors, from the project's own data sets, and what each factor may be called.

The names of a factor are the statistics that it means; of a code that moves it alone, every other
name is wrong. A factor that no statistic means, as the digit of a number, has none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from infoeval.data import load
from infoeval.data.chairs import draw_chairs
from infoeval.data.faces import draw_faces
from infoeval.data.sprites import draw_sprites
from infoeval.data.street_numbers import draw_street_numbers

Array = NDArray[np.float64]
Images = NDArray[np.uint8]

TURN = ("slant", "wider than high", "symmetry", "skewness x")
EXTENT = ("size", "area")
LIGHT = ("brightness", "contrast")


@dataclass(frozen=True)
class Drawn:
    """A factor of a scene: its range, and the names that are right for it.

    `kind` is "number", "turn" for an angle that comes round, or the number of its categories.
    """

    low: float
    high: float
    names: tuple[str, ...]
    kind: str | int = "number"

    def of(self, shares: Array) -> Array:
        """Return values for shares in [0, 1)."""
        values = self.low + (self.high - self.low) * shares
        return np.floor(values) if isinstance(self.kind, int) else values


@dataclass(frozen=True)
class Scene:
    """A way to draw images (n, channels, height, width) of factors (n, K) and row numbers (n,)."""

    name: str
    factors: Mapping[str, Drawn]
    draw: Callable[[Array, NDArray[np.intp]], Images]


def _classes(count: int, *names: str) -> Drawn:
    return Drawn(0, count, names, count)


SPRITES = Scene(
    "sprites",
    {
        "shape": _classes(3, "wider than high", "symmetry", "size", "stroke width"),
        "scale": Drawn(0.5, 1, EXTENT),
        "orientation": Drawn(0, 2 * np.pi, TURN, "turn"),
        "x": Drawn(0, 1, ("centroid x",)),
        "y": Drawn(0, 1, ("centroid y",)),
    },
    lambda values, rows: draw_sprites(values),
)
FACES = Scene(
    "faces",
    {
        "azimuth": Drawn(-60, 60, TURN),
        "elevation": Drawn(-30, 30, ("centroid y", "wider than high", "size", "light y")),
        "lighting": Drawn(-80, 80, ("light x", *LIGHT)),
        "width": Drawn(0.85, 1.15, ("wider than high", *EXTENT)),
        "identity": _classes(200, "wider than high", *EXTENT),
    },
    lambda values, rows: draw_faces(values),
)
CHAIRS = Scene(
    "chairs",
    {
        "back": _classes(4, "area", "texture", "stroke width", "centroid y", *LIGHT),
        "legs": _classes(4, "area", "texture", "stroke width", "centroid y", *LIGHT),
        "width": Drawn(0.7, 1.3, ("wider than high", *EXTENT)),
        "rotation": Drawn(0, 360, TURN, "turn"),
    },
    lambda values, rows: draw_chairs(values),
)
HUE = ("red less green", "blue less yellow")
STREET = Scene(
    "street_numbers",
    {
        "digit": _classes(10),
        "left": _classes(11),
        "right": _classes(11),
        "font": _classes(6, "stroke width", "area"),
        "light_digit": _classes(2, *LIGHT),
        "contrast": Drawn(0.3, 0.6, ("contrast",)),
        "wall_hue": Drawn(0, 360, HUE, "turn"),
        "digit_hue": Drawn(0, 360, HUE, "turn"),
        "lighting": Drawn(0.4, 1.2, LIGHT),
    },
    lambda values, rows: _street(values, rows),
)


def _street(values: Array, rows: NDArray[np.intp]) -> Images:
    """Street numbers whose own dirt follows the row number, not the place in the batch."""
    images = np.empty((len(values), 3, 32, 32), np.uint8)
    for row in np.unique(rows):
        here = rows == row
        for place in np.flatnonzero(here):
            images[place] = draw_street_numbers(values[place : place + 1], int(row))[0]
    return images


@cache
def _digits() -> tuple[Images, NDArray[np.intp], Array]:
    """Images, labels and, within each label, the ranks of slant, width and ink as shares."""
    found = load("digits_16")
    assert found.labels is not None
    assert found.factors is not None
    ranks = np.empty_like(found.factors)
    for label in range(10):
        rows = found.labels == label
        order = found.factors[rows].argsort(axis=0).argsort(axis=0)
        ranks[rows] = order / rows.sum()
    return found.images, found.labels.astype(np.intp), ranks


def _nearest(values: Array, rows: NDArray[np.intp]) -> Images:
    """Return the image of each label whose ranks are nearest to those wanted."""
    images, labels, ranks = _digits()
    found = np.empty(len(values), np.intp)
    for label in range(10):
        mine = np.flatnonzero(values[:, 3] == label)
        among = np.flatnonzero(labels == label)
        apart = ((values[mine, None, :3] - ranks[None, among]) ** 2).sum(axis=2)
        found[mine] = among[apart.argmin(axis=1)]
    return images[found]


LOOKED_UP = Scene(
    "digits_16",
    {
        "slant": Drawn(0, 1, ("slant",)),
        "width": Drawn(0, 1, ("wider than high", "size")),
        "ink": Drawn(0, 1, ("area", "stroke width", *LIGHT)),
        "digit": _classes(10),
    },
    _nearest,
)
SIDE = 32


def _edited(values: Array, rows: NDArray[np.intp]) -> Images:
    """Return written digits, 32×32 and grey, moved, turned, thickened, dimmed and so on."""
    images = _digits()[0]
    found = np.empty((len(values), 1, SIDE, SIDE), np.uint8)
    for place, (row, value) in enumerate(zip(rows, values, strict=True)):
        turn, slant, size, aspect, x, y, width, light, blur, grain = value
        turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        sheared = np.array([[1, 0], [slant, 1]])  # (y, x): x moves by slant for each pixel down
        stretched = np.diag([size / aspect, size * aspect])
        back = np.linalg.inv(turned @ sheared @ stretched)
        middle = np.array([(SIDE - 1) / 2 + y, (SIDE - 1) / 2 + x])
        image = ndimage.affine_transform(
            images[row % len(images), 0] / 255.0, back, 7.5 - back @ middle, (SIDE, SIDE), order=1
        )
        inked = 1 / (1 + np.exp(-(ndimage.gaussian_filter(image, 1.0) - width) / 0.04))
        inked = ndimage.gaussian_filter(inked, blur) if blur > 0.05 else inked
        dirt = np.random.default_rng(row).normal(size=(SIDE, SIDE))
        found[place, 0] = (255 * (0.1 + light * inked + grain * dirt)).clip(0, 255).round()
    return found


EDITED = Scene(
    "edited digits",
    {
        "turn": Drawn(-0.6, 0.6, TURN),
        "slant": Drawn(-0.6, 0.6, ("slant",)),
        "size": Drawn(0.7, 1.3, EXTENT),
        "aspect": Drawn(0.75, 1.3, ("wider than high",)),
        "x": Drawn(-5, 5, ("centroid x",)),
        "y": Drawn(-5, 5, ("centroid y",)),
        "stroke width": Drawn(0.5, 0.15, ("stroke width", "area")),
        "brightness": Drawn(0.3, 0.9, LIGHT),
        "blur": Drawn(0, 2, ("sharpness",)),
        "grain": Drawn(0, 0.08, ("texture",)),
    },
    _edited,
)


@cache
def _photographs() -> Images:
    """Return 300 street numbers of random factors, which are edited further."""
    random = np.random.default_rng(5)
    values = np.stack([f.of(random.random(300)) for f in STREET.factors.values()], axis=1)
    return draw_street_numbers(values)


def _recoloured(values: Array, rows: NDArray[np.intp]) -> Images:
    """Return street numbers, lit, coloured, blurred and made symmetric."""
    pixels = _photographs()[rows % 300].astype(float) / 255
    light, saturation, hue, contrast, blur, mirrored, grain = values.T[:, :, None, None, None]
    pixels = (1 - mirrored) * pixels + mirrored * pixels[..., ::-1]
    grey = pixels.mean(axis=1, keepdims=True)
    middle = grey.mean(axis=(2, 3), keepdims=True)
    angle = hue[:, :, 0]
    # Colours less grey, turned about the grey axis.
    axes = np.array([[1, -1, 0], [1, 1, -2]]) / np.array([[np.sqrt(2)], [np.sqrt(6)]])
    chroma = np.einsum("kc,nchw->nkhw", axes, pixels - grey)
    first, second = chroma[:, 0], chroma[:, 1]
    turned = np.stack(
        [
            first * np.cos(angle) - second * np.sin(angle) + 0.12 * np.cos(angle),
            first * np.sin(angle) + second * np.cos(angle) + 0.12 * np.sin(angle),
        ],
        axis=1,
    )
    coloured = middle + contrast * (grey - middle)
    coloured = coloured + saturation * np.einsum("kc,nkhw->nchw", axes, turned)
    for place, width in enumerate(blur.ravel()):
        if width > 0.05:
            coloured[place] = ndimage.gaussian_filter(coloured[place], (0, width, width))
    dirt = np.stack([np.random.default_rng(row).normal(size=(1, 32, 32)) for row in rows])
    images: Images = (255 * (light * coloured + grain * dirt)).clip(0, 255).round().astype(np.uint8)
    return images


RECOLOURED = Scene(
    "edited street numbers",
    {
        "light": Drawn(0.4, 1.1, LIGHT),
        "saturation": Drawn(0.2, 1.5, ("saturation",)),
        "hue": Drawn(0, 2 * np.pi, HUE, "turn"),
        "contrast": Drawn(0.4, 1.4, ("contrast",)),
        "blur": Drawn(0, 2, ("sharpness",)),
        "mirrored": Drawn(0, 0.5, ("symmetry",)),
        "grain": Drawn(0, 0.1, ("texture",)),
    },
    _recoloured,
)


def _outlined(values: Array, rows: NDArray[np.intp]) -> Images:
    """Return outlines of an ellipse, a box or a diamond in colour, 40x40."""
    del rows
    kind, x, y, size, aspect, turn, line, hue, saturation, light = values.T[:, :, None, None]
    down, across = np.mgrid[:40, :40] - 19.5
    right, below = across - x, down - y
    along = (right * np.cos(turn) + below * np.sin(turn)) / (size * aspect)
    beside = (below * np.cos(turn) - right * np.sin(turn)) / (size / aspect)
    u, v = np.abs(along), np.abs(beside)
    radius = np.choose(kind.astype(int), [np.hypot(u, v), np.maximum(u, v), (u + v) / 1.2])
    ink = 1 / (1 + np.exp((np.abs(radius - 1) * size - line / 2) / 0.3))
    angles = hue[:, None] + 2 * np.pi * np.array([0, 1, 2])[None, :, None, None] / 3
    colour = light[:, None] * (1 + 0.5 * saturation[:, None] * np.cos(angles)) / 1.5
    images: Images = (255 * (0.05 + 0.95 * ink[:, None] * colour)).round().astype(np.uint8)
    return images


OUTLINED = Scene(
    "coloured outlines",
    {
        "kind": _classes(3, "symmetry"),
        "x": Drawn(-6, 6, ("centroid x",)),
        "y": Drawn(-6, 6, ("centroid y",)),
        "size": Drawn(6, 11, EXTENT),
        "aspect": Drawn(0.75, 1.3, ("wider than high",)),
        "turn": Drawn(-0.7, 0.7, TURN),
        "line": Drawn(1.5, 4.5, ("stroke width", "area")),
        "hue": Drawn(0, 2 * np.pi, HUE, "turn"),
        "saturation": Drawn(0, 1, ("saturation",)),
        "light": Drawn(0.4, 1, LIGHT),
    },
    _outlined,
)


@cache
def _heads() -> Images:
    """Return 120 faces of random factors, which are edited further."""
    random = np.random.default_rng(6)
    return draw_faces(np.stack([f.of(random.random(120)) for f in FACES.factors.values()], axis=1))


def _edited_heads(values: Array, rows: NDArray[np.intp]) -> Images:
    """Return faces, moved, enlarged, turned, stretched, dimmed, tinted and grained."""
    found = np.empty((len(values), 3, SIDE, SIDE), np.uint8)
    for place, (row, value) in enumerate(zip(rows, values, strict=True)):
        x, y, size, turn, aspect, light, hue, blur, grain = value
        turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        back = np.linalg.inv(turned @ np.diag([size / aspect, size * aspect]))
        middle = np.array([(SIDE - 1) / 2 + y, (SIDE - 1) / 2 + x])
        image = ndimage.affine_transform(
            _heads()[row % 120, 0] / 255.0, back, 15.5 - back @ middle, (SIDE, SIDE), order=1
        )
        image = ndimage.gaussian_filter(image, blur) if blur > 0.05 else image
        image = image + grain * np.random.default_rng(row).normal(size=(SIDE, SIDE))
        tint = 1 + 0.3 * np.cos(hue + 2 * np.pi * np.arange(3) / 3)
        pixels = light * tint[:, None, None] / 1.3 * image + 0.05
        found[place] = (255 * pixels).clip(0, 255).round()
    return found


HEADS = Scene(
    "edited faces",
    {
        "x": Drawn(-4, 4, ("centroid x",)),
        "y": Drawn(-4, 4, ("centroid y",)),
        "size": Drawn(0.5, 0.9, EXTENT),
        "turn": Drawn(-0.7, 0.7, TURN),
        "aspect": Drawn(0.75, 1.3, ("wider than high",)),
        "light": Drawn(0.4, 1, LIGHT),
        "hue": Drawn(0, 2 * np.pi, HUE, "turn"),
        "blur": Drawn(0, 2, ("sharpness",)),
        "grain": Drawn(0, 0.1, ("texture",)),
    },
    _edited_heads,
)
CHOSEN_ON = (SPRITES, LOOKED_UP, EDITED, RECOLOURED, STREET, CHAIRS, FACES)
"""Scenes on whose codes, of seed 1, the thresholds of names were chosen."""
UNSEEN = (OUTLINED, HEADS)
"""Scenes drawn only after that."""
