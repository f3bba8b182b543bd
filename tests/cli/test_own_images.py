"""`infoeval train` on a user's own images: pictures in folders, or an array."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.training import time_budget
from tests.cli.commands import fails, infoeval, of_json, succeeds
from tests.comparing import identical
from tests.tiny import tiny_images

TINY = "from tests.tiny import tiny_trainer\ntrainer = tiny_trainer(data='images.npz')\n"
QUICK = ("--steps", 2, "--batch", 4, "--device", "cpu")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a tiny trainer, and pictures of two sizes of which one is broken."""
    monkeypatch.chdir(tmp_path)
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
    trained = ("--codes", "3", "--size", 28, *QUICK, "--out", "run", "--skip-broken")
    result = succeeds("train", "pictures", *trained)
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
    result = succeeds("train", "digits", "--codes", "4,u,u", "--dry-run", "--json")
    codes = json.loads(result.stdout)["trainer"]["codes"]["codes"]
    assert [code["name"] for code in codes] == ["category_1", "continuous_1", "continuous_2"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A machine that does two steps in a minute; and the times that were asked of it."""
    asked: list[float] = []
    monkeypatch.setattr(time_budget, "timed_step", lambda *_: asked.append(20.0) or asked[-1])
    monkeypatch.setattr(time_budget, "FEWEST", 1)
    monkeypatch.setattr(time_budget, "WHOLE", 1)
    return asked


FITS = (
    "pictures: within 1 min: 2 steps of 4 images at 28×28, networks with a quarter of the "
    "channels, about 40 s (20,000 ms a step here); to repeat it: --size 28 --variant small "
    "--batch 4 --steps 2"
)


def test_what_fits_the_time_is_kept_and_not_measured_again(slow: list[float]) -> None:
    given = ("train", "pictures", "--codes", "3,u", "--device", "cpu", "--batch", 4)
    result = succeeds(*given, "--minutes", 1, "--out", "run")
    assert FITS in result.stderr.splitlines()
    assert len(slow) == 1
    kept = Checkpoint.open(Path("run/ckpt.pt"))
    assert (kept.step, kept.trainer.steps, kept.trainer.batch, kept.variant) == (2, 2, 4, "small")
    config = json.loads(Path("run/config.json").read_text())
    assert (config["trainer"], config["variant"]) == (kept.trainer.to_dict(), "small")
    for more in ((), ("--minutes", 5)):
        again = succeeds("train", "pictures", "--codes", "3,u", *more, "--out", "run", "--resume")
        assert "complete, nothing to do" in again.stdout
    longer = ("--steps", 3, "--out", "run", "--resume")
    succeeds("train", "pictures", "--codes", "3,u", "--device", "cpu", *longer)
    assert Checkpoint.open(Path("run/ckpt.pt")).step == 3
    assert "batch" in fails("train", "pictures", "--codes", "3,u", "--batch", 5, *longer)
    assert len(slow) == 1
    repeated = ("--size", 28, "--variant", "small", "--batch", 4, "--steps", 2)
    succeeds("train", "pictures", "--codes", "3,u", "--device", "cpu", *repeated, "--out", "same")
    same = Checkpoint.open(Path("same/ckpt.pt"))
    assert identical([same.trainer.to_dict(), same.weights], [kept.trainer.to_dict(), kept.weights])


def test_a_dry_run_tells_what_fits_the_time(slow: list[float]) -> None:
    given = ("train", "pictures", "--batch", 4, "--minutes", 1, "--device", "cpu", "--dry-run")
    result = succeeds(*given)
    assert FITS in result.stderr.splitlines()
    assert "time: about 40 s on cpu (20,000 ms a step)" in result.stdout
    settings = of_json(succeeds(*given, "--json"))
    assert (settings["minutes"], settings["seconds_of_step"]) == (1, 20)
    assert (settings["trainer"]["steps"], settings["variant"]) == (2, "small")
    assert len(slow) == 2
    assert not Path("runs").exists()
    ten = of_json(succeeds("train", "pictures", "--device", "cpu", "--dry-run", "--json"))
    assert (ten["minutes"], ten["trainer"]["steps"]) == (10, 24)


def test_minutes_are_of_each_of_many_runs(slow: list[float]) -> None:
    given = ("--codes", "3,u", "--batch", 4, "--device", "cpu", "--seeds", "0,1", "--out", "runs")
    succeeds("train", "pictures", *given, "--minutes", 1)
    succeeds("train", "pictures", *given, "--resume")
    assert len(slow) == 1
    for seed in (0, 1):
        kept = Checkpoint.open(Path(f"runs/seed-{seed}/ckpt.pt"))
        assert (kept.step, kept.variant) == (2, "small")


MISTAKES: dict[str, tuple[tuple[Any, ...], str]] = {
    "codes": (("tiny.py", "--codes", "10;u"), "'10;u' is neither"),
    "size of a trainer": (("tiny.py", "--size", 32), "--size is for your own images"),
    "size of images": (("images.npz", "--size", 30), "side 28, 32, 64"),
    "data beside images": (("images.npz", "--data", "pictures"), "--data has no use"),
    "variant of images": (("images.npz", "--variant", "paper"), "no variant 'paper'"),
    "batch": (("tiny.py", "--batch", 1), "batch must be"),
    "minutes of a trainer": (("tiny.py", "--minutes", 5), "--minutes is for your images"),
    "no minutes": (("images.npz", "--minutes", 0), "minutes must be a number above 0, not 0.0"),
    "negative minutes": (("images.npz", "--minutes", -2), "minutes must be a number above 0"),
    "minutes that are none": (("images.npz", "--minutes", "nan"), "above 0, not nan"),
    "endless minutes": (("images.npz", "--minutes", "inf"), "above 0, not inf"),
    "minutes in words": (("images.npz", "--minutes", "ten"), "'ten' is not a valid float"),
    "too few minutes": (("images.npz", "--minutes", 1e-9, "--device", "cpu"), "is too little time"),
    "nothing there": (("holidays",), "a folder of images"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str) -> None:
    arguments, expected = MISTAKES[name]
    assert expected in fails("train", *arguments)
    assert not Path("runs").exists()
