"""Street numbers in the style of SVHN, with known factors, drawn here: a stand-in for SVHN."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.image_set import ImageSet
from infoeval.data.rendering.factors import (
    Factor,
    checked_factors,
    types_of,
    uniform,
    uniform_factors,
)
from infoeval.data.rendering.street_drawing import FONTS, NONE, SIDE, Scene, glyph_hash, paint
from infoeval.data.source import DataSource, LoadRequest

_FACTORS = {
    "digit": Factor("discrete", 0, 9),
    "left": Factor("discrete", 0, NONE),
    "right": Factor("discrete", 0, NONE),
    "font": Factor("discrete", 0, len(FONTS) - 1),
    "light_digit": Factor("discrete", 0, 1),
    "contrast": Factor("continuous", 0.3, 0.6),
    "wall_hue": Factor("periodic:360", 0, 360),
    "digit_hue": Factor("periodic:360", 0, 360),
    "lighting": Factor("continuous", 0.4, 1.2),
}

_COUNTS = {"train": 30_000, "test": 6_000}
_ALONE = 0.3  # probability of no digit on a side
_SEED = 1612  # Another seed would be another data set.
_VERSION = 1  # of the drawn images: another version has them drawn again
_CHUNK = 1000


def draw_street_numbers(factors: ArrayLike, first_row: int = 0) -> NDArray[np.uint8]:
    """Return crops of street numbers, RGB: a whole digit in the centre, parts of its neighbours.

    Size, position, rotation, slant, focus, the wall's texture, the direction of the light and the
    sensor's noise differ from row to row. They depend on the row's number alone, so two calls that
    differ in one factor show the effect of that factor and nothing else.

    The images are the same on every machine where Pillow draws the same glyphs from matplotlib's
    fonts, apart from single grey levels that depend on rounding.

    Args:
        factors: shape ``(n, 9)``. Digit: 0 to 9. Left and right: the neighbours, 0 to 9, or 10 for
            none. Font: 0 to 5, DejaVu Sans, Serif and Mono, each plain and bold. Light digit: 0 for
            a dark digit on a light wall, 1 for a light one on a dark wall. Contrast: the difference
            of lightness between digit and wall, 0.3 to 0.6. Wall hue and digit hue: degrees in
            [0, 360), 0 is red. Lighting: the factor by which all colours are multiplied, 0.4 to
            1.2.
        first_row: the first row's number.

    Returns:
        Images of shape ``(n, 3, 32, 32)``.

    Raises:
        UserError: not nine factors, or one outside its range.

    >>> draw_street_numbers([[7, 1, 10, 0, 1, 0.5, 30, 200, 1]]).shape
    (1, 3, 32, 32)
    """
    checked = checked_factors("street_numbers", _FACTORS, factors)
    column = dict(zip(_FACTORS, checked.T, strict=True))
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
    """Return the factors of all images, training images first.

    They are independent, and all values of a factor are equally likely, except that a side is
    empty more often.
    """
    n = sum(_COUNTS.values())
    words = np.random.PCG64(_SEED).random_raw(n * len(_FACTORS))
    numbers = uniform(words).reshape(n, -1)
    factors = uniform_factors(_FACTORS, numbers)
    for k in (list(_FACTORS).index(side) for side in ("left", "right")):
        occupied = np.floor(10 * (numbers[:, k] - _ALONE) / (1 - _ALONE))
        factors[:, k] = np.where(numbers[:, k] < _ALONE, NONE, occupied)
    return factors


def _load(request: LoadRequest) -> ImageSet:
    count, split = _COUNTS[request.split], request.split
    first = 0 if split == "train" else _COUNTS["train"]
    factors = _chosen_factors()[first : first + count]

    def build(writer: Writer) -> None:
        starts = range(0, count, _CHUNK)
        chunks = (draw_street_numbers(factors[k : k + _CHUNK], first + k) for k in starts)
        writer.write_chunks("images", (count, 3, SIDE, SIDE), chunks)

    key = {"version": _VERSION, "glyphs": glyph_hash(), "first": first, "count": count}
    return ImageSet(
        name="street_numbers",
        split=split,
        images=prepared("street_numbers", key, build)["images"],
        labels=factors[:, 0].astype(np.int64),
        label_names=tuple("0123456789"),
        factors=factors,
        factor_names=tuple(_FACTORS),
        factor_types=types_of(_FACTORS),
    )


SOURCE = DataSource(
    name="street_numbers",
    description="street numbers drawn here: 36,000 crops like SVHN's, 32×32 RGB, 9 factors",
    load=_load,
    render=draw_street_numbers,
)
