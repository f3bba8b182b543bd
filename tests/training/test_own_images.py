"""Trainers that are made for images: codes as text, networks by size and colour."""

import pytest
import torch

from infoeval import Categorical, Uniform, UserError
from infoeval.training.bundled import load_trainer
from infoeval.training.own_images import (
    SIDES,
    parse_codes,
    side_for,
    trainer_for_images,
    with_codes,
)


def test_codes_are_numbered_by_kind() -> None:
    assert parse_codes("10, U,3 ,u,uniform") == {
        "category_1": Categorical(10),
        "continuous_1": Uniform(-1, 1),
        "category_2": Categorical(3),
        "continuous_2": Uniform(-1, 1),
        "continuous_3": Uniform(-1, 1),
    }


@pytest.mark.parametrize(
    "text", ["", ",", "10,", "ten", "1.5", "-3", "u,10x", "٣", "0", "1", "10 10", "9" * 30]
)
def test_other_codes_are_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_codes(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", SIDES)
def test_there_are_networks_for_every_size_and_colour(side: int, channels: int) -> None:
    trainer = trainer_for_images("some/pictures", channels, side, "4,u")
    assert (trainer.name, trainer.data) == ("pictures", "some/pictures")
    assert trainer.image_shape == (channels, side, side)
    with torch.device("meta"):  # sizes alone, without weights
        networks = trainer.networks().eval()
        images = networks.generator(torch.zeros(2, trainer.codes.input_width))
        assert images.shape == (2, channels, side, side)
        assert networks.recognition(networks.shared(images)).shape == (2, 4 + 2)


def test_continuous_codes_count_less() -> None:
    assert trainer_for_images("x", 1, 28, "4,u,u").weights == {
        "category_1": 1.0,
        "continuous_1": 0.1,
        "continuous_2": 0.1,
    }
    weights = trainer_for_images("x", 1, 28, "u,u").weights
    assert weights == {"continuous_1": 0.1, "continuous_2": 0.1}


@pytest.mark.parametrize("side", [0, 8, 48, 128, -28])
def test_other_sizes_have_no_networks(side: int) -> None:
    with pytest.raises(UserError, match="networks for images of side 28, 32, 64"):
        trainer_for_images("x", 1, side)


def test_the_nearest_size_is_chosen() -> None:
    assert [side_for(side, 1000) for side in (1, 28, 29, 31, 32, 47, 49, 64, 5000)] == [
        *(28, 28, 28, 32, 32, 32, 64, 64, 64)
    ]


def test_a_bundled_trainer_takes_other_codes() -> None:
    chairs = load_trainer("chairs")
    changed = with_codes(chairs, "5,u,u")
    assert changed.codes.noise == chairs.codes.noise
    assert changed.generator == chairs.generator
    assert list(changed.codes) == ["category_1", "continuous_1", "continuous_2"]
    assert changed.weights["continuous_1"] == 0.1
    with torch.device("meta"):
        changed.networks()
