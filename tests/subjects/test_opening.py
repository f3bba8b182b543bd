"""From what the user gives to a subject: files, functions, folders, models in memory."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from infoeval import CodeSpace, Uniform
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.subjects.opening import as_list, find_models, open_subject
from infoeval.subjects.table_subject import TableSubject
from infoeval.subjects.trained_model import TrainedModel
from infoeval.subjects.user_model import UserModel


class Encodes:
    def encode(self, images: Tensor) -> Tensor:
        return images.float().mean((1, 2, 3))


class Draws:
    codes = CodeSpace(c=Uniform(-1, 1), noise=0)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        del noise
        return ((codes["c"] + 1) / 2)[:, None, None, None].expand(-1, 1, 4, 4)


class Both(Encodes, Draws):
    pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table of codes and a program."""
    monkeypatch.chdir(tmp_path)
    np.savez("codes.npz", codes=np.arange(6.0), factors=np.arange(6) % 2)
    np.savez("CODES.NPZ", codes=np.arange(6.0))
    os.replace("CODES.NPZ.npz", "CODES.NPZ")
    Path("model.py").write_text(
        "from tests.subjects.test_opening import Both, Draws, Encodes\n"
        "def pair():\n    return None, Draws()\n"
    )
    return tmp_path


# Every kind.


def test_a_checkpoint(trained: Path, folder: Path) -> None:
    shutil.copy(trained, folder / "renamed.bin")
    for given in (trained, str(trained), "renamed.bin"):
        subject = open_subject(given)
        assert isinstance(subject, TrainedModel)
        assert subject.name == str(given)
        assert subject.checkpoint.step == 30


def test_options_reach_a_checkpoint(trained: Path) -> None:
    subject = open_subject(trained, device=torch.device("cpu"), seed=5, batch_norm="generated")
    assert isinstance(subject, TrainedModel)
    assert (subject.device, subject.seed) == (torch.device("cpu"), 5)
    assert subject.batch_norm == "generated"
    with pytest.raises(UserError, match="'gpu'"):
        open_subject(trained, device="gpu")


@pytest.mark.parametrize("name", ["codes.npz", "CODES.NPZ"])
def test_a_table_of_codes(folder: Path, name: str) -> None:
    for given in (name, folder / name):
        subject = open_subject(given)
        assert isinstance(subject, TableSubject)
        assert (subject.name, subject.path) == (str(given), Path(given))
        images = ImageSet("ramp", "train", np.zeros((2, 1, 4, 4), np.uint8))
        with pytest.raises(UserError, match=f"{re.escape(name)} has no encoder"):
            subject.reader(images)


def test_a_function_of_a_file(folder: Path) -> None:
    subject = open_subject("model.py:Encodes")
    assert isinstance(subject, UserModel)
    assert (subject.name, subject.path) == ("model.py:Encodes", Path("model.py"))
    assert subject.describe() == {"model": "model.py:Encodes", "sha256": subject.fingerprint}
    assert subject.fingerprint is not None
    assert subject.has_encoder
    assert subject.generator is None
    assert open_subject("model.py:Both").codes is Draws.codes
    assert not open_subject("model.py:pair").has_encoder


@pytest.mark.parametrize(
    ("model", "name", "encodes", "draws"),
    [
        (Encodes(), "Encodes", True, False),
        (Encodes().encode, "encode", True, False),
        ((Encodes(), None), "Encodes", True, False),
        (Both(), "Both", True, True),
        ((Encodes(), Draws()), "Encodes", True, True),
        (Draws(), "Draws", False, True),
        ((None, Draws()), "Draws", False, True),
    ],
)
def test_a_model_in_memory(model: Any, name: str, encodes: bool, draws: bool) -> None:
    subject = open_subject(model)
    assert isinstance(subject, UserModel)
    assert (subject.name, subject.path, subject.fingerprint) == (name, None, None)
    assert subject.has_encoder == encodes
    assert (subject.generator is not None) == draws
    assert subject.codes is (Draws.codes if draws else None)
    assert subject.describe() == {"model": name, "sha256": None}


def test_a_subject_stays_as_it_is(trained: Path) -> None:
    subject = open_subject(trained)
    assert open_subject(subject, seed=3) is subject


