"""Results that were scored before, taken into a report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infoeval import evaluation
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.results import Document
from tests.evaluation.reports import document_of, entries


@pytest.fixture(scope="module")
def scored(subject: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scored") / "scores.json"
    evaluation.score(subject, device="cpu", seed=3).write(path)
    return path


@pytest.fixture
def no_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("was scored again")

    monkeypatch.setattr("infoeval.evaluation.report_data.score", refuse)


@pytest.mark.usefixtures("no_scoring")
def test_what_was_scored_before_is_not_scored_again(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    page = pages.report(subject, tmp_path / "page.html", scores=[scored], device="cpu")
    document = document_of(page)
    given = json.loads(scored.read_text())
    assert document["results"] == given["results"]
    assert document["environment"] == given["environment"]
    assert entries(page, "traversal"), "pictures are drawn all the same"


def test_other_models_are_scored(subject: Path, twin: Path, scored: Path, tmp_path: Path) -> None:
    page = pages.report(twin.parent / "ckpt.pt", tmp_path / "page.html", device="cpu")
    (alone,) = [document_of(page)["results"]]
    both = pages.report(
        subject, tmp_path / "both.html", baselines=[twin], scores=[scored], device="cpu"
    )
    document = document_of(both)
    assert document["results"] == json.loads(scored.read_text())["results"]
    (baseline,) = document["models"]
    assert [result["value"] for result in baseline["results"]] == [
        result["value"] for result in alone
    ]


@pytest.mark.usefixtures("no_scoring")
def test_files_of_one_model_are_joined_and_the_first_counts(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    whole = Document.read(scored)
    own = [result for result in whole.results if result.metric == "mi-own"]
    rest = tuple(result for result in whole.results if result.metric != "mi-own")
    lower = (replace(own[0], value=own[0].low),)
    first = whole.model_copy(update={"results": lower})
    first.write(tmp_path / "first.json")
    whole.write(tmp_path / "second.json")
    files = [tmp_path / "first.json", tmp_path / "second.json"]
    page = pages.report(subject, tmp_path / "page.html", scores=files, device="cpu")
    found = {
        (each["metric"], each["target"]): each["value"] for each in document_of(page)["results"]
    }
    assert found[(own[0].metric, own[0].target)] == own[0].low
    assert len(found) == len(own) + len(rest) == len(whole.results)


def test_a_skipped_metric_that_another_file_has_is_not_skipped(
    subject: Path, scored: Path, tmp_path: Path
) -> None:
    whole = Document.read(scored)
    assert "mi" in {each.metric for each in whole.skipped}
    trained_on = whole.data | {"split": "train"}
    mi = replace(whole.results[0], metric="mi")
    changes = {"data": trained_on, "results": (mi,), "skipped": ()}
    whole.model_copy(update=changes).write(tmp_path / "mi.json")
    files = [tmp_path / "mi.json", scored]
    page = pages.report(subject, tmp_path / "page.html", scores=files, device="cpu")
    assert "mi" not in {each["metric"] for each in document_of(page)["skipped"]}
    assert document_of(page)["data"] == whole.data, "the images that were scored"


def test_scores_of_another_model_are_refused(twin: Path, scored: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"scores\.json is of none of the models given"):
        pages.report(twin, tmp_path / "page.html", scores=[scored], device="cpu")
    assert not (tmp_path / "page.html").exists()


def test_what_is_no_scoring_is_refused(subject: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("[]")
    with pytest.raises(UserError, match=r"odd\.json"):
        pages.report(subject, tmp_path / "page.html", scores=[tmp_path / "odd.json"])
