"""Image sets in folders of image files, or in a tar or zip of them."""

import math
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats import image_reading
from infoeval.data.formats.decoding import decode_all, map_files
from infoeval.data.formats.image_archives import ImageFile, find_images
from infoeval.data.formats.image_reading import Shape, read_image, shape_of
from infoeval.data.image_set import DARK, SUFFIXES, ImageSet, describe_form, split_indices
from infoeval.data.resizing import fit, pixels
from infoeval.data.split_folders import divide
from infoeval.data.untrusted import MAX_ARRAY_BYTES
from infoeval.errors import UserError, listing, printable

MAX_PIXELS = 4096 * 4096
"""The largest image that is read without being resized."""

_PICTURES = (
    *(".heic", ".heif", ".avif", ".svg", ".jxl", ".jp2", ".psd", ".tga", ".exr", ".hdr", ".ico"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2"),
)
_IDX = "-ubyte"  # in the names of MNIST's files, which may end in .gz
_CURES = {
    _IDX: "if they are MNIST's, give mnist, and their folder with --data-dir",
    **dict.fromkeys(_PICTURES, "convert them to .png or .jpg"),
    **dict.fromkeys((".npz", ".mat", ".h5"), "give such a file by its own path"),
    **dict.fromkeys((".zip", ".tar"), "give an archive by its own path, or unpack it"),
    **dict.fromkeys((".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"), "unpack them"),
    **dict.fromkeys((".mp4", ".avi", ".mov", ".webm"), "save their frames as .png or .jpg"),
    **dict.fromkeys((".npy", ".pt", ".pkl"), "save their images as `images` in a .npz file"),
    **dict.fromkeys((".csv", ".parquet", ".arrow", ".tfrecord"), "save their images as .png"),
}
"""What to do about files that may hold images and are not read here, by the end of their names."""


def load_folder(
    path: str | os.PathLike[str],
    split: str = "train",
    *,
    shape: Shape | None = None,
    skip_broken: bool = False,
    alone: bool = False,
) -> ImageSet:
    """Return one split of a folder of images, or of an uncompressed tar or a zip.

    Images are the png, jpg, bmp, webp, gif (first frame), tif (first page) and ppm files in the
    folder and its sub-folders, sorted by path; hidden files are ignored. They are turned upright
    according to their EXIF data, grey of 16 bits is scaled to 8, and an alpha channel that hides
    nothing is left out. If each is in a sub-folder, the names of the first-level sub-folders are
    the labels. Sub-folders ``train`` and ``test`` are the splits, with labels from the folders
    within (see :func:`infoeval.data.split_folders.divide` for other names); otherwise a fixed
    random fifth of the images is the test split.

    The headers of all files are read, but only the images of the split are decoded.

    Args:
        path: the folder, archive or image.
        split: ``"train"`` or ``"test"``.
        shape: ``(channels, height, width)`` to which the middle of each image is resized while it
            is read (see ``resizing.fit``). Memory holds a few of the originals at a time. Without
            a shape, all images must have one size and be all grey or all RGB.
        skip_broken: whether to leave out images that cannot be read. ``left_out`` of the result
            names them; the others stay in the split they are in anyway.
        alone: whether there may be a single image, which is then both splits.

    Raises:
        UserError: there are no images; one cannot be read, or is larger than ``MAX_PIXELS`` or,
            with a shape, ``image_reading.MAX_PIXELS``; one differs from the first in size or mode;
            together they exceed 8 GiB; no pixel is brighter than 31; or it is not clear which
            folders are the splits.
    """
    path = Path(path)
    found = _find(path, skip_broken)
    files = found.files
    resized_from, places = "", None
    if shape is None:
        images_shape = _only_shape(files, skip_broken)
    else:
        images_shape = shape
        sizes, channels = _form(_shapes(files, skip_broken).values())
        if (sizes, channels) != _form([shape]):
            resized_from = describe_form(sizes, channels)
    if found.splits:
        chosen = [k for k, name in enumerate(found.splits) if name == split]
    else:
        places = split_indices(str(path), len(files), split, alone=alone)
        chosen = places.tolist()
    labels, label_names = _labels(files, found.depth)
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
    images = images[: len(kept)]
    if 0 < (brightest := int(images.max())) < DARK:
        raise UserError(
            f"{path}: would be black: the brightest pixel is {brightest} of 255 (16 bits are read "
            "as 0 to 65,535); scale the images first"
        )
    return ImageSet(
        name=printable(path.resolve().stem if path.is_file() else path.resolve().name),
        split=split,
        images=images,
        labels=None if labels is None else labels[chosen][kept],
        label_names=label_names,
        left_out=found.left_out + left_out,
        resized_from=resized_from,
        notes=found.notes,
        files=tuple(printable(files[chosen[k]].name) for k in kept),
        places=None if places is None else places[kept],
    )


def common_form(
    path: str | os.PathLike[str], *, skip_broken: bool = False
) -> tuple[set[tuple[int, int]], int]:
    """Return the sizes of a folder's images and the channels that hold all; none is decoded.

    Sizes are (height, width); the channels are 1 if every image is grey, else 3. Raises UserError
    if there are no images, or if one cannot be read and ``skip_broken`` is false.
    """
    return _form(_shapes(_find(Path(path), skip_broken).files, skip_broken).values())


def _form(shapes: Iterable[Shape]) -> tuple[set[tuple[int, int]], int]:
    channels, heights, widths = zip(*shapes, strict=True)
    return set(zip(heights, widths, strict=True)), max(channels)


@dataclass(frozen=True)
class _Found:
    """The image files of a folder that are in a split, and how it divides them."""

    files: list[ImageFile]
    splits: list[str | None]  # of each file; empty if no folder says so
    depth: int
    notes: tuple[str, ...]
    left_out: tuple[str, ...]  # of an archive


def _find(path: Path, skip_broken: bool) -> _Found:
    unread: Counter[str] = Counter()

    def wanted(name: str) -> bool:
        if name.startswith(".") or "/." in name:
            return False
        suffix = _IDX if _IDX in name else PurePosixPath(name).suffix.lower()
        unread.update({suffix} & _CURES.keys())
        return suffix in SUFFIXES

    listed, left_out = find_images(path, wanted, skip_broken=skip_broken)
    # Of two members of an archive with one name, the later one is the valid one.
    files = [file for _, file in sorted({file.name: file for file in listed}.items())]
    if not files:
        hints = "".join(f"; {note}" for note in (*map(_not_read, unread.items()), *left_out[:1]))
        raise UserError(f"{path}: holds no images ({', '.join(SUFFIXES)}){hints}")
    notes = [_not_read(item) for item in unread.items() if item[0] in _PICTURES]
    if left_out and path.is_dir():
        notes.append(f"left out {len(left_out):,}: {listing(left_out)}")
        left_out = ()
    division = divide(str(path), [PurePosixPath(file.name).parts[:-1] for file in files])
    notes += division.notes
    splits = list(division.splits)
    if splits:
        kept = [k for k, split in enumerate(splits) if split is not None]
        files, splits = [files[k] for k in kept], [splits[k] for k in kept]
    return _Found(files, splits, division.depth, tuple(notes), left_out)


def _not_read(suffix_and_count: tuple[str, int]) -> str:
    suffix, count = suffix_and_count
    return f"{count:,} {suffix} file(s) are not read: {_CURES[suffix]}"


def _labels(files: list[ImageFile], depth: int) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return class indices and names from the folders of each file, below some that are none."""
    folders = [PurePosixPath(file.name).parts[depth:-1] for file in files]
    if not all(folders):
        return None, ()
    names, labels = np.unique([folder[0] for folder in folders], return_inverse=True)
    return labels.astype(np.int64), tuple(map(printable, names.tolist()))


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
    files: list[ImageFile], skip_broken: bool, *, max_pixels: int = image_reading.MAX_PIXELS
) -> dict[int, Shape]:
    """Return the shape of each readable image by index, from its header."""

    def shape(k: int) -> Shape:
        return shape_of(files[k], max_pixels=max_pixels)

    return map_files(files, shape, skip_broken=skip_broken)[0]


def _unchanged(file: ImageFile) -> NDArray[np.uint8]:
    return pixels(read_image(file, max_pixels=MAX_PIXELS))


def _resized(file: ImageFile, shape: Shape) -> NDArray[np.uint8]:
    # A large JPEG is decoded at the smallest of its own scales that leaves twice the size.
    return fit(read_image(file, side=2 * max(shape[1:])), shape)
