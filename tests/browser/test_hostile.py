"""Whatever stands in metrics.json stays text."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infoeval.reporting import write
from tests.browser import documents
from tests.browser.conftest import Shown
from tests.browser.hostile import PAYLOADS, TURNING, Spoiler
from tests.browser.opening import BOTH, NARROW, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

UNPRINTABLE = "\x00\x1b\ud800\ufffe\u202e\u2067\u061c"
DANGEROUS = "script, style, img, iframe, object, embed, link, base, meta, form, h1, h2, title, main"
COUNT = f"""
[...document.querySelectorAll("{DANGEROUS}")].map((one) => one.localName)
"""
HANDLERS = """
[...document.querySelectorAll("*")].flatMap((one) =>
  [...one.attributes].map((each) => each.name).filter((name) => name.startsWith("on")))
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    document = Spoiler().document(documents.complete(folder))
    write(document, folder, folder / "page.html")
    return folder / "page.html"


TURNED = r"""
() => {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const turned = [];
  let seen = 0;
  while (nodes.nextNode()) {
    for (const match of nodes.currentNode.data.matchAll(/[0-9]+\.[0-9]+[ ,%a-z]{3,}/g)) {
      const [first, last] = [match.index, match.index + match[0].length - 1].map((at) => {
        const range = document.createRange();
        range.setStart(nodes.currentNode, at);
        range.setEnd(nodes.currentNode, at + 1);
        return range.getBoundingClientRect();
      });
      if (!first.width || first.top !== last.top) continue;
      seen += 1;
      if (first.left > last.left) turned.push(nodes.currentNode.data);
    }
  }
  return { seen, turned };
}
"""


def elements(page: "Page") -> Counter[str]:
    return Counter(page.evaluate(COUNT))


@BOTH
def test_hostile_texts_make_no_element_and_run_nothing(
    browser: "Browser", hostile: Path, shown: Shown
) -> None:
    with shown("complete") as page:
        expected = elements(page)
    with opened(browser, hostile) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        for slider in page.get_by_role("slider").all():
            slider.press("ArrowRight")
        for control in page.locator("main button, main label").all():
            if control.is_visible():
                control.click()
        page.wait_for_timeout(100)
        assert elements(page) == expected
        assert page.evaluate(HANDLERS) == []
        assert page.evaluate("typeof hacked") == "undefined"


def test_hostile_texts_are_read_as_they_are_written(
    browser: "Browser", hostile: Path, screenshots: Path
) -> None:
    with opened(browser, hostile, width=NARROW) as page:
        text = " ".join(page.locator("body").inner_text().split())
        for payload in PAYLOADS:
            shown = "".join("\ufffd" if letter in UNPRINTABLE else letter for letter in payload)
            assert " ".join(shown.split()) in text, payload
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
        page.screenshot(path=screenshots / "hostile-narrow.png", full_page=True)


@BOTH
def test_no_label_turns_our_numbers_round(browser: "Browser", tmp_path: Path) -> None:
    document = Spoiler(TURNING).document(documents.bare(tmp_path))
    write(document, tmp_path, tmp_path / "page.html")
    with opened(browser, tmp_path / "page.html") as page:
        found = page.evaluate(TURNED)
        assert found["seen"] > 10
        assert found["turned"] == []
