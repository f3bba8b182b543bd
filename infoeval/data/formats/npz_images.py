"""Image sets in numpy's ``.npz`` files."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.formats.npz_pixels import image_shape, read_pixels
from infoeval.data.image_set import (
    FACTOR_TYPES,
    SPLITS,
    ImageSet,
    full_factor_type,
    split_indices,
)
from infoeval.data.source import OTHER_FOLDER, DataSource, LoadRequest, not_there
from infoeval.errors import UserError

DSPRITES_IMAGES, DSPRITES_FACTORS = "imgs", "latents_values"
"""Arrays of dSprites' own file; its metadata is a pickle, which is not read."""
_DSPRITES = {
    "color": "discrete",
    "shape": "discrete",
    "scale": "ordinal",
    "orientation": "periodic",
    "x": "ordinal",
    "y": "ordinal",
}
_DSPRITES_SHAPES = ("square", "ellipse", "heart")

Most = tuple[int, int] | None
"""The largest numbers of train and of test images; None: no limit."""

# Images of files without test_images, test split first. Both splits are views of one array, so
# that it is decoded once for both and freed when neither is in use.
_in_use: WeakValueDictionary[tuple[Path, int, int, Most], NDArray[np.uint8]] = WeakValueDictionary()


def load_npz(
    path: str | os.PathLike[str], split: str = "train", most: Most = None, *, alone: bool = False
) -> ImageSet:
    """Return one split of the image set in a ``.npz`` file.

    The file holds

    - ``images``: whole numbers from 0 to 255, or floats in [0, 1] or nothing but 0 and 1 (scaled
      to 0..255); shape ``(n, h, w)``, ``(n, h, w, c)`` or ``(n, c, h, w)`` with c 1 or 3;
    - ``labels``, optional: shape ``(n,)``, integers of any range or strings. They become class
      indices in sorted order, and keep their values as names. With ``label_names`` they must be
      integers that index it;
    - ``label_names``, ``factor_names``, optional: strings;
    - ``factors``, optional: numbers of shape ``(n, k)`` or ``(n,)``;
    - ``factor_types``, optional: a string for each factor, ``discrete``, ``ordinal``,
      ``continuous``, ``periodic`` or their first letters, ``periodic:360`` where the period is not
      2π;
    - ``test_images``, optional, with ``test_labels`` and ``test_factors``: the test split. Without
      it, a fixed random fifth of the images is the test split, and both splits share one array
      while they are in use.

    dSprites' own file is read as it is: ``imgs`` and ``latents_values``, whose factors are named;
    its colour, which is the same throughout, is left out, and the labels are its shapes.

    Other arrays are ignored. Nothing is unpickled. Each array may take 8 GiB;
    images beyond 1 GiB are decoded once, into the cache. With ``most``, only the first images of
    the train and the test split of a file without ``test_images`` are kept: random ones. With
    ``alone``, one image alone is both splits.

    Raises:
        UserError: the file is not such a file; the message names the array and the reason.
    """
    with NpzFile(Path(path)) as arrays:
        return read_split(arrays, split, most, alone=alone)


def npz_form(path: str | os.PathLike[str]) -> tuple[set[tuple[int, int]], int]:
    """Return the size (height, width) of the images in a ``.npz`` file, and their channels.

    Only the header of the images is read. Raises UserError like :func:`load_npz`.
    """
    with NpzFile(Path(path)) as arrays:
        _, channels, height, width = image_shape(arrays, _images_name(arrays))[0]
    return {(height, width)}, channels


def npz_count(path: str | os.PathLike[str]) -> int:
    """Return how many images a ``.npz`` file has, both splits together, by their headers.

    Raises UserError like :func:`load_npz`.
    """
    with NpzFile(Path(path)) as arrays:
        parts = {_images_name(arrays), "test_images"}
        return sum(image_shape(arrays, name)[0][0] for name in parts if name in arrays)


def npz_source(
    name: str,
    description: str,
    file: str,
    contents: str,
    convert: Callable[[ImageSet, Path], ImageSet],
) -> DataSource:
    """Return the declaration of a data set that is one ``.npz`` file, ``ROOT/<name>/<file>``.

    ``contents`` is what the user has to put there. ``convert`` checks and completes the images of
    the file at a path, and raises UserError if they are not those of the data set.
    """

    def path(root: Path) -> Path:
        return root / name / file

    def what_to_do(root: Path) -> str:
        return f"put {contents} at {path(root)}, {OTHER_FOLDER}"

    def load(request: LoadRequest) -> ImageSet:
        if not path(request.root).is_file():
            raise not_there(name, what_to_do(request.root))
        images = load_npz(path(request.root), request.split)
        return replace(convert(images, path(request.root)), name=name)

    return DataSource(
        name=name,
        description=description,
        load=load,
        where=lambda root: str(path(root).parent),
        present=lambda root: path(root).is_file(),
        what_to_do=what_to_do,
    )


