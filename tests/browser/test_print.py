"""Paper has every section, and in full what is folded on a screen."""

import unicodedata
from pathlib import Path

import pytest

from tests.browser.conftest import Shown
from tests.browser.opening import Scheme, printed

pytestmark = pytest.mark.browser

PAGES = ("complete", "seeds", "comparison", "bare")


PAPER = 718
"""CSS pixels between the margins of A4; a page up to a third wider is printed smaller."""
ON_PAPER = """
() => {
  const tables = [...document.querySelectorAll("table, svg[role=img], figure.image-grid")];
  const boxes = tables.filter((one) => one.checkVisibility()).map((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return { left, right, top, bottom, name: one.outerHTML.slice(0, 150) };
  });
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return {
    missing: tables.length - boxes.length,
    wide: boxes.filter((box) => box.right > innerWidth * 4 / 3).map((box) => box.name),
    overlapping: boxes.filter((box, i) => boxes.slice(0, i).some((other) => over(box, other)))
      .map((box) => box.name),
  };
}
"""


def squeezed(text: str) -> str:
    """Without ligatures, and without the blanks and hyphens that a line's end adds."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(plain.split()).replace("\u00ad", "").replace("-", "")


FULL = "document.body.className = 'print-full'"
SHORT = "document.body.className = 'print-short'"


@pytest.mark.parametrize(
    ("browser", "name", "script", "scheme"),
    [
        *(("chromium", name, True, "dark") for name in ("complete", "seeds", "bare")),
        ("chromium", "bare", False, "dark"),
        ("firefox", "complete", True, "light"),
    ],
    indirect=["browser"],
)
def test_paper_has_all_sections_and_what_is_folded(
    shown: Shown, tmp_path: Path, name: str, script: bool, scheme: Scheme
) -> None:
    with shown(name, scheme=scheme, script=script) as page:
        titles = page.locator("main h2").all_text_contents()
        captions = page.locator("details caption:not(.unseen)").all_text_contents()
        cells = page.locator("details tbody").all_text_contents()
        page.evaluate(FULL)
        text = squeezed("".join(printed(page, tmp_path / "page.pdf")))
        page.evaluate(SHORT)
    words = {word for cell in cells for word in cell.split()}
    assert titles
    assert captions
    assert [title for title in titles if squeezed(title) not in text] == []
    assert [caption for caption in captions if squeezed(caption) not in text] == []
    assert [word for word in words if squeezed(word) not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_or_covered_on_paper(shown: Shown, name: str) -> None:
    with shown(name, width=PAPER) as page:
        page.emulate_media(media="print")
        short = page.evaluate(ON_PAPER)
        page.evaluate(FULL)
        full = page.evaluate(ON_PAPER)
        page.evaluate(SHORT)
    assert full == {"missing": 0, "wide": [], "overlapping": []}
    assert short["missing"] > 0
    assert (short["wide"], short["overlapping"]) == ([], [])
