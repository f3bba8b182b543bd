"""References on the page: every metric between what known codes score, and the flags in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infoeval.errors import UserError
from infoeval.reporting import markdown, render, write_figures
from infoeval.reporting.figure import Figure
from infoeval.reporting.references import NO_CAUSE, NONE_FLAGGED, doubts
from infoeval.reporting.tables import Cell, EstimateCell
from infoeval.results import Document as Results
from tests.reporting.drawn import built, points, texts
from tests.reporting.reading import Reading
from tests.reporting.several import light

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


def metrics(document: Document) -> Figure:
    (figure,) = built(document).metrics
    return figure


def rows_of(figure: Figure) -> dict[str, dict[str, Cell]]:
    names = [column.name for column in figure.table.columns]
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in figure.table.rows}


def test_references_stand_among_the_metrics(referred: Document) -> None:
    found = texts(metrics(referred))
    for mark in ("noise", "common cause", "rotated", "each factor twice"):
        assert mark in found
    assert {"exact as here", "exact, factors independent"} <= set(found)


def test_marks_stand_at_their_scores(referred: Document) -> None:
    """The line of each metric with references spans them, here from 0.01 to 0.99."""
    lines = [path for path in points(metrics(referred), "grid") if len(path) == 2]
    spans = sorted(x1 - x0 for (x0, y0), (x1, y1) in lines if y0 == y1)
    references = spans[:2]
    assert references[0] == pytest.approx(references[1], abs=0.02)
    value = result(referred, "mig")
    intervals = [
        path[1][0] - path[0][0]
        for path in points(metrics(referred), "subject")
        if len(path) == 2 and path[0][1] == path[1][1]
    ]
    wanted = references[0] * (value["high"] - value["low"]) / 0.98
    assert min(abs(interval - wanted) for interval in intervals) < 0.02 * wanted


def test_table_has_the_same_numbers(referred: Document) -> None:
    rows = rows_of(metrics(referred))
    mig, dci = rows["mig ↑"], rows["dci ↑"]
    value = result(referred, "mig")
    assert mig["this run, λ = 1"] == EstimateCell(value["value"], value["low"], value["high"])
    assert [mig[name] for name in ("Noise", "Common cause", "Rotated", "Each factor twice")] == [
        *(0.01, 0.62, 0.3, 0.02)
    ]
    assert (mig["Exact as here"], mig["Exact, factors independent"]) == (0.35, 0.99)
    assert (mig["Flag"], dci["Flag"]) == ("not to be trusted", "")
    assert dci["Common cause"] is None
    assert rows["jemmig ↑"]["Noise"] is None


def test_flags_are_said_in_words(referred: Document) -> None:
    assert sentences(referred) == [f"{DOUBT}."]


def test_no_flag_is_said_too(referred: Document) -> None:
    del result(referred, "mig")["details"]["untrusted"]
    assert sentences(referred) == [NONE_FLAGGED]


def test_missing_cause_is_explained(referred: Document) -> None:
    details = result(referred, "mig")["details"]
    details["references"] = {k: v for k, v in SCORES.items() if k != "common cause"}
    assert sentences(referred) == [f"{DOUBT}.", NO_CAUSE]
    assert "common cause" not in texts(metrics(referred))


def test_references_are_those_of_the_first_model_that_has_them(referred: Document) -> None:
    del result(referred, "dci")["details"]["references"]
    result(referred, "mig", 0)["details"] |= {"references": SCORES | {"noise": 0.5}}
    result(referred, "dci", 0)["details"] |= {"references": SCORES | {"noise": 0.5}}
    rows = rows_of(metrics(referred))
    assert (rows["mig ↑"]["Noise"], rows["dci ↑"]["Noise"]) == (0.01, 0.5)
    names = [text.partition(": ")[0] for text in sentences(referred)]
    assert names == ["this run, λ = 1", "baseline, λ = 0"]


def test_page_explains_them(referred: Document, folder: Path) -> None:
    page = Reading(render(light(referred | {"images": []}), folder))
    assert "What the references are" in page.text
    assert DOUBT in page.text


def test_report_without_references_says_nothing_of_them(document: Document, page: str) -> None:
    assert "noise" not in texts(metrics(document))
    assert sentences(document) == []
    assert "references are" not in page
    assert "Rotated" not in markdown(document)


def test_markdown_has_table_and_flags(referred: Document) -> None:
    text = markdown(referred)
    section = text.split("## Metrics\n")[1].split("\n## ")[0]
    assert "| 0.0100 | 0.6200 | 0.3000 | 0.0200 | 0.3500 | 0.9900 | not to be trusted |" in section
    assert f"- {DOUBT}.\n" in section


def test_paper_has_figure_and_table(referred: Document, folder: Path, tmp_path: Path) -> None:
    kept = [result(referred, metric) for metric in ("mig", "dci")]
    few = referred | {"models": [], "history": None, "images": [], "results": kept}
    names = {path.name for path in write_figures(few, folder, tmp_path)}
    assert {f"metrics.{suffix}" for suffix in ("svg", "pdf", "tex", "csv")} <= names


def test_hostile_texts_stay_texts(referred: Document, folder: Path) -> None:
    hostile = "<script>alert(1)</script> $x$"
    found = result(referred, "mig")
    found["details"]["untrusted"] = hostile
    found["settings"]["own"] = {"estimator": hostile}
    page = render(light(referred | {"images": []}), folder)
    assert "<script>alert" not in page
    assert hostile in Reading(page).text


@pytest.mark.parametrize("damaged", [{"exact": "high"}, {"noise": True}, {"common cause": []}])
def test_damaged_scores_are_refused(referred: Document, damaged: Document) -> None:
    result(referred, "mig")["details"]["references"] = damaged
    with pytest.raises(UserError, match=r"results\[\d+\].details.references.* must be"):
        built(referred)
