"""SVHN: street view house numbers, cropped digits (Netzer, Wang, Coates et al., 2011)."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infoeval.data.downloading import DOWNLOAD_ERRORS
from infoeval.data.formats.cache import Writer, prepared, sha256_of
from infoeval.data.formats.svhn_mat import SIDE, check_elements, read_pictures
from infoeval.data.image_set import ImageSet
from infoeval.data.source import Request, Source
from infoeval.errors import UserError

__all__ = ["SVHN"]

# The training and test parts; the 531,131 easier digits of extra_32x32.mat are not read.
_FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}
_COUNTS = {"train": 73_257, "test": 26_032}
_MD5 = {
    "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test": "eb5a983be6a315427106f1b164d9cef3",
}

_VERSION = 1  # of what is written to the cache
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
        "or name another data folder with --data-dir or INFOEVAL_DATA; without it, street_numbers "
        "stands in, which is drawn here"
    )


def _load(request: Request) -> ImageSet:
    """Read one split, after a download if its file is missing and it is allowed.

    A file with the official MD5 is taken as it is. A file with another number of pictures is a
    subset, and its layout is checked. One with the official number but another MD5 is refused: it
    would pass for the official set.
    """
    root, split = request.root, request.split
    if _missing(root, split):
        if not request.download:
            raise UserError(f"svhn is not there: {_what_to_do(root)}")
        _download(root, split)
    path = _folder(root) / _FILES[split]
    try:
        recipe = {"version": _VERSION, "size": path.stat().st_size, "sha256": sha256_of(path)}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    arrays = prepared("svhn", recipe, lambda writer: _write(writer, path, split))
    return ImageSet(
        name="svhn",
        split=split,
        images=arrays["images"],
        labels=arrays["labels"],
        label_names=tuple("0123456789"),
    )


def _write(writer: Writer, path: Path, split: str) -> None:
    """Decode a file: pictures to ``(n, 3, 32, 32)``, and their digits."""
    pictures, digits = _read(path, split)
    n = len(digits)
    images = writer.create("images", (n, 3, SIDE, SIDE), np.uint8)
    for start in range(0, n, _CHUNK):
        rows = slice(start, start + _CHUNK)
        images[rows] = pictures[..., rows].transpose(3, 2, 0, 1)
        writer.advance(min(start + _CHUNK, n), n)
    writer.save("labels", digits)


def _read(path: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    with path.open("rb") as file:
        official = hashlib.file_digest(file, "md5").hexdigest() == _MD5[split]
    if not official:
        check_elements(path)
    pictures, digits = read_pictures(path)
    if not official and len(digits) == _COUNTS[split]:
        raise UserError(
            f"{path}: has the official number of pictures, but not the official MD5 "
            f"{_MD5[split]}; remove it and get it again"
        )
    return pictures, digits


def _download(root: Path, split: str) -> None:
    """Fetch a file aside, have its MD5 checked, and move it in whole."""
    try:
        import torchvision.datasets

        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as aside:
            torchvision.datasets.SVHN(aside, split=split, download=True)
            _folder(root).mkdir(exist_ok=True)
            os.replace(Path(aside) / _FILES[split], _folder(root) / _FILES[split])
    except DOWNLOAD_ERRORS as error:
        raise UserError(
            f"svhn could not be downloaded ({type(error).__name__}): {_what_to_do(root)}"
        ) from error


SVHN = Source(
    name="svhn",
    description="SVHN: 99,289 digits of house numbers in photographs, 32×32 RGB, 10 classes",
    where=lambda root: str(_folder(root)),
    present=lambda root: not _missing(root, *_FILES),
    what_to_do=_what_to_do,
    load=_load,
)