def read_split(arrays: NpzFile, split: str, most: Most = None, *, alone: bool = False) -> ImageSet:
    """Return one split of the images in a file, or in memory; see `load_npz`."""
    official = "test_images" in arrays
    _check_test_split(arrays, official)
    prefix = "test_" if official and split == "test" else ""
    main = f"{prefix}images" if official else _images_name(arrays)
    count = image_shape(arrays, main)[0][0]
    described = _dsprites_factors if main == DSPRITES_IMAGES else _described
    about = described(arrays, prefix, count)
    places = None
    if official:
        images = read_pixels(arrays, main)
    else:
        rows = {part: _chosen(arrays, count, part, most, alone) for part in ("test", "train")}
        places = chosen = rows[split]
        every = np.concatenate(list(rows.values()))[:count]  # one alone is in both splits
        shuffled = _shuffled_images(arrays, main, every, most)
        images = shuffled[: len(chosen)] if split == "test" else shuffled[-len(chosen) :]
        for name in ("labels", "factors"):
            if about.get(name) is not None:
                about[name] = about[name][chosen]
    notes = _notes(arrays, main, official)
    name = arrays.path.stem
    return ImageSet(name, split, images, notes=notes, places=places, **about)


def _check_test_split(arrays: NpzFile, official: bool) -> None:
    """Raise UserError for arrays of a test split that do not go with those of the train split."""
    for name in ("test_labels", "test_factors"):
        if name in arrays and not official:
            raise arrays.error(name, "is there without test_images")
    if not official:
        return
    images = _images_name(arrays)
    forms = [image_shape(arrays, name)[0][1:] for name in (images, "test_images")]
    if forms[0] != forms[1]:
        raise arrays.error("test_images", f"are {forms[1]}, and {images} {forms[0]}; give one form")
    if "factors" in arrays and "test_factors" in arrays:
        widths = [arrays.header(name).shape[1:] for name in ("factors", "test_factors")]
        if widths[0] != widths[1]:
            raise arrays.error("test_factors", "has other columns than factors")


def _notes(arrays: NpzFile, images: str, official: bool) -> tuple[str, ...]:
    """Return a note for arrays of evaluation data that are not read, or that one split has not."""
    alone = [
        f"test_images have no test_{name}"
        for name in ("labels", "factors")
        if official and name in arrays and f"test_{name}" not in arrays
    ]
    if alone or images == DSPRITES_IMAGES or "labels" in arrays or "factors" in arrays:
        return tuple(alone)
    others = arrays.besides("images", "test_images")
    called = "labels and factors are read from arrays of these names"
    return (f"not read: {others}; {called}",) if others else ()


def _images_name(arrays: NpzFile) -> str:
    """Return which array has the images. Raises UserError where none has."""
    if "images" in arrays:
        return "images"
    if DSPRITES_IMAGES in arrays:
        return DSPRITES_IMAGES
    table = "; as a table of codes it is given in place of a model" if "codes" in arrays else ""
    raise UserError(
        f"{arrays.path}: holds no array called images; it holds {arrays.names}: save them as "
        f"images, and perhaps labels and factors{table}"
    )


def _described(arrays: NpzFile, prefix: str, count: int) -> dict[str, Any]:
    """Return labels, factors and their names, as arguments of an `ImageSet`."""
    labels, label_names = _as_labels(arrays, prefix, count)
    factors = _as_factors(arrays, f"{prefix}factors", count)
    return {
        "labels": labels,
        "label_names": label_names,
        "factors": factors,
        "factor_names": () if factors is None else _as_names(arrays, "factor_names"),
        "factor_types": () if factors is None else _as_factor_types(arrays, factors.shape[1]),
    }


def _dsprites_factors(arrays: NpzFile, prefix: str, count: int) -> dict[str, Any]:
    """Return shapes as labels, and the factors that vary, of dSprites' own file."""
    del prefix  # it has no split
    values = _as_factors(arrays, DSPRITES_FACTORS, count)
    if values is None or values.shape[1] != len(_DSPRITES):
        there = "missing" if values is None else f"of {values.shape[1]} columns"
        raise arrays.error(
            DSPRITES_FACTORS,
            f"is {there}; dSprites has {len(_DSPRITES)}: {', '.join(_DSPRITES)}. Save images of "
            "another set as images, factors and factor_names",
        )
    varying = (values != values[0]).any(axis=0)
    kept = [name for name, varies in zip(_DSPRITES, varying, strict=True) if varies]
    shapes = values[:, list(_DSPRITES).index("shape")] - 1
    known = bool(np.isin(shapes, range(len(_DSPRITES_SHAPES))).all())
    return {
        "labels": shapes.astype(np.int64) if known else None,
        "label_names": _DSPRITES_SHAPES if known else (),
        "factors": values[:, varying] if kept else None,
        "factor_names": tuple(kept),
        "factor_types": tuple(_DSPRITES[name] for name in kept),
    }


