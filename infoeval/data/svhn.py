"""SVHN: street view house numbers, cropped digits (Netzer, Wang, Coates et al., 2011)."""

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.cache import Writer, prepared, sha256_of
from infoeval.data.formats.svhn_mat import SIDE, check_elements, read_svhn_mat
from infoeval.data.image_set import ImageSet
from infoeval.data.source import OTHER_FOLDER, Request, Source, downloading, not_there
from infoeval.errors import UserError

__all__ = ["SOURCE"]

# The training and test parts; the 531,131 easier digits of extra_32x32.mat are not read.
_FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}
_COUNTS = {"train": 73_257, "test": 26_032}
_MD5 = {
    "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test": "eb5a983be6a315427106f1b164d9cef3",
}

_VERSION = 1  # of the prepared images: another version has them prepared again
_CHUNK = 1000


def _folder(root: Path) -> Path:
    return root / "svhn"


def _missing(root: Path, *splits: str) -> list[str]:
    names = [_FILES[split] for split in splits]
    return [name for name in names if not (_folder(root) / name).is_file()]


def _what_to_do(root: Path) -> str:
    missing = _missing(root, *_FILES)
    return (
        f"put {' and '.join(missing)} from ufldl.stanford.edu/housenumbers into {_folder(root)}, "
        f"{OTHER_FOLDER}; or use street_numbers instead, which is drawn here"
    )


def _load(request: Request) -> ImageSet:
    """Return one split, downloaded first if its file is missing and that is allowed.

    A file with the official MD5 is trusted. A file with another number of images is a subset, and
    its layout is checked. One with the official number but another MD5 is refused: it would pass
    for the official set.
    """
    root, split = request.root, request.split
    if _missing(root, split):
        if not request.download:
            raise not_there("svhn", _what_to_do(root))
        _download(root, split)
    path = _folder(root) / _FILES[split]
    try:
        key = {"version": _VERSION, "size": path.stat().st_size, "sha256": sha256_of(path)}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    arrays = prepared("svhn", key, lambda writer: _write(writer, path, split))
    return ImageSet(
        name="svhn",
        split=split,
        images=arrays["images"],
        labels=arrays["labels"],
        label_names=tuple("0123456789"),
    )


def _write(writer: Writer, path: Path, split: str) -> None:
    """Write the images of a file as ``(n, 3, 32, 32)``, and their digits."""
    columns, digits = _read(path, split)
    n = len(digits)
    images = writer.create("images", (n, 3, SIDE, SIDE), np.uint8)
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        images[rows] = columns[..., rows].transpose(3, 2, 0, 1)
        writer.progress(min(start + _CHUNK, n), n)
    writer.save("labels", digits)


def _read(path: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with path.open("rb") as file:
        official = hashlib.file_digest(file, "md5").hexdigest() == _MD5[split]
    if not official:
        check_elements(path)
    columns, digits = read_svhn_mat(path)
    if not official and len(digits) == _COUNTS[split]:
        raise UserError(
            f"{path}: has the official number of images, but not the official MD5 "
            f"{_MD5[split]}; delete it and download it again"
        )
    return columns, digits


def _download(root: Path, split: str) -> None:
    """Download a file, which torchvision verifies by its MD5, and move it into place."""
    with downloading("svhn", root, _what_to_do) as temporary:
        import torchvision.datasets

        torchvision.datasets.SVHN(temporary, split=split, download=True)
        _folder(root).mkdir(exist_ok=True)
        os.replace(temporary / _FILES[split], _folder(root) / _FILES[split])


SOURCE = Source(
    name="svhn",
    description="SVHN: 99,289 digits of house numbers in photographs, 32×32 RGB, 10 classes",
    load=_load,
    where=lambda root: str(_folder(root)),
    present=lambda root: not _missing(root, *_FILES),
    what_to_do=_what_to_do,
)
