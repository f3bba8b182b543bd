"""The files of a report: its tables, what has not converged, and files that are no metrics.json."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from infoeval.errors import UserError
from infoeval.evaluation.pages import report
from infoeval.evaluation.report_files import not_converged
from tests.evaluation.reports import document_of, files_of


def test_results_csv_holds_every_result_of_every_model(pair: Path) -> None:
    document = document_of(pair)
    with (files_of(pair) / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    results = [
        (role, result)
        for role, model in (("subject", document), ("baseline", document["models"][0]))
        for result in model["results"]
    ]
    assert len(rows) == len(results)
    for row, (role, result) in zip(rows, results, strict=True):
        assert (row["role"], row["seed"]) == (role, "0")
        assert (row["metric"], row["target"]) == (result["metric"], result["target"] or "")
        assert row["unit"] == result["unit"]
        for name in ("value", "low", "high", "level", "n"):
            assert float(row[name]) == result[name]
        if result["metric"] == "cluster-acc":
            assert float(row["chance"]) == result["details"]["null"]["mean"]
    assert len({row["model"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "the top level must be an object"),
        (b"{}", "schema_version"),
        (b'{"schema_version": 1}', "missing"),
    ],
)
@pytest.mark.parametrize("use", ["report", "strict"])
def test_a_file_that_is_no_metrics_json(
    tmp_path: Path, content: bytes | None, message: str, use: str
) -> None:
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_bytes(content)

    def show(metrics: Path) -> None:
        report(metrics, tmp_path / "page.html", formats=["html", "csv", "json"])

    with pytest.raises(UserError, match=message):
        {"report": show, "strict": not_converged}[use](path)
    assert not (tmp_path / "page.html").exists()


def with_information(metrics: Path, converged: list[bool]) -> None:
    """Put an `mi` of each model into a metrics.json."""
    document = json.loads(metrics.read_text())
    for model, good in zip([document, *document["models"]], converged, strict=True):
        details = {"converged": good, "entropy": 1.4, "missed": 0.0, "family": "softmax"}
        like = next(each for each in model["results"] if each["metric"] == "mi-own")
        model["results"].append(like | {"metric": "mi", "details": details})
    metrics.write_text(json.dumps(document))


def test_what_has_not_converged_is_named(pair: Path, tmp_path: Path) -> None:
    shutil.copytree(files_of(pair), tmp_path / "copy")
    metrics = tmp_path / "copy" / "metrics.json"
    with pytest.raises(UserError, match="it was not measured: add --information"):
        not_converged(metrics)
    with_information(metrics, [True, False])
    (missing,) = not_converged(metrics)
    assert missing.endswith(": digit")
    assert "baseline" in missing


@pytest.mark.parametrize("formats", [["pdf"], [""], []])
def test_a_format_that_there_is_not(subject: Path, tmp_path: Path, formats: list[str]) -> None:
    with pytest.raises(UserError, match="there are html, json, csv, md"):
        report(subject, tmp_path / "page.html", formats=formats)
