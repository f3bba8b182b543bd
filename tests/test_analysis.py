"""A report from checkpoints: the page, and the files that it is a function of."""

import csv
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infoeval import Categorical, CodeSpace, Trainer, Uniform, scoring
from infoeval.analysis import report
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.model import CheckpointModel
from infoeval.networks import UpConvolution
from infoeval.report import render
from infoeval.results import Document
from infoeval.training.run import train
from infoeval.traversals import tile, traverse
from tests.report.reading import Reading
from tests.tiny import tiny_images, tiny_trainer

Training = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def few_samples() -> Any:
    """The reports of these tests draw 300 samples for L_I instead of 20,000."""
    with pytest.MonkeyPatch.context() as patch:
        defaults = dict(scoring.score.__kwdefaults__ or {}) | {"samples": 300}
        patch.setattr(scoring.score, "__kwdefaults__", defaults)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set in it."""
    folder = tmp_path_factory.mktemp("home")
    images = tiny_images(60)
    names = np.array(images.label_names)
    np.savez(folder / "images.npz", images=images.images, labels=names[images.labels])
    return folder


@pytest.fixture(scope="module")
def trained(home: Path) -> Training:
    """Trains a tiny trainer with some changes in a folder of that name.

    At this rate eight steps are enough for images that are not all the same grey.
    """

    settings: dict[str, Any] = {"steps": 8, "generator_rate": 0.05}

    def run(folder: str, **changes: Any) -> Path:
        trainer = tiny_trainer(**({"data": str(home / "images.npz")} | settings | changes))
        images = load(trainer.data)
        return train(trainer, images, home / folder, device="cpu", log_every=2, checkpoint_every=8)

    return run


@pytest.fixture(scope="module")
def subject(trained: Training) -> Path:
    return trained("subject")


@pytest.fixture(scope="module")
def twin(trained: Training) -> Path:
    return trained("twin", information_weight=0.0)


@pytest.fixture(scope="module")
def page(home: Path, subject: Path) -> Path:
    """A report without a twin."""
    return report(subject, home / "alone.html", device="cpu", command="infoeval report 'a & b'")


@pytest.fixture(scope="module")
def pair(home: Path, subject: Path, twin: Path) -> Path:
    """A report with a twin."""
    return report(subject, home / "pair.html", baseline=twin, device="cpu")


def files_of(page: Path) -> Path:
    return page.parent / f"{page.stem}_files"


def document_of(page: Path) -> dict[str, Any]:
    return json.loads((files_of(page) / "metrics.json").read_text())  # type: ignore[no-any-return]


def test_page_and_the_files_beside_it(page: Path, pair: Path) -> None:
    pictures = {f"subject-{k}.png" for k in range(3)}
    assert set(os.listdir(files_of(page))) == {"metrics.json", "results.csv"} | pictures
    pictures |= {f"baseline-{k}.png" for k in range(3)}
    assert set(os.listdir(files_of(pair))) == {"metrics.json", "results.csv"} | pictures
    for made in (page, pair):
        assert {entry["file"] for entry in document_of(made)["images"]} <= pictures


@pytest.mark.parametrize("name", ["page", "pair"])
def test_page_is_a_function_of_its_files(name: str, request: pytest.FixtureRequest) -> None:
    made: Path = request.getfixturevalue(name)
    assert render(document_of(made), files_of(made)).encode() == made.read_bytes()


@pytest.mark.parametrize("name", ["page", "pair"])
def test_page_refers_to_nothing_outside_itself(name: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(name).read_text()
    reading = Reading(text)
    assert not reading.all("script", "link", "iframe", "object", "embed", "base", "form")
    addresses = [
        element.attributes[kind] or ""
        for element in reading.elements
        for kind in ("src", "href", "xlink:href", "srcset")
        if kind in element.attributes
    ]
    assert len([address for address in addresses if address.startswith("data:image/png")]) >= 3
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in addresses)
    assert "@import" not in text


def test_metrics_json_is_the_score_with_more(page: Path, subject: Path) -> None:
    scored = json.loads(scoring.score(subject, device="cpu").to_json())
    document = document_of(page)
    assert document["subject"] == scored["subject"]
    assert document["data"] == scored["data"]
    for ours, theirs in zip(document["results"], scored["results"], strict=True):
        assert ours | {"seconds": 0} == theirs | {"seconds": 0}
    assert document["command"] == "infoeval report 'a & b'"
    assert "infoeval report 'a & b'" in Reading(page.read_text()).text
    date.fromisoformat(document["created"])
    assert document["baseline"] is None
    Document.read(files_of(page) / "metrics.json")


def test_codes_and_history_are_told(page: Path) -> None:
    document = document_of(page)
    told = [(code["name"], code["kind"], code["entropy"]) for code in document["codes"]]
    assert told == [
        ("digit", "categorical", pytest.approx(np.log(4))),
        ("slant", "continuous", pytest.approx(np.log(2))),
    ]
    assert document["history"]["step"] == [2, 4, 6, 8]
    assert set(document["history"]) >= {"seconds", "generator_loss", "information_slant"}
    training = document["training"]
    assert (training["steps"], training["batch"]) == (8, 8)
    seconds = document["history"]["seconds"][-1]
    assert training["images_per_second"] == pytest.approx(8 * 8 / seconds)
    rebuilt = Trainer.from_dict(training["config"])
    assert rebuilt.codes == tiny_trainer().codes


def test_results_csv_holds_every_result_exactly(page: Path) -> None:
    with (files_of(page) / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    results = document_of(page)["results"]
    assert len(rows) == len(results) == 8
    for row, result in zip(rows, results, strict=True):
        assert (row["metric"], row["target"]) == (result["metric"], result["target"] or "")
        for name in ("value", "low", "high", "level"):
            assert float(row[name]) == result[name]
        assert int(row["n"]) == result["n"]


def test_pictures_are_the_traversals(page: Path, subject: Path) -> None:
    model = CheckpointModel.open(subject)
    wanted = [("digit", 1.0), ("slant", 1.0), ("slant", 2.0)]
    entries = document_of(page)["images"]
    assert len(entries) == len(wanted)
    for entry, (code, stretch) in zip(entries, wanted, strict=True):
        assert (entry["model"], entry["code"]) == ("subject", code)
        grid, values = traverse(model.codes, model.generate, code, stretch=stretch, seed=0)
        with Image.open(files_of(page) / entry["file"]) as picture:
            assert np.array_equal(np.asarray(picture), tile(grid)[:, :, 0])
        assert len(np.unique(grid)) > 20, "a grey picture tests nothing"
        assert (entry["rows"], entry["columns"]) == (5, len(values))
        if code == "slant":
            assert (entry["low"], entry["high"]) == (-stretch, stretch)
        else:
            assert (entry["low"], entry["high"]) == (None, None)


def test_twin_stands_beside_the_subject(pair: Path, twin: Path) -> None:
    document = document_of(pair)
    scored = json.loads(scoring.score(twin, device="cpu").to_json())
    baseline = document["baseline"]
    assert baseline["subject"] == scored["subject"]
    assert baseline["subject"]["information_weight"] == 0
    ours = [result | {"seconds": 0} for result in baseline["results"]]
    assert ours == [result | {"seconds": 0} for result in scored["results"]]
    assert baseline["history"]["step"] == [2, 4, 6, 8]
    assert [entry["model"] for entry in document["images"]] == ["subject"] * 3 + ["baseline"] * 3
    for theirs in (entry for entry in document["images"] if entry["model"] == "baseline"):
        (mine,) = (e for e in document["images"] if same_grid(e, theirs) and e is not theirs)
        files = files_of(pair)
        assert (files / mine["file"]).read_bytes() != (files / theirs["file"]).read_bytes()


def same_grid(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[key] == other[key] for key in ("code", "low", "high"))


def test_a_seed_means_the_same_page(home: Path, subject: Path, page: Path) -> None:
    def without_time(document: dict[str, Any]) -> dict[str, Any]:
        results = [result | {"seconds": 0} for result in document["results"]]
        return document | {"results": results, "created": "", "command": ""}

    again = report(subject, home / "again.html", device="cpu")
    assert without_time(document_of(again)) == without_time(document_of(page))
    other = report(subject, home / "other.html", device="cpu", seed=1)
    for entry in document_of(page)["images"]:
        name = entry["file"]
        assert (files_of(again) / name).read_bytes() == (files_of(page) / name).read_bytes()
        assert (files_of(other) / name).read_bytes() != (files_of(page) / name).read_bytes()


def test_a_run_that_has_just_begun_has_a_page(home: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    trainer = tiny_trainer(data=str(home / "images.npz"))
    with pytest.raises(KeyboardInterrupt):
        train(
            trainer,
            load(trainer.data),
            tmp_path,
            device="cpu",
            log_every=1,
            checkpoint_every=4,
            progress=stop,
        )
    made = report(tmp_path / "ckpt.pt", tmp_path / "page.html", device="cpu")
    assert document_of(made)["subject"]["step"] == 0


def test_images_in_colour(home: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "colours.npz", images=images)
    data = str(tmp_path / "colours.npz")
    table = (*tiny_trainer().generator[:-1], UpConvolution(3, "tanh"))
    trainer = tiny_trainer(data=data, image_shape=(3, 8, 8), generator=table)
    made = report(
        train(trainer, load(data), tmp_path, device="cpu"), tmp_path / "page.html", device="cpu"
    )
    with Image.open(files_of(made) / "subject-0.png") as picture:
        assert picture.mode == "RGB"
    skipped = document_of(made)["skipped"]
    assert [each["metric"] for each in skipped if "no labels" in each["reason"]] == [
        *("cluster-acc", "cluster-nmi", "cluster-ari", "real-label-information")
    ]


def test_names_from_a_stranger_stay_text(trained: Training, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>/../[b]"
    codes = CodeSpace(**{name: Categorical(4)}, noise=3)
    path = trained("stranger", codes=codes, code_weights={}, name="</title><h1>" + name)
    made = report(path, tmp_path / "page.html", device="cpu")
    reading = Reading(made.read_text())
    assert not reading.all("script")
    assert name in reading.text
    assert sorted(os.listdir(tmp_path)) == ["page.html", "page_files"]


OTHER_CODES = {
    "other name": CodeSpace(number=Categorical(4), slant=Uniform(-1, 1), noise=3),
    "other range": CodeSpace(digit=Categorical(4), slant=Uniform(-2, 1), noise=3),
    "other noise": CodeSpace(digit=Categorical(4), slant=Uniform(-1, 1), noise=4),
    "other order": CodeSpace(slant=Uniform(-1, 1), digit=Categorical(4), noise=3),
}


@pytest.mark.parametrize("name", OTHER_CODES)
def test_models_with_other_codes_are_not_compared(
    trained: Training, subject: Path, tmp_path: Path, name: str
) -> None:
    other = trained(name, codes=OTHER_CODES[name], code_weights={})
    with pytest.raises(UserError, match="other codes"):
        report(subject, tmp_path / "page.html", baseline=other, device="cpu")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("below", ["file/page.html", "page.html"])
def test_a_page_that_cannot_be_written(subject: Path, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("I am no folder")
    (tmp_path / "page.html").mkdir()
    with pytest.raises(UserError, match="cannot write"):
        report(subject, tmp_path / below, device="cpu")


def test_missing_or_damaged_checkpoints(subject: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pt").write_bytes(subject.read_bytes()[:999])
    for name in ("none.pt", "cut.pt"):
        with pytest.raises(UserError, match=name):
            report(tmp_path / name, tmp_path / "page.html", device="cpu")
        with pytest.raises(UserError, match=name):
            report(subject, tmp_path / "page.html", baseline=tmp_path / name, device="cpu")
    assert os.listdir(tmp_path) == ["cut.pt"]
