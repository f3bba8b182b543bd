"""CelebA: aligned faces of celebrities and 40 attributes of each (Liu, Luo, Wang, Tang, 2015)."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.decoding import Selection, prepared_images
from infoeval.data.formats.image_archives import ImageFile, find_images, state_of
from infoeval.data.formats.image_reading import read_image
from infoeval.data.image_set import ImageSet, split_indices
from infoeval.data.resizing import crop_middle, fit
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, not_there
from infoeval.data.untrusted import open_maybe_gzipped, read_at_most
from infoeval.errors import UserError

_VERSION = 2  # of the prepared images: another version has them prepared again
_SHAPE = (3, 32, 32)  # InfoGAN's
_CROP = 74 / 89  # of the width: 148 of the official 178 pixels

_ATTRIBUTES = "list_attr_celeba.txt"
_PARTITION = "list_eval_partition.txt"
_IMAGES = "img_align_celeba"
# Our own and torchvision's folder, the official one and Kaggle's, or the data root itself; the
# official one has its parts in folders.
_FOLDERS = ("celeba", "CelebA", "celeba-dataset", "")
_PARTS_OF_IT = ("", "Anno", "Eval", "Img")

_IMAGE_NAME = re.compile(r"[0-9]{6}\.jpg")
_MAX_LIST_BYTES = 2**26  # the official attributes have 27 MB
_LONGEST_NAME = 200  # characters of an attribute
_MAX_LINES = 2**20  # the official ones have 202,601
_VALUES = {"-1": False, "1": True, "0": False}
_SPLITS = {"0": "train", "1": "validation", "2": "test"}


def _folder(root: Path) -> Path:
    return root / _FOLDERS[0]


def _places(root: Path) -> list[Path]:
    return [root / folder / part for folder in _FOLDERS for part in _PARTS_OF_IT]


def _list_path(root: Path, name: str) -> Path | None:
    names = [f"{stem}{end}" for stem in (name, f"{name[:-4]}.csv") for end in ("", ".gz")]
    paths = (place / file for place in _places(root) for file in names)
    return next((path for path in paths if path.is_file()), None)


def _images_path(root: Path) -> Path | None:
    """Return the folder of images, or else the first tar by name, or else the first zip."""
    for place in _places(root):
        if (place / _IMAGES).is_dir():
            return place / _IMAGES
        for suffix in ("tar", "zip"):
            first = min(place.glob(f"{_IMAGES}*.{suffix}"), default=None)
            if first is not None:
                return first
    return None


def _where(root: Path) -> str:
    path = _list_path(root, _ATTRIBUTES) or _images_path(root)
    return str(_folder(root) if path is None else path.parent)


def _what_to_do(root: Path) -> str:
    images = _images_path(root)
    missing = []
    if _list_path(root, _ATTRIBUTES) is None:
        missing.append(f"{_ATTRIBUTES} (gzipped or not)")
    if images is None:
        missing.append(f"{_IMAGES} (the folder of jpg files, or a .tar or .zip of them)")
    line = f"put {' and '.join(missing)} into {_folder(root)}, {OTHER_FOLDER}"
    if images is None:
        return line
    unpack = "" if images.is_dir() else f"unpack {images.name} and "
    return f"{line}; for the images alone, {unpack}give their folder in place of celeba"


def _load(request: LoadRequest) -> ImageSet:
    """Return one split of the images that are both there and in the list of attributes.

    If the official partition is there, it defines the splits; validation images are in neither.
    """
    root = request.root
    attributes, images = _list_path(root, _ATTRIBUTES), _images_path(root)
    if attributes is None or images is None:
        raise not_there("celeba", _what_to_do(root))
    partition = _list_path(root, _PARTITION)
    states = [state_of(path, _wanted) for path in (images, attributes, partition) if path]
    key = {"version": _VERSION, "sources": states}

    def select() -> Selection:
        return _select(images, attributes, partition, request)

    return prepared_images("celeba", request, key, select, _SHAPE, _decode)


def _wanted(path: str) -> bool:
    return _IMAGE_NAME.fullmatch(path.rpartition("/")[2]) is not None


def _select(
    source: Path, attributes_path: Path, partition_path: Path | None, request: LoadRequest
) -> Selection:
    attribute_names, rows, values = _read_attributes(attributes_path)
    found, left_out = find_images(source, _wanted, skip_broken=request.skip_broken)
    files = {PurePosixPath(file.name).name: file for file in found}
    names = sorted(files.keys() & rows.keys())
    if not names:
        raise UserError(f"{source}: holds no image that is listed in {attributes_path}")
    chosen = _split(names, partition_path, request.split)
    return Selection(
        files=[files[name] for name in chosen],
        factors=values[[rows[name] for name in chosen]],
        factor_names=attribute_names,
        factor_types=("discrete",) * len(attribute_names),
        left_out=left_out,
    )


def _split(names: list[str], partition_path: Path | None, split: str) -> list[str]:
    """Return the names that are in a split."""
    if partition_path is None:
        return [names[k] for k in split_indices("celeba", len(names), split)]
    lines = _lines(partition_path)
    fields = _fields(partition_path, lines, 2 if _is_table(lines) else 1, 1, _SPLITS)
    partition = {name: _SPLITS[values[0]] for name, values in fields}
    chosen = [name for name in names if partition.get(name) == split]
    if not chosen:
        raise UserError(
            f"{partition_path}: none of the {len(names)} images that are there is in its {split} "
            "part; without this file, a fixed random fifth of them is the test split"
        )
    return chosen


def _decode(file: ImageFile) -> NDArray[np.uint8]:
    """Return the usual square, 148 of 178 pixels wide or in proportion."""
    image = read_image(file, formats=("JPEG",))
    side = round(image.width * _CROP)
    if side > image.height:
        raise UserError(f"{file}: has {image.width}×{image.height} pixels, not 178×218 or the like")
    return fit(crop_middle(image, side, side), _SHAPE)


def _read_attributes(path: Path) -> tuple[tuple[str, ...], dict[str, int], NDArray[np.bool_]]:
    """Return attribute names, the row of each image, and values ``(n, k)``.

    The first line of ``list_attr_celeba.txt`` is the number of images, its second the names of
    the attributes; then there is a line for each image, with its name and -1 or 1 for each
    attribute. In Kaggle's ``.csv`` the first line has the names of the columns, ``image_id`` and
    the attributes. Raises UserError, which names the line, for anything else.
    """
    lines = _lines(path)
    if _is_table(lines):
        names, first, allowed = _cells(lines[0])[1:], 2, _VALUES
    elif len(lines) < 3 or lines[0] != str(len(lines) - 2):
        raise UserError(
            f"{path}: line 1 must be the number of images, and line 2 the names of the "
            f"attributes; there are {len(lines)} lines"
        )
    else:
        names, first, allowed = _cells(lines[1]), 3, {"-1": False, "1": True}
    if not names or not all(_is_name(name) for name in names):
        raise UserError(f"{path}: line {first - 1} must be the names of the attributes")
    if len(set(names)) < len(names):
        raise UserError(f"{path}: line {first - 1} has an attribute twice")
    rows: dict[str, int] = {}
    values = bytearray()
    for name, fields in _fields(path, lines, first, len(names), allowed):
        values += bytes(allowed[field] for field in fields)
        rows[name] = len(rows)
    return tuple(names), rows, np.frombuffer(values, np.bool_).reshape(-1, len(names))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable()


def _lines(path: Path) -> list[str]:
    with open_maybe_gzipped(path) as stream:
        content = read_at_most(stream, _MAX_LIST_BYTES + 1)
    if len(content) > _MAX_LIST_BYTES:
        raise UserError(f"{path}: longer than {_MAX_LIST_BYTES} bytes, which no list of CelebA is")
    if content.count(b"\n") > _MAX_LINES:
        raise UserError(f"{path}: has more than {_MAX_LINES} lines, which no list of CelebA has")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file ({error.reason})") from error
    return [line.strip() for line in text.rstrip().split("\n")]


def _is_table(lines: list[str]) -> bool:
    """Whether a list has names of columns, as Kaggle's do."""
    return _cells(lines[0])[:1] == ["image_id"]


