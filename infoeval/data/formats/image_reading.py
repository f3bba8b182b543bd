"""Opening and decoding one image file, as upright 8-bit grey or RGB."""

import contextlib
import io
import logging
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base as Exif

from infoeval.data.formats.image_archives import ImageFile
from infoeval.data.untrusted import parsing
from infoeval.errors import UserError

MAX_PIXELS = 100_000_000
"""The largest image that is decoded; a larger one is taken for a decompression bomb."""

MAX_SIDE = 200_000
"""The longest side: each row takes memory of its own beside its pixels."""

FREELY_DECODED = 16_000_000
"""Of images with more pixels one is decoded at a time, whose copies take most of a gigabyte."""

_LARGE = threading.Lock()

# Otherwise Pillow logs what is wrong with a file in addition to raising an error.
logging.getLogger("PIL").addHandler(logging.NullHandler())

Shape = tuple[int, int, int]
"""Channels, height and width."""

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "La", *_DEEP_GREY, "I")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_ROWS = 64  # of a 16-bit image, which are scaled at a time

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns an image upright, by EXIF orientation; from 5 on it swaps width and height."""

_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
_TIFF_FORM = (Exif.ImageLength, Exif.ImageWidth, Exif.Orientation)

_MAX_HEADER = {b"\xff\xd8": 2**23}  # bytes; Pillow copies those of a JPEG again and again
_MAX_OTHER_HEADER = 2**26
_MAX_READS = 100_000  # of a header; Pillow reads some byte by byte
_MAX_CHUNKS = 100_000
_MAX_SCANS = 50  # of a progressive JPEG, each of them a pass over all pixels; programs write ten
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_EXIF = 2**16  # bytes


@contextlib.contextmanager
def open_image(
    file: ImageFile, *, formats: tuple[str, ...] = _FORMATS, max_pixels: int = MAX_PIXELS
) -> Iterator[Image.Image]:
    """Image of a file; only its header is read until the pixels are needed.

    ``formats`` are Pillow's names. Raises UserError, also within the block, if the image is broken,
    too large, in another format, or neither grey of 8 or 16 bits nor of colours of 8 bits.
    """
    with parsing(f"{file}: a broken image"):
        try:
            with (
                file.stream() as raw,
                _Header(file, raw) as stream,
                Image.open(stream, formats=formats) as image,
            ):
                stream.end()
                _check(file, image, max_pixels)
                if image.format == "PNG" and "exif" not in image.info:
                    _find_late_exif(stream, image)
                if "progressive" in image.info:
                    _check_scans(file, stream)
                yield image
        except UnidentifiedImageError as error:
            raise UserError(f"{file}: broken, or not an image ({' or '.join(formats)})") from error


def shape_of(file: ImageFile, *, max_pixels: int = MAX_PIXELS) -> Shape:
    """Return the shape of an image as it will be read, without decoding its pixels.

    Raises UserError like :func:`open_image`.
    """
    with open_image(file, max_pixels=max_pixels) as image:
        height, width, turn = image.height, image.width, _orientation(image)
        if image.format == "TIFF":  # Pillow rotates it on loading, some versions on opening
            height, width, turn = (_tags(image).get(tag, 1) for tag in _TIFF_FORM)
        if turn in range(5, 9):
            height, width = width, height
        return 1 if image.mode in _GREY else 3, height, width


def read_image(
    file: ImageFile,
    *,
    formats: tuple[str, ...] = _FORMATS,
    max_pixels: int = MAX_PIXELS,
    side: int | None = None,
) -> Image.Image:
    """Return the image of a file in mode L or RGB, upright according to its EXIF data.

    Grey of 16 bits is scaled to 8. A large JPEG may be decoded at the smallest of its own scales
    that leaves ``side`` pixels. Raises UserError like :func:`open_image`, and if pixels are
    transparent; an alpha channel that hides nothing is left out.
    """
    with open_image(file, formats=formats, max_pixels=max_pixels) as image, _in_turn(image):
        turn = _TURNS.get(_orientation(image))
        if side is not None:
            image.draft(None, (side, side))
        converted = _converted(file, image)
        return converted if turn is None else converted.transpose(turn)


class _Header(io.BufferedReader):
    """Bytes of an image file, of which few are read, and in few pieces, while they are the header.

    Raises UserError for more.
    """

    def __init__(self, file: ImageFile, stream: IO[bytes]) -> None:
        super().__init__(stream)  # type: ignore[arg-type]  # whose buffer is empty
        start = self.peek(12)
        self._file = file
        self._reads: float = _MAX_READS
        self._left: float = _MAX_HEADER.get(start[:2], _MAX_OTHER_HEADER)
        if start[8:12] == b"WEBP":  # which is read whole
            self.end()

    def end(self) -> None:
        """Let everything be read from now on."""
        self._left = self._reads = math.inf

    def read(self, size: int | None = -1, /) -> bytes:
        if self._left == math.inf:
            return super().read(size)
        most = int(self._left) + 1
        content = super().read(most if size is None or size < 0 else min(size, most))
        self._left -= len(content)
        self._reads -= 1
        if self._left < 0 or self._reads < 0:
            raise UserError(f"{self._file}: a broken image (its header has no end)")
        return content


def _in_turn(image: Image.Image) -> AbstractContextManager[object]:
    """Context in which a large image is the only one that is decoded."""
    return _LARGE if image.width * image.height > FREELY_DECODED else contextlib.nullcontext()


def _check(file: ImageFile, image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels or max(image.size) > MAX_SIDE:
        raise UserError(
            f"{file}: has {image.width}×{image.height} pixels; the limit is {max_pixels}, and "
            f"{MAX_SIDE} a side"
        )
    # Of mode I only images of 16 bits are known to have a range.
    no_range = image.mode == "I" and image.format not in ("PNG", "PPM")
    if no_range or image.mode not in (*_GREY, *_COLOUR):
        raise UserError(
            f"{file}: has mode {image.mode}; save it as grey of 8 or 16 bits, or as RGB"
        )


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where an image is upright or its EXIF data are unreadable."""
    if image.format == "TIFF":  # it is turned while it is decoded
        return 1
    try:
        # That of PNG images would decode them first.
        found = Image.Image.getexif(image).get(Exif.Orientation)
    except Exception:
        return 1
    return found if found in _TURNS else 1


