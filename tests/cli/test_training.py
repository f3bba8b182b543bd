"""`infoeval train`: what one run leaves behind and prints, and how it goes on."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infoeval import Trainer, content
from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.locks import locked_folder
from infoeval.training import dry_run
from infoeval.training import run as runs
from infoeval.training.choosing import load_trainer
from tests.cli.commands import fails, infoeval, of_json, succeeds
from tests.comparing import identical
from tests.tiny import tiny_trainer

pytestmark = pytest.mark.usefixtures("at_home")


def learned(path: Path) -> Any:
    checkpoint = Checkpoint.open(path)
    return [checkpoint.weights, checkpoint.optimizers, checkpoint.random_state]


def test_training_is_that_of_the_library(tmp_path: Path) -> None:
    out = tmp_path / "cli"
    options = ("--seed", 3, "--steps", 6, "--variant", "gan", "--device", "cpu", "--out", out)
    result = succeeds("train", "tiny.py", *options, "--json")
    assert of_json(result) == {"checkpoint": str(out / "ckpt.pt"), "step": 6}
    trainer = replace(load_trainer("tiny.py").variant("gan"), steps=6)
    assert trainer.information_weight == 0
    direct = runs.train(
        trainer,
        load("images.npz"),
        tmp_path / "python",
        runs.RunOptions(device="cpu", variant="gan"),
        seed=3,
    )
    assert identical(learned(out / "ckpt.pt"), learned(direct))
    kept = Checkpoint.open(out / "ckpt.pt")
    assert (kept.variant, kept.seed, kept.step) == ("gan", 3, 6)


def test_training_tells_how_far_it_is_and_what_comes_next(tmp_path: Path) -> None:
    result = succeeds("train", "tiny.py", "--out", tmp_path / "run")
    assert "tiny: 48 images, 4 steps" in result.stderr
    assert "step 4 of 4" in result.stderr
    checkpoint = tmp_path / "run" / "ckpt.pt"
    assert result.stdout.splitlines() == [
        f"checkpoint: {checkpoint}",
        f"next: infoeval score {checkpoint}",
    ]


def test_options_change_the_trainer(tmp_path: Path) -> None:
    options = ("--data", "unlabelled.npz", "--information-weight", 0.5, "--steps", 2)
    succeeds("train", "tiny.py", *options, "--out", tmp_path)
    trainer = Checkpoint.open(tmp_path / "ckpt.pt").trainer
    assert (trainer.data, trainer.information_weight, trainer.steps) == ("unlabelled.npz", 0.5, 2)


def test_runs_are_numbered(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        succeeds("train", home / "tiny.py", "--data", home / "images.npz")
    assert sorted(os.listdir("runs")) == ["tiny-000", "tiny-001"]
    assert identical(learned(Path("runs/tiny-000/ckpt.pt")), learned(Path("runs/tiny-001/ckpt.pt")))


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../out", ".._.._out-000"),
        ("/out", "_out-000"),
        ("a\0\x1b[31m", "a__[31m-000"),
        ("é" * 500, "é" * 60 + "-000"),
    ],
)
def test_a_trainers_name_is_no_path(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = repr(tiny_trainer(name=name, data=str(home / "images.npz"), steps=1).to_dict())
    Path("odd.py").write_text(f"import infoeval\ntrainer = infoeval.Trainer.from_dict({settings})")
    succeeds("train", "odd.py", "--device", "cpu")
    assert os.listdir("runs") == [folder]


def test_resume_goes_on(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    succeeds("train", "tiny.py", "--steps", 20, "--out", straight)
    succeeds("train", "tiny.py", "--steps", 10, "--out", broken)
    result = succeeds("train", "tiny.py", "--steps", 20, "--out", broken, "--resume")
    assert "step 20 of 20" in result.stderr
    assert identical(learned(straight / "ckpt.pt"), learned(broken / "ckpt.pt"))
    result = succeeds("train", "tiny.py", "--out", tmp_path / "new", "--resume")
    assert "no checkpoint" in result.stderr


def test_resume_of_a_complete_run_says_so(tmp_path: Path) -> None:
    """Its own number of steps counts, not the trainer's 4, where none is given."""
    succeeds("train", "tiny.py", "--steps", 6, "--out", tmp_path)
    before = (tmp_path / "ckpt.pt").read_bytes()
    for given in ((), ("--steps", 6)):
        result = succeeds("train", "tiny.py", *given, "--out", tmp_path, "--resume")
        complete = f"complete, nothing to do: {tmp_path / 'ckpt.pt'} has all of 6 steps\n"
        assert (result.stdout, result.stderr) == (complete, "")
    result = succeeds("train", "tiny.py", "--out", tmp_path, "--resume", "--json")
    assert of_json(result) == {"checkpoint": str(tmp_path / "ckpt.pt"), "step": 6}
    message = fails("train", "tiny.py", "--steps", 5, "--out", tmp_path, "--resume")
    assert message.endswith("has done 6 steps already, and --steps is the total: give more than 6")
    assert (tmp_path / "ckpt.pt").read_bytes() == before


