import re
from pathlib import Path
from typing import Any

import pytest

from infoeval import results
from infoeval.errors import UserError
from infoeval.reporting import markdown
from infoeval.reporting.tables import markdown_text
from infoeval.reporting.verdict import sentences
from tests.reporting.sample import comparison, five_seeds, without_extras

Document = dict[str, Any]
HOSTILE = "<script>alert(1)</script> | **b** [x](javascript:y) \x00"


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.*)$", text, re.MULTILINE)


def test_whole_report_is_there_in_order(document: Document) -> None:
    text = markdown(document)
    assert text.startswith("# What the codes of mnist mean\n")
    assert headings(text) == [
        "Verdict",
        "Information in each code",
        "Codes and classes",
        "Codes and factors",
        "Training of Q",
        "Training",
        "Leakage between codes",
        "Metrics",
        "How the numbers were computed",
        "Provenance",
        "How to read it, and its limits",
    ]


def test_verdict_is_the_pages(document: Document) -> None:
    text = markdown(document)
    for finding in sentences(results.Document.for_page(document)):
        assert f"- **{finding.topic}** {markdown_text(finding.whole)}\n" in text


def test_same_input_gives_the_same_text(document: Document) -> None:
    assert markdown(document) == markdown(document)


def test_seeds_and_differences_have_their_sections(tmp_path: Path) -> None:
    assert "Every seed" in headings(markdown(five_seeds(tmp_path)))
    compared = markdown(comparison(tmp_path))
    assert "Differences" in headings(compared)
    assert "minus Short training" in compared


def test_bare_scores_have_a_report(document: Document) -> None:
    text = markdown(without_extras(document))
    assert "Training" not in headings(text)
    assert "2.30 (2.30 to 2.30)" in text


def test_hostile_names_stay_text(document: Document) -> None:
    for each in document["results"]:
        each["target"] = HOSTILE if each["target"] == "digit" else each["target"]
    document["codes"][0]["name"] = document["subject"]["trainer"] = document["command"] = HOSTILE
    text = markdown(document)
    assert not re.search(r"(?<!\\)<", text)
    assert "\x00" not in text
    assert "](javascript" not in text.replace("\\](", "")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    for before, after, width in zip(rows, rows[1:], widths[1:], strict=False):
        if set(after) <= set("| :-"):
            assert len(re.findall(r"(?<!\\)\|", before)) == width


def test_no_number_is_none_or_nan(document: Document) -> None:
    document["results"][0]["value"] = float("nan")
    document["models"][0]["results"][4] |= {"value": float("inf"), "low": None}
    words = set(re.findall(r"[a-z]+", markdown(document).lower()))
    assert not words & {"nan", "inf", "none"}


def test_damaged_document_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="schema_version"):
        markdown({})
