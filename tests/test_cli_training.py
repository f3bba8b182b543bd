"""The command line where it trains many runs or on a user's own images, and draws traversals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from infoeval.checkpoint import Checkpoint
from infoeval.cli import main
from infoeval.data import load
from tests.tiny import tiny_images

TINY = "from tests.tiny import tiny_trainer\ntrainer = tiny_trainer(data='images.npz')\n"
QUICK = ("--steps", 2, "--batch", 4, "--device", "cpu")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a tiny trainer, and pictures of two sizes of which one is broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFOEVAL_DATA", raising=False)
    images = tiny_images(60)
    np.savez("images.npz", images=images.images, labels=images.labels)
    Path("tiny.py").write_text(TINY)
    random = np.random.default_rng(0)
    for kind in ("round", "square"):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for number in range(9):
            size = (40, 30) if number % 2 else (33, 50)
            noise = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "pictures" / kind / f"{number}.png")
    return tmp_path


def infoeval(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def succeeds(*arguments: object) -> Result:
    result = infoeval(*arguments)
    assert result.exit_code == 0, result.output
    return result


def fails(*arguments: object) -> str:
    result = infoeval(*arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    line = result.stderr.splitlines()[-1]
    assert line.startswith("Error:")
    return line


# Many runs.


def test_every_seed_and_weight_is_a_run_and_a_row() -> None:
    options = ("--seeds", "0-2", "--information-weight", "0,1", "--device", "cpu", "--out", "all")
    result = succeeds("train", "tiny.py", *options, "--json")
    summary = json.loads(result.stdout)
    names = [f"lambda-{weight}-seed-{seed}" for weight in (0, 1) for seed in range(3)]
    assert [row["folder"] for row in summary["rows"]] == names
    for name in names:
        kept = Checkpoint.open(Path("all") / name / "ckpt.pt")
        assert f"lambda-{kept.trainer.information_weight:g}-seed-{kept.seed}" == name
    assert list(pd.read_csv("all/summary.csv")["run"]) == names
    again = succeeds("train", "tiny.py", *options, "--resume")
    for name in names:
        assert name in again.stdout


def test_one_weight_and_seeds_is_one_folder_for_each_seed() -> None:
    succeeds("train", "tiny.py", "--seeds", "3,1", "--information-weight", "0.5", "--device", "cpu")
    for seed in (3, 1):
        kept = Checkpoint.open(Path(f"runs/tiny-000/seed-{seed}/ckpt.pt"))
        assert (kept.seed, kept.trainer.information_weight) == (seed, 0.5)


def test_a_failed_run_is_told_by_the_exit_code() -> None:
    Path("wild.py").write_text(
        "from tests.tiny import tiny_trainer\n"
        "trainer = tiny_trainer(data='images.npz', generator_rate=1e30, steps=60)\n"
    )
    result = infoeval("train", "wild.py", "--seeds", "0-1", "--device", "cpu", "--out", "all")
    assert result.exit_code == 1
    assert "diverged" in result.stdout


def test_a_dry_run_of_many_writes_nothing(home: Path) -> None:
    before = sorted(home.iterdir())
    result = succeeds("train", "tiny.py", "--seeds", "0-4", "--jobs", 2, "--dry-run")
    settings = json.loads(result.stdout)
    assert (settings["seeds"], settings["jobs"]) == ([0, 1, 2, 3, 4], 2)
    assert sorted(home.iterdir()) == before


# A user's own images.


def test_pictures_end_in_scores_and_a_report() -> None:
    """Of two sizes, in folders of two classes: cut, resized, trained on, scored and shown."""
    result = succeeds("train", "pictures", "--codes", "3,u", "--size", 28, *QUICK, "--out", "run")
    assert "2 sizes from 40×30 to 33×50, RGB, resized to 28×28" in result.stderr
    assert "category_1, continuous_1" in result.stderr
    kept = Checkpoint.open(Path("run/ckpt.pt"))
    assert kept.trainer.image_shape == (3, 28, 28)
    assert kept.data["resized_from"] == "2 sizes from 40×30 to 33×50, RGB"
    options = ("--fit-images", 4, "--device", "cpu", "--json")
    scored = json.loads(
        succeeds("score", "run/ckpt.pt", "--metric", "cluster-acc", *options).stdout
    )
    assert scored["results"][0]["target"] == "category_1"
    assert scored["data"]["resized_from"] == kept.data["resized_from"]
    expected = load("pictures", "test", shape=(3, 28, 28)).fingerprint
    assert scored["data"]["fingerprint"] == expected
    succeeds("report", "run/ckpt.pt", "-o", "page.html", "--device", "cpu")
    assert "category_1" in Path("page.html").read_text()


def test_broken_pictures_are_left_out_and_named_and_so_when_scored() -> None:
    Path("pictures/round/0.png").write_bytes(b"\x89PNG half a picture")
    assert "round/0.png" in fails("train", "pictures", *QUICK)
    options = ("--codes", "3", "--size", 28, *QUICK, "--out", "run", "--skip-broken")
    result = succeeds("train", "pictures", *options)
    left_out = Checkpoint.open(Path("run/ckpt.pt")).data.get("left_out", 0)
    in_test = load("pictures", "test", shape=(3, 28, 28), skip_broken=True).left_out
    assert left_out + len(in_test) == 1
    assert ("left out 1 broken" in result.stderr) == bool(left_out)
    options = ("--fit-images", 4, "--device", "cpu", "--skip-broken", "--json")
    succeeds("score", "run/ckpt.pt", "--metric", "cluster-acc", *options)
    told = infoeval("report", "run/ckpt.pt", "-o", "page.html", "--device", "cpu", "--skip-broken")
    assert "0.png" not in told.output
    assert "reading the codes of test images" in told.stderr


def test_arrays_of_images_need_no_option() -> None:
    result = succeeds("train", "images.npz", "--codes", "4", *QUICK, "--out", "run")
    assert "8×8 grey, resized to 28×28" in result.stderr
    assert Checkpoint.open(Path("run/ckpt.pt")).trainer.name == "images"


def test_a_bundled_trainer_takes_other_codes() -> None:
    result = succeeds("train", "digits", "--codes", "4,u,u", "--dry-run")
    codes = json.loads(result.stdout)["trainer"]["codes"]["codes"]
    assert [code["name"] for code in codes] == ["category_1", "continuous_1", "continuous_2"]


MISTAKES: dict[str, tuple[tuple[Any, ...], str]] = {
    "seed and seeds": (("tiny.py", "--seed", 1, "--seeds", "0-2"), "give one of them"),
    "jobs for one run": (("tiny.py", "--jobs", 2), "give --seeds too"),
    "jobs of none": (("tiny.py", "--seeds", "0-1", "--jobs", 0), "jobs is 0"),
    "seeds backwards": (("tiny.py", "--seeds", "4-0"), "runs backwards"),
    "weights twice": (("tiny.py", "--information-weight", "1,1"), "given twice"),
    "resume many without out": (("tiny.py", "--seeds", "0-1", "--resume"), "--resume needs --out"),
    "codes": (("tiny.py", "--codes", "10;u"), "'10;u' is neither"),
    "size of a trainer": (("tiny.py", "--size", 32), "--size is for your own images"),
    "size of images": (("images.npz", "--size", 30), "side 28, 32, 64"),
    "data beside images": (("images.npz", "--data", "pictures"), "--data has no use"),
    "variant of images": (("images.npz", "--variant", "paper"), "no variant 'paper'"),
    "batch": (("tiny.py", "--batch", 1), "batch must be"),
    "nothing there": (("holidays",), "a folder of images"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str) -> None:
    arguments, expected = MISTAKES[name]
    assert expected in fails("train", *arguments)
    assert not Path("runs").exists()


# Traversals.


def test_traversals_are_drawn() -> None:
    succeeds("train", "tiny.py", "--device", "cpu", "--out", "run")
    result = succeeds("traverse", "run/ckpt.pt", "--code", "slant", "-o", "figure.png", "--json")
    assert json.loads(result.stdout) == {"figure": "figure.png"}
    with Image.open("figure.png") as picture:
        assert picture.width > 100
    assert "no code called 'other'" in fails("traverse", "run/ckpt.pt", "--code", "other")
    assert "no checkpoint at nothing.pt" in fails("traverse", "nothing.pt")