def _cells(line: str) -> list[str]:
    """Return the fields of a line, which are separated by commas, or by spaces."""
    return [field.strip(' "') for field in line.split(",")] if "," in line else line.split()


def _fields(
    path: Path, lines: list[str], first: int, count: int, allowed: Collection[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the image name and the checked values of each line; ``first`` counts from 1."""
    seen = set()
    for number, line in enumerate(lines[first - 1 :], first):
        name, *values = _cells(line) or [""]
        if not _IMAGE_NAME.fullmatch(name) or name in seen:
            reason = "twice" if name in seen else "instead of a name such as 000001.jpg"
            raise UserError(f"{path}: line {number} has {name[:40]!r} {reason}")
        if len(values) != count:
            raise UserError(f"{path}: line {number} has {len(values)} values, not {count}")
        wrong = next((value for value in values if value not in allowed), None)
        if wrong is not None:
            raise UserError(
                f"{path}: line {number} has the value {wrong[:40]!r}, not {' or '.join(allowed)}"
            )
        seen.add(name)
        yield name, values


def _count(root: Path) -> int:
    images = _images_path(root)
    assert images is not None  # the set is present
    return len(find_images(images, _wanted, skip_broken=True)[0])


SOURCE = DataSource(
    name="celeba",
    description="CelebA: up to 202,599 aligned faces, cut to 32×32 RGB, 40 yes-or-no attributes",
    load=_load,
    where=_where,
    present=lambda root: None not in (_list_path(root, _ATTRIBUTES), _images_path(root)),
    what_to_do=_what_to_do,
    published=202_599,
    count=_count,
)
