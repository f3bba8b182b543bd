"""Sprites: what a slider shows is what the generator draws at these codes."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.evaluation.image_files import ReportImage
from infoeval.evaluation.report_images import DrawnImages
from infoeval.evaluation.slider_sprites import draw_sprites
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.traversals import fixed_rows
from tests.evaluation.reports import entries, pixels, sprite


class Bars:
    """Draws every code and the noise as grey levels side by side, a pixel each."""

    def __init__(self, height: int = 2, channels: int = 1, **codes: Any) -> None:
        self.codes = CodeSpace(noise=1, **codes)
        self.height, self.channels = height, channels

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        columns = [codes[name].float() * 20 + 100 for name in self.codes]
        grey = torch.stack([*columns, noise[:, 0] * 20 + 128], dim=1).clamp(0, 255)
        size = (len(noise), self.channels, self.height, len(columns) + 1)
        return grey.round().to(torch.uint8)[:, None, None, :].expand(size).contiguous()


def sheet_of(picture: ReportImage, tmp_path: Path) -> NDArray[np.uint8]:
    path = tmp_path / "sheet.webp"
    path.write_bytes(picture.content)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("number", [0, 1])
def test_every_combination_shows_what_the_generator_draws(
    pair: Path, subject: Path, twin: Path, number: int
) -> None:
    """For the same noise of both models."""
    model = CheckpointModel.open((subject, twin)[number])
    found = [entry for entry in entries(pair, "sprites") if entry["model"] == number]
    assert [entry["noise"] for entry in found] == [0, 1, 2]
    _, noise = fixed_rows(model.codes, 5, 0)
    for entry in found:
        assert entry["joint"] is True
        digit, slant = entry["codes"]
        assert (digit["name"], digit["values"]) == ("digit", [0, 1, 2, 3])
        assert (slant["name"], len(slant["values"])) == ("slant", 17)
        assert (slant["values"][0], slant["values"][-1]) == (-2, 2)
        assert (digit["start"], slant["start"]) == (0, 8)
        sheet = pixels(pair, entry)
        positions = itertools.product(digit["values"], slant["values"])
        for place, (category, value) in enumerate(positions):
            codes = {"digit": torch.tensor([int(category)]), "slant": torch.tensor([value])}
            drawn = model.generate(codes, noise[entry["noise"]][None])
            shown = sprite(sheet, entry, place)[:, :, 0]
            # A batch of another size may round the last bit the other way.
            assert np.abs(shown.astype(int) - drawn[0, 0].numpy().astype(int)).max() <= 1
    assert len(np.unique(sheet)) > 20, "a grey sheet tests nothing"


def test_both_models_have_the_same_noise_and_positions(pair: Path) -> None:
    found = entries(pair, "sprites")
    ours, theirs = ([each for each in found if each["model"] == number] for number in (0, 1))
    assert len(ours) == len(theirs) == 3
    for one, other in zip(ours, theirs, strict=True):
        assert one["codes"] == other["codes"]
        assert one["noise"] == other["noise"]
        assert one["file"] != other["file"]


def test_too_many_combinations_move_one_code_at_a_time(tmp_path: Path) -> None:
    sizes: Any = {
        "a": Categorical(10),
        "b": Categorical(12),
        "c": Uniform(-1, 1),
        "d": Uniform(0, 4),
    }
    model = Bars(**sizes)
    fixed, noise = fixed_rows(model.codes, 5, 3)
    pictures = draw_sprites(model, 2, 3)
    assert [picture.entry["noise"] for picture in pictures] == [0, 1, 2]
    assert draw_sprites(model, 2, 3, noises=1) == pictures[:1]
    for row, picture in enumerate(pictures):
        entry = picture.entry
        assert (entry["joint"], entry["model"]) == (False, 2)
        sliders = entry["codes"]
        starts = {each["name"]: each["values"][each["start"]] for each in sliders}
        assert starts["a"] == fixed["a"][row]
        assert starts["c"] == pytest.approx(float(fixed["c"][row]), abs=0.126)
        assert starts["d"] == pytest.approx(float(fixed["d"][row]), abs=0.26)
        sheet, number = sheet_of(picture, tmp_path), 0
        for slider in sliders:
            for value in slider["values"]:
                codes = {
                    name: torch.tensor([value if name == slider["name"] else start])
                    for name, start in starts.items()
                }
                drawn = model.generate(codes, noise[row : row + 1])[0, 0].numpy()
                assert np.array_equal(sprite(sheet, entry, number)[:, :, 0], drawn)
                number += 1
        assert number == 10 + 12 + 17 + 17


@pytest.mark.parametrize("height", [1, 40, 1000])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_sheets_stay_small(height: int, count: int, tmp_path: Path) -> None:
    model = DrawnImages(Bars(height, 1, **{f"code {k}": Uniform(-1, 1) for k in range(count)}))
    pictures = draw_sprites(model, 0, 0)
    assert pictures
    sprites = total = 0
    for picture in pictures:
        sheet = sheet_of(picture, tmp_path)
        assert max(sheet.shape) <= 16_000
        lengths = [len(slider["values"]) for slider in picture.entry["codes"]]
        count = int(np.prod(lengths)) if picture.entry["joint"] else sum(lengths)
        sprites, total = sprites + count, total + sheet.shape[0] * sheet.shape[1]
    assert sprites <= 2500
    assert total <= 2_200_000  # with the empty places of the last rows


def test_a_code_of_very_many_categories_shows_the_first() -> None:
    pictures = draw_sprites(Bars(many=Categorical(100_000)), 0, 0)
    assert all(picture.entry["codes"][0]["values"] == list(range(50)) for picture in pictures)


def test_no_sprites_where_even_a_few_are_too_large() -> None:
    codes = {f"code {k}": Categorical(50) for k in range(60)}
    assert draw_sprites(Bars(1, 1, **codes), 0, 0) == []


class Noisy(Bars):
    """Draws photographs, as far as a file's size goes."""

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        random = torch.Generator().manual_seed(0)
        size = (len(noise), 3, 28, 28)
        smooth = torch.rand(len(noise), 3, 4, 4, generator=random) * 200
        images = torch.nn.functional.interpolate(smooth, (28, 28), mode="bicubic")
        return (images + torch.rand(size, generator=random) * 12).clamp(0, 255).to(torch.uint8)


def test_a_loss_is_told() -> None:
    model = Noisy(digit=Categorical(10), style=Uniform(-1, 1))
    pictures = draw_sprites(model, 0, 0)
    assert draw_sprites(model, 0, 0, noises=1)[0].entry == pictures[0].entry
    assert all("with loss" in picture.entry["caption"] for picture in pictures)
    assert sum(len(picture.content) for picture in pictures) < 1_000_000
    assert all(p.entry["caption"] == "" for p in draw_sprites(Bars(digit=Categorical(4)), 0, 0))
