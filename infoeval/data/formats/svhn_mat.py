"""Reader of SVHN's ``.mat`` files, for which nobody may vouch."""

import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from infoeval.data.untrusted import one_line
from infoeval.errors import UserError

__all__ = ["SIDE", "check_elements", "read_svhn_mat"]

SIDE = 32

_MAX_IMAGES = 2**17  # the official files hold 73,257 and 26,032
_MAX_ELEMENT = 2**29  # bytes of one unpacked variable; the most images take 2**28.6

_HEADER, _COMPRESSED = 128, 15  # a version 5 file's header, and the type of a packed variable
_CHUNK = 2**20

_NUMBERS = {"double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))}


def check_elements(path: Path) -> None:
    """Check a version 5 file as a whole.

    Raises:
        UserError: it is incomplete, a zlib checksum is wrong, or a variable unpacks to more than
            the limit.

    """
    _check_version(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER).endswith(b"IM") else ">"
        while tag := file.read(8):
            kind, count = struct.unpack(f"{order}II", tag.ljust(8, b"\0"))
            if len(tag) < 8 or file.tell() + count > size:
                raise _damaged(path, "it ends too early")
            if kind == _COMPRESSED:
                _check_packed(path, file, count)
            else:
                file.seek(count, 1)


def _check_packed(path: Path, file: IO[bytes], count: int) -> None:
    """Unpack a variable, keeping nothing."""
    unpacking, unpacked = zlib.decompressobj(), 0
    while count:
        packed = file.read(min(_CHUNK, count))
        count -= len(packed)
        while packed:
            try:
                unpacked += len(unpacking.decompress(packed, _CHUNK))
            except zlib.error as error:
                raise _damaged(path, one_line(error)) from error
            if unpacked > _MAX_ELEMENT:
                raise UserError(
                    f"{path}: a variable unpacks to more than {_MAX_ELEMENT} bytes, the limit"
                )
            packed = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise _damaged(path, "a packed variable ends too early")


def read_svhn_mat(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images and digits of a file that is official or passed :func:`check_elements`.

    Returns:
        Images of shape ``(32, 32, 3, n)``, and their digits 0 to 9; the file's label 10 is the
        digit 0.

    Raises:
        UserError: it is not a version 5 file, X and y do not have SVHN's layout, or they cannot be
            read.

    """
    import scipy.io

    _check_version(path)
    try:
        listed = scipy.io.whosmat(path)
    except Exception as error:  # scipy raises almost anything on hostile bytes
        raise _damaged(path, one_line(error)) from error
    _check_layout(path, listed)
    try:
        with warnings.catch_warnings():  # scipy's warnings are about what is checked below
            warnings.simplefilter("ignore")
            variables = scipy.io.loadmat(path, variable_names=["X", "y"])
    except Exception as error:
        raise _damaged(path, one_line(error)) from error
    images, labels = variables.get("X"), variables.get("y")
    # For a variable that scipy cannot read it returns a text; and whosmat does not show which
    # variables are complex.
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        raise _damaged(path, "X cannot be read")
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iuf":
        raise _damaged(path, "y cannot be read")
    return images, _digits(path, labels)


def _check_version(path: Path) -> None:
    from scipy.io.matlab import matfile_version

    try:
        version = matfile_version(path)[0]
    except Exception as error:
        raise _damaged(path, one_line(error)) from error
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
    if kind != "uint8" or shape != (SIDE, SIDE, 3, n) or n < 1:
        raise UserError(f"{path}: X must be uint8 of shape (32, 32, 3, n), not {kind} of {shape}")
    if n > _MAX_IMAGES:
        raise UserError(f"{path}: X declares {n} images; the limit is {_MAX_IMAGES}")
    shape, kind = known["y"]
    if kind not in _NUMBERS or shape != (n, 1):
        raise UserError(f"{path}: y must be numbers of shape ({n}, 1), not {kind} of {shape}")


def _digits(path: Path, labels: NDArray[Any]) -> NDArray[np.int64]:
    good = np.isin(labels, np.arange(1, 11))
    if not good.all():
        raise UserError(
            f"{path}: y must be 1 to 10, where 10 is the digit 0, but one is {labels[~good][0]}"
        )
    return labels[:, 0].astype(np.int64) % 10


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path}: damaged, partly downloaded or not a MATLAB file ({reason}); delete it and "
        "download it again"
    )
