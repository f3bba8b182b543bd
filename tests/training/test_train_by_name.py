"""Training in one call: every argument counts for every kind of trainer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import infoeval as ie
from infoeval.checkpoint import Checkpoint
from infoeval.training import time_budget
from infoeval.training.choosing import load_trainer

SHORT: dict[str, Any] = {"steps": 1, "batch": 4, "device": "cpu"}


def pixels(side: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, (40, side, side), dtype=np.uint8)


@pytest.mark.parametrize("given", ["digits", load_trainer("digits")], ids=["name", "trainer"])
def test_a_trainer_takes_other_codes_and_images(given: Any, tmp_path: Path) -> None:
    path = ie.train(given, tmp_path, codes="3,u", data=pixels(16), **SHORT)
    checkpoint = Checkpoint.open(path)
    assert list(checkpoint.trainer.codes) == ["category_1", "continuous_1"]
    assert checkpoint.trainer.data == "images in memory"
    assert checkpoint.data["n"] == 32
    with pytest.raises(ie.UserError, match="--size is for your own images"):
        ie.train(given, tmp_path / "other", size=28, **SHORT)


def test_paths_are_as_good_as_texts(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", images=pixels(16))
    path = ie.train("digits", tmp_path / "run", data=tmp_path / "images.npz", **SHORT)
    assert Checkpoint.open(path).trainer.data == str(tmp_path / "images.npz")


def test_a_trainer_that_resizes_takes_other_images(tmp_path: Path) -> None:
    """`resized` is a setting of the trainer: it does not make the trainer one of own images."""
    trainer = replace(load_trainer("digits"), resized=True)
    path = ie.train(trainer, tmp_path, data=pixels(20), **SHORT)
    assert Checkpoint.open(path).data["resized_from"] == "20×20 grey"


@pytest.mark.parametrize("in_memory", [True, False])
def test_own_images_have_no_other_images(in_memory: bool, tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", images=pixels(28))
    given = pixels(28) if in_memory else tmp_path / "images.npz"
    with pytest.raises(ie.UserError, match="are the images: --data has no use"):
        ie.train(given, tmp_path / "run", data="digits", **SHORT)


def test_own_images_fit_the_minutes_and_resume_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(time_budget, "timed_step", lambda *_: asked.append("step") or 20.0)
    monkeypatch.setattr(time_budget, "FEWEST", 1)
    monkeypatch.setattr(time_budget, "WHOLE", 1)
    lines: list[str] = []
    given = {"codes": "3,u", "device": "cpu", "log": lines.append}
    path = ie.train(pixels(28), tmp_path, minutes=1, batch=4, **given)
    assert [line for line in lines if "2 steps of 4 images at 28×28" in line] == lines[1:2]
    first = Checkpoint.open(path)
    assert (first.step, first.variant, first.trainer.batch) == (2, "small", 4)
    ie.train(pixels(28), tmp_path, resume=True, **given)
    assert asked == ["step"]
    assert Checkpoint.open(path).step == 2
    with pytest.raises(ie.UserError, match="minutes must be a number above 0, not nan"):
        ie.train(pixels(28), tmp_path / "other", minutes=float("nan"))
    with pytest.raises(ie.UserError, match="digits has its own networks"):
        ie.train("digits", tmp_path / "other", minutes=1)
