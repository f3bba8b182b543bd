"""Images that a report shows: of any generator, of limited size; and the traversals of codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.evaluation.report_images import DrawnImages, reduced
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.traversals import tile, traverse
from tests.evaluation.reports import entries, pixels


class Returns:
    """A generator that returns what it was made with, a row for each code."""

    codes = CodeSpace(kind=Categorical(4), level=Uniform(-1, 1), noise=1)

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Any:
        assert all(len(values) == len(noise) for values in codes.values())
        return self.returned(len(noise)) if callable(self.returned) else self.returned


def drawn(returned: Any, count: int = 3) -> Tensor:
    """The images that a report shows of a generator that returns this."""
    images = DrawnImages(Returns(returned))
    assert images.codes is Returns.codes
    random = torch.Generator().manual_seed(0)
    return images.generate(images.codes.sample(count, random), torch.zeros(count, 1))


def test_bytes_are_shown_as_they_are() -> None:
    images = torch.randint(0, 256, (3, 3, 5, 7), dtype=torch.uint8)
    assert torch.equal(drawn(images), images)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_floats_are_shares_of_255(dtype: torch.dtype) -> None:
    shares = torch.tensor([-1e-5, 0, 0.5, 1, 1.00001]).to(dtype).requires_grad_()
    images = drawn(shares.expand(3, 1, 2, 5))
    assert images.dtype == torch.uint8
    assert images[0, 0, 0].tolist() == [0, 0, 128, 255, 255]
    assert not images.requires_grad


def test_images_are_drawn_in_chunks() -> None:
    assert len(drawn(lambda count: torch.zeros(count, 1, 2, 2), count=1203)) == 1203


def test_large_images_are_reduced() -> None:
    halves = torch.zeros(1, 3, 256, 512, dtype=torch.uint8)
    halves[..., 256:] = 200
    small = reduced(halves)
    assert tuple(small.shape) == (1, 3, 64, 128)
    assert small[0, 0, 0].unique().tolist() == [0, 200]
    assert tuple(reduced(torch.zeros(1, 1, 1, 1000, dtype=torch.uint8)).shape) == (1, 1, 1, 128)
    fits = torch.zeros(2, 1, 128, 3, dtype=torch.uint8)
    assert reduced(fits) is fits


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "returned no tensor"),
        (np.zeros((3, 1, 2, 2)), "returned no tensor"),
        (torch.zeros(3, 2, 2), "returned no tensor"),
        (torch.zeros(2, 1, 2, 2), r"a tensor \(2, 1, 2, 2\) for 3 codes"),
        (torch.zeros(3, 2, 2, 2), "what can be shown are grey"),
        (torch.zeros(3, 1, 0, 2), "what can be shown are grey"),
        (torch.zeros(3, 1, 2, 2, dtype=torch.int64), "must be uint8, or finite floats"),
        (torch.full((3, 1, 2, 2), torch.nan), "must be uint8, or finite floats"),
        (torch.full((3, 1, 2, 2), -1.0), "floats from -1 to -1; its images must be uint8, or"),
        (torch.full((3, 1, 2, 2), 255.0), "floats from 255 to 255; its images must be uint8, or"),
        (torch.zeros((3, 1, 2, 2), device="meta"), "a tensor without values"),
    ],
)
def test_what_is_no_image(returned: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        drawn(returned)


def test_traversals_are_of_the_same_noise_for_both_models(
    pair: Path, subject: Path, twin: Path
) -> None:
    wanted = [
        (number, code, stretch)
        for number in (0, 1)
        for code, stretch in (("digit", 1.0), ("slant", 1.0), ("slant", 2.0))
    ]
    found = entries(pair, "traversal")
    assert len(found) == len(wanted)
    for entry, (number, code, stretch) in zip(found, wanted, strict=True):
        assert (entry["model"], entry["code"]) == (number, code)
        model = CheckpointModel.open((subject, twin)[number])
        grid, values = traverse(model.codes, model.generate, code, stretch=stretch, seed=0)
        assert np.array_equal(pixels(pair, entry)[:, :, 0], tile(grid, gap=entry["gap"])[:, :, 0])
        assert len(np.unique(grid)) > 20, "a grey picture tests nothing"
        assert (entry["rows"], entry["columns"]) == (5, len(values))
        assert len(entry["column_labels"]) == len(values)
        limits = (-stretch, stretch) if code == "slant" else (None, None)
        assert (entry["low"], entry["high"]) == limits
