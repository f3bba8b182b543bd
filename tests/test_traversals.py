"""Grids in which one code varies, and their layout as one image."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.codes import Code
from infoeval.traversals import tile, traverse

SPACE = CodeSpace(k=Categorical(4), a=Uniform(-1, 1), b=Uniform(2, 6), noise=3)


def write_down(codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
    """Images of 1 × 2 × 3 pixels that say what they were made of: codes above, noise below."""
    upper = torch.stack([codes["k"].float(), 30 * codes["a"] + 128, 30 * codes["b"]], 1)
    lower = 30 * noise + 128
    return torch.stack([upper, lower], 1)[:, None].round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize(("name", "place"), [("k", 0), ("a", 1), ("b", 2)])
def test_only_the_named_code_varies_along_a_row(name: str, place: int) -> None:
    grid, values = traverse(SPACE, write_down, name, rows=6, columns=5, seed=1)
    columns = 4 if name == "k" else 5
    assert grid.shape == (6, columns, 1, 2, 3)
    assert grid.dtype == np.uint8
    assert len(values) == columns
    assert (grid[:, :, 0, 1] == grid[:, :1, 0, 1]).all()
    for other in {0, 1, 2} - {place}:
        assert (grid[:, :, 0, 0, other] == grid[:, :1, 0, 0, other]).all()
    for column in range(1, columns):
        assert (grid[:, column, 0, 0, place] > grid[:, column - 1, 0, 0, place]).all()


@pytest.mark.parametrize(("name", "place"), [("k", 0), ("a", 1), ("b", 2)])
def test_every_row_has_its_own_noise_and_other_codes(name: str, place: int) -> None:
    grid, _ = traverse(SPACE, write_down, name, rows=8)
    first = grid[:, 0, 0].reshape(8, 6)
    assert len({tuple(row) for row in first}) == 8
    assert len({tuple(row) for row in grid[:, 0, 0, 1]}) == 8
    for other in {0, 1, 2} - {place}:
        assert len(set(grid[:, 0, 0, 0, other])) > 1
    assert len(set(grid[:, 0, 0, 0, place])) == 1


def test_columns_are_the_values_given_back() -> None:
    grid, values = traverse(SPACE, write_down, "a", rows=2, columns=5)
    assert values == pytest.approx([-1, -0.5, 0, 0.5, 1])
    assert grid[0, :, 0, 0, 1].tolist() == [98, 113, 128, 143, 158]
    grid, values = traverse(SPACE, write_down, "k", rows=2)
    assert values == [0, 1, 2, 3]
    assert grid[1, :, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_stretch_goes_beyond_the_support() -> None:
    """The paper's Figure 2: −2 … 2 for a code trained on [−1, 1]; rows stay what they were."""
    plain, _ = traverse(SPACE, write_down, "a", columns=5)
    grid, values = traverse(SPACE, write_down, "a", columns=5, stretch=2)
    assert values == pytest.approx([-2, -1, 0, 1, 2])
    assert grid[0, :, 0, 0, 1].tolist() == [68, 98, 128, 158, 188]
    assert (grid[:, :, 0, 1] == plain[:, :, 0, 1]).all()
    _, values = traverse(SPACE, write_down, "b", columns=3, stretch=2)
    assert values == pytest.approx([0, 4, 8])


def test_defaults_are_five_rows_of_ten() -> None:
    assert traverse(SPACE, write_down, "a")[0].shape[:2] == (5, 10)
    assert traverse(SPACE, write_down, "k")[0].shape[:2] == (5, 4)


def test_the_seed_decides_the_rows_and_they_are_the_same_for_every_code() -> None:
    torch.manual_seed(1)
    first, _ = traverse(SPACE, write_down, "a", seed=3)
    torch.manual_seed(2)
    again, _ = traverse(SPACE, write_down, "a", seed=3)
    other, _ = traverse(SPACE, write_down, "a", seed=4)
    of_b, _ = traverse(SPACE, write_down, "b", seed=3)
    assert (first == again).all()
    assert (first[:, :, 0, 1] != other[:, :, 0, 1]).any()
    assert (first[:, 0, 0, 1] == of_b[:, 0, 0, 1]).all()
    assert (first[:, 0, 0, 0, 0] == of_b[:, 0, 0, 0, 0]).all()


def test_a_space_without_noise() -> None:
    codes: dict[str, Code] = {"k": Categorical(3)}
    grid, _ = traverse(
        CodeSpace(noise=0, **codes),
        lambda codes, noise: codes["k"].to(torch.uint8)[:, None, None, None],
        "k",
        rows=2,
    )
    assert grid.reshape(2, 3).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_sheet_is_laid_out_pixel_by_pixel() -> None:
    grid = np.arange(1, 2 * 3 * 2 * 2 + 1, dtype=np.uint8).reshape(2, 3, 1, 2, 2)
    assert tile(grid)[:, :, 0].tolist() == [
        [1, 2, 128, 5, 6, 128, 9, 10],
        [3, 4, 128, 7, 8, 128, 11, 12],
        [128] * 8,
        [13, 14, 128, 17, 18, 128, 21, 22],
        [15, 16, 128, 19, 20, 128, 23, 24],
    ]
    assert tile(grid, gap=0)[:, :, 0].tolist() == [
        [1, 2, 5, 6, 9, 10],
        [3, 4, 7, 8, 11, 12],
        [13, 14, 17, 18, 21, 22],
        [15, 16, 19, 20, 23, 24],
    ]


def test_gap_and_ground() -> None:
    sheet = tile(np.zeros((1, 2, 1, 1, 1), np.uint8), gap=3, ground=7)
    assert sheet[:, :, 0].tolist() == [[0, 7, 7, 7, 0]]


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_every_image_lies_where_its_row_and_column_say(gap: int) -> None:
    grid = np.random.default_rng(0).integers(0, 256, (3, 4, 3, 5, 6), dtype=np.uint8)
    sheet = tile(grid, gap=gap)
    assert sheet.shape == (3 * 5 + 2 * gap, 4 * 6 + 3 * gap, 3)
    assert sheet.dtype == np.uint8
    assert sheet.flags.c_contiguous
    for row in range(3):
        for column in range(4):
            top, left = row * (5 + gap), column * (6 + gap)
            found = sheet[top : top + 5, left : left + 6]
            assert (found == grid[row, column].transpose(1, 2, 0)).all()
