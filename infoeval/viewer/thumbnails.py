"""Small sharp pictures of a run's samples: whole tiles, at an integer multiple of their size."""

import base64
import io
import warnings
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infoeval.errors import UserError

MOST_BYTES_READ = 16 * 2**20
MOST_PIXELS = 2**24
"""Bytes and pixels of a picture that is read."""
MOST_BYTES = 24_000
"""Bytes of a thumbnail: a larger one is left out."""
WIDTH, HEIGHT = 200, 76
"""Pixels of the page that a thumbnail has at most."""
LARGEST_TILE = 64
"""Pixels of a side of a tile; larger ones are made smaller by a whole number."""
GAP, GROUND = 1, 128
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, TypeError)


def thumbnail_of(content: bytes, tile: tuple[int, int] | None) -> tuple[str, int, int]:
    """Return a thumbnail of a PNG file of samples as a ``data:`` address, its width and height.

    ``tile`` is the height and width of the images in the picture, which are a pixel apart. What
    does not fit is left out image by image; the thumbnail is an integer multiple of its pixels.

    Raises UserError for a damaged or too large picture, and where the thumbnail would be too large.
    """
    pixels = _decoded(content)
    fits = tile is not None and _is_grid(pixels, tile)
    shown = _chosen(pixels, tile) if fits and tile is not None else _shrunk(pixels, WIDTH, HEIGHT)
    height, width = shown.shape[:2]
    scale = max(1, min(WIDTH // width, HEIGHT // height))
    image = Image.fromarray(shown)
    for save in (
        partial(image.save, format="WEBP", lossless=True, method=2),
        partial(image.save, format="WEBP", quality=80, method=2),
    ):
        buffer = io.BytesIO()
        save(buffer)
        if buffer.tell() <= MOST_BYTES:
            text = base64.b64encode(buffer.getvalue()).decode("ascii")
            return f"data:image/webp;base64,{text}", scale * width, scale * height
    raise UserError(f"its thumbnail would have more than {MOST_BYTES:,} bytes")


def _decoded(content: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a PNG file, grey or RGB."""
    try:
        with warnings.catch_warnings():
            # The limit here is below the one that Pillow warns of.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=["PNG"])
        if not 0 < image.width * image.height <= MOST_PIXELS:
            raise UserError(f"it has more than {MOST_PIXELS:,} pixels")
        return np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except (Image.DecompressionBombError, *_DAMAGED) as error:
        raise UserError("it is damaged, or no PNG file") from error


def _is_grid(pixels: NDArray[np.uint8], tile: tuple[int, int]) -> bool:
    """Return whether a picture consists of tiles of this size, a pixel apart."""
    return all(
        0 < side <= length and (length + GAP) % (side + GAP) == 0
        for length, side in zip(pixels.shape[:2], tile, strict=True)
    )


def _chosen(pixels: NDArray[np.uint8], tile: tuple[int, int]) -> NDArray[np.uint8]:
    """Return tiles that fit: all columns of the first rows, else the first row over several lines.

    Where even that is too much, columns evenly from the first to the last.
    """
    by = -(-max(tile) // LARGEST_TILE)
    height, width = (-(-side // by) + GAP for side in tile)
    rows, columns = (
        (length + GAP) // (side + GAP) for length, side in zip(pixels.shape[:2], tile, strict=True)
    )
    across, down = (WIDTH + GAP) // width, (HEIGHT + GAP) // height
    if columns <= across:
        scale = min(WIDTH // (columns * width - GAP), HEIGHT // (height - GAP))
        rows = min(rows, (HEIGHT // scale + GAP) // height)
        places = [[(row, column) for column in range(columns)] for row in range(rows)]
    else:
        few = np.linspace(0, columns - 1, min(columns, across * down)).round().astype(int)
        lines = -(-len(few) // across)
        across = -(-len(few) // lines)
        places = [
            [(0, int(place)) for place in few[at : at + across]]
            for at in range(0, len(few), across)
        ]
    return _sheet([[_cut(pixels, tile, place, by) for place in line] for line in places])


def _cut(
    pixels: NDArray[np.uint8], tile: tuple[int, int], place: tuple[int, int], by: int
) -> NDArray[np.uint8]:
    """Return the tile in a row and column, made smaller ``by`` a whole number."""
    top, left = (at * (side + GAP) for at, side in zip(place, tile, strict=True))
    cut = np.ascontiguousarray(pixels[top : top + tile[0], left : left + tile[1]])
    return np.asarray(Image.fromarray(cut).reduce(by))


def _sheet(lines: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Return lines of tiles as one picture, a pixel apart; the last line may be shorter."""
    first = lines[0][0]
    height, width = first.shape[:2]
    size = len(lines) * (height + GAP) - GAP, len(lines[0]) * (width + GAP) - GAP
    sheet = np.full((*size, *first.shape[2:]), GROUND, np.uint8)
    for row, line in enumerate(lines):
        for column, each in enumerate(line):
            top, left = row * (height + GAP), column * (width + GAP)
            sheet[top : top + height, left : left + width] = each
    return sheet


def _shrunk(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture made smaller by a whole number, so that it fits."""
    by = max(-(-pixels.shape[1] // width), -(-pixels.shape[0] // height))
    return np.asarray(Image.fromarray(pixels).reduce(by))
