"""The Isomap faces: one rendered head under three factors (Tenenbaum, de Silva, Langford, 2000)."""

from dataclasses import replace
from pathlib import Path

from infoeval.data.formats.npz_images import npz_source
from infoeval.data.image_set import ImageSet
from infoeval.errors import UserError

_FACTORS = 3  # the azimuth of the light, and the horizontal and vertical pose


def _with_types(faces: ImageSet, path: Path) -> ImageSet:
    """Return the faces with the types of their factors.

    The published factors have no units: each is scaled to a mean of 0 and a standard deviation of
    1.
    """
    if len(faces.factor_names) != _FACTORS:
        raise UserError(f"{path}: must hold {_FACTORS} factors and their factor_names")
    return replace(faces, factor_types=("continuous",) * _FACTORS)


SOURCE = npz_source(
    name="isomap_faces",
    description="Isomap faces: 698 renderings of one head, 32×32 grey, 3 factors",
    file="isomap_faces_32x32.npz",
    contents="the faces of Tenenbaum, de Silva and Langford (Science, 2000) as a .npz with images, "
    "factors and factor_names",
    convert=_with_types,
)
