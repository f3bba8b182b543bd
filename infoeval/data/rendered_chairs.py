"""Rendered chairs: 1,393 models seen from 62 places (Aubry, Maturana, Efros, Russell, Sivic, 2014).

This is the original set that InfoGAN was trained on; ``chairs`` is the stand-in drawn here.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.decoding import opened
from infoeval.data.formats.picture_files import Picture, find_pictures, state_of
from infoeval.data.formats.picture_sets import Chosen, prepared_pictures
from infoeval.data.image_set import ImageSet
from infoeval.data.resizing import fit
from infoeval.data.source import Request, Source
from infoeval.data.splits import split_indices
from infoeval.errors import UserError

__all__ = ["RENDERED_CHAIRS"]

_VERSION = 1  # of the images that are made here; a new one has them prepared again
_SHAPE = (1, 64, 64)  # InfoGAN's
_CROP = 2 / 3  # of the side: the middle 400 of 600 pixels, as is usual
_NAME = "rendered_chairs"
# 31 azimuths, in degrees rounded down, at each of two elevations; the last number is the distance.
_PICTURE = re.compile(
    r"(?:.*/)?([^/]+)/renders/image_[0-9]{3}_p([0-9]{3})_t([0-9]{3})_r[0-9]{3}\.png"
)


def _source(root: Path) -> Path | None:
    """Return the folder or else the tar."""
    if (root / _NAME).is_dir():
        return root / _NAME
    return root / f"{_NAME}.tar" if (root / f"{_NAME}.tar").is_file() else None


def _what_to_do(root: Path) -> str:
    return (
        f"put the folder {_NAME} of Aubry et al. (or {_NAME}.tar) into {root}, or take the set "
        "chairs, which is drawn here"
    )


def _load(request: Request) -> ImageSet:
    """Read one split; factors are the azimuth in degrees, the elevation, and the model."""
    source = _source(request.root)
    if source is None:
        raise UserError(f"{_NAME} is not there: {_what_to_do(request.root)}")
    recipe = {"version": _VERSION, "source": state_of(source, _wanted)}
    return prepared_pictures(
        _NAME, request, recipe, lambda: _choose(source, request), _SHAPE, _decode
    )


def _wanted(path: str) -> bool:
    return _PICTURE.fullmatch(path) is not None


def _choose(source: Path, request: Request) -> Chosen:
    found, left_out = find_pictures(source, _wanted, skip_broken=request.skip_broken)
    pictures = {_what_is_seen(picture): picture for picture in found}
    if not pictures:
        raise UserError(
            f"{source}: holds no picture such as MODEL/renders/image_000_p020_t000_r096.png"
        )
    seen = sorted(pictures)
    models = {name: k for k, name in enumerate(sorted({model for model, _, _ in seen}))}
    chosen = [seen[k] for k in split_indices(_NAME, len(seen), request.split)]
    return Chosen(
        pictures=[pictures[each] for each in chosen],
        factors=np.array([(azimuth, up, models[model]) for model, up, azimuth in chosen]),
        factor_names=("rotation", "elevation", "model"),
        factor_types=("periodic:360", "ordinal", "discrete"),
        left_out=left_out,
    )


def _what_is_seen(picture: Picture) -> tuple[str, int, int]:
    """Return the model, the elevation and the azimuth that the name of a picture tells."""
    match = _PICTURE.fullmatch(picture.name)
    assert match is not None  # no other pictures were asked for
    model, elevation, azimuth = match.groups()
    return model, int(elevation), int(azimuth) % 360


def _decode(picture: Picture) -> NDArray[np.uint8]:
    with opened(picture, formats=("PNG",)) as image:
        side = round(min(image.size) * _CROP)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return fit(image.crop((left, top, left + side, top + side)), _SHAPE)


RENDERED_CHAIRS = Source(
    name=_NAME,
    description="the original 3D chairs: 86,366 renderings, cut to 64×64 grey, with 3 factors",
    where=lambda root: str(root / _NAME),
    present=lambda root: _source(root) is not None,
    what_to_do=_what_to_do,
    load=_load,
)