def _tags(image: Image.Image) -> Mapping[int, Any]:
    """Return the fields of a TIFF image, and none of other formats."""
    return getattr(image, "tag_v2", {})


def _find_late_exif(stream: IO[bytes], image: Image.Image) -> None:
    """Add EXIF data that follow the pixels of a PNG image, where some programs write them."""
    back = stream.tell()
    stream.seek(len(_PNG_SIGNATURE))
    for _ in range(_MAX_CHUNKS):
        head = stream.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind == b"eXIf" and length <= _MAX_EXIF:
            image.info["exif"] = b"Exif\0\0" + stream.read(length)
        if len(head) < 8 or "exif" in image.info:
            break
        stream.seek(length + 4, 1)  # with the checksum
    stream.seek(back)


def _check_scans(file: ImageFile, stream: IO[bytes]) -> None:
    """Raise UserError for a JPEG that is drawn over and over again."""
    back, count, last = stream.tell(), 0, b""
    stream.seek(0)
    while (part := stream.read(2**20)) and count <= _MAX_SCANS:
        count += (last + part).count(b"\xff\xda")
        last = part[-1:]
    stream.seek(back)
    if count > _MAX_SCANS:
        raise UserError(f"{file}: a broken image (more than {_MAX_SCANS} scans)")


def _converted(file: ImageFile, image: Image.Image) -> Image.Image:
    mode = "L" if image.mode in _GREY else "RGB"
    if image.has_transparency_data:
        if image.mode in _DEEP_GREY or not _is_opaque(image):
            raise UserError(
                f"{file}: has transparency; save it as plain grey or RGB, such as on white"
            )
        return image.convert("LA" if mode == "L" else "RGBA").convert(mode)
    if image.mode in (*_DEEP_GREY, "I"):
        return Image.fromarray(_scaled(image))
    image.load()
    return image if image.mode == mode else image.convert(mode)


def _is_opaque(image: Image.Image) -> bool:
    """Return whether every pixel is fully opaque."""
    with_alpha = image.convert("LA" if image.mode in _GREY else "RGBA")
    return with_alpha.getchannel("A").getextrema()[0] == 255


def _scaled(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels ``(height, width)`` of a grey image of up to 16 bits, scaled to 8."""
    values = np.asarray(image)
    tags = _tags(image)
    largest = 2 ** int(tags.get(_BITS, (16,))[0]) - 1
    white_is_zero = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    result = np.empty(values.shape, dtype=np.uint8)
    for first in range(0, len(values), _ROWS):
        rows = values[first : first + _ROWS].astype(np.int64)
        if white_is_zero:
            rows = largest - rows
        result[first : first + _ROWS] = (rows * 255 + largest // 2) // largest
    return result
