"""Rendered chairs: 1,393 models seen from 62 places (Aubry, Maturana, Efros, Russell, Sivic, 2014).

This is the original set that InfoGAN was trained on; ``chairs`` is the stand-in drawn here.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.decoding import Selection, prepared_images
from infoeval.data.formats.image_archives import ImageFile, find_images, state_of
from infoeval.data.formats.image_reading import read_image
from infoeval.data.image_set import ImageSet, split_indices
from infoeval.data.resizing import crop_middle, fit
from infoeval.data.source import DataSource, LoadRequest, not_there
from infoeval.errors import UserError

_VERSION = 1  # of the prepared images: another version has them prepared again
_SHAPE = (1, 64, 64)  # InfoGAN's
_CROP = 2 / 3  # of the side: the middle 400 of 600 pixels, as is usual
_NAME = "rendered_chairs"
# 31 azimuths, in degrees rounded down, at each of two elevations; the last number is the distance.
_IMAGE_NAME = re.compile(
    r"(?:.*/)?([^/]+)/renders/image_[0-9]{3}_p([0-9]{3})_t([0-9]{3})_r[0-9]{3}\.png"
)


def _path(root: Path) -> Path | None:
    """Return the folder or else the tar; None where there is neither."""
    folder, tar = root / _NAME, root / f"{_NAME}.tar"
    return folder if folder.is_dir() else tar if tar.is_file() else None


def _what_to_do(root: Path) -> str:
    return (
        f"put the folder {_NAME} of Aubry et al. (or {_NAME}.tar) into {root}, or use the set "
        "chairs, which is drawn here"
    )


def _load(request: LoadRequest) -> ImageSet:
    """Return one split; factors are the azimuth in degrees, the elevation, and the model."""
    path = _path(request.root)
    if path is None:
        raise not_there(_NAME, _what_to_do(request.root))
    key = {"version": _VERSION, "source": state_of(path, _wanted)}
    return prepared_images(_NAME, request, key, lambda: _select(path, request), _SHAPE, _decode)


def _wanted(path: str) -> bool:
    return _IMAGE_NAME.fullmatch(path) is not None


def _select(source: Path, request: LoadRequest) -> Selection:
    found, left_out = find_images(source, _wanted, skip_broken=request.skip_broken)
    files = {_view(file): file for file in found}
    if not files:
        raise UserError(
            f"{source}: holds no image such as MODEL/renders/image_000_p020_t000_r096.png"
        )
    views = sorted(files)
    models = {name: k for k, name in enumerate(sorted({model for model, _, _ in views}))}
    chosen = [views[k] for k in split_indices(_NAME, len(views), request.split)]
    return Selection(
        files=[files[view] for view in chosen],
        factors=np.array([(azimuth, up, models[model]) for model, up, azimuth in chosen]),
        factor_names=("rotation", "elevation", "model"),
        factor_types=("periodic:360", "ordinal", "discrete"),
        left_out=left_out,
    )


def _view(file: ImageFile) -> tuple[str, int, int]:
    """Return the model, elevation and azimuth that are in the name of a file."""
    match = _IMAGE_NAME.fullmatch(file.name)
    assert match is not None  # find_images lists no other files
    model, elevation, azimuth = match.groups()
    return model, int(elevation), int(azimuth) % 360


def _decode(file: ImageFile) -> NDArray[np.uint8]:
    image = read_image(file, formats=("PNG",))
    side = round(min(image.size) * _CROP)
    return fit(crop_middle(image, side, side), _SHAPE)


def _count(root: Path) -> int:
    path = _path(root)
    assert path is not None  # the set is present
    return len(find_images(path, _wanted, skip_broken=True)[0])


SOURCE = DataSource(
    name=_NAME,
    description="the original 3D chairs: 86,366 renderings, cut to 64×64 grey, with 3 factors",
    load=_load,
    where=lambda root: str(root / _NAME),
    present=lambda root: _path(root) is not None,
    what_to_do=_what_to_do,
    published=86_366,
    count=_count,
)
