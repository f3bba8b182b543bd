"""The Isomap faces: one rendered head under three factors (Tenenbaum, de Silva, Langford, 2000)."""

from dataclasses import replace
from pathlib import Path

from infoeval.data.formats.npz import load_npz
from infoeval.data.image_set import ImageSet
from infoeval.data.source import Request, Source
from infoeval.errors import UserError

__all__ = ["ISOMAP_FACES"]

_FACTORS = 3  # the azimuth of the light, and the horizontal and vertical pose


def _path(root: Path) -> Path:
    return root / "isomap_faces" / "isomap_faces_32x32.npz"


def _what_to_do(root: Path) -> str:
    return (
        "put the faces of Tenenbaum, de Silva and Langford (Science, 2000) as a .npz with images, "
        f"factors and factor_names at {_path(root)}, or name another data folder with --data-dir "
        "or INFOEVAL_DATA"
    )


def _load(request: Request) -> ImageSet:
    """Read one split: the light's azimuth and the head's horizontal and vertical pose as published.

    They come without units, each scaled to a mean of 0 and a standard deviation of 1.
    """
    path = _path(request.root)
    if not path.is_file():
        raise UserError(f"isomap_faces is not there: {_what_to_do(request.root)}")
    faces = load_npz(path, request.split)
    if len(faces.factor_names) != _FACTORS:
        raise UserError(f"{path}: must hold {_FACTORS} factors and their factor_names")
    return replace(faces, name="isomap_faces", factor_types=("continuous",) * _FACTORS)


ISOMAP_FACES = Source(
    name="isomap_faces",
    description="Isomap faces: 698 renderings of one head, 32×32 grey, 3 factors",
    where=lambda root: str(_path(root).parent),
    present=lambda root: _path(root).is_file(),
    what_to_do=_what_to_do,
    load=_load,
)
