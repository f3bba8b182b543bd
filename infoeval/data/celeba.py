"""CelebA: aligned faces of celebrities and 40 attributes of each (Liu, Luo, Wang, Tang, 2015)."""

from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.celeba_lists import PICTURE_NAME, read_attributes, read_partition
from infoeval.data.formats.decoding import opened
from infoeval.data.formats.picture_files import Picture, find_pictures, state_of
from infoeval.data.formats.picture_sets import Chosen, prepared_pictures
from infoeval.data.image_set import ImageSet
from infoeval.data.resizing import fit
from infoeval.data.source import Request, Source
from infoeval.data.splits import split_indices
from infoeval.errors import UserError

__all__ = ["CELEBA"]

_VERSION = 2  # of the images that are made here; a new one has them prepared again
_SHAPE = (3, 32, 32)  # InfoGAN's
_CROP = 74 / 89  # of the width: 148 of the official 178 pixels

_ATTRIBUTES = "list_attr_celeba.txt"
_PARTITION = "list_eval_partition.txt"
_PICTURES = "img_align_celeba"


def _folder(root: Path) -> Path:
    return root / "celeba"


def _list_path(root: Path, name: str) -> Path | None:
    candidates = (_folder(root) / name, _folder(root) / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _pictures_path(root: Path) -> Path | None:
    """Return the folder of pictures, or else the first tar by name, or else the first zip."""
    if (_folder(root) / _PICTURES).is_dir():
        return _folder(root) / _PICTURES
    for suffix in ("tar", "zip"):
        first = min(_folder(root).glob(f"{_PICTURES}*.{suffix}"), default=None)
        if first is not None:
            return first
    return None


def _present(root: Path) -> bool:
    return _list_path(root, _ATTRIBUTES) is not None and _pictures_path(root) is not None


def _what_to_do(root: Path) -> str:
    pictures = _pictures_path(root)
    missing = []
    if _list_path(root, _ATTRIBUTES) is None:
        missing.append(f"{_ATTRIBUTES} (gzipped or not)")
    if pictures is None:
        missing.append(f"{_PICTURES} (the folder of jpg files, or a .tar or .zip of them)")
    line = (
        f"put {' and '.join(missing)} into {_folder(root)}, or name another data folder with "
        "--data-dir or INFOEVAL_DATA"
    )
    if pictures is None:
        return line
    unpack = "" if pictures.is_dir() else f"unpack {pictures.name} and "
    return f"{line}; for the pictures alone, {unpack}give their folder in place of celeba"


def _load(request: Request) -> ImageSet:
    """Read one split of those pictures that are both there and in the list of attributes.

    The official partition decides, if it is there; its validation pictures are in neither split.
    """
    root = request.root
    attributes, pictures = _list_path(root, _ATTRIBUTES), _pictures_path(root)
    if attributes is None or pictures is None:
        raise UserError(f"celeba is not there: {_what_to_do(root)}")
    partition = _list_path(root, _PARTITION)
    sources = [path for path in (pictures, attributes, partition) if path is not None]
    recipe = {"version": _VERSION, "sources": [state_of(path, _wanted) for path in sources]}
    return prepared_pictures(
        "celeba",
        request,
        recipe,
        lambda: _choose(pictures, attributes, partition, request),
        _SHAPE,
        _decode,
    )


def _wanted(path: str) -> bool:
    return PICTURE_NAME.fullmatch(path.rpartition("/")[2]) is not None


def _choose(
    source: Path, attributes_path: Path, partition_path: Path | None, request: Request
) -> Chosen:
    attributes = read_attributes(attributes_path)
    found, left_out = find_pictures(source, _wanted, skip_broken=request.skip_broken)
    pictures = {PurePosixPath(picture.name).name: picture for picture in found}
    names = sorted(pictures.keys() & attributes.rows.keys())
    if not names:
        raise UserError(f"{source}: holds no picture that is listed in {attributes_path}")
    chosen = _split(names, partition_path, request.split)
    rows = [attributes.rows[name] for name in chosen]
    return Chosen(
        pictures=[pictures[name] for name in chosen],
        factors=attributes.values[rows],
        factor_names=attributes.names,
        factor_types=("discrete",) * len(attributes.names),
        left_out=left_out,
    )


def _split(names: list[str], partition_path: Path | None, split: str) -> list[str]:
    """Return which of the pictures are in a split."""
    if partition_path is None:
        return [names[k] for k in split_indices("celeba", len(names), split)]
    partition = read_partition(partition_path)
    chosen = [name for name in names if partition.get(name) == split]
    if not chosen:
        raise UserError(
            f"{partition_path}: none of the {len(names)} pictures that are there is in its {split} "
            "part; without this file, a fixed random fifth of them is the test split"
        )
    return chosen


def _decode(picture: Picture) -> NDArray[np.uint8]:
    """Return the usual square, 148 pixels wide where the picture has 178, or in proportion."""
    with opened(picture, formats=("JPEG",)) as image:
        side = round(image.width * _CROP)
        if side > image.height:
            raise UserError(
                f"{picture}: has {image.width}×{image.height} pixels, not 178×218 or the like"
            )
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return fit(image.crop((left, top, left + side, top + side)), _SHAPE)


CELEBA = Source(
    name="celeba",
    description="CelebA: up to 202,599 aligned faces, cut to 32×32 RGB, 40 yes-or-no attributes",
    where=lambda root: str(_folder(root)),
    present=_present,
    what_to_do=_what_to_do,
    load=_load,
)
