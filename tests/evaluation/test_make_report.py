"""A report of a model and its twin: metrics.json and the files beside it."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from infoeval import Categorical, CodeSpace, Trainer, evaluation
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.evaluation.pages import report
from infoeval.networks import UpConvolution
from infoeval.reporting import render
from infoeval.results import Document
from infoeval.subjects.checkpoint_model import CheckpointModel
from infoeval.subjects.subject import Subject
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from infoeval.traversals import tile, traverse
from tests.evaluation.conftest import Training
from tests.evaluation.reports import document_of, entries, files_of, pixels
from tests.tiny import tiny_trainer


@pytest.mark.parametrize("name", ["page", "pair"])
def test_every_file_beside_the_page_is_named_in_metrics_json(
    name: str, request: pytest.FixtureRequest
) -> None:
    made: Path = request.getfixturevalue(name)
    named = [entry["file"] for entry in document_of(made)["images"]]
    assert len(set(named)) == len(named)
    assert set(os.listdir(files_of(made))) == {"metrics.json", "results.csv", *named}


def test_page_is_a_function_of_its_files(page: Path) -> None:
    """That of a pair is made again, in another process, in `test_again`."""
    assert render(document_of(page), files_of(page)).encode() == page.read_bytes()


def test_metrics_json_is_the_score_with_more(page: Path, subject: Path) -> None:
    scored = json.loads(evaluation.score(subject, device="cpu").to_json())
    document = document_of(page)
    for section in ("subject", "data", "environment", "skipped"):
        assert document[section] == scored[section]
    for ours, theirs in zip(document["results"], scored["results"], strict=True):
        assert ours | {"seconds": 0} == theirs | {"seconds": 0}
    assert document["command"] == "infoeval report 'a & b'"
    assert document["arrangement"] == "one"
    assert document["subject"]["checkpoint"] == str(subject), "the path as it was given"
    date.fromisoformat(document["created"])
    assert "models" not in document
    Document.read(files_of(page) / "metrics.json")


def test_codes_and_history_are_told(page: Path) -> None:
    document = document_of(page)
    digit, slant = document["codes"]
    assert (digit["name"], digit["kind"], digit["size"]) == ("digit", "categorical", 4)
    assert (slant["name"], slant["kind"]) == ("slant", "continuous")
    assert (slant["low"], slant["high"]) == (-1, 1)
    assert [code["entropy"] for code in (digit, slant)] == pytest.approx([np.log(4), np.log(2)])
    assert document["history"]["step"] == [2, 4, 6, 8]
    training = document["training"]
    assert (training["steps"], training["batch"]) == (8, 8)
    seconds = document["history"]["seconds"][-1]
    assert training["images_per_second"] == pytest.approx(8 * 8 / seconds)
    assert Trainer.from_dict(training["config"]).codes == tiny_trainer().codes


def test_twin_stands_beside_the_subject(pair: Path, twin: Path) -> None:
    document = document_of(pair)
    scored = json.loads(evaluation.score(twin, device="cpu").to_json())
    (baseline,) = document["models"]
    assert baseline["role"] == "baseline"
    assert baseline["subject"] == scored["subject"]
    assert baseline["data"] == scored["data"]
    ours = [result | {"seconds": 0} for result in baseline["results"]]
    assert ours == [result | {"seconds": 0} for result in scored["results"]]
    assert baseline["history"]["step"] == [2, 4, 6, 8]


def test_a_seed_means_the_same_files(home: Path, subject: Path, page: Path) -> None:
    def without_time(document: dict[str, Any]) -> dict[str, Any]:
        results = [result | {"seconds": 0} for result in document["results"]]
        return document | {"results": results, "created": "", "command": ""}

    again = report(subject, home / "again.html", device="cpu", formats=["json"])
    assert again == files_of(home / "again.html") / "metrics.json"
    assert not (home / "again.html").exists()
    assert without_time(document_of(home / "again.html")) == without_time(document_of(page))
    report(subject, home / "other.html", device="cpu", seed=1, formats=["json"])
    drawn = {"traversal", "sprites"}
    names = {entry["file"] for entry in document_of(page)["images"] if entry["kind"] in drawn}
    assert names <= set(os.listdir(files_of(home / "again.html")))
    assert not names & set(os.listdir(files_of(home / "other.html")))


def test_a_run_that_has_just_begun_has_a_page(home: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    trainer = tiny_trainer(data=str(home / "images.npz"))
    images = load(trainer.data)
    with pytest.raises(KeyboardInterrupt):
        train(
            trainer, images, tmp_path, options=RunOptions(device="cpu", log_every=1), progress=stop
        )
    made = report(tmp_path / "ckpt.pt", tmp_path / "page.html", device="cpu")
    assert document_of(made)["subject"]["step"] == 0


def test_images_in_colour_without_labels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "colours.npz", images=images)
    table = (*tiny_trainer().generator[:-1], UpConvolution(3, "tanh"))
    trainer = tiny_trainer(
        data=str(tmp_path / "colours.npz"), image_shape=(3, 8, 8), generator=table
    )
    path = train(trainer, load(trainer.data), tmp_path, options=RunOptions(device="cpu"))
    made = report(path, tmp_path / "page.html", device="cpu")
    model = CheckpointModel.open(path)
    grid, _ = traverse(model.codes, model.generate, "digit", seed=0)
    assert np.array_equal(pixels(made, entries(made, "traversal")[0]), tile(grid))
    skipped = document_of(made)["skipped"]
    assert "cluster-acc" in {each["metric"] for each in skipped if "no labels" in each["reason"]}
    for gallery in entries(made, "gallery"):
        cells = [cell for row in gallery["cells"] for cell in row if cell is not None]
        assert cells
        assert all(cell == {"label": None, "right": None} for cell in cells)


def test_names_from_a_stranger_are_no_file_names(trained: Training, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>/../[b]"
    codes = CodeSpace(**{name: Categorical(4)}, noise=3)
    path = trained("stranger", codes=codes, code_weights={}, name="</title><h1>" + name)
    made = report(path, tmp_path / "page.html", device="cpu", animation="gif")
    assert {entry["code"] for entry in entries(made, "traversal")} == {name}
    assert sorted(os.listdir(tmp_path)) == ["page.html", "page_files"]
    assert "<script>alert(1)" not in made.read_text()


@pytest.mark.parametrize("below", ["file/page.html", "page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_scoring(
    subject: Path, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("I am no folder")
    (tmp_path / "page.html").mkdir()
    told: list[str] = []
    with pytest.raises(UserError, match="cannot write"):
        report(subject, tmp_path / below, progress=lambda text, share: told.append(text))
    assert not told


def test_a_page_in_a_new_folder(subject: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "folder" / "page.html"
    report(subject, output, device="cpu", metrics=["mi-own"], formats=["json"])
    assert {result["metric"] for result in document_of(output)["results"]} == {"mi-own"}


def test_missing_or_damaged_checkpoints(subject: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pt").write_bytes(subject.read_bytes()[:999])
    for name in ("none.pt", "cut.pt"):
        with pytest.raises(UserError, match=name):
            report(tmp_path / name, tmp_path / "page.html", device="cpu")
        with pytest.raises(UserError, match=name):
            report(subject, tmp_path / "page.html", baselines=[tmp_path / name], device="cpu")
    assert os.listdir(tmp_path) == ["cut.pt"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["a.npz", "b.npz"], ["a", "b"]),
        (["runs/a/ckpt.pt", "runs/b/ckpt.pt"], ["a", "b"]),
        (["one/a.npz", "two/a.npz"], ["one/a", "two/a"]),
        (["a.npz", "a.csv"], ["a.npz", "a.csv"]),
        (['vae.py:vae("wide")', "vae.py:vae('narrow', 3)"], ["wide", "narrow, 3"]),
        (["vae.py:vae(1)", "gan.py:gan(1)"], ["vae.py:vae(1)", "gan.py:gan(1)"]),
        (["a.npz", "a.npz"], ["a.npz", "a.npz"]),
    ],
)
def test_models_have_short_names_that_differ(given: list[str], names: list[str]) -> None:
    assert evaluation.make_report._names([cast(Subject, name) for name in given]) == names
