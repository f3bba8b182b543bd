"""Codes of several models stand beside those that they are most like, and the page says so."""

from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting.aligned_codes import pairing, rows_that_fit, side_by_side
from infoeval.reporting.grid_columns import Orders
from infoeval.reporting.image_grids import strips, traversals
from infoeval.reporting.page import render
from infoeval.results import Document
from tests.reporting.drawn import built
from tests.reporting.reading import Reading
from tests.reporting.several import compared, light

Plain = dict[str, Any]


@pytest.fixture
def three(tmp_path: Path) -> Plain:
    return compared(tmp_path)


def test_rows_are_of_the_codes_that_are_alike(three: Plain) -> None:
    rows = side_by_side(Document.for_page(three), {})
    names = {row[0].name: [code.name for code in row[1:]] for row in rows}
    assert names == {
        "digit": ["digit", "digit"],
        "slant": ["slant", "width"],
        "width": ["width", "slant"],
    }
    assert [code.turned for row in rows for code in row].count(True) == 1


def test_the_page_says_how_codes_were_paired(three: Plain, tmp_path: Path) -> None:
    said = pairing(Document.for_page(three))
    assert "agree most on the same 1,500 images" in said
    assert "their agreement is 0.70 to 0.80" in said
    text = Reading(render(light(three), tmp_path)).text
    assert said in text
    assert "its width, agreement 0.70, in reverse order" in text


def test_nothing_is_said_of_pairs_by_name(three: Plain) -> None:
    for model in three["models"]:
        del model["alignment"]
    assert pairing(Document.for_page(three)) == ""


def test_a_turned_code_is_shown_from_its_other_end(three: Plain, tmp_path: Path) -> None:
    document = Document.for_page(three)
    groups = {group.code: group for group in traversals(document, tmp_path, Orders())}
    (grid,) = [each for each in groups["slant"].first.grids if each.model.index == 2]
    assert grid.image.code == "width"
    assert [column.index for column in grid.grid.columns] == list(range(10))[::-1]
    straight = Document.for_page(
        three | {"models": [m | {"alignment": None} for m in three["models"]]}
    )
    here, there = (strips(each, tmp_path, Orders())[2, "width"] for each in (document, straight))
    assert here.address != there.address
    assert here.width == there.width


def test_what_means_something_is_on_the_first_screen(three: Plain) -> None:
    rows = side_by_side(Document.for_page(three), {})
    first, rest = rows_that_fit(rows, 10)
    assert [len(first), len(rest)] == [2, 1]
    assert rows_that_fit(rows, 3) == (list(rows), [])


def test_every_model_has_a_labelled_map(three: Plain) -> None:
    found = built(three)
    assert {figure.title.rpartition(", ")[2] for figure in found.factors} == {"Wide"}
    others = [figure.title.rpartition(", ")[2] for figure in found.other_factors]
    assert list(dict.fromkeys(others)) == ["Narrow", "Short training"]
    (confusion,) = found.confusions
    assert ", Wide," in confusion.figure.title
