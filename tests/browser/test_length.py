"""How long pages are, on the screen and on paper, and how a reader gets about in them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infoeval.reporting import render
from tests.browser import documents
from tests.browser.conftest import Rendered
from tests.browser.opening import BOTH, click, opened, printed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 800}
MOST_SCREENS = 8
MOST_SHEETS = 10
HOSTILE = "</title><script>alert(1)</script> {{7*7}} \u202e<b onclick=alert(2)>"


def sheets(page: "Page", path: Path) -> tuple[int, str]:
    """How many sheets of A4 a page takes, and their text without blanks."""
    texts = printed(page, path)
    return len(texts), re.sub(r"\s", "", "".join(texts))


def test_five_codes_take_eight_screens(browser: "Browser", rendered: Rendered) -> None:
    with opened(browser, rendered("five codes")) as page:
        page.set_viewport_size(LAPTOP)
        assert page.locator("#results svg").count() == 1
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= MOST_SCREENS * LAPTOP["height"]


@BOTH
def test_a_short_print_takes_ten_sheets(
    browser: "Browser", rendered: Rendered, tmp_path: Path
) -> None:
    with opened(browser, rendered("five codes")) as page:
        count, text = sheets(page, tmp_path / "short.pdf")
        assert count <= MOST_SHEETS
        # A plain definition of each metric is among what is printed.
        assert "informationgapbetweenthetwobestcodesforeachfactor" in text
        assert "Howtoreadthispage" in text


def test_a_full_print_has_the_tables(browser: "Browser", complete: Path, tmp_path: Path) -> None:
    bare = documents.bare(tmp_path)
    for paper in ("full", "short"):
        assert f'<body class="print-{paper}">' in render(bare | {"paper": paper}, tmp_path)
    with opened(browser, complete) as page:
        page.evaluate("document.body.className = 'print-full'")
        count, text = sheets(page, tmp_path / "full.pdf")
        page.evaluate("document.body.className = 'print-short'")
        fewer, short = sheets(page, tmp_path / "short.pdf")
        # What the reader has unfolded is printed as well.
        page.evaluate("document.querySelector('#results figure details').open = true")
        _, opened_up = sheets(page, tmp_path / "opened.pdf")
    table = "Metrics:↑moreisbetter,↓less"
    assert fewer < count
    assert table in text
    assert table not in short
    assert table in opened_up


def test_the_list_of_sections_stays_in_view(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        page.get_by_role("link", name="Metrics").click()
        box = page.get_by_role("navigation").bounding_box()
        heading = page.get_by_role("heading", name="Metrics", exact=True).bounding_box()
        assert box is not None
        assert heading is not None
        assert box["y"] == 0
        assert box["height"] < 60
        assert box["height"] <= heading["y"] < 200


@pytest.mark.parametrize(
    ("browser", "script"),
    [("chromium", True), ("chromium", False), ("firefox", False)],
    indirect=["browser"],
)
def test_a_link_opens_the_folded_section(browser: "Browser", complete: Path, script: bool) -> None:
    with opened(browser, complete, script=script) as page:
        command = page.locator(".command")
        assert not command.is_visible()
        click(page.get_by_role("link", name="Provenance"))
        assert command.is_visible()
        heading = page.get_by_role("heading", name="Provenance").bounding_box()
        assert heading is not None
        assert 30 <= heading["y"] < 200


def test_metrics_say_what_is_better_and_what_they_are(
    browser: "Browser", rendered: Rendered
) -> None:
    with opened(browser, rendered("five codes")) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        head = page.locator("#figure-metrics th", has_text=re.compile(r"^\s*mig ↑"))
        assert head.get_attribute("title") == (
            "information gap between the two best codes for each factor"
        )
        assert page.locator(".explained dt", has_text=re.compile(r"\bmig\b")).first.is_visible()


def test_own_title_and_notes_are_text(browser: "Browser", tmp_path: Path) -> None:
    document = documents.bare(tmp_path) | {"title": f"Mine {HOSTILE}", "notes": f"Mind {HOSTILE}"}
    (tmp_path / "page.html").write_text(render(document, tmp_path))
    with opened(browser, tmp_path / "page.html") as page:
        assert page.locator("h1").inner_text().startswith("Mine </title><script>alert(1)</script>")
        assert page.title().startswith("Mine </title><script>")
        assert (
            "Mind </title><script>alert(1)</script> {{7*7}}" in page.locator("header").inner_text()
        )
        assert "\u202e" not in page.locator("header").inner_text()
        assert page.locator("header b, header script").count() == 0
