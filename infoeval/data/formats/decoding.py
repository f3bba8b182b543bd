"""Decoding pictures, also many, of which some may be broken."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from infoeval.data.formats.picture_files import Picture, one_line
from infoeval.errors import UserError

__all__ = ["MAX_PIXELS", "decode_all", "opened", "try_each"]

MAX_PIXELS = 100_000_000
"""The largest picture that is decoded; more is taken for a decompression bomb."""

Result = TypeVar("Result")

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")
_MODES = ("1", "L", "P", "RGB")  # a palette is only a way to store RGB
_TOGETHER = 256  # pictures that wait for a thread
_THREADS = min(8, os.cpu_count() or 1)


@contextlib.contextmanager
def opened(
    picture: Picture, *, formats: tuple[str, ...] = _FORMATS, max_pixels: int = MAX_PIXELS
) -> Iterator[Image.Image]:
    """Open a picture, of which only the head is read until its pixels are asked for.

    Args:
        picture: where it lies.
        formats: Pillow's names of those it may be in.
        max_pixels: that it may have.

    Raises:
        UserError: whatever goes wrong with the picture, also within the block; it is broken, too
            large, in another format, or neither 8-bit grey or RGB nor of a palette.

    """
    try:
        with picture.stream() as stream, Image.open(stream, formats=formats) as image:
            _check(picture, image, max_pixels)
            yield image
    except UserError:
        raise
    except UnidentifiedImageError as error:
        known = " or ".join(formats)
        raise UserError(f"{picture}: broken, or not a picture ({known})") from error
    except Exception as error:  # Pillow's decoders raise almost anything on broken files
        raise UserError(f"{picture}: a broken picture ({one_line(error)})") from error


def _check(picture: Picture, image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise UserError(
            f"{picture}: has {image.width}×{image.height} pixels; the limit is {max_pixels}"
        )
    if image.has_transparency_data:
        raise UserError(f"{picture}: has transparency; save it as plain grey or RGB")
    if image.mode not in _MODES:
        raise UserError(f"{picture}: has mode {image.mode}; save it as 8-bit grey or RGB")


def try_each(
    pictures: Sequence[Picture],
    work: Callable[[int], Result],
    *,
    skip_broken: bool = False,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[dict[int, Result], tuple[str, ...]]:
    """Do something with each of many pictures, of which some may be broken, in several threads.

    Args:
        pictures: at least one.
        work: from the index of a picture; raises UserError if the picture is broken.
        skip_broken: whether to leave broken pictures out.
        advance: told how many are done, and how many there are.

    Returns:
        What ``work`` gave, by index in ascending order, and the names of the pictures left out.

    Raises:
        UserError: a picture is broken; with ``skip_broken``, all are.

    """

    def attempt(k: int) -> Result | UserError:
        try:
            return work(k)
        except UserError as error:
            return error

    results: dict[int, Result] = {}
    errors: dict[int, UserError] = {}
    # What Pillow warns of is refused here, by a smaller limit.
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for start in range(0, len(pictures), _TOGETHER):
            part = range(start, min(start + _TOGETHER, len(pictures)))
            for k, result in zip(part, pool.map(attempt, part), strict=True):
                if not isinstance(result, UserError):
                    results[k] = result
                elif skip_broken:
                    errors[k] = result
                else:
                    raise UserError(f"{result}; add --skip-broken to leave broken pictures out")
            advance(part.stop, len(pictures))
    if not results:
        raise UserError(f"none of {len(errors):,} pictures can be used; the first: {errors[0]}")
    return results, tuple(str(pictures[k]) for k in errors)


def decode_all(
    pictures: Sequence[Picture],
    images: NDArray[np.uint8],
    decode: Callable[[Picture], NDArray[np.uint8]],
    *,
    skip_broken: bool = False,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[int], tuple[str, ...]]:
    """Decode pictures into an array that is there already, maybe on disk.

    Args:
        pictures: at least one.
        images: where to, ``(n, channels, height, width)``.
        decode: gives ``(channels, height, width)``, or raises UserError if a picture is broken.
        skip_broken: whether to leave broken ones out; the others then come first in ``images``.
        advance: told how many are done, and how many there are.

    Returns:
        The indices of the pictures that are in ``images``, and the names of the others.

    Raises:
        UserError: a picture is broken; with ``skip_broken``, all are.

    """

    def work(k: int) -> None:
        images[k] = decode(pictures[k])

    done, left_out = try_each(pictures, work, skip_broken=skip_broken, advance=advance)
    kept = list(done)
    for target, k in enumerate(kept):
        if target != k:
            images[target] = images[k]
    return kept, left_out
