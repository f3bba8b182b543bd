"""Street numbers in SVHN's manner, with known factors, drawn here: a stand-in for SVHN."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.image_set import ImageSet
from infoeval.data.rendering.factor_ranges import Kind, Range, checked_factors
from infoeval.data.rendering.street_drawing import (
    FONTS,
    NONE,
    SIDE,
    Scene,
    glyph_hash,
    paint,
    uniform,
)
from infoeval.data.source import Request, Source

__all__ = ["STREET_NUMBERS", "draw_street_numbers"]

_KINDS: dict[str, Kind] = {"discrete": "whole", "continuous": "any", "periodic:360": "angle"}

# Of each factor the type, and the least and the most value; a hue of 360 is that of 0.
_FACTORS = {
    "digit": ("discrete", 0, 9),
    "left": ("discrete", 0, NONE),
    "right": ("discrete", 0, NONE),
    "font": ("discrete", 0, len(FONTS) - 1),
    "light_digit": ("discrete", 0, 1),
    "contrast": ("continuous", 0.3, 0.6),
    "wall_hue": ("periodic:360", 0, 360),
    "digit_hue": ("periodic:360", 0, 360),
    "lighting": ("continuous", 0.4, 1.2),
}
_NAMES = tuple(_FACTORS)
_TYPES = tuple(kind for kind, _, _ in _FACTORS.values())
_RANGES = {name: Range(low, high, _KINDS[kind]) for name, (kind, low, high) in _FACTORS.items()}

_COUNTS = {"train": 30_000, "test": 6_000}
_ALONE = 0.3  # how often there is no digit on one side
_SEED = 1612  # fixed for good: another seed would be another data set
_VERSION = 1  # of the drawing: one that draws anything else has another
_CHUNK = 1000


def draw_street_numbers(factors: ArrayLike, first_row: int = 0) -> NDArray[np.uint8]:
    """Draw crops of street numbers, RGB, a whole digit in the centre and parts of its neighbours.

    Size, place, turn, slant, focus, the wall's surface, the direction of the light and the
    sensor's noise differ from row to row. They depend on nothing but the row's number, so two
    calls that differ in a factor show what that factor does and nothing else.

    The pictures are the same on every machine where Pillow draws the same glyphs from matplotlib's
    fonts, but for a level of 255 here and there that rounding decides.

    Args:
        factors: shape ``(n, 9)``. Digit: 0 to 9. Left and right: the neighbours, 0 to 9, or 10 for
            none. Font: 0 to 5, DejaVu Sans, Serif and Mono, each plain and bold. Light digit: 0 for
            a dark digit on a light wall, 1 for a light one on a dark wall. Contrast: the difference
            of lightness between digit and wall, 0.3 to 0.6. Wall hue and digit hue: degrees in
            [0, 360), 0 is red. Lighting: what the light multiplies all colours by, 0.4 to 1.2.
        first_row: the first row's number.

    Returns:
        Images of shape ``(n, 3, 32, 32)``.

    Raises:
        UserError: not nine factors, or one outside its range.

    >>> draw_street_numbers([[7, 1, 10, 0, 1, 0.5, 30, 200, 1]]).shape
    (1, 3, 32, 32)

    """
    checked = checked_factors("street_numbers", _RANGES, factors)
    column = dict(zip(_NAMES, checked.T, strict=True))
    scene = Scene(
        glyphs=np.stack([column[name] for name in ("left", "digit", "right")], 1).astype(np.intp),
        font=column["font"].astype(np.intp),
        light_digit=column["light_digit"].astype(np.intp),
        contrast=column["contrast"],
        wall_hue=np.radians(column["wall_hue"]),
        digit_hue=np.radians(column["digit_hue"]),
        lighting=column["lighting"],
    )
    return paint(scene, first_row)


def _chosen_factors() -> NDArray[np.float64]:
    """Return the factors of all images, training images first; each is independent of the others.

    All values of a factor are equally likely, but that a side is left empty more often.
    """
    n = sum(_COUNTS.values())
    words = np.random.PCG64(_SEED).random_raw(n * len(_NAMES))
    numbers = uniform(words).reshape(n, -1)
    factors = np.empty_like(numbers)
    for k, (name, (kind, least, most)) in enumerate(_FACTORS.items()):
        if name in ("left", "right"):
            occupied = np.floor(10 * (numbers[:, k] - _ALONE) / (1 - _ALONE))
            factors[:, k] = np.where(numbers[:, k] < _ALONE, NONE, occupied)
        elif kind == "discrete":
            factors[:, k] = least + np.floor((most - least + 1) * numbers[:, k])
        else:
            factors[:, k] = least + (most - least) * numbers[:, k]
    return factors


def _load(request: Request) -> ImageSet:
    count, split = _COUNTS[request.split], request.split
    first = 0 if split == "train" else _COUNTS["train"]
    factors = _chosen_factors()[first : first + count]

    def build(writer: Writer) -> None:
        images = writer.create("images", (count, 3, SIDE, SIDE), np.uint8)
        for start in range(0, count, _CHUNK):
            rows = slice(start, start + _CHUNK)
            images[rows] = draw_street_numbers(factors[rows], first + start)
            writer.advance(min(start + _CHUNK, count), count)

    recipe = {"version": _VERSION, "glyphs": glyph_hash(), "first": first, "count": count}
    return ImageSet(
        name="street_numbers",
        split=split,
        images=prepared("street_numbers", recipe, build)["images"],
        labels=factors[:, 0].astype(np.int64),
        label_names=tuple("0123456789"),
        factors=factors,
        factor_names=_NAMES,
        factor_types=_TYPES,
    )


STREET_NUMBERS = Source(
    name="street_numbers",
    description="street numbers drawn here: 36,000 crops in SVHN's manner, 32×32 RGB, 9 factors",
    where=lambda root: "drawn on demand",
    present=lambda root: True,
    what_to_do=lambda root: "nothing: they are drawn",
    load=_load,
    render=draw_street_numbers,
)
