"""Sheets cut into columns: every pixel stays, in the order that was asked for."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from infoeval.errors import UserError
from infoeval.reporting.grid_columns import CategoryOrder, cut, orders, strip
from infoeval.reporting.page_images import read_image
from infoeval.results import Document
from infoeval.results.file_entries import Traversal
from tests.reporting.sample import MATCHING

ROWS, COLUMNS, HEIGHT, WIDTH = 3, 4, 5, 6


def sheet(gap: int = 1, rows: int = ROWS, columns: int = COLUMNS) -> Traversal:
    return Traversal(
        kind="traversal",
        file="sheet.png",
        model=0,
        code="digit",
        rows=rows,
        columns=columns,
        gap=gap,
    )


def tiles(mode: str) -> NDArray[np.uint8]:
    shape = (ROWS, COLUMNS, HEIGHT, WIDTH, *(() if mode == "L" else (len(mode),)))
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def write(folder: Path, grid: NDArray[np.uint8], gap: int = 1, name: str = "sheet.png") -> None:
    padding = [(0, 0), (0, 0), (0, gap), (0, gap)] + [(0, 0)] * (grid.ndim - 4)
    padded = np.pad(grid, padding, constant_values=128).swapaxes(1, 2)
    size = ROWS * (HEIGHT + gap), COLUMNS * (WIDTH + gap)
    pixels = padded.reshape(*size, *grid.shape[4:])[: size[0] - gap, : size[1] - gap]
    Image.fromarray(np.ascontiguousarray(pixels)).save(folder / name, lossless=True)


def pixels(address: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_columns_have_every_pixel_of_their_tiles(tmp_path: Path, mode: str, gap: int) -> None:
    grid = tiles(mode)
    write(tmp_path, grid, gap)
    found = cut(read_image(tmp_path, "sheet.png"), sheet(gap), None)
    assert [column.index for column in found.columns] == [*range(COLUMNS)]
    assert (found.width, found.height) == (WIDTH, ROWS * (HEIGHT + gap) - gap)
    for column in found.columns:
        seen = pixels(column.address)
        if seen.ndim == 3 and mode == "L":
            assert (seen == seen[..., :1]).all()
            seen = seen[..., 0]
        for row in range(ROWS):
            top = row * (HEIGHT + gap)
            assert np.array_equal(seen[top : top + HEIGHT], grid[row, column.index])


def test_columns_stand_in_the_order_of_their_classes(tmp_path: Path) -> None:
    write(tmp_path, tiles("L"))
    order = CategoryOrder((2, 0, 3, 1), ("one", "three", "zero", None))
    found = cut(read_image(tmp_path, "sheet.png"), sheet(), order)
    assert found.ordered
    assert [column.index for column in found.columns] == [2, 0, 3, 1]
    assert [column.matched for column in found.columns] == ["zero", "one", "none", "three"]


def test_order_of_another_number_of_categories_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, tiles("L"))
    found = cut(read_image(tmp_path, "sheet.png"), sheet(), CategoryOrder((1, 0), ("a", "b")))
    assert not found.ordered
    assert [column.index for column in found.columns] == [*range(COLUMNS)]


def test_strip_is_the_first_row_in_order(tmp_path: Path) -> None:
    grid = tiles("L")
    write(tmp_path, grid)
    order = (2, 0, 3, 1)
    found = strip(read_image(tmp_path, "sheet.png"), sheet(), CategoryOrder(order, (None,) * 4))
    seen = pixels(found.address)
    seen = seen if seen.ndim == 2 else seen[..., 0]
    assert seen.shape == (found.height, found.width)
    assert found.height == HEIGHT
    for place, category in enumerate(order):
        left = place * (WIDTH + 1)
        assert np.array_equal(seen[:, left : left + WIDTH], grid[0, category])


@pytest.mark.parametrize(
    "wrong", [sheet(columns=5), sheet(rows=4), sheet(gap=3), sheet(columns=27), sheet(gap=10**6)]
)
def test_file_that_is_no_such_sheet_is_refused(tmp_path: Path, wrong: Traversal) -> None:
    write(tmp_path, tiles("L"))
    with pytest.raises(UserError, match="cannot be cut into"):
        cut(read_image(tmp_path, "sheet.png"), wrong, None)


def test_models_are_lined_up_by_class(document: dict[str, Any]) -> None:
    theirs = [(cls + 3) % 10 for cls in MATCHING]
    for result in document["models"][0]["results"]:
        if result["metric"] == "cluster-acc":
            result["details"]["matching"] = theirs
    found = orders(Document.for_page(document))
    for model, matching in ((0, MATCHING), (1, theirs)):
        order = found[model, "digit"]
        assert [matching[category] for category in order.categories] == [*range(10)]
        assert list(order.classes) == [str(cls) for cls in matching]


def test_class_that_a_model_lacks_gets_a_spare_category(document: dict[str, Any]) -> None:
    theirs = list(MATCHING)
    theirs[MATCHING.index(2)] = theirs[MATCHING.index(6)] = -1
    for result in document["models"][0]["results"]:
        if result["metric"] == "cluster-acc":
            result["details"]["matching"] = theirs
    found = orders(Document.for_page(document))
    assert sorted(found[1, "digit"].categories) == [*range(10)]
    for place, category in enumerate(found[1, "digit"].categories):
        assert theirs[category] in (place, -1)


def test_code_without_a_matching_has_no_order(document: dict[str, Any]) -> None:
    assert (0, "slant") not in orders(Document.for_page(document))
