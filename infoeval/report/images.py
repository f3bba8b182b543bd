"""Image files beside metrics.json, read into the page."""

import base64
import struct
from dataclasses import dataclass
from pathlib import Path

from infoeval.errors import UserError

__all__ = ["Png", "read_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Signature, length and name of the header chunk, then width and height.
_HEADER = struct.Struct(">8sI4sII")


@dataclass(frozen=True)
class Png:
    """A PNG file as a ``data:`` address, with its size in pixels."""

    address: str
    width: int
    height: int


def read_png(folder: Path, name: str) -> Png:
    """Read the PNG file called ``name`` that lies in ``folder``.

    metrics.json may come from a stranger, so it can only name plain files of its own folder:
    no path, no link that leads elsewhere.

    Raises UserError when the name is not a plain file name, or there is no PNG file of that name.
    """
    path = folder / name
    plain = name not in ("", ".", "..") and not set(name) & set("/\\:\0")
    if not plain or path.resolve().parent != folder.resolve():
        raise UserError(
            f"metrics.json: image {name!r} must be the plain name of a file in its own folder"
        )
    if not path.is_file():
        raise UserError(f"image {name!r} is missing: put it beside metrics.json in {folder}")
    content = path.read_bytes()
    if len(content) < _HEADER.size or not content.startswith(_SIGNATURE):
        raise UserError(f"image {name!r} is not a PNG file: save it as PNG")
    _, _, chunk, width, height = _HEADER.unpack_from(content)
    if chunk != b"IHDR" or not width or not height:
        raise UserError(f"image {name!r} is a damaged PNG file: make it again")
    encoded = base64.b64encode(content).decode("ascii")
    return Png(f"data:image/png;base64,{encoded}", width, height)
