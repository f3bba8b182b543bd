"""Image files beside metrics.json: their encoding, their names, and the removal of old ones."""

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

QUALITY = 90
"""Quality of a lossy WebP file."""
EFFORT = 80
"""Effort of a lossless WebP file: 100 makes digits 1 % smaller, and takes 200 times as long."""
FEWEST_ROWS = 2
"""As many rows of a grid are always kept: a page shows two of a traversal, the others folded."""
OURS = re.compile(
    r"(traversal|sprites|gallery|animation)-\d+-\d+-[0-9a-f]{8}\.(webp|gif)|generator(-reference)?\.(onnx|bin)"
)
"""The names that a report gives to its files."""


@dataclass(frozen=True)
class ReportImage:
    """The content of an image file, and its entry in metrics.json but for its name."""

    entry: dict[str, Any]
    content: bytes
    suffix: str = ".webp"


def as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return a uint8 array (height, width, 1 or 3) as an image."""
    return Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])


def lossless(pixels: NDArray[np.uint8]) -> bytes:
    """Return a uint8 array (height, width, 1 or 3) as a lossless WebP file."""
    return _webp(pixels, lossless=True, quality=EFFORT)


def lossy(pixels: NDArray[np.uint8]) -> bytes:
    """Return a uint8 array (height, width, 1 or 3) as a lossy WebP file."""
    return _webp(pixels, quality=QUALITY)


def with_fewer_rows(files: Iterable[ReportImage], most: int) -> list[ReportImage]:
    """Return image grids, with only their first rows where all have more bytes than `most`.

    The same share of rows is kept of each, but at least `FEWEST_ROWS`. So a page of many codes can
    still be sent to somebody, and its images stay without loss and of full size.
    """
    grids = list(files)
    share = most / max(1, sum(len(grid.content) for grid in grids))
    return [_first_rows(grid, max(FEWEST_ROWS, int(grid.entry["rows"] * share))) for grid in grids]


def _first_rows(grid: ReportImage, rows: int) -> ReportImage:
    entry = grid.entry
    if rows >= entry["rows"]:
        return grid
    image = Image.open(io.BytesIO(grid.content))
    height = rows * (image.height + entry["gap"]) // entry["rows"] - entry["gap"]
    entry = entry | {"rows": rows}
    if "cells" in entry:
        entry["cells"] = entry["cells"][:rows]
    return ReportImage(entry, lossless(np.asarray(image)[:height]), grid.suffix)


def write_image_files(files: Iterable[ReportImage], folder: Path) -> list[dict[str, Any]]:
    """Write image files into `folder`, and return their entries for metrics.json.

    Names have a checksum of the content, so that a new file never replaces one that an earlier
    metrics.json names.
    """
    entries = []
    for number, file in enumerate(files):
        checksum = hashlib.sha256(file.content).hexdigest()[:8]
        kind, model = file.entry["kind"], file.entry["model"]
        name = f"{kind}-{model}-{number}-{checksum}{file.suffix}"
        write_bytes(folder / name, file.content)
        entries.append(file.entry | {"file": name})
    return entries


def remove_unnamed(folder: Path, named: Sequence[str]) -> None:
    """Remove the image files of earlier reports that are not among `named`."""
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name not in named:
            path.unlink(missing_ok=True)


def _webp(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    buffer = io.BytesIO()
    as_image(pixels).save(buffer, "WEBP", method=6, **options)
    return buffer.getvalue()
