"""Thumbnails are sharp, whole tiles, small, and never of a file that is not what it seems."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infoeval.errors import UserError
from infoeval.viewer import thumbnails
from infoeval.viewer.thumbnails import HEIGHT, MOST_BYTES, WIDTH, thumbnail_of
from tests.viewer.folders import samples


def grid(tmp_path: Path, rows: int, columns: int, side: int) -> bytes:
    samples(tmp_path / "grid.png", rows=rows, columns=columns, side=side)
    return (tmp_path / "grid.png").read_bytes()


def pixels(address: str) -> np.ndarray:
    head, _, text = address.partition(",")
    assert head == "data:image/webp;base64"
    content = base64.b64decode(text)
    assert len(content) <= MOST_BYTES
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


@pytest.mark.parametrize(
    ("rows", "columns", "side", "shown"),
    [
        (5, 10, 8, (4, 10)),  # all columns, twice as large
        (5, 10, 28, (2, 5)),  # the first row over two lines
        (5, 10, 64, (1, 3)),  # the first, the middle and the last
        (5, 3, 28, (1, 3)),  # twice as large
        (1, 1, 28, (1, 1)),
    ],
)
def test_whole_tiles_at_an_integer_multiple(
    tmp_path: Path, rows: int, columns: int, side: int, shown: tuple[int, int]
) -> None:
    address, width, height = thumbnail_of(grid(tmp_path, rows, columns, side), (side, side))
    found = pixels(address)
    assert found.shape == tuple(count * (side + 1) - 1 for count in shown)
    assert width % found.shape[1] == height % found.shape[0] == 0
    assert width // found.shape[1] == height // found.shape[0]
    assert width <= WIDTH
    assert height <= HEIGHT
    # The last column, or the last tile of the last line, is of the last value.
    assert found[-1, -1] == 10 * (columns - 1) + (shown[0] - 1 if columns * (side + 1) < 200 else 0)
    assert found[0, 0] == 0


def test_large_tiles_are_made_smaller_by_a_whole_number(tmp_path: Path) -> None:
    address, width, height = thumbnail_of(grid(tmp_path, 2, 4, 256), (256, 256))
    assert pixels(address).shape == (64, 194)
    assert (width, height) == (194, 64)


@pytest.mark.parametrize("tile", [None, (0, 0), (7, 8), (10**9, 10**9)])
def test_a_picture_of_unknown_tiles_is_shown_whole(
    tmp_path: Path, tile: tuple[int, int] | None
) -> None:
    address, width, height = thumbnail_of(grid(tmp_path, 5, 10, 28), tile)
    assert pixels(address).shape == (72, 145)
    assert (width, height) == (145, 72)


def test_noise_in_colour_is_kept_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 194, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    pixels(thumbnail_of(buffer.getvalue(), (64, 64))[0])


def test_what_stays_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="more than 10 bytes"):
        thumbnail_of(grid(tmp_path, 5, 10, 8), (8, 8))


def test_hostile_pictures_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = grid(tmp_path, 5, 10, 8)
    for damaged in (b"", b"GIF89a", content[:60], b"<svg onload='alert(1)'/>"):
        with pytest.raises(UserError, match="damaged"):
            thumbnail_of(damaged, (8, 8))
    monkeypatch.setattr(thumbnails, "MOST_PIXELS", 1000)
    with pytest.raises(UserError, match="more than 1,000 pixels"):
        thumbnail_of(content, (8, 8))
