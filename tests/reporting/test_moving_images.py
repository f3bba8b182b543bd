"""Where the sprites stand before any script has run, and what the script is told."""

import copy
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infoeval import results
from infoeval.errors import UserError
from infoeval.reporting.grid_columns import orders
from infoeval.reporting.moving_images import Panel, panels
from tests.reporting.sample import MATCHING

Document = dict[str, Any]


def made(document: Document, folder: Path) -> tuple[Panel, ...]:
    whole = results.Document.for_page(document)
    return panels(whole, folder, orders(whole))


def test_sheets_with_the_same_sliders_share_a_panel(document: Document, folder: Path) -> None:
    (panel,) = made(document, folder)
    assert panel.sizes == (10, 3, 3)
    assert [len(row.windows) for row in panel.rows] == [2, 2]
    assert [row.model.label for row in panel.rows] == ["this run, λ = 1", "baseline, λ = 0"]


def test_start_is_the_sprite_of_its_codes(document: Document, folder: Path) -> None:
    (panel,) = made(document, folder)
    number = (0 * 3 + 1) * 3 + 1
    for window in panel.rows[0].windows:
        assert (window.x, window.y) == (28 * (number % 10), 28 * (number // 10))
    digit = panel.controls[0]
    assert digit.matched is not None
    assert digit.matched[digit.start] == f"code 0 → {MATCHING[0]}"
    assert [MATCHING[code] for code in panel.rows[0].orders[0]] == [*range(10)]


def test_each_model_starts_at_its_own_code_of_the_class(document: Document, folder: Path) -> None:
    theirs = [(cls + 1) % 10 for cls in MATCHING]
    for result in document["models"][0]["results"]:
        if result["metric"] == "cluster-acc":
            result["details"]["matching"] = theirs
    (panel,) = made(document, folder)
    code = theirs.index(MATCHING[0])
    number = (code * 3 + 1) * 3 + 1
    assert {(w.x, w.y) for w in panel.rows[1].windows} == {
        (28 * (number % 10), 28 * (number // 10))
    }
    assert panel.rows[1].start == f"digit: code {code}"


def test_without_a_matching_the_order_is_raw(document: Document, folder: Path) -> None:
    for model in (document, *document["models"]):
        model["results"] = [r for r in model["results"] if r["metric"] != "cluster-acc"]
    (panel,) = made(document, folder)
    assert not panel.ordered
    assert panel.controls[0].text == "0"
    assert panel.rows[0].orders_text == ";;"


def alone(document: Document, folder: Path) -> Document:
    """The document with sprites of one code at a time, each noise at values of its own."""
    single = copy.deepcopy(document)
    single["images"] = [each for each in single["images"] if each["kind"] == "sprites"]
    for image in single["images"]:
        image |= {"joint": False, "columns": 4, "file": "alone.png"}
        image["codes"][0]["start"] = 5 + image["noise"]
    Image.new("L", (4 * 28, 4 * 28)).save(folder / "alone.png")
    return single


def test_sprites_of_one_code_at_a_time_start_at_each_noises_own(
    document: Document, folder: Path
) -> None:
    (panel,) = made(alone(document, folder), folder)
    assert not panel.like.joint
    assert [(w.x // 28, w.y // 28) for w in panel.rows[0].windows] == [(1, 1), (2, 1)]
    assert panel.standing == "each image's own values"
    assert panel.rows[0].start == ""


def test_sheets_of_other_sliders_have_a_panel_of_their_own(
    document: Document, folder: Path
) -> None:
    for image in document["images"]:
        if image["kind"] == "sprites" and image["model"] == 1:
            image["codes"][1]["name"] = "tilt"
    assert [[c.name for c in panel.controls] for panel in made(document, folder)] == [
        ["digit", "slant", "width"],
        ["digit", "tilt", "width"],
    ]


def test_sheet_of_another_size_is_refused(document: Document, folder: Path) -> None:
    sprites = next(each for each in document["images"] if each["kind"] == "sprites")
    sprites["columns"] = 9
    with pytest.raises(UserError, match="252 x 280"):
        made(document, folder)
