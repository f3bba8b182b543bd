"""Every page opens from its file without the network, at every width, with script and without."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Shown
from tests.browser.opening import BOTH, NARROW, WIDE, Scheme, Shelf, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

TROUBLES = {
    "console error: mine": "<script>console.error('mine')</script>",
    "console warning: mine": "<script>console.warn('mine')</script>",
    "error: .*nonsense": "<script>nonsense()</script>",
    "dialog: .*mine": "<script>alert('mine')</script>",
    "window: about:blank": "<script>open('about:blank')</script>",
    "request: https://a.test/fetched": (
        "<script>fetch('https://a.test/fetched').catch(() => 0)</script>"
    ),
    "request: https://a.test/picture.png": "<img src='https://a.test/picture.png'>",
    "request: https://a.test/style.css": (
        "<link rel='stylesheet' href='https://a.test/style.css'>"
    ),
    "console error: policy img-src stopped data": "<img src='data:,'>",
}
"""What is told of each trouble, and what makes it."""
POLICY = "<meta http-equiv='Content-Security-Policy' content='img-src https:'>"
PAGES = ("complete", "seeds", "comparison", "bare")
OVERFLOWING = """
() => {
  const root = document.documentElement;
  const clipped = (element) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== "visible") return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
    .filter((element) => !clipped(element))
    .map((element) => `${element.tagName}.${element.className} ${element.textContent.trim()}`)
    .map((text) => text.slice(0, 120))
    .slice(0, 5);
}
"""
TILES = """
() => [...document.querySelectorAll("figure.image-grid")]
  .filter((sheet) => sheet.checkVisibility()).map((sheet) => {
  const boxes = [...sheet.querySelectorAll("img")].map((one) => one.getBoundingClientRect());
  return {
    widths: boxes.map((box) => box.width),
    rows: new Set(boxes.map((box) => Math.round(box.bottom))).size,
    name: sheet.innerText.slice(0, 60),
  };
})
"""
UNFOLD = """
document.querySelectorAll("details:not([open]) > summary").forEach((one) => one.click())
"""
HIDDEN = """
() => [...document.querySelectorAll("table, svg[role=img], main img")]
  .filter((one) => !one.checkVisibility() && !one.closest(".raw-only"))
  .map((one) => one.outerHTML.slice(0, 200))
"""


@BOTH
def test_these_tests_hear_of_trouble(browser: "Browser", tmp_path: Path) -> None:
    head = f"<!DOCTYPE html><title>page</title>{POLICY}"
    (tmp_path / "page.html").write_text(head + "".join(TROUBLES.values()) + "<p>text")
    with pytest.raises(AssertionError) as heard, opened(browser, tmp_path / "page.html"):
        pass
    for told in TROUBLES:
        assert re.search(told, str(heard.value)), told


def test_pages_that_stay_open_are_as_they_were_and_heard(
    browser: "Browser", tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!DOCTYPE html><title>page</title><details><summary>more</summary>text")
    shelf = Shelf(browser)
    try:
        with shelf.shown(path, width=NARROW, scheme="dark") as page:
            page.evaluate(UNFOLD)
            page.emulate_media(media="print")
        with shelf.shown(path) as again:
            assert again is page
            assert page.evaluate("innerWidth") == WIDE
            assert page.locator("details[open]").count() == 0
            assert page.evaluate("matchMedia('screen and (prefers-color-scheme: light)').matches")
        with pytest.raises(AssertionError, match="mine"), shelf.shown(path):
            page.evaluate("console.error('mine')")
        with pytest.raises(AssertionError, match="mine"), shelf.shown(path):
            pass
    finally:
        shelf.close()


@pytest.mark.parametrize(
    ("browser", "name"),
    [*(("chromium", name) for name in PAGES), ("firefox", "complete"), ("firefox", "bare")],
    indirect=["browser"],
)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_page_opens_offline_without_a_complaint(shown: Shown, name: str, script: bool) -> None:
    with shown(name, script=script) as page:
        assert page.evaluate("matchMedia('(scripting: enabled)').matches") == script
        assert page.get_by_role("heading", level=1).inner_text().strip()
        assert page.get_by_role("heading", level=2).count() >= 4
        page.mouse.wheel(0, 50_000)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_no_wider_than_the_window(shown: Shown, name: str) -> None:
    with shown(name) as page:
        page.evaluate(UNFOLD)
        for width in (WIDE, NARROW, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOWING) == [], width
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [WIDE, NARROW, 320])
def test_tiles_are_equally_large_and_in_line(shown: Shown, width: int) -> None:
    with shown("comparison", width=width) as page:
        sheets = page.evaluate(TILES)
        assert len(sheets) == 9, "of three models the first range of three codes"
        assert [sheet for sheet in sheets if sheet["rows"] != 1] == []
        sizes = [size for sheet in sheets for size in sheet["widths"]]
        assert max(sizes) - min(sizes) < 1


@pytest.mark.parametrize("name", PAGES)
def test_page_can_be_read_without_script(shown: Shown, name: str) -> None:
    with shown(name) as page:
        titles = page.locator("main h2").all_inner_texts()
        tables = page.locator("table").count()
    with shown(name, script=False) as page:
        assert page.locator("main h2").all_inner_texts() == titles
        assert page.locator("table").count() == tables
        page.evaluate(UNFOLD)
        assert page.evaluate(HIDDEN) == []
        for control in page.locator("input:not([data-order]), select, button").all():
            assert not control.is_visible() or not control.is_enabled()


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("complete", "light", WIDE),
        ("complete", "light", NARROW),
        ("complete", "dark", WIDE),
        ("complete", "dark", NARROW),
        ("seeds", "light", WIDE),
        ("seeds", "dark", NARROW),
        ("comparison", "dark", WIDE),
        ("comparison", "light", NARROW),
        ("bare", "light", WIDE),
    ],
)
def test_screenshots_are_left_behind(
    shown: Shown, screenshots: Path, name: str, scheme: Scheme, width: int
) -> None:
    size = "wide" if width == WIDE else "narrow"
    picture = screenshots / f"{name}-{size}-{scheme}.png"
    picture.unlink(missing_ok=True)
    with shown(name, width=width, scheme=scheme) as page:
        page.screenshot(path=picture, full_page=True)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, ground.removeprefix("rgb(").rstrip(")").split(",")))
    assert (brightness > 3 * 200) if scheme == "light" else (brightness < 3 * 60)
    assert picture.stat().st_size > 20_000
