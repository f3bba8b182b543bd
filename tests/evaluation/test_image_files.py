"""Image files of a report: how large they are together, and what is removed with the next one."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infoeval.evaluation.image_files import (
    ReportImage,
    lossless,
    remove_unnamed,
    with_fewer_rows,
)

ROWS, SIZE = 8, 12


@pytest.mark.parametrize("channels", [1, 3])
def test_grids_keep_their_first_rows_without_loss(channels: int) -> None:
    shape = ROWS * (SIZE + 1) - 1, 3 * (SIZE + 1) - 1, channels
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    entry = {"rows": ROWS, "columns": 3, "gap": 1}
    cells = [[{"label": f"{row} {column}"} for column in range(3)] for row in range(ROWS)]
    grids = [
        ReportImage(entry, lossless(pixels)),
        ReportImage(entry | {"cells": cells}, lossless(pixels)),
    ]
    size = sum(len(grid.content) for grid in grids)
    assert with_fewer_rows(grids, size) == grids
    for most, rows in ((size - 1, 7), (size // 2, 4), (0, 2)):
        plain, named = with_fewer_rows(grids, most)
        assert plain.entry == entry | {"rows": rows}
        assert named.entry["cells"] == cells[:rows]
        assert sum(len(grid.content) for grid in (plain, named)) <= max(1.02 * most, size / 3)
        for grid in (plain, named):
            seen = np.asarray(Image.open(io.BytesIO(grid.content)))
            assert np.array_equal(seen[:, :, :channels], pixels[: rows * (SIZE + 1) - 1])
    assert len(cells) == ROWS


def test_one_row_is_kept() -> None:
    grid = ReportImage({"rows": 1, "columns": 1, "gap": 1}, b"not opened")
    assert with_fewer_rows([grid], 0) == [grid]
    assert with_fewer_rows([], 0) == []


def test_only_files_of_ours_are_removed(tmp_path: Path) -> None:
    ours = ["traversal-0-0-0123abcd.webp", "animation-3-10-0123abcd.gif", "generator.onnx"]
    others = ["metrics.json", "traversal.webp", "traversal-0-0-0123abcd.png.webp", "notes.txt"]
    kept = "gallery-0-1-0123abcd.webp"
    for name in (*ours, *others, kept):
        (tmp_path / name).write_text("")
    remove_unnamed(tmp_path, [kept])
    assert set(os.listdir(tmp_path)) == {*others, kept}