# What is none of them.


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere.pt", "no checkpoint at nowhere.pt"),
        ("", "no checkpoint at"),
        (".", "no checkpoint at"),
        ("nowhere.npz", "nowhere.npz: no such file"),
        ("nowhere.py:f", "no Python file at nowhere.py"),
        ("model.py", "name a function, as in model.py:encoder"),
        ("model.py:absent", "model.py has no function 'absent'"),
        ("text.pt", "text.pt is not a checkpoint"),
        ("text.csv", "which columns are codes? there are I am no model"),
        ("text.npy", "text.npy cannot be read (it does not begin like a numpy array)"),
        ("text.xlsx", "a table of codes is read from .npz, .npy, .csv, .tsv, .parquet, .h5ad"),
        ("text.json", "text.json is no model; infoeval report shows a metrics.json again"),
        ("model.py:pear", "model.py has no function 'pear' (did you mean 'pair'?)"),
        ("text.npz", "text.npz"),
        (3.0, "float: float is no model; give an encoder"),
        (None, "NoneType: None is no model"),
        ([], "list: list is no model"),
        ((), "a tuple of 0 is no model"),
        ((abs, Draws(), abs), "a tuple of 3"),
        ((abs, abs), "a generator needs `codes`"),
        ((None, None), "None is no model"),
    ],
)
def test_what_is_no_model(folder: Path, model: Any, message: str) -> None:
    for name in ("text.pt", "text.npz", "text.csv", "text.npy", "text.json", "text.xlsx"):
        (folder / name).write_text("I am no model")
    with pytest.raises(UserError) as caught:
        open_subject(model)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def bomb(path: Path) -> Any:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.system, (f"echo > '{path}'",)

    return Bomb()


def test_a_hostile_checkpoint_runs_nothing(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained, weights_only=True)
    torch.save(content | {"run": bomb(tmp_path / "it-ran")}, tmp_path / "hostile.pt")
    with pytest.raises(UserError, match="nothing in it was run"):
        open_subject(tmp_path / "hostile.pt")
    assert os.listdir(tmp_path) == ["hostile.pt"]


@pytest.mark.parametrize("name", ["codes", "code_names", "factors"])
def test_a_hostile_table_runs_nothing(tmp_path: Path, name: str) -> None:
    arrays = {"codes": np.arange(2.0), name: np.array([bomb(tmp_path / "it-ran")] * 2)}
    np.savez(tmp_path / "hostile.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"hostile\.npz: .*object"):
        open_subject(tmp_path / "hostile.npz")
    assert os.listdir(tmp_path) == ["hostile.npz"]


def test_only_a_python_file_is_run(folder: Path) -> None:
    """A program of another name is taken for a checkpoint, and not run."""
    for name in ("model.pyc", "model.txt", "model.pt"):
        (folder / name).write_text("open('it-ran', 'w')")
        with pytest.raises(UserError):
            open_subject(f"{name}:f")
        with pytest.raises(UserError):
            open_subject(name)
    assert not Path("it-ran").exists()


# Folders and lists.


def test_the_models_of_a_folder(trained: Path, tmp_path: Path) -> None:
    assert find_models(trained.parent) == [trained]
    assert find_models(str(trained.parent)) == [trained]
    for name in ("seed-10", "seed-9", "seed-2", "empty"):
        (tmp_path / name).mkdir()
        if name != "empty":
            shutil.copy(trained, tmp_path / name)
    (tmp_path / "summary.csv").write_text("")
    found = find_models(tmp_path)
    assert [Path(str(path)).parent.name for path in found] == ["seed-2", "seed-9", "seed-10"]
    shutil.copy(trained, tmp_path)
    assert find_models(tmp_path) == [tmp_path / "ckpt.pt"], "its own checkpoint goes first"
    with pytest.raises(UserError, match=r"holds no ckpt\.pt"):
        find_models(tmp_path / "empty")


def test_what_is_no_folder_is_itself(trained: Path) -> None:
    model = Both()
    for given in (trained, "nowhere.pt", "a.py:f", model, (abs, model)):
        assert find_models(given) == [given]


def test_lists_and_pairs() -> None:
    model = Both()
    pair: tuple[Any, Any] = (abs, model)
    assert as_list("a.pt") == ["a.pt"]
    assert as_list(["a.pt", model]) == ["a.pt", model]
    assert as_list(("a.pt", Path("b.pt"))) == ["a.pt", Path("b.pt")]
    assert as_list(pair) == [pair], "an encoder and a generator are one model"
    assert as_list([pair, model]) == [pair, model]
    assert as_list([]) == []
    subjects = UserModel(abs, "a"), UserModel(abs, "b")
    assert as_list(subjects) == list(subjects)
