"""Pixels of the images in a ``.npz`` file, of any supported type and order of axes."""

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoeval.arrays import ROUNDING
from infoeval.data.formats.cache import Writer, prepared
from infoeval.data.formats.npz_file import NpzFile
from infoeval.data.image_set import CHANNELS, DARK
from infoeval.files import sha256

Pixels = NDArray[np.uint8]
IN_MEMORY = 2**30
"""Bytes of images; larger ones are decoded once into the cache, and mapped from there."""
_PART = 2**12
_WANTED = "must be whole numbers from 0 to 255 or floats in [0, 1]"


def read_pixels(arrays: NpzFile, name: str, rows: NDArray[np.intp] | None = None) -> Pixels:
    """Return images ``(n, channels, height, width)``, these rows in this order; None: all of them.

    Whole numbers from 0 to 255 are kept, floats in [0, 1] are scaled to them, and so are images of
    nothing but 0 and 1. They are decoded in parts; from arrays of more than 1 GiB, into the cache.

    Raises UserError for another shape or type, and for images that are nearly black throughout.
    """
    whole, axis = image_shape(arrays, name)
    shape = whole if rows is None else (len(rows), *whole[1:])

    def fill(images: NDArray[Any]) -> Pixels:
        _fill(images, arrays, name, axis, np.arange(whole[0]) if rows is None else rows)
        return images

    if arrays.in_memory or math.prod(whole) <= IN_MEMORY:
        return fill(np.empty(shape, np.uint8))

    def build(writer: Writer) -> None:
        fill(writer.create("images", shape, np.uint8))

    chosen = None if rows is None else hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
    key = {"version": 2, "file": sha256(arrays.path), "array": name, "rows": chosen}
    return prepared("npz_images", key, build)["images"]


def image_shape(arrays: NpzFile, name: str) -> tuple[tuple[int, int, int, int], int | None]:
    """Return the shape (n, channels, height, width) of images, and which axis has the channels.

    None: grey images have no such axis. Only the header is read. Raises UserError for another
    shape.
    """
    shape = arrays.header(name).shape
    if len(shape) == 3:
        return (shape[0], 1, *shape[1:]), None
    axes = [axis for axis in (1, 3) if len(shape) == 4 and shape[axis] in CHANNELS]
    if len(axes) == 2:
        raise arrays.error(name, f"of shape {shape} may have its channels first or last")
    if not axes:
        raise arrays.error(
            name,
            f"must have shape (n, h, w), (n, h, w, c) or (n, c, h, w) with c 1 or 3, not {shape}",
        )
    (axis,) = axes
    height, width = (size for k, size in enumerate(shape) if k not in (0, axis))
    return (shape[0], shape[axis], height, width), axis


def _fill(
    images: Pixels, arrays: NpzFile, name: str, axis: int | None, rows: NDArray[np.intp]
) -> None:
    """Write an array of a file into ``images``, its row ``rows[k]`` to row k."""
    places = np.full(arrays.header(name).shape[0], -1)
    places[rows] = np.arange(len(rows))
    done, brightest, whole = 0, 0, False
    for part in arrays.parts(name):
        part = part[:, None] if axis is None else np.moveaxis(part, axis, 1)
        pixels, whole = _as_pixels(arrays, name, part), part.dtype.kind != "f"
        at = places[done : done + len(part)]
        images[at[at >= 0]] = pixels[at >= 0]
        done, brightest = done + len(part), max(brightest, int(pixels.max()))
    if whole and brightest == 1:
        for start in range(0, len(images), _PART):
            images[start : start + _PART] *= 255
    elif 0 < brightest < DARK:
        raise arrays.error(
            name, f"would be black: the brightest pixel is {brightest} of 255; scale them first"
        )


def _as_pixels(arrays: NpzFile, name: str, part: NDArray[Any]) -> Pixels:
    if part.dtype == np.uint8:
        return part
    if part.dtype.kind not in "biuf":
        raise arrays.error(name, f"{_WANTED}, not {part.dtype}")
    is_float = part.dtype.kind == "f"
    most, slack = (1, ROUNDING) if is_float else (255, 0)
    low, high = part.min(), part.max()
    if not (low >= -slack and high <= most + slack):  # so written, NaN fails too
        wrong = low if not low >= -slack else high
        raise arrays.error(name, f"{_WANTED}, but one of {part.dtype} is {wrong:.7g}")
    if not is_float:
        return part.astype(np.uint8)
    return np.round(part.astype(np.float64).clip(0, 1) * 255).astype(np.uint8)
