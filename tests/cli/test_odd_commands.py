"""The command line used oddly: one clear line, or the right thing."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.commands import fails, of_json, succeeds

pytestmark = pytest.mark.usefixtures("at_home")

LONG = "a" * 5000
GENERATOR = """
from infoeval import Categorical, CodeSpace

class Draws:
    codes = CodeSpace(kind=Categorical(2), noise=1)

    def generate(self, codes, noise):
        grey = codes["kind"].float() / 2 + 0 * noise[:, 0]
        return grey[:, None, None, None].expand(-1, 1, 8, 8)

def encoder():
    return lambda images: images.float().mean((1, 2, 3))
"""
MISTAKES: dict[str, tuple[tuple[object, ...], str]] = {
    "empty name": (("score", ""), "no model: its name is empty"),
    "empty name in a report": (("report", ""), "no model: its name is empty"),
    "name too long": (("score", LONG), "File name too long"),
    "page too long": (("report", "run/ckpt.pt", "-o", LONG), "File name too long"),
    "budget without mi": (
        ("score", "run/ckpt.pt", "--metric", "mi-own", "--budget", "huge"),
        "no budget 'huge'",
    ),
    "seed of a figure": (("traverse", "run/ckpt.pt", "--seed", 10**20), "seed must be"),
    "negative seed of a figure": (("traverse", "run/ckpt.pt", "--seed", -1), "seed must be"),
    "figure of a table": (
        ("traverse", "codes.npz"),
        "codes.npz is a table of codes, and has no generator",
    ),
    "figure of an encoder": (("traverse", "draws.py:encoder"), "has no generator to draw"),
    "figure of many runs": (("traverse", "."), "holds 4 runs, give one"),
    "figure of weights that are no numbers": (
        ("traverse", "nan.pt", "-o", "new.png"),
        "compute numbers that are not finite",
    ),
    "animation of weights that are no numbers": (
        ("traverse", "nan.pt", "-o", "new.gif"),
        "compute numbers that are not finite",
    ),
    "page of weights that are no numbers": (
        ("report", "nan.pt", "--metric", "mi-own", "-o", "new.html"),
        "compute numbers that are not finite",
    ),
    "information in weights that are no numbers": (
        ("score", "nan-q.pt", "--metric", "mi-own", "-o", "new.json"),
        "compute numbers that are not finite",
    ),
    "training into nothing": (("train", "tiny.py", "--out", ""), "--out is empty"),
    "results into nothing": (("score", "run/ckpt.pt", "--output", ""), "--output is empty"),
    "figures over a file": (
        ("report", "run/ckpt.pt", "--figures", "file"),
        "cannot write file: file is a file, not a folder",
    ),
}


@pytest.fixture(autouse=True)
def _odd_files(home: Path) -> None:
    np.savez(home / "codes.npz", codes=np.arange(9.0))
    (home / "draws.py").write_text(GENERATOR)
    content = torch.load(home / "run" / "ckpt.pt", weights_only=True)
    for weight in content["weights"].values():
        if weight.is_floating_point():
            weight.fill_(math.nan)
    torch.save(content, home / "nan.pt")
    content = torch.load(home / "run" / "ckpt.pt", weights_only=True)
    content["weights"]["recognition.blocks.0.linear.weight"].fill_(math.nan)
    torch.save(content, home / "nan-q.pt")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str) -> None:
    arguments, expected = MISTAKES[name]
    line = fails(*arguments)
    assert expected in line
    assert len(line) < 400
    assert not list(Path().glob("new*"))


@pytest.mark.parametrize("model", ["run", "draws.py:Draws"])
@pytest.mark.parametrize("name", ["figure.png", "moving.gif"])
def test_what_has_a_generator_is_drawn(tmp_path: Path, model: str, name: str) -> None:
    printed = of_json(succeeds("traverse", model, "-o", tmp_path / name, "--json"))
    assert printed == {"figure": str(tmp_path / name)}
    assert (tmp_path / name).stat().st_size > 0


def test_a_folder_is_drawn_as_its_checkpoint(tmp_path: Path) -> None:
    for name, model in (("a.png", "run"), ("b.png", "run/ckpt.pt")):
        succeeds("traverse", model, "-o", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_folders_are_compared() -> None:
    options = ("--metric", "mi-own", "--json")
    folders = of_json(succeeds("compare", "run", "other", *options))
    files = of_json(succeeds("compare", "run/ckpt.pt", "other/ckpt.pt", *options))
    assert folders["differences"] == files["differences"]
