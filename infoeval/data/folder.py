"""Any folder of pictures as an image set."""

import math
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from infoeval.data.formats import decoding
from infoeval.data.formats.bounded import MAX_ARRAY_BYTES
from infoeval.data.formats.decoding import decode_all, opened, try_each
from infoeval.data.formats.picture_files import Picture, find_pictures
from infoeval.data.image_set import SPLITS, ImageSet
from infoeval.data.resizing import fit, pixels
from infoeval.data.splits import split_indices
from infoeval.errors import UserError

__all__ = ["MAX_PIXELS", "common_form", "load_folder"]

MAX_PIXELS = 4096 * 4096
"""The largest picture that is taken as it is, not resized."""

_GREY = ("1", "L")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")


@dataclass(frozen=True)
class _Form:
    """What all pictures of a set share."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width}×{self.height} {'grey' if self.channels == 1 else 'RGB'}"


def load_folder(
    path: str | os.PathLike[str],
    split: str = "train",
    *,
    shape: tuple[int, int, int] | None = None,
    skip_broken: bool = False,
) -> ImageSet:
    """Load one split of a folder of pictures.

    Pictures are the png, jpg, jpeg, bmp, webp and gif (first frame) files in the folder and its
    sub-folders, sorted by path; hidden files are passed over. If each lies in a sub-folder, the
    names of the first-level sub-folders are the labels. If there are pictures in sub-folders called
    ``train`` and ``test``, these are the splits, with labels from the folders within, and pictures
    elsewhere are passed over; otherwise a fixed random fifth of the pictures is the test split.

    Args:
        path: the folder.
        split: ``"train"`` or ``"test"``.
        shape: ``(channels, height, width)`` that each picture is brought to while it is read: it
            is turned upright as its EXIF says, and its middle is cut out and resized (see
            ``fitting.fit``). Memory holds a few of the originals at a time. Without it, all must
            have one size and be all grey or all RGB; then all are looked at, whichever split is
            asked for, but only its own are decoded.
        skip_broken: whether to leave out pictures that cannot be read. ``left_out`` of the result
            names them; the others stay in the split that they are in anyway.

    Raises:
        UserError: there are no pictures; one cannot be read, or is larger than ``MAX_PIXELS`` or,
            with a shape, ``decoding.MAX_PIXELS``; one differs from the first in size or mode; or
            together they exceed 8 GiB.

    """
    path = Path(path)
    pictures, official = _pictures(path)
    form = _only_form(pictures, skip_broken) if shape is None else _Form(*shape)
    parts = [PurePosixPath(picture.name).parts for picture in pictures]
    if official:
        chosen = [k for k, part in enumerate(parts) if part[0] == split]
    else:
        chosen = split_indices(str(path), len(parts), split).tolist()
    depth = 1 if official else 0  # the folder train or test is no class
    labels, label_names = _labels([part[depth:-1] for part in parts])
    images = _empty(path, len(chosen), form)
    kept, left_out = decode_all(
        [pictures[k] for k in chosen],
        images,
        _whole if shape is None else lambda picture: _fitted(picture, shape),
        skip_broken=skip_broken,
    )
    return ImageSet(
        name=path.resolve().name,
        split=split,
        images=images[: len(kept)],
        labels=None if labels is None else labels[chosen][kept],
        label_names=label_names,
        left_out=left_out,
    )


def common_form(
    path: str | os.PathLike[str], *, skip_broken: bool = False
) -> tuple[set[tuple[int, int]], int]:
    """Look at the sizes and colours of all pictures of a folder, of which none is decoded.

    Args:
        path: the folder.
        skip_broken: whether to pass over pictures that cannot be read.

    Returns:
        The sizes, (height, width), that there are, and the channels that hold all colours: 1 if
        every picture is grey, else 3.

    Raises:
        UserError: there are no pictures, or one cannot be read.

    """
    pictures, _ = _pictures(Path(path))
    forms = _forms(pictures, skip_broken).values()
    return {(form.height, form.width) for form in forms}, max(form.channels for form in forms)


def _pictures(path: Path) -> tuple[list[Picture], bool]:
    """Return the pictures below a folder, and whether train and test folders part them."""
    pictures, _ = find_pictures(path, _wanted)
    if not pictures:
        raise UserError(f"{path}: holds no pictures ({', '.join(_SUFFIXES)})")
    tops = [picture.name.partition("/") for picture in pictures]
    if not set(SPLITS) <= {top for top, slash, _ in tops if slash}:
        return pictures, False
    return [p for p, (top, _, _) in zip(pictures, tops, strict=True) if top in SPLITS], True


def _wanted(name: str) -> bool:
    hidden = name.startswith(".") or "/." in name
    return name.lower().endswith(_SUFFIXES) and not hidden


def _labels(folders: list[tuple[str, ...]]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return class indices and names from the sub-folders each picture lies in."""
    if not all(folders):
        return None, ()
    names, labels = np.unique([folder[0] for folder in folders], return_inverse=True)
    return labels.astype(np.int64), tuple(names.tolist())


def _only_form(pictures: list[Picture], skip_broken: bool) -> _Form:
    """Return the form that all pictures have."""
    forms = _forms(pictures, skip_broken, max_pixels=MAX_PIXELS)
    first = next(iter(forms))
    for k, form in forms.items():
        if form != forms[first]:
            raise UserError(
                f"{pictures[k]}: is {form}, but {pictures[first]} is {forms[first]}; all pictures "
                "must have one size and mode here (infoeval train FOLDER resizes them)"
            )
    return forms[first]


def _forms(
    pictures: list[Picture], skip_broken: bool, *, max_pixels: int = decoding.MAX_PIXELS
) -> dict[int, _Form]:
    """Return by index the form of each picture, which is opened but not decoded."""

    def form(k: int) -> _Form:
        with opened(pictures[k], max_pixels=max_pixels) as image:
            return _Form(1 if image.mode in _GREY else 3, image.height, image.width)

    return try_each(pictures, form, skip_broken=skip_broken)[0]


def _empty(path: Path, count: int, form: _Form) -> NDArray[np.uint8]:
    shape = (count, form.channels, form.height, form.width)
    if math.prod(shape) > MAX_ARRAY_BYTES:
        raise UserError(
            f"{path}: {count} pictures of {form} take {math.prod(shape)} bytes; "
            f"the limit is {MAX_ARRAY_BYTES}"
        )
    return np.empty(shape, dtype=np.uint8)


def _whole(picture: Picture) -> NDArray[np.uint8]:
    with opened(picture, max_pixels=MAX_PIXELS) as image:
        return pixels(image.convert("L" if image.mode in _GREY else "RGB"))


def _fitted(picture: Picture, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    with opened(picture) as image:
        # A large JPEG is decoded at the smallest of its own scales that leaves twice the size.
        image.draft(None, (2 * max(shape[1:]),) * 2)
        ImageOps.exif_transpose(image, in_place=True)
        return fit(image, shape)
