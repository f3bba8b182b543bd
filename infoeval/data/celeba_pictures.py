"""CelebA's pictures, from a folder or straight out of a tar."""

import io
import re
import tarfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infoeval.data.folder import MAX_PIXELS
from infoeval.data.reading import MAX_ARRAY_BYTES, read_at_most
from infoeval.errors import UserError

__all__ = ["PICTURE_NAME", "Picture", "decode", "find_pictures"]

PICTURE_NAME = re.compile(r"[0-9]{6}\.jpg")

_SIDE = 32  # InfoGAN's
_CROP = 74 / 89  # of the width: 148 of the official 178 pixels
_MAX_BYTES = 2**22  # an official picture has some 10 kB
_MAX_COUNT = MAX_ARRAY_BYTES // (3 * _SIDE * _SIDE)


@dataclass(frozen=True)
class Picture:
    """Where the bytes of a JPEG lie: a whole file, or a part of a tar."""

    path: Path
    offset: int
    size: int
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)


def find_pictures(path: Path) -> dict[str, Picture]:
    """Find the pictures called such as ``000001.jpg`` in a folder or a tar, by name.

    Whatever else there is is passed over. Nothing of a tar is written to disk, so it does not
    matter which folders its members are in; of two with one name the later counts, as in a tar.

    Raises:
        UserError: the folder or tar cannot be read.

    """
    try:
        return _in_folder(path) if path.is_dir() else _in_tar(path)
    except Exception as error:  # tarfile raises almost anything on hostile bytes
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path}: not a readable folder or uncompressed tar ({reason})") from error


def _in_folder(path: Path) -> dict[str, Picture]:
    return {
        file.name: Picture(file, 0, file.stat().st_size)
        for file in path.iterdir()
        if PICTURE_NAME.fullmatch(file.name) and file.is_file()
    }


def _in_tar(path: Path) -> dict[str, Picture]:
    found = {}
    end = -1
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.offset <= end or member.size < 0:
                raise tarfile.HeaderError("its members overlap")  # a header may lead in circles
            end = member.offset
            name = PurePosixPath(member.name).name
            if PICTURE_NAME.fullmatch(name) and member.isreg() and not member.issparse():
                found[name] = Picture(path, member.offset_data, member.size, member.name)
    return found


def decode(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """Return the middle of each picture as RGB, shape ``(n, 3, 32, 32)``.

    It is the usual square, 148 pixels wide where the picture has 178, or in proportion.

    Raises:
        UserError: a picture is broken, too large or no portrait; the message names it.

    """
    if len(pictures) > _MAX_COUNT:
        raise UserError(f"{len(pictures)} pictures are more than the limit of {_MAX_COUNT}")
    images = np.empty((len(pictures), 3, _SIDE, _SIDE), dtype=np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for image, picture in zip(images, pictures, strict=True):
            image[:] = _decode(picture)
    return images


def _decode(picture: Picture) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(_read(picture)), formats=("JPEG",)) as opened:
            width, height = opened.size
            side = round(width * _CROP)
            if width * height > MAX_PIXELS or side > height:
                raise UserError(f"{picture}: has {width}×{height} pixels, not 178×218 or the like")
            left, top = (width - side) // 2, (height - side) // 2
            square = opened.convert("RGB").crop((left, top, left + side, top + side))
            small = square.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    except UserError:
        raise
    except Exception as error:  # Pillow's decoders raise almost anything on broken files
        raise UserError(f"{picture}: a broken picture") from error
    return np.moveaxis(np.asarray(small), 2, 0)


def _read(picture: Picture) -> bytes:
    if picture.size > _MAX_BYTES:
        raise UserError(f"{picture}: has {picture.size} bytes; the limit is {_MAX_BYTES}")
    with picture.path.open("rb") as file:
        file.seek(picture.offset)
        content = read_at_most(file, picture.size)
    if len(content) < picture.size:
        raise UserError(f"{picture}: truncated")
    return bytes(content)
