"""`infoeval report`, the page of `infoeval compare`, and `infoeval traverse`: what they write."""

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from PIL import Image

from infoeval.information.budgets import BUDGETS
from tests.cli.commands import fails, infoeval, of_json, succeeds
from tests.tiny import TINY_BUDGET

pytestmark = pytest.mark.usefixtures("at_home")


def test_models_are_compared_on_a_page(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    options = ("--metric", "mi-own", "-o", page, "--format", "html,md", "--animate", "gif")
    options += ("--title", "A & B", "--notes", "<i>seen</i>", "--print", "full")
    models = ("run/ckpt.pt", "other/ckpt.pt", "run/ckpt.pt")
    result = succeeds("compare", *models, *options, COLUMNS="100")
    assert "model 3" in result.stdout
    assert f"report: {page}" in result.stderr
    document = json.loads((tmp_path / "new" / "page_files" / "metrics.json").read_text())
    assert document["arrangement"] == "comparison"
    assert (document["title"], document["paper"]) == ("A & B", "full")
    assert "<h1>A &amp; B</h1>" in page.read_text()
    assert "&lt;i&gt;seen&lt;/i&gt;" in page.read_text()
    assert document["command"].startswith("infoeval compare run/ckpt.pt other/ckpt.pt")
    assert {each["kind"] for each in document["images"]} >= {"animation", "sprites"}
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    assert page.with_suffix(".md").is_file()
    printed = of_json(succeeds("compare", *models, *options, "--json"))
    assert printed["differences"] == document["differences"]


def test_report_writes_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = succeeds("report", "run/ckpt.pt", "--baseline", "gan/ckpt.pt", "-o", page, "--json")
    assert of_json(result) == {"page": str(page)}
    assert page.read_text().lstrip().lower().startswith("<!doctype html>")
    document = json.loads((tmp_path / "page_files" / "metrics.json").read_text())
    assert document["command"].startswith("infoeval report run/ckpt.pt --baseline")
    (baseline,) = document["models"]
    assert baseline["subject"]["information_weight"] == 0
    again = succeeds("report", tmp_path / "page_files" / "metrics.json", "-o", tmp_path / "2.html")
    assert again.stdout == f"report: {tmp_path / '2.html'}\n"
    assert (tmp_path / "2.html").read_bytes() == page.read_bytes()
    files = tmp_path / "page_files" / "metrics.json"
    succeeds("report", files, "-o", tmp_path / "2.html", "--title", "Two", "--print", "full")
    assert "<h1>Two</h1>" in (tmp_path / "2.html").read_text()


def test_report_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    succeeds("report", "run/ckpt.pt", "-o", tmp_path / "page.html", "--open")
    assert opened == [str(tmp_path / "page.html")]


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_report(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ("--metric", "mi-own", "--format", "json", "--device", "cpu", "--strict")
    assert "--strict checks" in fails("report", "run/ckpt.pt", *options, "-o", page)
    twins = ("report", "run/ckpt.pt", "--baseline", "gan/ckpt.pt", *options)
    told = infoeval(*twins, "--information", "tiny", "-o", page)
    assert told.exit_code == 1
    last = told.stderr.splitlines()[-1]
    assert last.startswith("Not converged: ")
    assert "slant" in last
    assert "baseline" in last
    metrics = tmp_path / "page_files" / "metrics.json"
    assert infoeval("report", metrics, "--strict", "-o", page).exit_code == 1
    assert page.exists(), "the page is there all the same"


@pytest.mark.usefixtures("tiny_budget")
def test_a_strict_report_ends_with_zero_where_q_has_converged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BUDGETS, "tiny", replace(TINY_BUDGET, widths=(2, 3)))
    monkeypatch.setattr("infoeval.information.q_training.TOLERANCE", 10.0)
    options = ("--metric", "mi", "--budget", "tiny", "--format", "json", "--strict")
    succeeds("report", "run/ckpt.pt", *options, "-o", tmp_path / "page.html")
    metrics = tmp_path / "page_files" / "metrics.json"
    succeeds("report", metrics, "--strict", "-o", tmp_path / "page.html")


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_traversals_are_drawn(tmp_path: Path, suffix: str) -> None:
    figure = tmp_path / f"figure{suffix}"
    result = succeeds("traverse", "run/ckpt.pt", "--code", "slant", "-o", figure, "--json")
    assert of_json(result) == {"figure": str(figure)}
    with Image.open(figure) as picture:
        assert picture.width > 100
        assert picture.format == suffix[1:].upper()
        assert getattr(picture, "n_frames", 1) == (1 if suffix == ".png" else 38)