def _chosen(arrays: NpzFile, count: int, split: str, most: Most, alone: bool) -> NDArray[np.intp]:
    """Return which rows of a file are in a split."""
    rows = split_indices(str(arrays.path), count, split, alone=alone)
    return rows if most is None else rows[: most[SPLITS.index(split)]]


def _shuffled_images(
    arrays: NpzFile, name: str, rows: NDArray[np.intp], most: Most
) -> NDArray[np.uint8]:
    """Return the images of these rows, from memory if they are in use."""
    if arrays.in_memory:
        return read_pixels(arrays, name, rows)
    state = arrays.path.stat()
    key = (arrays.path.resolve(), state.st_size, state.st_mtime_ns, most)
    shuffled = _in_use.get(key)
    if shuffled is None:
        shuffled = _in_use[key] = read_pixels(arrays, name, rows)
    return shuffled


def _as_labels(
    arrays: NpzFile, prefix: str, count: int
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Return the class index of each image and the names of all classes, in either split."""
    if f"{prefix}labels" not in arrays:
        return None, ()
    _check_count(arrays, f"{prefix}labels", count)
    values = {
        name: _label_values(arrays, name) for name in ("labels", "test_labels") if name in arrays
    }
    wanted = values[f"{prefix}labels"]
    everything = [value for part in values.values() for value in part]
    if len({type(value) for value in everything}) > 1:
        raise arrays.error("test_labels", "and labels must both be integers or both strings")
    if "label_names" not in arrays:
        classes = sorted(set(everything))
        index = {value: k for k, value in enumerate(classes)}
        return np.array([index[value] for value in wanted]), tuple(map(str, classes))
    names = _as_names(arrays, "label_names")
    outside = next((value for value in everything if value not in range(len(names))), None)
    if outside is not None:
        raise arrays.error(
            "labels", f"must index the {len(names)} label_names, but one is {outside!r}"
        )
    return np.array(wanted, dtype=np.int64), names


def _label_values(arrays: NpzFile, name: str) -> list[Any]:
    """Return labels as Python integers or strings, which compare without overflow."""
    labels = arrays.read(name)
    if labels.ndim != 1 or labels.dtype.kind not in "iuSU":
        raise arrays.error(
            name, f"must be (n,) integers or strings, not {labels.dtype} of shape {labels.shape}"
        )
    return arrays.words(name, labels) if labels.dtype.kind in "SU" else labels.tolist()


def _check_count(arrays: NpzFile, name: str, count: int) -> None:
    """Raise UserError unless an array declares a row for each image."""
    shape = arrays.header(name).shape
    if shape[:1] != (count,):
        raise arrays.error(name, f"has {shape[0] if shape else 1} entries for {count} images")


def _as_factors(arrays: NpzFile, name: str, count: int) -> NDArray[np.float64] | None:
    if name not in arrays:
        return None
    _check_count(arrays, name, count)
    factors = arrays.read(name)
    if factors.ndim not in (1, 2) or factors.dtype.kind not in "biuf":
        raise arrays.error(
            name, f"must be (n, k) numbers, not {factors.dtype} of shape {factors.shape}"
        )
    return factors.reshape(len(factors), -1).astype(np.float64)


def _as_factor_types(arrays: NpzFile, count: int) -> tuple[str, ...]:
    given = _as_names(arrays, "factor_types")
    if given and len(given) != count:
        raise arrays.error("factor_types", f"has {len(given)} entries for {count} factors")
    full = tuple(full_factor_type(kind) for kind in given)
    if None in full:
        raise arrays.error(
            "factor_types",
            f"must be {' or '.join(FACTOR_TYPES)}, or the first letter of one, "
            f"not {given[full.index(None)]!r}",
        )
    return tuple(filter(None, full))


def _as_names(arrays: NpzFile, name: str) -> tuple[str, ...]:
    if name not in arrays:
        return ()
    names = arrays.read(name)
    if names.ndim != 1 or names.dtype.kind not in "SU":
        raise arrays.error(name, f"must be a list of strings, not {names.dtype}")
    return tuple(arrays.words(name, names))
