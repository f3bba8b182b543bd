"""References on the page: every metric between what known codes score, and the flags in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infoeval.errors import UserError
from infoeval.report import markdown, render, write_figures
from infoeval.report.references import NO_CAUSE, NONE_FLAGGED, doubts
from infoeval.report.tables import EstimateCell
from infoeval.results import Document as Results
from tests.report.drawn import built, points, texts
from tests.report.reading import Reading

Document = dict[str, Any]
SCORES = {
    "noise": 0.01,
    "common cause": 0.62,
    "rotated": 0.3,
    "twice": 0.02,
    "exact as here": 0.35,
    "exact": 0.99,
}
DOUBT = "mig: not to be trusted on this table: exact codes score 0.35, noise 0.01"


def result(document: Document, metric: str, model: int | None = None) -> Document:
    results = (document if model is None else document["models"][model])["results"]
    found: Document = next(each for each in results if each["metric"] == metric)
    return found


@pytest.fixture
def referred(document: Document) -> Document:
    """The sample, two of whose metrics have references; one is not to be trusted."""
    result(document, "mig")["details"] |= {"references": SCORES, "untrusted": DOUBT}
    fine = {name: score for name, score in SCORES.items() if name != "common cause"}
    result(document, "dci")["details"] |= {"references": fine | {"exact as here": 0.98}}
    return document


def sentences(document: Document) -> list[str]:
    return doubts(Results.for_page({**document, "images": []}))


def test_figure_has_a_row_for_each_metric_with_references(referred: Document) -> None:
    (figure,) = built(referred).references
    found = texts(figure)
    assert found[found.index("mig") + 1] == "not to be trusted"
    assert "dci" in found
    assert found.count("not to be trusted") == 1
    for name in ("this run, λ = 1", "jemmig", "code-factors"):
        assert name not in found
    for mark in ("this model", "noise", "common cause", "rotated", "each factor twice"):
        assert mark in found
    assert {"exact as here", "exact, factors independent"} <= set(found)


def test_marks_stand_at_their_scores(referred: Document) -> None:
    """The line below each metric spans its references, here from 0.01 to 0.99."""
    (figure,) = built(referred).references
    lines = [path for path in points(figure, "grid") if len(path) == 2]
    spans = sorted((x1 - x0, x0) for (x0, y0), (x1, y1) in lines if y0 == y1)
    references = [span for span, _ in spans][:2]
    assert references[0] == pytest.approx(references[1], abs=0.02)
    value = result(referred, "mig")
    (interval, *_) = [
        path for path in points(figure, "subject") if len(path) == 2 and path[0][1] == path[1][1]
    ]
    share = (interval[1][0] - interval[0][0]) / references[0]
    assert share == pytest.approx((value["high"] - value["low"]) / 0.98, rel=0.02)


def test_table_has_the_same_numbers(referred: Document) -> None:
    (figure,) = built(referred).references
    mig, dci = figure.table.rows
    value = result(referred, "mig")
    assert mig == (
        *("mig", 0.01, 0.62, 0.3, 0.02),
        EstimateCell(value["value"], value["low"], value["high"]),
        *(0.35, 0.99, "not to be trusted"),
    )
    assert dci[2] is None
    assert dci[-1] == ""


def test_flags_are_said_in_words(referred: Document) -> None:
    assert sentences(referred) == [f"{DOUBT}."]


def test_no_flag_is_said_too(referred: Document) -> None:
    del result(referred, "mig")["details"]["untrusted"]
    assert sentences(referred) == [NONE_FLAGGED]


def test_missing_cause_is_explained(referred: Document) -> None:
    details = result(referred, "mig")["details"]
    details["references"] = {k: v for k, v in SCORES.items() if k != "common cause"}
    assert sentences(referred) == [f"{DOUBT}.", NO_CAUSE]
    (figure,) = built(referred).references
    assert "common cause" not in texts(figure)


def test_models_with_references_have_a_figure_each(referred: Document) -> None:
    result(referred, "mig", 0)["details"] |= {"references": SCORES}
    mine, other = built(referred).references
    assert (mine.name, other.name) == ("references", "references-2")
    assert mine.title != other.title
    assert [row[0] for row in other.table.rows] == ["mig"]
    names = [text.partition(": ")[0] for text in sentences(referred)]
    assert names == ["this run, λ = 1", "baseline, λ = 0"]


def test_page_has_a_section(referred: Document, folder: Path) -> None:
    page = Reading(render(referred, folder))
    assert "References" in page.text
    assert DOUBT in page.text
    assert page.text.index("References") < page.text.index("All results")


def test_report_without_references_has_no_section(document: Document, folder: Path) -> None:
    assert built(document).references == ()
    assert sentences(document) == []
    assert 'id="references"' not in render(document, folder)
    assert "## References" not in markdown(document)


def test_markdown_has_table_and_flags(referred: Document) -> None:
    text = markdown(referred)
    section = text.split("## References\n")[1].split("\n## ")[0]
    assert "| mig | 0.0100 | 0.6200 |" in section
    assert f"- {DOUBT}.\n" in section


def test_paper_has_figure_and_table(referred: Document, folder: Path, tmp_path: Path) -> None:
    kept = [result(referred, metric) for metric in ("mig", "dci")]
    few = referred | {"models": [], "history": None, "images": [], "results": kept}
    names = {path.name for path in write_figures(few, folder, tmp_path)}
    assert {f"references.{suffix}" for suffix in ("svg", "pdf", "tex", "csv")} <= names


def test_hostile_texts_stay_texts(referred: Document, folder: Path) -> None:
    hostile = "<script>alert(1)</script> $x$"
    found = result(referred, "mig")
    found["details"]["untrusted"] = hostile
    found["settings"]["own"] = {"estimator": hostile}
    page = render(referred, folder)
    assert "<script>alert" not in page
    assert hostile in Reading(page).text


@pytest.mark.parametrize("damaged", [{"exact": "high"}, {"noise": True}, {"common cause": []}])
def test_damaged_scores_are_refused(referred: Document, damaged: Document) -> None:
    result(referred, "mig")["details"]["references"] = damaged
    with pytest.raises(UserError, match=r"results\[\d+\].details.references.* must be"):
        built(referred)
