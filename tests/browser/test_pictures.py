"""Pictures that a person can judge: large enough, sharp, and enlarged by a click without script."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from infoeval.reporting import write
from tests.browser.opening import BOTH, HEIGHT, NARROW, click, opened
from tests.reporting.sample import sample, without_extras

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

LEAST, MOST = 64, 96
SIZES = (
    *((16, "L"), (28, "L"), (32, "RGB"), (48, "L")),
    *((64, "RGB"), (96, "L"), (128, "RGB"), (160, "L")),
)
ROWS, COLUMNS = 4, 10
CELLS = """
() => [...document.querySelectorAll(".tiles img")].map((image) => ({
  natural: image.naturalWidth,
  width: image.getBoundingClientRect().width,
  ratio: image.getBoundingClientRect().height / image.naturalHeight,
  rendering: getComputedStyle(image).imageRendering,
}))
"""
HOSTILE = "<img src=x onerror=alert(1)> javascript:alert(2).png"


def grid(folder: Path, size: int, mode: str, kind: str = "traversal") -> dict[str, Any]:
    """Save a grid of random blocks and return what metrics.json says of it."""
    width, height = COLUMNS * (size + 1) - 1, ROWS * (size + 1) - 1
    channels = (3,) if mode == "RGB" else ()
    blocks = np.random.default_rng(size).integers(
        0, 256, (height // 8 + 1, width // 8 + 1, *channels)
    )
    pixels = blocks.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    file = f"{kind}-{size}.png"
    Image.fromarray(pixels.astype(np.uint8)).save(folder / file)
    entry = {"kind": kind, "file": file, "model": 0, "code": f"code {size}", "title": f"{size} px"}
    return entry | {"rows": ROWS, "columns": COLUMNS, "gap": 1}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of traversals of many sizes, and of a gallery of named files."""
    folder = tmp_path_factory.mktemp("pictures")
    document = without_extras(sample(folder))
    cells = [[{"file": f"{row}-{column}.png"} for column in range(COLUMNS)] for row in range(ROWS)]
    cells[0][0]["file"] = HOSTILE
    gallery = grid(folder, 24, "RGB", "gallery") | {"cells": cells}
    document["images"] = [*(grid(folder, *size) for size in SIZES), gallery]
    write(document, folder, folder / "page.html")
    return folder / "page.html"


@BOTH
def test_every_pixel_is_a_whole_number_of_pixels(browser: "Browser", page_file: Path) -> None:
    with opened(browser, page_file) as page:
        wide = page.evaluate(CELLS)
        page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        narrow = page.evaluate(CELLS)
    assert len(wide) == len(narrow) == COLUMNS * (len(SIZES) + 1)
    assert wide != narrow
    for cell in wide + narrow:
        scale = cell["width"] / cell["natural"]
        assert scale == pytest.approx(round(scale), abs=1e-3), cell
        assert scale == pytest.approx(cell["ratio"], abs=1e-3), cell
        assert cell["width"] >= max(LEAST, cell["natural"]), cell
        assert cell["rendering"] == "pixelated"


def test_one_model_uses_the_width_of_the_page(browser: "Browser", page_file: Path) -> None:
    with opened(browser, page_file) as page:
        for place, (size, _) in enumerate(SIZES):
            columns = page.locator(f"#grid-{place} .columns").bounding_box()
            room = page.locator(f".pictures:has(#grid-{place})").bounding_box()
            assert columns is not None
            assert room is not None
            # With one more of its pixels for each it would be wider than the page, or very tall.
            larger = columns["width"] + COLUMNS * size
            assert larger > min(room["width"], COLUMNS * MOST), size
            assert columns["width"] > room["width"] / 2, "no other model stands beside it"


def tiles_in_view(figure: "Locator") -> float:
    """How many rows of tiles are not cut off."""
    heights: list[float] = figure.locator(".window, .window img").evaluate_all(
        "(all) => all.slice(0, 2).map((one) => one.getBoundingClientRect().height)"
    )
    window, image = heights
    return ROWS * window / image


@BOTH
def test_a_click_enlarges_without_script(browser: "Browser", page_file: Path) -> None:
    with opened(browser, page_file, script=False) as page:
        figure = page.locator("#grid-1")
        image = figure.locator("img").first
        before = image.bounding_box()
        assert before is not None
        assert tiles_in_view(figure) == pytest.approx(2, abs=0.1)
        click(figure.locator(".window").first)
        after = image.bounding_box()
        assert after is not None
        assert after["width"] == 2 * before["width"]
        assert tiles_in_view(figure) == pytest.approx(ROWS, abs=0.1)
        assert not page.locator("#grid-0").evaluate(
            "(one) => one.contains(document.elementFromPoint(300, 300))"
        )
        click(figure.get_by_role("link", name="Close"))
        again = image.bounding_box()
        assert again is not None
        assert again["width"] == before["width"]
        assert page.locator(".pictures:has(#grid-1) h3").is_visible()


@BOTH
def test_a_click_unfolds_the_other_rows(browser: "Browser", page_file: Path) -> None:
    with opened(browser, page_file, script=False) as page:
        click(page.get_by_text("More: all four rows").nth(1))
        assert tiles_in_view(page.locator("#grid-1")) == pytest.approx(ROWS, abs=0.1)
        assert tiles_in_view(page.locator("#grid-0")) == pytest.approx(2, abs=0.1)


def test_a_picture_leads_to_the_name_of_its_file(browser: "Browser", page_file: Path) -> None:
    with opened(browser, page_file) as page:
        figure = page.locator(f"#grid-{len(SIZES)}")
        name = figure.get_by_text("1-3.png", exact=True)
        assert not name.is_visible()
        figure.locator(".file[title='1-3.png']").click()
        assert name.is_visible()
        assert figure.get_by_text(HOSTILE).is_visible()
        assert page.locator("img[src=x]").count() == 0
        links = figure.locator("a").evaluate_all("(all) => all.map((one) => one.protocol)")
        assert set(links) == {"file:"}


def test_escape_closes_what_is_enlarged(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        page.locator("#grid-0 .enlarge").click()
        assert page.locator("#grid-0 .alone").first.is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("#grid-0 .alone").first.is_visible()
