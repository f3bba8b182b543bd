"""What `infoeval train` is told to train: a trainer by name or file, or images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infoeval import UserError
from infoeval.data import sprites
from infoeval.training.choosing import choose_trainer


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


def test_a_data_set_without_a_trainer_is_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sprites, "_COUNTS", {"train": 100, "test": 20})
    assert choose_trainer("sprites").shape == (1, 64, 64)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "pictures", "variant": "paper"}, "no variant 'paper'"),
        ({"name": "pictures", "size": 30}, "side 28, 32, 64, not 30"),
        ({"name": "digits", "size": 32}, "--size is for your own images"),
        ({"name": "pictures", "codes": "ten"}, "'ten' is neither"),
        ({"name": "nothing"}, "a Python file, a folder of images or a .npz file"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_trainer(**arguments)  # type: ignore[arg-type]


def test_broken_pictures_are_passed_over_as_asked(here: Path) -> None:
    (here / "pictures" / "9.jpg").write_bytes(b"\xff\xd8 half a picture")
    with pytest.raises(UserError, match=r"9\.jpg"):
        choose_trainer("pictures")
    assert choose_trainer("pictures", skip_broken=True).shape == (3, 32, 32)
