"""What axe finds, and what a keyboard and a screen reader need."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Rendered, Shown
from tests.browser.opening import HEIGHT, NARROW, WIDE, Scheme, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = ("complete", "seeds", "comparison", "bare")
MOST_STOPS = 400
FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"
FOCUSED = """
() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  element.dataset.reached = "yes";
  return {
    name: `${element.tagName} ${element.id} ${element.textContent.trim().slice(0, 40)}`,
    visible: ring || style.boxShadow !== "none",
    body: element === document.body,
  };
}
"""
FEWER_ROWS = """
for (const body of document.querySelectorAll("tbody")) {
  const seen = new Set();
  for (const row of [...body.rows]) {
    const kind = [row, ...row.querySelectorAll("*")].flatMap((one) => [
      one.localName,
      one.textContent.trim() === "",
      ...[...one.attributes].map(({ name, value }) => `${name}=${name === "value" || value}`),
    ]).join();
    if (seen.has(kind)) row.remove();
    seen.add(kind);
  }
}
"""
"""Leaves out the rows of a table that differ in their texts and numbers only from one before.

Axe takes as long for a cell as for a picture, and finds the same of each cell of such rows. A page
with all of its rows is looked at in `test_real`.
"""


def unfold(page: "Page") -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")


@pytest.mark.parametrize(
    ("browser", "name", "looks", "unfolded"),
    [
        ("chromium", "complete", [("light", WIDE), ("light", NARROW), ("dark", NARROW)], False),
        ("chromium", "complete", [("dark", WIDE)], True),
        ("chromium", "seeds", [("light", WIDE)], False),
        ("chromium", "comparison", [("dark", NARROW)], False),
        ("chromium", "bare", [("light", NARROW)], True),
        ("firefox", "complete", [("light", NARROW)], False),
    ],
    indirect=["browser"],
)
def test_axe_finds_no_violation(
    browser: "Browser",
    rendered: Rendered,
    name: str,
    looks: list[tuple[Scheme, int]],
    unfolded: bool,
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, rendered(name)) as page:
        if unfolded:
            unfold(page)
        page.evaluate(FEWER_ROWS)
        for scheme, width in looks:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": HEIGHT})
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_headings_and_landmarks_are_in_order(shown: Shown, name: str) -> None:
    with shown(name) as page:
        unfold(page)
        levels = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((h) => +h.tagName[1])"
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        for landmark in ("banner", "main", "navigation"):
            assert page.get_by_role(landmark).count() >= 1, landmark  # type: ignore[arg-type]
        links = page.locator("nav a[href^='#']").evaluate_all(
            "(links) => links.map((link) => document.querySelector(link.hash) !== null)"
        )
        assert links
        assert all(links)


@pytest.mark.parametrize("name", ["complete", "seeds"])
def test_everything_interactive_is_reached_by_tab_and_shows_it(
    browser: "Browser", rendered: Rendered, name: str
) -> None:
    with opened(browser, rendered(name)) as page:
        stops = _tab_through(page)
        assert [stop["name"] for stop in stops if not stop["visible"]] == []
        missed = page.locator(FOCUSABLE).evaluate_all(
            """(all) => all
                .filter((one) => !one.dataset.reached && one.checkVisibility())
                .filter((one) => !one.disabled && one.tabIndex >= 0)
                .filter((one) => one.type !== "radio" || !one.form && one.checked)
                .map((one) => one.outerHTML.slice(0, 120))"""
        )
        assert missed == []


def _tab_through(page: "Page") -> list[dict[str, Any]]:
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["body"]:
            return stops
        stops.append(stop)
    raise AssertionError(f"more than {MOST_STOPS} stops")


def test_nothing_moves_where_less_motion_is_asked_for(
    browser: "Browser", rendered: Rendered
) -> None:
    with opened(browser, rendered("complete"), reduced_motion="reduce") as page:
        unfold(page)
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        moving = page.evaluate(
            """[...document.querySelectorAll("*")].filter((one) => {
                const style = getComputedStyle(one);
                const longest = (text) => Math.max(...text.split(",").map(parseFloat));
                return longest(style.transitionDuration) > 0.01
                    || (style.animationName !== "none" && longest(style.animationDuration) > 0.01);
            }).map((one) => one.outerHTML.slice(0, 100))"""
        )
        assert moving == []
        for picture in page.locator("picture").all():
            before = picture.screenshot()
            page.wait_for_timeout(400)
            assert picture.screenshot() == before
