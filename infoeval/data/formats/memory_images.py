"""Image sets in memory: arrays, mappings of arrays, torch data sets, and image sets themselves."""

from collections.abc import Iterator, Mapping, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.arrays import as_array
from infoeval.data.formats.npy_header import NpyHeader
from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.formats.npz_images import read_split
from infoeval.data.image_set import SPLITS, ImageSet
from infoeval.errors import UserError, one_line

NAME = "images in memory"
_PART = 4096


class MemoryArrays(NpzFile):
    """Arrays by name, with the interface of those in a file."""

    in_memory = True

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.path = Path(NAME)
        self.arrays = {name: as_array(values, name) for name, values in arrays.items()}
        self._members = {f"{name}.npy" for name in self.arrays}
        for name, values in self.arrays.items():
            if values.size == 0:
                raise self.error(name, f"is empty (shape {values.shape})")

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""

    def header(self, name: str) -> NpyHeader:
        values = self.read(name)
        return NpyHeader(values.shape, False, values.dtype)

    def read(self, name: str) -> NDArray[Any]:
        if name not in self.arrays:
            raise UserError(f"{self.path}: no array called {name}; there are {self.names}")
        return self.arrays[name]

    def parts(self, name: str) -> Iterator[NDArray[Any]]:
        values = self.read(name)
        for start in range(0, len(values), _PART):
            yield values[start : start + _PART]


def load_in_memory(given: Any, split: str, *, alone: bool = False) -> ImageSet:
    """Return one split of the images that are given in memory.

    Args:
        given: an image set, of which a fixed random fifth is the test split; a pair of image sets,
            train and test; an array of images; a mapping of arrays with the names that a `.npz`
            file has (`images`, `labels`, `factors`, `test_images`, …); or a torch data set whose
            items are an image, or an image and its label.
        split: "train" or "test".
        alone: whether one image may be both splits.

    Raises:
        UserError: what holds no images, as for a `.npz` file.

    """
    if isinstance(given, tuple) and all(isinstance(part, ImageSet) for part in given):
        if len(given) != 2:
            raise UserError("give a pair of image sets: train and test")
        chosen: ImageSet = given[SPLITS.index(split)]
        return replace(chosen, split=split)
    with MemoryArrays(_arrays(given)) as arrays:
        images = read_split(arrays, split, alone=alone)
    if isinstance(given, ImageSet):
        images = replace(images, name=given.name, render=given.render)
    return images


def _arrays(given: Any) -> dict[str, Any]:
    """Return the arrays of images and what is known of them, by name."""
    if isinstance(given, ImageSet):
        known = ("images", "labels", "label_names", "factors", "factor_names", "factor_types")
        values = {name: getattr(given, name) for name in known}
        return {name: each for name, each in values.items() if each is not None and len(each)}
    if isinstance(given, Mapping):
        return {str(name): values for name, values in given.items()}
    if hasattr(given, "__getitem__") and hasattr(given, "__len__") and not hasattr(given, "shape"):
        return _of_items(given)
    return {"images": given}


def _of_items(given: Sized) -> dict[str, Any]:
    """Return images, and perhaps labels, of a data set that gives one item after the other."""
    try:
        items = [given[number] for number in range(len(given))]  # type: ignore[index]
    except Exception as error:  # a stranger's class raises anything
        raise UserError(f"{NAME}: items cannot be read ({one_line(error)})") from error
    pairs = [item if isinstance(item, tuple | list) else (item,) for item in items]
    if not pairs or {len(pair) for pair in pairs} - {1, 2} or len({len(p) for p in pairs}) > 1:
        raise UserError(f"{NAME}: an item is an image, or an image and its label")
    parts = [[np.asarray(value) for value in part] for part in zip(*pairs, strict=True)]
    for part in parts:
        shapes = sorted({value.shape for value in part})
        if len(shapes) > 1:
            raise UserError(
                f"{NAME}: items of the shapes {shapes[0]} and {shapes[1]}; give images of one "
                'size, and arrays of images and labels as {"images": …, "labels": …}'
            )
    return dict(zip(("images", "labels"), map(np.stack, parts), strict=False))
