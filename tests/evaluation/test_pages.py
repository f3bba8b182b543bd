"""Reports as one call: a metrics.json shown again, a folder with a report, models side by side."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infoeval import evaluation
from infoeval import files as files_module
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.evaluation.pages import compare, report
from infoeval.locks import locked_folder
from tests.evaluation.conftest import Training
from tests.evaluation.reports import document_of, entries, files_of

CHEAP: Any = {"device": "cpu", "metrics": ["mi-own"]}
COMPARED: Any = {"device": "cpu", "metrics": ["mi-own", "cluster-acc"]}


def test_metrics_json_alone_gives_the_same_page(pair: Path, tmp_path: Path) -> None:
    """Without torch, and without touching what is read."""
    before = {path.name: path.stat().st_mtime_ns for path in files_of(pair).iterdir()}
    program = (
        "import sys\n"
        "from infoeval.evaluation.pages import report\n"
        "report(sys.argv[1], sys.argv[2])\n"
        "assert not {'torch', 'infoeval.subjects.protocols'} & set(sys.modules)\n"
    )
    output = tmp_path / "again.html"
    metrics = files_of(pair) / "metrics.json"
    subprocess.run([sys.executable, "-c", program, metrics, output], check=True)
    assert output.read_bytes() == pair.read_bytes()
    assert os.listdir(tmp_path) == ["again.html"]
    assert {path.name: path.stat().st_mtime_ns for path in files_of(pair).iterdir()} == before
    report(files_of(pair), output)
    assert output.read_bytes() == pair.read_bytes()


def test_title_and_notes_are_the_writers(subject: Path, tmp_path: Path) -> None:
    words = {"title": "Mine", "notes": "Seen\nby me", "paper": "full"}
    page = report(subject, tmp_path / "page.html", **words, **CHEAP)
    document = document_of(page)
    assert {name: document[name] for name in words} == words | {"notes": "Seen by me"}
    assert document["definitions"].keys() == {"mi-own"}
    again = report(files_of(page), tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()
    other = report(files_of(page), tmp_path / "other.html", title="Another", formats=["html", "md"])
    assert other.read_text().replace("Another", "Mine") == page.read_text()
    assert other.with_suffix(".md").read_text().startswith("# Another\n\nSeen by me\n")
    with pytest.raises(UserError, match="paper must be short or full"):
        report(files_of(page), tmp_path / "other.html", paper="long")


def test_what_score_printed_has_a_page(subject: Path, tmp_path: Path) -> None:
    scored = evaluation.score(subject, metrics=["mi-own", "cluster-acc"], device="cpu")
    (tmp_path / "scores.json").write_text(scored.to_json())
    page = report(tmp_path / "scores.json", tmp_path / "page.html", formats=["html", "csv"])
    assert "cluster-acc" in page.read_text()
    assert len((files_of(page) / "results.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "more", [{"animation": "gif"}, {"live": True}, {"show": 0}, {"metrics": ["mi"]}]
)
def test_nothing_can_be_added_to_a_metrics_json(
    pair: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match="is shown again as it is"):
        report(files_of(pair) / "metrics.json", tmp_path / "page.html", **more)


def test_a_metrics_json_stands_alone(pair: Path, subject: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is shown again as it is"):
        report([files_of(pair) / "metrics.json", subject], tmp_path / "page.html")


def test_a_second_report_leaves_no_picture_of_the_first(
    subject: Path, twin: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    report(subject, page, baselines=[twin], animation="webp", formats=["json"], **CHEAP)
    first = {entry["file"] for entry in document_of(page)["images"]}
    (files_of(page) / "mine.webp").write_text("a picture of the user's")
    (files_of(page) / "sprites-of-mine.webp").write_text("another one")
    report(subject, page, seed=1, formats=["json"], **CHEAP)
    second = {entry["file"] for entry in document_of(page)["images"]}
    assert first - second
    there = set(os.listdir(files_of(page)))
    assert there == second | {"metrics.json", "mine.webp", "sprites-of-mine.webp"}


def test_a_run_that_is_killed_leaves_a_whole_report(
    subject: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file it is killed at: the old page, and a metrics.json with all its pictures."""
    page = report(subject, tmp_path / "page.html", **CHEAP)
    before, after = page.read_bytes(), b""
    named = (files_of(page) / "metrics.json").read_bytes()
    original, written, kept = files_module._flush_to_disk, 0, 0

    def count(path: Path) -> None:
        nonlocal written
        written += 1
        if written == limit:
            raise KeyboardInterrupt
        original(path)

    for limit in range(1, 30):
        copy = tmp_path / f"copy-{limit}"
        shutil.copytree(files_of(page), copy / "page_files")
        shutil.copy(page, copy)
        written = 0
        monkeypatch.setattr(files_module, "_flush_to_disk", count)
        try:
            report(subject, copy / "page.html", seed=1, **CHEAP)
        except KeyboardInterrupt:
            assert (copy / "page.html").read_bytes() == before
        else:
            after = (copy / "page.html").read_bytes()
            break
        finally:
            monkeypatch.undo()
        shown = report(copy / "page_files" / "metrics.json", tmp_path / "again.html")
        if (copy / "page_files" / "metrics.json").read_bytes() == named:
            assert shown.read_bytes() == before
            kept += 1
    assert limit > 8, "pictures, metrics.json, results.csv and the page"
    assert after != before
    assert kept > 5, "all pictures are written before metrics.json"


