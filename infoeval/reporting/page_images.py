"""Image files beside metrics.json, read into the page."""

import base64
import io
import os
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from infoeval.errors import UserError, quoted

MOST_BYTES = 64 * 2**20
MOST_PIXELS = 2**25
"""Most pixels of a file, all frames together: a few files then fit into a browser's memory."""

MOST_BYTES_OF_ALL = 256 * 2**20
MOST_PIXELS_OF_ALL = 2**29
"""Most bytes and pixels of all files, each counted as often as metrics.json names it: ten models
with a moving picture of a megabyte for each of ten codes have less than half as many."""

_SIGNATURES = {"PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF", "GIF": b"GIF8"}
# What Pillow raises for damaged files differs from format to format.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, TypeError)


@dataclass(frozen=True)
class ImageContent:
    """An image file: its bytes, its format ("PNG", "WEBP" or "GIF"), its size in pixels."""

    name: str
    content: bytes
    format: str
    width: int
    height: int
    frames: int

    @property
    def address(self) -> str:
        """The file as it is, as a ``data:`` address."""
        return address(self.content, self.format)


def read_image(folder: Path, name: str) -> ImageContent:
    """Read the PNG, WebP or GIF file called ``name`` that lies in ``folder``.

    metrics.json may come from a stranger, so it can only name plain files of its own folder:
    no path, no link that leads elsewhere. Its format is read from its content, its size before any
    pixel is decoded.

    Raises UserError when the name is not a plain file name, there is no image of that name, or
    it is too large.
    """
    content = read_beside(folder, name, "image", MOST_BYTES)
    formats = [kind for kind, start in _SIGNATURES.items() if content.startswith(start)]
    if not formats or (formats == ["WEBP"] and content[8:12] != b"WEBP"):
        raise UserError(
            f"image {quoted(name)} is not a PNG, WebP or GIF file: save it as one of these"
        )
    image = _open(content, formats[0], name)
    width, height = image.size
    try:
        frames = getattr(image, "n_frames", 1)
    except _DAMAGED as error:
        raise _damaged(name) from error
    if not 0 < width * height * frames <= MOST_PIXELS:
        raise UserError(
            f"image {quoted(name)} has {width} x {height} pixels in {frames} frames, and a page "
            f"takes {MOST_PIXELS:,} at most: make it smaller"
        )
    return ImageContent(name, content, formats[0], width, height, frames)


def check_all(folder: Path, names: Iterable[str]) -> None:
    """Raise UserError for files that are together too large for a page, or one that is no image."""
    content = pixels = 0
    for name, count in Counter(names).items():
        image = read_image(folder, name)
        content += count * len(image.content)
        pixels += count * image.width * image.height * image.frames
        if content > MOST_BYTES_OF_ALL or pixels > MOST_PIXELS_OF_ALL:
            raise UserError(
                f"the images have more than {MOST_BYTES_OF_ALL // 2**20} MiB or "
                f"{MOST_PIXELS_OF_ALL:,} pixels in all, the most that a page takes"
            )


def read_beside(folder: Path, name: str, kind: str, most: int) -> bytes:
    """Return the content of a file beside metrics.json, of at most so many bytes.

    Raises UserError for a larger file, and for one that is not there or cannot be read.
    """
    try:
        with _plain_path(folder, name, kind).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UserError(f"{kind} {quoted(name)} cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise UserError(f"{kind} {quoted(name)} has more than {most:,} bytes; a page takes no more")
    return content


def _plain_path(folder: Path, name: str, kind: str) -> Path:
    """Return the path of the file ``name`` in ``folder``, and of no other folder."""
    path = folder / name
    plain = name not in ("", ".", "..") and not set(name) & set("/\\:\0")
    if not plain or os.path.dirname(os.path.realpath(path)) != os.path.realpath(folder):
        said = f"metrics.json: {kind} {quoted(name)}"
        raise UserError(f"{said} must be the plain name of a file in its own folder")
    if not os.path.isfile(path):  # unlike Path.is_file, false for too long names
        raise UserError(f"{kind} {quoted(name)} is missing: put it beside metrics.json in {folder}")
    return path


def open_pixels(file: ImageContent) -> Image.Image:
    """Decode the first frame: 8-bit grey, or colour with or without transparency.

    Raises UserError for a damaged file.
    """
    image = _open(file.content, file.format, file.name)
    try:
        image.load()
        modes = ("L", "RGB", "RGBA")
        return image.copy() if image.mode in modes else image.convert("RGBA")
    except _DAMAGED as error:
        raise _damaged(file.name) from error


def still(file: ImageContent) -> str:
    """Return the first frame of an animation as a ``data:`` address."""
    buffer = io.BytesIO()
    open_pixels(file).save(buffer, "PNG", optimize=True)
    return address(buffer.getvalue(), "PNG")


def address(content: bytes, kind: str) -> str:
    """Return a ``data:`` address that an ``<img>`` shows.

    >>> address(b"GIF89a", "GIF")
    'data:image/gif;base64,R0lGODlh'
    """
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode('ascii')}"


def _open(content: bytes, kind: str, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # The limit on pixels here is far below the one that Pillow warns of.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content), formats=[kind])
    except (Image.DecompressionBombError, *_DAMAGED) as error:
        raise _damaged(name) from error


def _damaged(name: str) -> UserError:
    return UserError(f"image {quoted(name)} is a damaged file: make it again")
