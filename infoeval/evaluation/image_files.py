"""Image files beside metrics.json: how a sheet is encoded, what it is called, what is removed."""

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infoeval.files import write_bytes

__all__ = [
    "QUALITY",
    "Picture",
    "as_image",
    "lossless",
    "lossy",
    "remove_unnamed",
    "write_pictures",
]

QUALITY = 90
"""Of a WebP file with loss."""
EFFORT = 80
"""Of a WebP file without: 100 makes digits 1 % smaller, and takes 200 times as long."""
OURS = re.compile(
    r"(traversal|sprites|gallery|animation)-\d+-\d+-[0-9a-f]{8}\.(webp|gif)|generator(-reference)?\.(onnx|bin)"
)
"""Names that a report gives to its files."""


@dataclass(frozen=True)
class Picture:
    """An image file to be, and what metrics.json says of it (all but its name)."""

    entry: dict[str, Any]
    content: bytes
    suffix: str = ".webp"


def as_image(sheet: NDArray[np.uint8]) -> Image.Image:
    """A sheet (height, width, 1 or 3), uint8, as an image."""
    return Image.fromarray(sheet if sheet.shape[2] == 3 else sheet[:, :, 0])


def lossless(sheet: NDArray[np.uint8]) -> bytes:
    """A sheet (height, width, 1 or 3) as a WebP file that holds every pixel."""
    return _webp(sheet, lossless=True, quality=EFFORT)


def lossy(sheet: NDArray[np.uint8]) -> bytes:
    """A sheet (height, width, 1 or 3) as a WebP file of quality `QUALITY`."""
    return _webp(sheet, quality=QUALITY)


def write_pictures(pictures: Iterable[Picture], folder: Path) -> list[dict[str, Any]]:
    """Write image files into `folder`, and return their entries for metrics.json.

    A name has a checksum of the content: a new picture never takes the place of one that the
    metrics.json of a former run names.
    """
    entries = []
    for number, picture in enumerate(pictures):
        checksum = hashlib.sha256(picture.content).hexdigest()[:8]
        kind, model = picture.entry["kind"], picture.entry["model"]
        name = f"{kind}-{model}-{number}-{checksum}{picture.suffix}"
        write_bytes(folder / name, picture.content)
        entries.append(picture.entry | {"file": name})
    return entries


def remove_unnamed(folder: Path, named: Sequence[str]) -> None:
    """Remove the files of former runs that have a name of ours and are not among `named`."""
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name not in named:
            path.unlink(missing_ok=True)


def _webp(sheet: NDArray[np.uint8], **options: Any) -> bytes:
    buffer = io.BytesIO()
    as_image(sheet).save(buffer, "WEBP", method=6, **options)
    return buffer.getvalue()
