"""Odd models: empty names, bytes that are no text, encoders that change their minds."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval.data.image_set import ImageSet
from infoeval.errors import UserError
from infoeval.subjects.opening import find_models, open_subject


def images(split: str, count: int = 6) -> ImageSet:
    return ImageSet("noise", split, np.full((count, 1, 8, 8), 7, np.uint8))


def test_an_empty_name_is_not_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ckpt.pt").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find_models(".") == [Path("run/ckpt.pt")]
    with pytest.raises(UserError, match="its name is empty"):
        find_models("")


@pytest.mark.parametrize("array", ["codes", "factors", "code_names"])
def test_bytes_that_are_no_text(tmp_path: Path, array: str) -> None:
    arrays = {"codes": np.arange(3), "factors": np.arange(3)}
    odd = np.array([b"\xff", b"y", b"z"])
    np.savez(tmp_path / "odd.npz", **(arrays | {array: odd}))
    with pytest.raises(
        UserError, match=rf"odd\.npz: {array} holds strings that are not valid text"
    ):
        open_subject(tmp_path / "odd.npz")


def test_bytes_that_are_text(tmp_path: Path) -> None:
    np.savez(tmp_path / "words.npz", codes=np.array([b"x", b"y", b"x"]))
    rows, _ = open_subject(tmp_path / "words.npz").rows or (None, None)
    assert rows is not None
    assert list(rows.codes["code 0"]) == ["x", "y", "x"]


def test_an_encoder_that_returns_other_codes_for_another_split() -> None:
    calls = itertools.count(1)

    def encode(batch: Tensor) -> Tensor:
        return torch.zeros(len(batch), next(calls))

    train = images("train")
    reader = open_subject(encode).reader(train)
    assert reader.encode(train).columns.shape == (6, 1)
    with pytest.raises(UserError, match="returned other codes for other images"):
        reader.encode(images("test"))
