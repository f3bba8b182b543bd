"""Any folder of pictures as an image set."""

import contextlib
import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from infoeval.data.images import SPLITS, ImageSet
from infoeval.data.reading import MAX_ARRAY_BYTES
from infoeval.data.splits import split_indices
from infoeval.errors import UserError

__all__ = ["MAX_PIXELS", "load_folder"]

MAX_PIXELS = 4096 * 4096
"""The largest picture that is decoded; more is taken for a decompression bomb."""

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")
_MODES = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}  # a palette is only a way to store RGB


@dataclass(frozen=True)
class _Form:
    """What all pictures of a set share; ``mode`` is Pillow's, a letter for each channel."""

    width: int
    height: int
    mode: str

    def __str__(self) -> str:
        return f"{self.width}×{self.height} {'grey' if self.mode == 'L' else 'RGB'}"


def load_folder(path: str | os.PathLike[str], split: str = "train") -> ImageSet:
    """Load one split of a folder of pictures, which all have one size and are all grey or all RGB.

    Pictures are the png, jpg, jpeg, bmp, webp and gif (first frame) files in the folder and its
    sub-folders, sorted by path; hidden files are passed over. If each lies in a sub-folder, the
    names of the first-level sub-folders are the labels. If there are pictures in sub-folders called
    ``train`` and ``test``, these are the splits, with labels from the folders within, and pictures
    elsewhere are passed over; otherwise a fixed random fifth of the pictures is the test split.

    All pictures are looked at, whichever split is asked for, but only its own are decoded.

    Raises:
        UserError: there are no pictures, one is broken or larger than ``MAX_PIXELS``, one differs
            from the first in size or mode, or together they exceed 8 GiB.

    """
    path = Path(path)
    files = _pictures(path)
    official = set(SPLITS) <= {file.parts[0] for file in files if len(file.parts) > 1}
    if official:
        files = [file for file in files if file.parts[0] in SPLITS]
    form = _common_form([path / file for file in files])
    if official:
        chosen = [k for k, file in enumerate(files) if file.parts[0] == split]
    else:
        chosen = split_indices(str(path), len(files), split).tolist()
    depth = 1 if official else 0  # the folder train or test is no class
    labels, label_names = _labels([file.parts[depth:-1] for file in files])
    return ImageSet(
        name=path.resolve().name,
        split=split,
        images=_decode([path / files[k] for k in chosen], form),
        labels=None if labels is None else labels[chosen],
        label_names=label_names,
    )


def _pictures(path: Path) -> list[Path]:
    """Return the pictures below a folder, relative to it, sorted."""
    found = [
        file.relative_to(path)
        for file in path.rglob("*")
        if file.suffix.lower() in _SUFFIXES and file.is_file()
    ]
    shown = [file for file in found if not any(part.startswith(".") for part in file.parts)]
    if not shown:
        raise UserError(f"{path}: holds no pictures ({', '.join(_SUFFIXES)})")
    return sorted(shown, key=Path.as_posix)


def _labels(folders: list[tuple[str, ...]]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return class indices and names from the sub-folders each picture lies in."""
    if not all(folders):
        return None, ()
    names, labels = np.unique([folder[0] for folder in folders], return_inverse=True)
    return labels.astype(np.int64), tuple(names.tolist())


def _common_form(files: list[Path]) -> _Form:
    """Return the form of all pictures, each of which is opened but not decoded."""
    first = _form_of(files[0])
    for file in files[1:]:
        form = _form_of(file)
        if form != first:
            raise UserError(
                f"{file}: is {form}, but {files[0]} is {first}; "
                "all pictures must have one size and mode"
            )
    return first


def _form_of(file: Path) -> _Form:
    with _opened(file) as picture:
        return _Form(picture.width, picture.height, _MODES[picture.mode])


def _decode(files: list[Path], form: _Form) -> NDArray[np.uint8]:
    """Return the pixels of pictures of one form, shape (n, channels, height, width)."""
    channels = len(form.mode)
    shape = (len(files), channels, form.height, form.width)
    if math.prod(shape) > MAX_ARRAY_BYTES:
        raise UserError(
            f"{files[0].parent}: {len(files)} pictures of {form} take {math.prod(shape)} bytes; "
            f"the limit is {MAX_ARRAY_BYTES}"
        )
    images = np.empty(shape, dtype=np.uint8)
    for image, file in zip(images, files, strict=True):
        with _opened(file) as picture:
            pixels = np.asarray(picture.convert(form.mode))
        image[:] = np.moveaxis(np.atleast_3d(pixels), 2, 0)
    return images


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Open a picture that may be decoded; whatever goes wrong with it names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as picture:
                _check(file, picture)
                yield picture
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{file}: broken, or not a picture") from error
    except Exception as error:  # Pillow's decoders raise almost anything on broken files
        raise UserError(f"{file}: a broken picture ({error})") from error


def _check(file: Path, picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise UserError(
            f"{file}: has {picture.width}×{picture.height} pixels; the limit is {MAX_PIXELS}"
        )
    if picture.has_transparency_data:
        raise UserError(f"{file}: has transparency; save it as plain grey or RGB")
    if picture.mode not in _MODES:
        raise UserError(f"{file}: has mode {picture.mode}; save it as 8-bit grey or RGB")
