"""SVHN: street view house numbers, cropped digits (Netzer, Wang, Coates et al., 2011)."""

import hashlib
import os
import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.image_set import ImageSet
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, downloading, not_there
from infoeval.data.untrusted import parsing
from infoeval.errors import UserError
from infoeval.files import sha256

# The training and test parts; the 531,131 easier digits of extra_32x32.mat are not read.
_FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat"}
_COUNTS = {"train": 73_257, "test": 26_032}
_MD5 = {
    "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test": "eb5a983be6a315427106f1b164d9cef3",
}

_VERSION = 1  # of the prepared images: another version has them prepared again
_IMAGES_AT_ONCE = 1000

_SIDE = 32
_MAX_IMAGES = 2**17  # the official files hold 73,257 and 26,032
_MAX_ELEMENT = 2**29  # bytes of one unpacked variable; the most images take 2**28.6

_HEADER, _COMPRESSED = 128, 15  # bytes of a file's header, and the type of a packed variable
_CHUNK = 2**20

_NUMBERS = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))}


def _folder(root: Path) -> Path:
    return root / "svhn"


def _path(root: Path, split: str) -> Path | None:
    """Return the file of a split, in the set's folder or in the data root; None if it is absent."""
    folders = (_folder(root), root / "SVHN", root)
    return next((f / _FILES[split] for f in folders if (f / _FILES[split]).is_file()), None)


def _where(root: Path) -> str:
    path = _path(root, "train")
    return str(_folder(root) if path is None else path.parent)


def _missing(root: Path, *splits: str) -> list[str]:
    return [_FILES[split] for split in splits if _path(root, split) is None]


def _what_to_do(root: Path) -> str:
    missing = _missing(root, *_FILES)
    return (
        f"put {' and '.join(missing)} from ufldl.stanford.edu/housenumbers into {_folder(root)}, "
        f"{OTHER_FOLDER}; or use street_numbers instead, which is drawn here"
    )


def _load(request: LoadRequest) -> ImageSet:
    """Return one split, downloaded first if its file is missing and that is allowed.

    A file with the official MD5 is trusted. A file with another number of images is a subset, and
    its layout is checked. One with the official number but another MD5 is refused: it would pass
    for the official set.
    """
    root, split = request.root, request.split
    path = _path(root, split)
    if path is None:
        if not request.download:
            raise not_there("svhn", _what_to_do(root))
        path = _download(root, split)
    key = {"version": _VERSION, "size": path.stat().st_size, "sha256": sha256(path)}
    arrays = prepared("svhn", key, lambda writer: _write(writer, path, split))
    count = len(arrays["labels"])
    return ImageSet(
        name="svhn",
        split=split,
        images=arrays["images"],
        labels=arrays["labels"],
        label_names=tuple("0123456789"),
        notes=() if count == _COUNTS[split] else (f"a part of SVHN: {_of_all(count, split)}",),
    )


def _of_all(count: int, split: str) -> str:
    words = {"train": "training", "test": "test"}
    return f"{count:,} of {_COUNTS[split]:,} {words[split]} images"


def _part(root: Path) -> str:
    """Return how many images are there, where they are not all; no image is read."""
    counts = {split: _listed(root, split) for split in _FILES}
    if counts == _COUNTS:
        return ""
    known = [_of_all(count, split) for split, count in counts.items() if count is not None]
    return "here " + " and ".join(known) if known else ""


def _listed(root: Path, split: str) -> int | None:
    """Return the number of images that a file declares, None where it cannot be read."""
    import scipy.io

    path = _path(root, split)
    if path is None:
        return None
    try:
        with parsing(str(path)):
            _check_version(path)
            shapes = [shape for name, shape, _ in scipy.io.whosmat(path) if name == "X"]
    except UserError:  # what is wrong with it is said when it is loaded
        return None
    return shapes[0][-1] if shapes and shapes[0] else None


def _write(writer: Writer, path: Path, split: str) -> None:
    """Write the images of a file as ``(n, 3, 32, 32)``, and their digits."""
    columns, digits = _read(path, split)
    images, n = columns.transpose(3, 2, 0, 1), len(digits)
    chunks = (images[k : k + _IMAGES_AT_ONCE] for k in range(0, n, _IMAGES_AT_ONCE))
    writer.write_chunks("images", (n, 3, _SIDE, _SIDE), chunks)
    writer.save("labels", digits)


