"""One choice moves every column of the page: Hungarian order, or that of the codes themselves."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Rendered
from tests.browser.opening import BOTH, HEIGHT, NARROW, WIDE, click, opened
from tests.reporting.sample import MATCHING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

HUNGARIAN = [str(MATCHING.index(cls)) for cls in range(10)]
RAW = [str(code) for code in range(10)]


SHEETS = """
() => [...document.querySelectorAll(".ordered figure.image-grid")]
  .filter((sheet) => sheet.checkVisibility())
  .map((sheet) => [...sheet.querySelectorAll(".column")]
    .map((column) => [column.getBoundingClientRect().x, column.querySelector(".head").innerText])
    .sort((a, b) => a[0] - b[0])
    .map(([_, head]) => head.split("→")[0].trim().split(/\\s/).at(-1)))
"""


def sheets(page: "Page") -> list[list[str]]:
    """The codes of every sheet's columns from left to right, as their heads name them."""
    found: list[list[str]] = page.evaluate(SHEETS)
    return found


def choose(page: "Page", place: int, order: str) -> None:
    page.locator(f"input[data-order='{order}']").nth(place).check()


@pytest.mark.parametrize(
    ("name", "widths"),
    [("complete", (WIDE, NARROW)), ("seeds", (NARROW,)), ("comparison", (WIDE,))],
)
def test_raw_order_is_a_click_away(
    browser: "Browser", rendered: Rendered, name: str, widths: tuple[int, ...]
) -> None:
    with opened(browser, rendered(name)) as page:
        for width in widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            count = len(sheets(page))
            assert count >= 2
            assert sheets(page) == [HUNGARIAN] * count
            choices = page.locator("input[data-order='raw']").count()
            assert choices >= 2
            for place in range(choices):
                choose(page, place, "raw")
                assert sheets(page) == [RAW] * count
                assert page.locator("input[data-order='raw']:checked").count() == choices
                choose(page, place, "matched")
                assert sheets(page) == [HUNGARIAN] * count


def test_keyboard_chooses_the_order(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        first = page.locator("main .ordered").first
        first.locator("input[data-order='matched']").press("ArrowRight")
        assert all(sheet == RAW for sheet in sheets(page))


@BOTH
def test_order_is_chosen_without_script(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete, script=False) as page:
        assert sheets(page)[0] == HUNGARIAN
        click(page.locator(".ordered:has(figure.image-grid) input[data-order='raw']").first)
        assert sheets(page)[0] == RAW


def test_confusion_matrix_is_drawn_in_the_order_chosen(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        matched = page.locator("#confusion .matched-only svg")
        raw = page.locator("#confusion .raw-only")
        assert matched.is_visible()
        assert not raw.locator("svg").is_visible()
        page.locator("#confusion input[data-order='raw']").check()
        assert not matched.is_visible()
        assert raw.locator("svg").is_visible()
        names = raw.locator("table tbody th").all_text_contents()
        assert [name.strip() for name in names] == [f"code {code}" for code in RAW]
        page.locator("#confusion input[data-order='matched']").check()
        assert matched.is_visible()
