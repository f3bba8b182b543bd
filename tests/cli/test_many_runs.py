"""`infoeval train` with many seeds and weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from infoeval.checkpoint import Checkpoint
from tests.cli.commands import fails, infoeval, succeeds


@pytest.fixture(autouse=True)
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images, a trainer of them, and one that diverges."""
    monkeypatch.chdir(tmp_path)
    for name in ("images.npz", "tiny.py", "wild.py"):
        shutil.copy(home / name, tmp_path)
    return tmp_path


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
    result = infoeval("train", "wild.py", "--seeds", "0-1", "--device", "cpu", "--out", "all")
    assert result.exit_code == 1
    assert "diverged" in result.stdout


def test_a_dry_run_of_many_writes_nothing(here: Path) -> None:
    before = sorted(here.iterdir())
    result = succeeds("train", "tiny.py", "--seeds", "0-4", "--jobs", 2, "--dry-run", "--json")
    settings = json.loads(result.stdout)
    assert (settings["seeds"], settings["jobs"]) == ([0, 1, 2, 3, 4], 2)
    assert sorted(here.iterdir()) == before


MISTAKES: dict[str, tuple[tuple[Any, ...], str]] = {
    "seed and seeds": (("tiny.py", "--seed", 1, "--seeds", "0-2"), "give one of them"),
    "jobs for one run": (("tiny.py", "--jobs", 2), "give --seeds too"),
    "jobs of none": (("tiny.py", "--seeds", "0-1", "--jobs", 0), "jobs is 0"),
    "seeds backwards": (("tiny.py", "--seeds", "4-0"), "runs backwards"),
    "weights twice": (("tiny.py", "--information-weight", "1,1"), "given twice"),
    "resume many without out": (("tiny.py", "--seeds", "0-1", "--resume"), "--resume needs --out"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str) -> None:
    arguments, expected = MISTAKES[name]
    assert expected in fails("train", *arguments)
    assert not Path("runs").exists()
