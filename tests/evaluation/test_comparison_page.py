"""Models side by side: the page and the printed differences say the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from infoeval import evaluation
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.evaluation.pages import compare
from tests.evaluation.conftest import Training
from tests.evaluation.reports import document_of, entries, files_of

CHEAP: Any = {"device": "cpu", "metrics": ["mi-own", "cluster-acc"]}


@pytest.fixture(scope="module")
def three(subject: Path, twin: Path, trained: Training) -> list[Path]:
    return [subject, twin, trained("third", 3)]


def test_three_models_side_by_side(three: list[Path], tmp_path: Path) -> None:
    page, comparison = compare(three, tmp_path / "page.html", command="infoeval", **CHEAP)
    document = document_of(page)
    assert document["arrangement"] == "comparison"
    assert [each["role"] for each in document["models"]] == ["compared", "compared"]
    assert [document["name"], *(each["name"] for each in document["models"])] == [
        *("subject", "twin", "third")
    ]
    assert document["differences"] == comparison.to_dict()["differences"]
    for number, path in enumerate(three[1:], 1):
        direct = evaluation.compare(three[0], path, CHEAP["metrics"], device="cpu").differences
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


def test_the_json_of_three_has_the_others(three: list[Path]) -> None:
    first, second, *others = three
    comparison = evaluation.compare(first, second, ["mi-own"], others=others, device="cpu")
    plain = json.loads(comparison.to_json())
    assert set(plain) == {"schema_version", "first", "second", "others", "differences"}
    checkpoints = [plain["first"], plain["second"], *plain["others"]]
    assert [each["subject"]["checkpoint"] for each in checkpoints] == [str(path) for path in three]
    assert [each["model"] for each in plain["differences"]] == [1, 1, 2, 2]


def test_models_of_one_name_keep_their_paths(subject: Path, tmp_path: Path) -> None:
    copies = []
    for folder in ("a", "b"):
        (tmp_path / folder / "run").mkdir(parents=True)
        copies.append(tmp_path / folder / "run" / "ckpt.pt")
        copies[-1].write_bytes(subject.read_bytes())
    page, _ = compare(copies, tmp_path / "page.html", formats=["json"], **CHEAP)
    assert page == files_of(tmp_path / "page.html") / "metrics.json"
    document = document_of(tmp_path / "page.html")
    assert [document["name"], document["models"][0]["name"]] == ["a/run", "b/run"]


def test_the_same_model_twice(subject: Path, tmp_path: Path) -> None:
    compare([subject, subject], tmp_path / "page.html", **CHEAP)
    differences = document_of(tmp_path / "page.html")["differences"]
    assert differences
    assert all(each["difference"] == 0 for each in differences)


def test_one_model_is_no_comparison(subject: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two models or more"):
        compare([subject], tmp_path / "page.html", **CHEAP)