def test_another_spelling_of_the_images_is_no_other_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(home / "images.npz", "images.npz")
    Path("elsewhere").mkdir()
    shutil.copy(home / "images.npz", "elsewhere/others.npz")
    options = ("--codes", "4", "--batch", 4, "--device", "cpu", "--out", "run")
    succeeds("train", "./images.npz", "--steps", 1, *options)
    others = str(tmp_path / "elsewhere/others.npz")
    succeeds("train", others, "--steps", 2, *options, "--resume")
    kept = Checkpoint.open(Path("run/ckpt.pt"))
    assert (kept.step, kept.trainer.data, kept.trainer.name) == (2, others, "others")
    few = np.load(home / "images.npz")["images"][:20]
    np.savez("images.npz", images=few)
    assert "the training images" in fails("train", "images.npz", *options, "--resume")


def test_a_run_that_cannot_start_leaves_no_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for out in ((), ("--out", "deep/below/run")):
        arguments = ("train", home / "tiny.py", "--data", home / "few.npz", "--batch", 16, *out)
        assert "fewer than a batch" in fails(*arguments)
        assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_meanwhile_is_left_to_the_other(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes the folder has it, even where both saw that there was none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs/tiny-000").mkdir(parents=True)
    monkeypatch.setattr(Path, "exists", unseen(Path.exists, "tiny-000"))
    succeeds("train", home / "tiny.py", "--data", home / "images.npz")
    assert os.listdir("runs/tiny-000") == []
    assert "ckpt.pt" in os.listdir("runs/tiny-001")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    Path("runs").symlink_to("nowhere")
    arguments = ("train", home / "tiny.py", "--data", home / "images.npz")
    assert "it is not a folder" in fails(*arguments)


def unseen(exists: Any, name: str) -> Any:
    """A `Path.exists` that answers wrongly when it is first asked of a name."""
    asked: list[Path] = []

    def answer(path: Path, **options: Any) -> bool:
        if path.name == name and not asked:
            asked.append(path)
            return False
        return bool(exists(path, **options))

    return answer


def test_a_folder_that_another_run_writes_is_refused(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "run"):
        for resume in ((), ("--resume",)):
            message = fails("train", "tiny.py", "--out", tmp_path / "run", *resume)
            assert f"in use by process {os.getpid()} on " in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [*content.trainers(), "tiny.py"])
def test_a_dry_run_writes_nothing_and_tells_everything(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Steps of every trainer are timed, of two images each.
    timed = dry_run._timed
    monkeypatch.setattr(dry_run, "_timed", lambda trainer, device, batch: timed(trainer, device, 2))
    given = str(home / name) if name.endswith(".py") else name
    result = succeeds("train", given, "--dry-run", "--json", "--steps", 7, "--seed", 5)
    assert os.listdir(tmp_path) == []
    settings = of_json(result)
    trainer = Trainer.from_dict(settings["trainer"])
    assert trainer == replace(load_trainer(given), steps=7, variants={})
    assert (settings["seed"], settings["variant"]) == (5, "default")
    assert settings["device"] in ("cpu", "cuda")


def test_a_dry_run_shows_layers_codes_and_settings() -> None:
    said = succeeds("train", "mnist", "--dry-run", "--variant", "paper", "--device", "cpu").stdout
    for line in (
        "4×4 conv 128, stride 2 leaky_relu, batch norm 128×7×7 131,328",
        "13,336,272 parameters",
        "style_2 uniform on [-1, 1] 0.693 0.1",
        "trainer: mnist, variant paper",
        "learning rates: G 0.001, D and Q 0.0002",
        "steps: 2,500 of 128 images",
    ):
        assert line in " ".join(said.split()), line
    assert re.search(r"^time: about [0-9,]+ (s|minutes) on cpu \([0-9,]+ ms a step\)$", said, re.M)


def test_an_interruption_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "train", interrupt)
    result = infoeval("train", "tiny.py", "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "stopped by SIGINT"


def test_a_training_that_diverges(tmp_path: Path) -> None:
    message = fails("train", "wild.py", "--out", tmp_path)
    assert "training diverged" in message
    assert "steps 0 and 50" in message
    assert Checkpoint.open(tmp_path / "ckpt.pt").step == 0