def test_a_page_that_another_report_writes_is_refused(pair: Path, tmp_path: Path) -> None:
    """Whatever it is made from, and its figures likewise; pages beside it are free."""
    metrics, page = files_of(pair) / "metrics.json", tmp_path / "page.html"
    with locked_folder(files_of(page)):
        for models in (metrics, tmp_path / "no.pt"):
            with pytest.raises(UserError, match="page_files is in use by process"):
                report(models, page)
        with pytest.raises(UserError, match="page_files is in use by process"):
            compare([tmp_path / "no.pt"] * 2, page)
        report(metrics, tmp_path / "other.html")
    with (
        locked_folder(tmp_path / "figures"),
        pytest.raises(UserError, match="figures is in use by process"),
    ):
        report(metrics, page, figures=tmp_path / "figures")
    assert [path.name for path in tmp_path.iterdir()] == ["other.html"]


def test_what_a_killed_report_left_is_removed(pair: Path, tmp_path: Path) -> None:
    """Staged files beside the images, half a page, and the lock."""
    folder = files_of(tmp_path / "page.html")
    shutil.copytree(files_of(pair), folder)
    before = sorted(folder.iterdir())
    (folder / ".lock").write_text("process 1 on nowhere\n")
    (folder / ".infoeval-0123456789abcdef").mkdir()
    (folder / ".infoeval-0123456789abcdef" / "generator.onnx").write_bytes(b"half")
    (tmp_path / ".infoeval-fedcba9876543210.html").write_text("<html>")
    report(folder / "metrics.json", tmp_path / "page.html")
    assert sorted(folder.iterdir()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "page_files"]


def test_formats_are_what_is_asked_for(pair: Path, tmp_path: Path) -> None:
    metrics = files_of(pair) / "metrics.json"
    made = report(metrics, tmp_path / "page.html", formats=["md"])
    assert made == tmp_path / "page.md"
    assert os.listdir(tmp_path) == ["page.md"]
    assert "digit" in made.read_text()


def test_figures_are_written_beside_the_page(pair: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "few" / "metrics.json"
    shutil.copytree(files_of(pair), metrics.parent)
    with_few_figures(metrics)
    page = report(metrics, tmp_path / "page.html")
    again = report(metrics, tmp_path / "again.html", figures=tmp_path / "figures")
    assert again.read_bytes() == page.read_bytes()
    files = [path.name for path in (tmp_path / "figures").iterdir()]
    assert {Path(name).suffix for name in files} == {".svg", ".pdf", ".tex", ".csv"}
    drawn = [name for name in files if name.endswith(".svg")]
    assert {name.partition("-")[0] for name in drawn} == {"information.svg", "traversal"}


def with_few_figures(metrics: Path) -> None:
    """Leave a metrics.json the information of its codes and the pictures of one of them."""
    document = json.loads(metrics.read_text())
    for model in (document, *document["models"]):
        model["history"] = None
        model["results"] = [each for each in model["results"] if each["metric"] == "mi-own"]
    document["images"] = [each for each in document["images"] if each.get("code") == "digit"]
    metrics.write_text(json.dumps(document))


# Models side by side.


@pytest.fixture(scope="module")
def three(subject: Path, twin: Path, trained: Training) -> list[Path]:
    return [subject, twin, trained("third", 3)]


def test_three_models_side_by_side(three: list[Path], tmp_path: Path) -> None:
    page, comparison = compare(three, tmp_path / "page.html", command="infoeval", **COMPARED)
    document = document_of(page)
    assert document["arrangement"] == "comparison"
    assert [each["role"] for each in document["models"]] == ["compared", "compared"]
    assert [document["name"], *(each["name"] for each in document["models"])] == [
        *("subject", "twin", "third")
    ]
    assert document["differences"] == comparison.to_dict()["differences"]
    for number, path in enumerate(three[1:], 1):
        direct = evaluation.compare(
            [three[0], path], metrics=COMPARED["metrics"], device="cpu"
        ).differences
        ours = [each for each in comparison.differences if each.model == number]
        assert [(each.metric, each.target, each.difference) for each in ours] == [
            (each.metric, each.target, each.difference) for each in direct
        ]
    assert any(each.difference != 0 for each in comparison.differences)
    assert {entry["model"] for entry in entries(page, "sprites")} == {0, 1, 2}
    assert {entry["model"] for entry in entries(page, "gallery")} == {0}
    text = page.read_text()
    assert all(name in text for name in ("subject", "twin", "third"))
    again = pages.report(files_of(page) / "metrics.json", tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_models_of_one_name_keep_their_paths(subject: Path, tmp_path: Path) -> None:
    copies = []
    for folder in ("a", "b"):
        (tmp_path / folder / "run").mkdir(parents=True)
        copies.append(tmp_path / folder / "run" / "ckpt.pt")
        copies[-1].write_bytes(subject.read_bytes())
    page, _ = compare(copies, tmp_path / "page.html", formats=["json"], **COMPARED)
    assert page == files_of(tmp_path / "page.html") / "metrics.json"
    document = document_of(tmp_path / "page.html")
    assert [document["name"], document["models"][0]["name"]] == ["a/run", "b/run"]


def test_the_same_model_twice(subject: Path, tmp_path: Path) -> None:
    compare([subject, subject], tmp_path / "page.html", **COMPARED)
    differences = document_of(tmp_path / "page.html")["differences"]
    assert differences
    assert all(each["difference"] == 0 for each in differences)


def test_one_model_is_no_comparison(subject: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two models or more"):
        compare([subject], tmp_path / "page.html", **COMPARED)
