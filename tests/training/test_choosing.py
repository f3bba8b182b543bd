"""What `infoeval train` trains: a trainer by name or file, or one made for images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from infoeval import Angle, Categorical, Normal, Trainer, Uniform, UserError
from infoeval.codes import parse_codes
from infoeval.data import sprites
from infoeval.networks import Dense, Layer, UpConvolution
from infoeval.training import time_budget
from infoeval.training.choosing import (
    SIDES,
    VARIANTS,
    choose_trainer,
    load_trainer,
    side_for,
    trainer_for_images,
    with_codes,
)
from infoeval.training.time_budget import TimeBudget


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures of two sizes, an array of images, and a folder called mnist."""
    monkeypatch.chdir(tmp_path)
    for folder in ("pictures", "mnist"):
        (tmp_path / folder).mkdir()
        for number, size in enumerate([(60, 40), (70, 50)] * 3):
            Image.new("RGB", size, "red").save(tmp_path / folder / f"{number}.jpg")
    np.savez(tmp_path / "grey.npz", images=np.zeros((6, 32, 32), dtype=np.uint8))
    return tmp_path


def test_names_and_files_are_trainers() -> None:
    choice = choose_trainer("faces", variant="lighting")
    assert choice.trainer.discriminator_rate == 8e-4
    assert choice.shape is None
    assert choice.decided == ""


def test_other_codes_for_a_trainer() -> None:
    assert list(choose_trainer("digits", codes="3,u").trainer.codes) == [
        "category_1",
        "continuous_1",
    ]


@pytest.mark.usefixtures("here")
def test_a_folder_of_pictures() -> None:
    choice = choose_trainer("pictures", codes="10,10,u,u")
    assert choice.trainer.image_shape == choice.shape == (3, 32, 32)
    assert choice.trainer.data == "pictures"
    assert choice.decided == (
        "images of 2 sizes from 60×40 to 70×50, RGB, resized to 32×32; "
        "codes category_1, category_2, continuous_1, continuous_2"
    )
    assert choose_trainer("pictures", size=64).shape == (3, 64, 64)


@pytest.mark.usefixtures("here")
def test_an_array_that_fits_is_not_resized() -> None:
    choice = choose_trainer("grey.npz")
    assert choice.shape == (1, 32, 32)
    assert choice.decided == ("images of 32×32 grey; codes category_1, continuous_1, continuous_2")


@pytest.mark.usefixtures("here")
def test_a_trainer_wins_over_a_folder_of_its_name() -> None:
    assert choose_trainer("mnist").shape is None
    assert choose_trainer("./mnist").shape == (3, 32, 32)


def test_a_trainer_may_have_its_images_resized() -> None:
    assert choose_trainer("small_chairs").shape == (1, 32, 32)
    assert choose_trainer("chairs").shape is None


def test_a_data_set_without_a_trainer_is_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sprites, "_COUNTS", {"train": 100, "test": 20})
    assert choose_trainer("sprites").shape == (1, 64, 64)


