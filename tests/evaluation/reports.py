"""Looking into reports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["document_of", "entries", "files_of", "pixels", "sprite"]


def files_of(page: Path) -> Path:
    return page.parent / f"{page.stem}_files"


def document_of(page: Path) -> dict[str, Any]:
    return json.loads((files_of(page) / "metrics.json").read_text())  # type: ignore[no-any-return]


def entries(page: Path, kind: str) -> list[dict[str, Any]]:
    """The pictures of a kind."""
    return [entry for entry in document_of(page)["images"] if entry["kind"] == kind]


def pixels(page: Path, entry: dict[str, Any]) -> NDArray[np.uint8]:
    """A picture as (height, width, 3)."""
    with Image.open(files_of(page) / entry["file"]) as picture:
        return np.asarray(picture.convert("RGB"))


def sprite(sheet: NDArray[np.uint8], entry: dict[str, Any], number: int) -> NDArray[np.uint8]:
    """A sprite of a sheet by its number."""
    row, column = divmod(number, entry["columns"])
    top, left = row * entry["height"], column * entry["width"]
    return sheet[top : top + entry["height"], left : left + entry["width"]]
