"""Image sets in folders of image files."""

import math
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from infoeval.data.formats import decoding
from infoeval.data.formats.decoding import decode_all, map_files, open_image
from infoeval.data.formats.image_archives import ImageFile, find_images
from infoeval.data.image_set import SPLITS, ImageSet, describe_form, split_indices
from infoeval.data.resizing import fit, pixels
from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError

MAX_PIXELS = 4096 * 4096
"""The largest image that is read without being resized."""

_GREY = ("1", "L")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")

Shape = tuple[int, int, int]
"""Channels, height and width."""


def load_folder(
    path: str | os.PathLike[str],
    split: str = "train",
    *,
    shape: Shape | None = None,
    skip_broken: bool = False,
) -> ImageSet:
    """Return one split of a folder of images.

    Images are the png, jpg, jpeg, bmp, webp and gif (first frame) files in the folder and its
    sub-folders, sorted by path; hidden files are ignored. If each is in a sub-folder, the names of
    the first-level sub-folders are the labels. If there are images in sub-folders ``train`` and
    ``test``, these are the splits, with labels from the folders within, and images elsewhere are
    ignored; otherwise a fixed random fifth of the images is the test split.

    The headers of all files are read, but only the images of the split are decoded.

    Args:
        path: the folder.
        split: ``"train"`` or ``"test"``.
        shape: ``(channels, height, width)`` to which each image is resized while it is read: it
            is turned upright according to its EXIF data, and its middle is resized (see
            ``resizing.fit``). Memory holds a few of the originals at a time. Without a shape, all
            images must have one size and be all grey or all RGB.
        skip_broken: whether to leave out images that cannot be read. ``left_out`` of the result
            names them; the others stay in the split they are in anyway.

    Raises:
        UserError: there are no images; one cannot be read, or is larger than ``MAX_PIXELS`` or,
            with a shape, ``decoding.MAX_PIXELS``; one differs from the first in size or mode; or
            together they exceed 8 GiB.
    """
    path = Path(path)
    files, official = _image_files(path)
    resized_from = ""
    if shape is None:
        images_shape = _only_shape(files, skip_broken)
    else:
        images_shape = shape
        sizes, channels = _form(_shapes(files, skip_broken).values())
        if (sizes, channels) != _form([shape]):
            resized_from = describe_form(sizes, channels)
    parts = [PurePosixPath(file.name).parts for file in files]
    if official:
        chosen = [k for k, part in enumerate(parts) if part[0] == split]
    else:
        chosen = split_indices(str(path), len(parts), split).tolist()
    depth = 1 if official else 0  # the folder train or test is no class
    labels, label_names = _labels([part[depth:-1] for part in parts])
    size = len(chosen) * math.prod(images_shape)
    if size > MAX_ARRAY_BYTES:
        raise UserError(
            f"{path}: {len(chosen)} images of {_describe(images_shape)} take {size} bytes; "
            f"the limit is {MAX_ARRAY_BYTES}"
        )
    images = np.empty((len(chosen), *images_shape), dtype=np.uint8)
    kept, left_out = decode_all(
        [files[k] for k in chosen],
        images,
        _unchanged if shape is None else lambda file: _resized(file, shape),
        skip_broken=skip_broken,
    )
    return ImageSet(
        name=path.resolve().name,
        split=split,
        images=images[: len(kept)],
        labels=None if labels is None else labels[chosen][kept],
        label_names=label_names,
        left_out=left_out,
        resized_from=resized_from,
    )


def common_form(
    path: str | os.PathLike[str], *, skip_broken: bool = False
) -> tuple[set[tuple[int, int]], int]:
    """Return the sizes of a folder's images and the channels that hold all; none is decoded.

    Sizes are (height, width); the channels are 1 if every image is grey, else 3. Raises UserError
    if there are no images, or if one cannot be read and ``skip_broken`` is false.
    """
    files, _ = _image_files(Path(path))
    return _form(_shapes(files, skip_broken).values())


def _form(shapes: Iterable[Shape]) -> tuple[set[tuple[int, int]], int]:
    channels, heights, widths = zip(*shapes, strict=True)
    return set(zip(heights, widths, strict=True)), max(channels)


def _image_files(path: Path) -> tuple[list[ImageFile], bool]:
    """Return the image files below a folder, and whether folders train and test divide them."""
    files, _ = find_images(path, _wanted)
    if not files:
        raise UserError(f"{path}: holds no images ({', '.join(_SUFFIXES)})")
    tops = [file.name.partition("/") for file in files]
    if not set(SPLITS) <= {top for top, slash, _ in tops if slash}:
        return files, False
    return [file for file, (top, _, _) in zip(files, tops, strict=True) if top in SPLITS], True


def _wanted(name: str) -> bool:
    hidden = name.startswith(".") or "/." in name
    return name.lower().endswith(_SUFFIXES) and not hidden


def _labels(folders: list[tuple[str, ...]]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return class indices and names from the sub-folders of each file."""
    if not all(folders):
        return None, ()
    names, labels = np.unique([folder[0] for folder in folders], return_inverse=True)
    return labels.astype(np.int64), tuple(names.tolist())


def _only_shape(files: list[ImageFile], skip_broken: bool) -> Shape:
    """Return the shape that all images have."""
    shapes = _shapes(files, skip_broken, max_pixels=MAX_PIXELS)
    first = next(iter(shapes))
    for k, shape in shapes.items():
        if shape != shapes[first]:
            raise UserError(
                f"{files[k]}: is {_describe(shape)}, but {files[first]} is "
                f"{_describe(shapes[first])}; all images must have one size and mode here "
                "(infoeval train FOLDER resizes them)"
            )
    return shapes[first]


def _describe(shape: Shape) -> str:
    return describe_form({shape[1:]}, shape[0])


def _shapes(
    files: list[ImageFile], skip_broken: bool, *, max_pixels: int = decoding.MAX_PIXELS
) -> dict[int, Shape]:
    """Return the shape of each readable image by index, from its header."""

    def shape(k: int) -> Shape:
        with open_image(files[k], max_pixels=max_pixels) as image:
            return 1 if image.mode in _GREY else 3, image.height, image.width

    return map_files(files, shape, skip_broken=skip_broken)[0]


def _unchanged(file: ImageFile) -> NDArray[np.uint8]:
    with open_image(file, max_pixels=MAX_PIXELS) as image:
        return pixels(image.convert("L" if image.mode in _GREY else "RGB"))


def _resized(file: ImageFile, shape: Shape) -> NDArray[np.uint8]:
    with open_image(file) as image:
        # A large JPEG is decoded at the smallest of its own scales that leaves twice the size.
        image.draft(None, (2 * max(shape[1:]),) * 2)
        ImageOps.exif_transpose(image, in_place=True)
        return fit(image, shape)
