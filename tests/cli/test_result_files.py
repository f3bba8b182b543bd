"""`-o FILE` of score and compare: results in a file, whole or not at all."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from infoeval.results import Document
from tests.cli.commands import fails, of_json, succeeds

OPTIONS = ("--metric", "mig", "--replicates", "0")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the codes of two models."""
    random = np.random.default_rng(0)
    factors = random.integers(0, 3, (120, 2))
    for name in ("a", "b"):
        codes = factors + 0.1 * random.normal(size=factors.shape)
        np.savez(tmp_path / f"{name}.npz", codes=codes, factors=factors)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [("score", "a.npz"), ("compare", "a.npz", "b.npz")])
def test_results_go_to_a_file(here: Path, command: tuple[str, ...]) -> None:
    printed = succeeds(*command, *OPTIONS)
    in_json = of_json(succeeds(*command, *OPTIONS, "--json"))
    for name in ("results.json", "results.csv", "results.txt", "new/results"):
        written = succeeds(*command, *OPTIONS, "-o", name)
        assert written.stdout == ""
        assert written.stderr.splitlines()[-1] == f"results: {name}"
    assert (here / "results.txt").read_text() == printed.stdout
    assert (here / "new" / "results").read_text() == printed.stdout
    assert set(json.loads((here / "results.json").read_text())) == set(in_json)
    with (here / "results.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["metric"] == "mig"
    key = "value" if command[0] == "score" else "difference"
    found = in_json["results"] if command[0] == "score" else in_json["differences"]
    assert float(row[key]) == found[0][key]
    succeeds(*command, *OPTIONS, "--json", "-o", "other.txt")
    assert set(json.loads((here / "other.txt").read_text())) == set(in_json)


def test_a_file_is_that_of_a_pipe_whatever_the_terminal(here: Path) -> None:
    succeeds("score", "a.npz", *OPTIONS, "-o", "plain.txt")
    succeeds("score", "a.npz", *OPTIONS, "-o", "narrow.txt", COLUMNS="20", FORCE_COLOR="1")
    assert (here / "plain.txt").read_bytes() == (here / "narrow.txt").read_bytes()
    assert b"\x1b" not in (here / "plain.txt").read_bytes()


def test_a_minus_is_the_standard_output() -> None:
    assert "mig" in succeeds("score", "a.npz", *OPTIONS, "-o", "-").stdout


def test_scores_of_a_file_make_a_report(here: Path) -> None:
    succeeds("score", "a.npz", *OPTIONS, "-o", "scores.json")
    succeeds("report", "a.npz", "--scores", "scores.json", "-o", "page.html")
    assert Document.read("scores.json").results[0].metric == "mig"
    assert (here / "page.html").is_file()


def test_a_page_of_a_comparison_is_printed_as_well(here: Path) -> None:
    result = succeeds("compare", "a.npz", "b.npz", *OPTIONS, "-o", "page.html")
    assert "difference" in result.stdout
    assert (here / "page.html").read_text().lstrip().lower().startswith("<!doctype html>")


MISTAKES = {
    "a folder": ("new/..", "it is a folder"),
    "below a file": ("a.npz/results.json", "part of this path is a file"),
    "a page": ("page.html", "a page is written by infoeval report"),
    "a workbook": ("results.xlsx", "written as .json, .csv or .txt, not '.xlsx'"),
    "a device": ("/dev/full", "it is a device or a pipe"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_place_that_cannot_be_written_is_found_first(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def computed(*_: object, **__: object) -> None:
        raise AssertionError("scored for nothing")

    monkeypatch.setattr("infoeval.evaluation.score", computed)
    (here / "new").mkdir()
    place, message = MISTAKES[name]
    assert message in fails("score", "a.npz", "-o", place)


def test_nothing_is_written_where_scoring_fails(here: Path) -> None:
    (here / "old.json").write_text("old")
    before = sorted(here.iterdir())
    assert "no metric" in fails("score", "a.npz", "--metric", "nothing", "-o", "old.json")
    assert (here / "old.json").read_text() == "old"
    assert sorted(here.iterdir()) == before
