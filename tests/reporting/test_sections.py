"""What fits on the first screen, and what it says where no code has an answer."""

from pathlib import Path
from typing import Any

from infoeval.reporting.evidence import reasons
from infoeval.reporting.page import render
from infoeval.reporting.sections import first_screen
from infoeval.reporting.verdict import MOST_SHOWN, Finding, findings_that_fit
from infoeval.results import Document
from tests.reporting.made_up import document, pair
from tests.reporting.sample import sample

Plain = dict[str, Any]


def shown(document: Plain) -> Plain:
    return first_screen(Document.for_page(document), {})


def test_of_many_codes_those_that_mean_something_come_first() -> None:
    weak = [pair(f"z{n}", "x", 0.03, (0.0, 0.06), chance=0.02, p=0.6) for n in range(14)]
    strong = [pair(f"z{n}", "y", 0.8, (0.7, 0.9), chance=0.02, p=0.001) for n in range(14, 20)]
    content = shown(document(*weak, *strong))
    names = [finding.topic for finding in content["findings"]]
    assert len(names) == MOST_SHOWN
    assert names[-6:] == [f"z{n}" for n in range(14, 20)], "in their order"
    assert len(content["other_findings"]) == 8
    assert [finding.named for finding in content["findings"]] == [False] * 6 + [True] * 6


def test_long_sentences_leave_room_for_fewer_codes() -> None:
    long = [
        Finding(f"z{n}", "is unnamed: it " + 25 * "long words ", "It carries 1 nat.")
        for n in range(8)
    ]
    named = Finding("z8", "follows x.", named=True)
    shown, rest = findings_that_fit([*long, named])
    assert sum(finding.topic == "z8" for finding in shown) == 1
    assert [len(shown), len(rest)] == [5, 4]
    assert [len(part) for part in findings_that_fit([*long, named], 100)] == [4, 5]


def test_few_codes_are_all_there() -> None:
    content = shown(document(pair("z0", "x", 0.8, (0.7, 0.9), chance=0.02, p=0.001)))
    assert [finding.topic for finding in content["findings"]] == ["z0"]
    assert content["other_findings"] == []
    several = ("standings", "over_seeds", "side_by_side", "tally")
    assert not any(content[name] for name in several)


def test_where_no_code_is_known_the_reason_is_given() -> None:
    skipped = [{"metric": "code-factors", "reason": "there are no factors"}]
    number = pair("z0", "x", 0.8) | {"metric": "total-correlation", "target": None, "details": {}}
    content = shown(document(number, skipped=skipped))
    assert content["findings"] == []
    assert content["why_empty"] == (
        "No number here is about a single code (there are no factors). The page has one number "
        "of the model as a whole."
    )


def test_every_reason_has_a_few_words(tmp_path: Path) -> None:
    for reason in reasons(Document.for_page(sample(tmp_path))):
        assert 0 < len(reason.short) < 60
        assert not reason.short.endswith(".")


def test_brackets_are_set_apart_but_not_those_of_a_measure(tmp_path: Path) -> None:
    measured = pair("z0", "x", 0.8, (0.7, 0.9), chance=0.02, p=0.001, measure="I / H(factor)")
    page = render(document(measured), tmp_path)
    assert 'I / H(factor) 0.80 <span class="aside">(0.70 to 0.90' in page
