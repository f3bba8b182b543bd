"""Chairs with known factors, put together from parts and rendered here.

The factors of the set are the same everywhere, and so are its images for one version of VTK and
OpenGL. Other versions may round a few grey levels differently; the fingerprint then differs.
"""

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.image_set import ImageSet
from infoeval.data.rendering.chair_parts import BACKS, LEGS, chair
from infoeval.data.rendering.factors import (
    Factor,
    checked_factors,
    types_of,
    uniform,
    uniform_factors,
)
from infoeval.data.rendering.meshes import Stage
from infoeval.data.source import DataSource, LoadRequest

COUNTS = {"train": 16_000, "test": 3_000}

_FACTORS = {
    "back": Factor("discrete", 0, len(BACKS) - 1),
    "legs": Factor("discrete", 0, len(LEGS) - 1),
    "width": Factor("continuous", 0.7, 1.3),
    "rotation": Factor("periodic:360", 0, 360),
}

_VERSION = 1  # of the rendered images: another version has them rendered again
_SEEDS = {"train": 2014, "test": 7126}

_SIDE = 64
_WHITE = 255
_ELEVATION = 25.0
# The light is above the camera and to its left, so that the two sides of a chair differ in shade,
# and the brightest face is darker than the background.
_LIGHT_AZIMUTH, _LIGHT_ELEVATION = -35.0, 45.0
_AMBIENT, _DIFFUSE = 0.2, 0.65


def draw_chairs(factors: ArrayLike) -> NDArray[np.uint8]:
    """Return rendered chairs of any back, legs, width and rotation: grey on white.

    Args:
        factors: shape ``(n, 4)``. Back: 0 panel, 1 slats, 2 rungs, 3 hoop. Legs: 0 straight,
            1 splayed, 2 runners, 3 pedestal. Width of the seat: 0.7 to 1.3, in units of its
            depth. Rotation: degrees in [0, 360): the chair is seen from the front at 0, and faces
            the left of the image at 90.

    Returns:
        Images of shape ``(n, 1, 64, 64)``.

    Raises:
        UserError: not four factors, one outside its range, or no renderer is installed.
    """
    checked = checked_factors("chairs", _FACTORS, factors)
    images = np.empty((len(checked), 1, _SIDE, _SIDE), dtype=np.uint8)
    for row, image in enumerate(_rendered(checked)):
        images[row, 0] = image
    return images


def _rendered(factors: NDArray[np.float64]) -> Iterator[NDArray[np.uint8]]:
    with Stage(_SIDE, background=_WHITE) as stage:
        for back, legs, width, rotation in factors:
            yield stage.render(
                *chair(int(back), int(legs), width),
                azimuth=rotation,
                elevation=_ELEVATION,
                light_azimuth=_LIGHT_AZIMUTH,
                light_elevation=_LIGHT_ELEVATION,
                ambient=_AMBIENT,
                diffuse=_DIFFUSE,
                smooth=False,
            )


def _sample(split: str) -> NDArray[np.float64]:
    """Return the factors of a split, independent and uniform."""
    words = np.random.PCG64(_SEEDS[split]).random_raw(COUNTS[split] * len(_FACTORS))
    return uniform_factors(_FACTORS, uniform(words).reshape(-1, len(_FACTORS)))


def _load(request: LoadRequest) -> ImageSet:
    factors = _sample(request.split)

    def build(writer: Writer) -> None:
        chunks = (image[None, None] for image in _rendered(factors))
        writer.write_chunks("images", (len(factors), 1, _SIDE, _SIDE), chunks)

    key = {"version": _VERSION, "seed": _SEEDS[request.split], "count": len(factors)}
    return ImageSet(
        name="chairs",
        split=request.split,
        images=prepared("chairs", key, build)["images"],
        factors=factors,
        factor_names=tuple(_FACTORS),
        factor_types=types_of(_FACTORS),
    )


SOURCE = DataSource(
    name="chairs",
    description="19,000 chairs rendered here, 64×64, grey, 4 factors",
    load=_load,
    where=lambda root: "rendered on demand, once",
    present=lambda root: find_spec("vtkmodules") is not None,
    what_to_do=lambda root: "pip install 'infoeval[render]', which renders them",
    render=draw_chairs,
)
