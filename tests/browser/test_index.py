"""The index of a folder in a browser: sorted, filtered, read by a screen reader and on a phone."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infoeval.viewer import view
from tests.browser.hostile import PAYLOADS
from tests.browser.opening import BOTH, HEIGHT, NARROW, WIDE, opened
from tests.browser.test_hostile import HANDLERS
from tests.viewer import folders

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NAMES = "[...document.querySelectorAll('tbody th')].filter((one) => one.checkVisibility())"
NAMES += ".map((one) => one.querySelector('.last').textContent)"
ALL = ["begun", "codes.npz", "lambda-0", "seed-0", "seed-1", "seed-2"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything in it, and a file that cannot be read."""
    runs = folders.whole(tmp_path_factory.mktemp("index") / "runs")
    (runs / "cut.json").write_text("{")
    return view(runs)[0]


def names(page: "Page") -> list[str]:
    found: list[str] = page.evaluate(NAMES)
    return found


def sort(page: "Page", column: str) -> str | None:
    page.get_by_role("button", name=column).click()
    return page.get_by_role("columnheader", name=column).get_attribute("aria-sort")


@BOTH
def test_rows_are_sorted_by_any_column(browser: "Browser", index: Path) -> None:
    with opened(browser, index) as page:
        assert names(page) == ALL
        assert sort(page, "Seed") == "ascending"
        assert names(page) == ["lambda-0", "seed-0", "seed-1", "seed-2", "begun", "codes.npz"]
        assert sort(page, "Seed") == "descending"
        assert names(page) == ["begun", "seed-2", "seed-1", "lambda-0", "seed-0", "codes.npz"]
        assert sort(page, "Error") == "ascending"
        assert names(page)[:3] == ["seed-0", "seed-1", "lambda-0"]
        assert sort(page, "Codes: information") == "descending"
        assert names(page)[:4] == ["seed-0", "seed-1", "begun", "lambda-0"]
        assert page.locator("[aria-sort=none]").count() == 6
        assert sort(page, "Model") == "ascending"
        assert names(page) == ALL


def test_rows_are_filtered_and_counted(browser: "Browser", index: Path) -> None:
    with opened(browser, index) as page:
        page.get_by_label("Search").fill("follows ANGLE")
        assert names(page) == ["seed-1"]
        assert page.get_by_role("status").inner_text() == "1 of 6"
        page.get_by_role("button", name="Show all").click()
        page.wait_for_function("document.getElementById('count').textContent === '6 of 6'")
        page.get_by_label("λ", exact=True).select_option("0")
        assert names(page) == ["lambda-0"]
        page.get_by_label("λ", exact=True).select_option("1")
        page.get_by_label("Status").select_option("complete")
        assert names(page) == ["seed-0", "seed-1"]


def test_a_code_and_a_reader_are_chosen_to_sort_by(browser: "Browser", index: Path) -> None:
    with opened(browser, index) as page:
        page.get_by_label("Code").select_option("slant")
        sort(page, "Codes: information")
        assert names(page)[:4] == ["seed-0", "lambda-0", "begun", "seed-1"]
        shown = page.locator("tbody [data-code]").filter(visible=True)
        assert set(shown.evaluate_all("(all) => all.map((one) => one.dataset.code)")) == {"slant"}
        page.get_by_label("Read by").select_option("own")
        assert names(page)[:4] == ["seed-0", "begun", "seed-1", "lambda-0"]


def test_it_can_be_read_without_script(browser: "Browser", index: Path) -> None:
    with opened(browser, index, script=False) as page:
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert page.locator("tbody tr").filter(visible=True).count() == 6
            assert page.locator("form, button").filter(visible=True).count() == 0
            assert page.locator("main h2").all_inner_texts() == [
                *("Models", "Reports", "Sweeps", "Not read")
            ]


def test_it_is_no_wider_than_the_window(browser: "Browser", index: Path) -> None:
    with opened(browser, index) as page:
        for width in (WIDE, 1265, 1000, NARROW, 320):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pictures_are_sharp_and_of_whole_pixels(browser: "Browser", index: Path) -> None:
    with opened(browser, index) as page:
        found = page.locator("td img").evaluate_all(
            "(all) => all.map((one) => [one.width / one.naturalWidth,"
            " one.height / one.naturalHeight, getComputedStyle(one).imageRendering])"
        )
        assert len(found) == 4
        assert all(one == [4, 4, "pixelated"] for one in found)


def test_axe_finds_no_violation(browser: "Browser", index: Path, screenshots: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, index) as page:
        sort(page, "Seed")
        for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            page.screenshot(path=screenshots / f"index-{width}-{scheme}.png", full_page=True)


def test_hostile_names_and_texts_stay_text(browser: "Browser", tmp_path: Path) -> None:
    for number, payload in enumerate(PAYLOADS):
        plain = payload.replace("/", "_").replace("\0", "").replace("\ud800", "")
        run = folders.run(tmp_path / "runs" / f"{plain[:100]}{number}", number)
        codes = [{"name": f"{payload}{n}", "kind": "categorical", "size": 5} for n in range(6)]
        config = folders.config(number, name=payload, codes={"codes": codes})
        config |= {"variant": payload, "data": {"name": payload, "split": payload}}
        (run / "config.json").write_text(json.dumps(config))
        folders.scores(run / "scores.json", run, checkpoint=payload, trainer=payload)
    page_of, found = view(tmp_path / "runs")
    assert found.runs == len(PAYLOADS)
    for width in (WIDE, NARROW):
        with opened(browser, page_of, width=width) as page:
            for button in page.get_by_role("button").all():
                button.click()
            page.get_by_label("Search").fill(PAYLOADS[0])
            assert page.evaluate("typeof hacked") == "undefined"
            assert page.evaluate(HANDLERS) == []
            assert page.locator("script").count() == 1
            assert page.locator("h1").count() == 1
            page.get_by_label("Search").fill("")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