def _read(path: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images ``(32, 32, 3, n)`` of a file, and their digits."""
    with path.open("rb") as file:
        official = hashlib.file_digest(file, "md5").hexdigest() == _MD5[split]
    problem = f"{path}: damaged, partly downloaded or not a MATLAB file"
    with parsing(problem, "; delete it and download it again"):
        if not official:
            _check_elements(path)
        columns, digits = _read_variables(path)
    if not official and len(digits) == _COUNTS[split]:
        raise UserError(
            f"{path}: has the official number of images, but not the official MD5 "
            f"{_MD5[split]}; delete it and download it again"
        )
    return columns, digits


def _download(root: Path, split: str) -> Path:
    """Return the path of a file, downloaded and moved there; torchvision verifies its MD5."""
    path = _folder(root) / _FILES[split]
    with downloading("svhn", root, _what_to_do) as temporary:
        import torchvision.datasets

        torchvision.datasets.SVHN(temporary, split=split, download=True)
        path.parent.mkdir(exist_ok=True)
        os.replace(temporary / _FILES[split], path)
    return path


def _check_elements(path: Path) -> None:
    """Raise an error if a version 5 file is incomplete, or a variable damaged or too large."""
    _check_version(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER).endswith(b"IM") else ">"
        while tag := file.read(8):
            kind, count = struct.unpack(f"{order}II", tag.ljust(8, b"\0"))
            if len(tag) < 8 or file.tell() + count > size:
                raise ValueError("it ends too early")
            if kind == _COMPRESSED:
                _check_packed(path, file, count)
            else:
                file.seek(count, 1)


def _check_packed(path: Path, file: IO[bytes], count: int) -> None:
    """Raise an error if a packed variable is damaged or too large."""
    unpacking, unpacked = zlib.decompressobj(), 0
    while count:
        packed = file.read(min(_CHUNK, count))
        count -= len(packed)
        while packed:
            unpacked += len(unpacking.decompress(packed, _CHUNK))
            if unpacked > _MAX_ELEMENT:
                raise UserError(
                    f"{path}: a variable unpacks to more than {_MAX_ELEMENT} bytes, the limit"
                )
            packed = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise ValueError("a packed variable ends too early")


def _read_variables(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images and digits of a file that is official or passed ``_check_elements``."""
    import scipy.io

    _check_layout(path, scipy.io.whosmat(path))
    with warnings.catch_warnings():  # scipy's warnings are about what is checked below
        warnings.simplefilter("ignore")
        variables = scipy.io.loadmat(path, variable_names=["X", "y"])
    images, labels = variables.get("X"), variables.get("y")
    # scipy returns a text in place of a variable that it cannot read, and whosmat does not show
    # which variables are complex.
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        raise ValueError("X cannot be read")
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iuf":
        raise ValueError("y cannot be read")
    return images, _digits(path, labels)


def _check_version(path: Path) -> None:
    from scipy.io.matlab import matfile_version

    version = matfile_version(path)[0]
    if version != 1:
        format_name = {0: "version 4", 2: "version 7.3 (HDF5)"}.get(version, "an unknown version")
        raise UserError(
            f"{path}: a MATLAB file of {format_name}; SVHN's are of version 5: save it with "
            "-v7, or get the official file"
        )


def _check_layout(path: Path, listed: Sequence[tuple[str, tuple[int, ...], str]]) -> None:
    # scipy reads the first of two variables with one name.
    known = {name: (shape, kind) for name, shape, kind in reversed(listed)}
    missing = [name for name in ("X", "y") if name not in known]
    if missing:
        raise UserError(
            f"{path}: holds no {' and '.join(missing)}; it is partly downloaded, or not a "
            "file of SVHN's cropped digits"
        )
    shape, kind = known["X"]
    n = shape[-1] if shape else 0
    if kind != "uint8" or shape != (_SIDE, _SIDE, 3, n) or n < 1:
        raise UserError(f"{path}: X must be uint8 of shape (32, 32, 3, n), not {kind} of {shape}")
    if n > _MAX_IMAGES:
        raise UserError(f"{path}: X declares {n} images; the limit is {_MAX_IMAGES}")
    shape, kind = known["y"]
    if kind not in _NUMBERS or shape != (n, 1):
        raise UserError(f"{path}: y must be numbers of shape ({n}, 1), not {kind} of {shape}")


def _digits(path: Path, labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return the digits 0 to 9; the file's label 10 is the digit 0."""
    good = np.isin(labels, np.arange(1, 11))
    if not good.all():
        raise UserError(
            f"{path}: y must be 1 to 10, where 10 is the digit 0, but one is {labels[~good][0]}"
        )
    return labels[:, 0].astype(np.int64) % 10


SOURCE = DataSource(
    name="svhn",
    description="SVHN: 99,289 digits of house numbers in photographs, 32×32 RGB, 10 classes",
    load=_load,
    where=_where,
    present=lambda root: not _missing(root, *_FILES),
    part=_part,
    what_to_do=_what_to_do,
)
