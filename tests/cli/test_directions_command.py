"""`infoeval directions`: its table, JSON, page, saved directions, and mistakes."""

from pathlib import Path

import pytest

from infoeval.evaluation import direction_changes
from infoeval.latent.direction_set import read_directions
from tests.cli.commands import fails, of_json, succeeds

pytestmark = pytest.mark.usefixtures("at_home", "tiny_budget")

CHEAP = ("--budget", "tiny", "--device", "cpu", "--count", 2)


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, count in {"REFERENCE": 100, "FRESH": 50, "POINTS": 20}.items():
        monkeypatch.setattr(direction_changes, name, count)


def test_a_checkpoint_has_directions_of_its_noise(tmp_path: Path) -> None:
    saved, page = tmp_path / "found.npz", tmp_path / "page.html"
    result = succeeds("directions", "run/ckpt.pt", *CHEAP, "--save", saved, "-o", page)
    assert "first-layer, in z of 3 dimensions: right singular vectors" in result.stdout
    assert "direction_1" in result.stdout
    assert "beyond the sum" in result.stdout
    assert "Directions by their nats" in page.read_text(encoding="utf-8")
    found = read_directions(saved)
    assert len(found) == 2
    again = of_json(succeeds("directions", "run", *CHEAP, "--method", saved, "--json"))
    assert again["subject"]["directions"]["method"] == "first-layer"
    assert again["data"] == {}  # found in this very model
    assert {item["metric"] for item in again["results"]} >= {"mi", "direction-reach"}


def test_results_go_to_a_file(tmp_path: Path) -> None:
    output = tmp_path / "found.csv"
    succeeds("directions", "run/ckpt.pt", *CHEAP, "--method", "activations", "-o", output)
    assert "direction-reach" in output.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.pt",), "no checkpoint at nothing.pt"),
        (("run/ckpt.pt", "--method", "sefa"), "no method 'sefa'"),
        (("run/ckpt.pt", "--method", "none.npz"), "none.npz"),
        (("run/ckpt.pt", "--method", ""), "empty"),
        (("run/ckpt.pt", "--count", 9), "give 1 to 3"),
        (("run/ckpt.pt", "--save", "a.txt"), "saved as .npz"),
        (("run/ckpt.pt", "--budget", "vast"), "no budget"),
        (("run/ckpt.pt", "-o", "file/page.html"), "is a file, not a folder"),
        ((".",), "runs: give one"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple[object, ...], message: str) -> None:
    assert message in fails("directions", *arguments)