SECONDS = {(32, 32): 0.02, (32, 64): 0.06, (32, 128): 0.4, (64, 64): 0.5, (64, 128): 3.5}
"""Of a step, by the side and the batch that networks have by themselves."""


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sides and batches of the networks that were timed, on a machine of known speed."""
    asked: list[tuple[int, int]] = []

    def seconds(trainer: Trainer, device: torch.device) -> float:
        asked.append((trainer.image_shape[1], trainer.batch))
        return SECONDS.get(asked[-1], 0.01)

    monkeypatch.setattr(time_budget, "timed_step", seconds)
    return asked


@pytest.mark.usefixtures("here")
def test_networks_of_half_the_size_are_tried_where_time_is_short(
    timed: list[tuple[int, int]],
) -> None:
    np.savez("large.npz", images=np.zeros((6, 60, 70), dtype=np.uint8))
    choice = choose_trainer("large.npz", budget=TimeBudget(10, device="cpu"))
    assert (choice.variant, choice.shape, choice.trainer.steps) == ("half", (1, 32, 32), 4000)
    assert "resized to 32×32" in choice.decided
    assert choice.estimate == (
        "within 10 min: 4,000 steps of 64 images at 32×32, networks with half the channels, "
        "about 4 min (60 ms a step here); to repeat it: --size 32 --variant half --batch 64 "
        "--steps 4000"
    )
    timed.clear()
    choice = choose_trainer("large.npz", budget=TimeBudget(600, device="cpu"))
    assert timed == list(SECONDS)
    assert (choice.variant, choice.shape, choice.trainer.steps) == ("default", (1, 64, 64), 3000)
    repeated = choose_trainer("large.npz", variant="half", size=32)
    again = choose_trainer("large.npz", budget=TimeBudget(10, device="cpu"))
    assert repeated.trainer == again.trainer


@pytest.mark.usefixtures("here")
def test_size_and_variant_that_are_given_stay(timed: list[tuple[int, int]]) -> None:
    budget = TimeBudget(10, device="cpu")
    choice = choose_trainer("grey.npz", size=64, budget=budget)
    assert (choice.shape, choice.variant) == ((1, 64, 64), "small")
    assert [side for side, _ in timed] == [64, 64]
    timed.clear()
    choice = choose_trainer("grey.npz", variant="default", size=32, budget=budget)
    assert choice.variant == "half", "default is any"
    timed.clear()
    choice = choose_trainer("grey.npz", variant="small", budget=budget)
    assert (choice.variant, timed) == ("small", [(32, 32)])


@pytest.mark.usefixtures("here")
def test_without_a_limit_nothing_is_timed(timed: list[tuple[int, int]]) -> None:
    plain = choose_trainer("pictures")
    assert choose_trainer("pictures", budget=TimeBudget(steps=9, device="cpu")) == plain
    assert (plain.estimate, plain.variant, timed) == ("", "default", [])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "pictures", "variant": "paper"}, "no variant 'paper'"),
        ({"name": "pictures", "size": 30}, "side 28, 32, 64, not 30"),
        ({"name": "digits", "size": 32}, "--size is for your own images"),
        ({"name": "pictures", "codes": "ten"}, "'ten' is neither"),
        ({"name": "digits", "budget": TimeBudget(5)}, "digits has its own networks: --minutes"),
        ({"name": "nothing"}, "a Python file, a folder of images or a .npz file"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_trainer(**arguments)


def test_broken_pictures_are_passed_over_as_asked(here: Path) -> None:
    (here / "pictures" / "9.jpg").write_bytes(b"\xff\xd8 half a picture")
    with pytest.raises(UserError, match=r"9\.jpg"):
        choose_trainer("pictures")
    assert choose_trainer("pictures", skip_broken=True).shape == (3, 32, 32)


# Trainers made for images: codes as text, networks by size and colour


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
@pytest.mark.parametrize("variant", VARIANTS)
def test_there_are_networks_for_every_size_and_colour(
    side: int, channels: int, variant: str
) -> None:
    trainer = trainer_for_images("some/pictures", channels, side, "4,u", variant)
    assert (trainer.name, trainer.data) == ("pictures", "some/pictures")
    assert trainer.image_shape == (channels, side, side)
    with torch.device("meta"):  # sizes alone, without weights
        networks = trainer.networks().eval()
        images = networks.generator(torch.zeros(2, trainer.codes.input_width))
        assert images.shape == (2, channels, side, side)
        assert networks.recognition(networks.shared(images)).shape == (2, 4 + 2)


def width_of(row: Layer) -> int:
    return row.width if isinstance(row, Dense) else row.channels


@pytest.mark.parametrize("side", SIDES)
def test_narrower_networks_have_a_share_of_all_channels_and_of_the_batch(side: int) -> None:
    whole = trainer_for_images("x", 3, side)
    assert whole.generator_average == 0
    for variant, times in (("half", 2), ("small", 4)):
        narrow = trainer_for_images("x", 3, side, variant=variant)
        assert narrow.batch * times == whole.batch
        assert narrow.generator_average == 0.99
        assert narrow.generator[-1] == whole.generator[-1]
        for table in ("generator", "shared", "recognition"):
            rows = list(zip(getattr(narrow, table), getattr(whole, table), strict=True))
            for row, wide in rows[:-1] if table == "generator" else rows:
                assert width_of(row) * times == width_of(wide)
        growing = [row for row in narrow.generator[:-1] if isinstance(row, UpConvolution)]
        assert growing
        assert all(row.batch_norm for row in growing)


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


def test_letters_stand_for_priors() -> None:
    codes = parse_codes("3, u,N,angle,u")
    assert codes == {
        "category_1": Categorical(3),
        "continuous_1": Uniform(-1, 1),
        "normal_1": Normal(),
        "angle_1": Angle(),
        "continuous_2": Uniform(-1, 1),
    }
    assert list(codes) == [*("category_1", "continuous_1", "normal_1", "angle_1", "continuous_2")]
