"""The sliders show the picture of their positions, at once, by mouse and by keyboard."""

import io
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.browser.conftest import Rendered
from tests.browser.drawings import POSITIONS, SIZE, VALUES, Drawer
from tests.browser.opening import NARROW, WIDE, opened
from tests.reporting.sample import MATCHING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

PANEL = "[data-sizes]"
PLACES = f"""
() => {{
  const panel = document.querySelector("{PANEL}");
  const {{ left, top }} = panel.getBoundingClientRect();
  return [...panel.querySelectorAll("[data-orders]")].map((row) =>
    [...row.querySelectorAll("img")].map((image) => {{
      const box = image.getBoundingClientRect();
      return [box.left - left, box.top - top, box.right - left, box.bottom - top].map(Math.round);
    }}));
}}
"""
ALONE = [{code: value} for code, values in VALUES.items() for value in values]
TOGETHER = [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]


Pictures = list[list[NDArray[np.float64]]]


def pictures(page: "Page") -> Pictures:
    """What a person sees of each model, one picture for each noise, as small as the sprites are."""
    whole = Image.open(io.BytesIO(page.locator(PANEL).screenshot())).convert("L")
    return [
        [
            np.asarray(whole.crop(box).resize((SIZE, SIZE), Image.Resampling.BOX), dtype=np.float64)
            for box in row
        ]
        for row in page.evaluate(PLACES)
    ]


def slider(page: "Page", code: str) -> "Locator":
    return page.locator(PANEL).get_by_role("slider", name=code)


def said(page: "Page", code: str) -> str:
    name = slider(page, code).get_attribute("id")
    return page.locator(f"output[for='{name}']").inner_text()


@cache
def drawn(noise: int, joint: bool) -> NDArray[np.float64]:
    """Every sprite of the first model and a noise, in the order of the places."""
    places = TOGETHER if joint else ALONE
    return np.array([Drawer(0).draw(noise, **place) for place in places], dtype=np.float64)


def read(seen: Pictures, *, joint: bool) -> list[dict[str, float]]:
    """Where the codes stand in each picture of the first model: where the nearest sprite does."""
    found = []
    for noise, picture in enumerate(seen[0]):
        distances = np.abs(drawn(noise, joint) - picture).mean(axis=(1, 2))
        found.append((TOGETHER if joint else ALONE)[int(np.argmin(distances))])
    return found


@pytest.mark.parametrize(
    ("browser", "width"),
    [("chromium", WIDE), ("chromium", NARROW), ("firefox", WIDE)],
    indirect=["browser"],
)
def test_arrow_keys_walk_through_the_sprites(
    browser: "Browser", complete: Path, width: int
) -> None:
    with opened(browser, complete, width=width) as page:
        place = {"digit": 5, "slant": 2, "width": 2}
        slider(page, "digit").fill("5")
        now = pictures(page)
        for code, key, step in (
            ("slant", "ArrowRight", 1),
            ("width", "ArrowLeft", -1),
            ("slant", "ArrowRight", 1),
            ("digit", "Home", -5),
            ("digit", "ArrowUp", 1),
            ("width", "End", 3),
        ):
            before, text = now, said(page, code)
            slider(page, code).press(key)
            place[code] += step
            now = pictures(page)
            assert np.abs(now[0][0] - before[0][0]).mean() > 1, (code, key)
            assert said(page, code) != text
            # The order shown first is that of the classes: position k has the digit k.
            at = {"digit": MATCHING.index(place["digit"])}
            at |= {code: POSITIONS[place[code]] for code in ("slant", "width")}
            assert read(now, joint=True) == [at] * 3


def test_what_ignores_the_codes_stands_still(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        before = pictures(page)
        slider(page, "digit").press("End")
        slider(page, "slant").press("End")
        after = pictures(page)
        assert len(before) == 2
        assert not any(map(np.array_equal, before[0], after[0]))
        assert all(map(np.array_equal, before[1], after[1]))


def test_a_slider_follows_the_mouse(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        slider(page, "slant").scroll_into_view_if_needed()
        box = slider(page, "slant").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 1, middle, steps=5)
        page.mouse.up()
        assert slider(page, "slant").input_value() == str(len(POSITIONS) - 1)
        assert said(page, "slant").endswith("1")


def test_a_slider_tells_a_screen_reader_what_it_stands_at(
    browser: "Browser", complete: Path
) -> None:
    with opened(browser, complete) as page:
        for code in ("digit", "slant", "width"):
            slider(page, code).press("Home")
            spoken = slider(page, code).get_attribute("aria-valuetext")
            assert spoken == said(page, code)


def test_raw_order_is_that_of_the_codes(browser: "Browser", complete: Path) -> None:
    with opened(browser, complete) as page:
        slider(page, "digit").fill("3")
        page.locator("input[data-order='raw']").first.check()
        assert read(pictures(page), joint=True) == [{"digit": 3, "slant": 0, "width": 0}] * 3


def test_where_sprites_are_few_one_code_moves_at_a_time(
    browser: "Browser", rendered: Rendered
) -> None:
    with opened(browser, rendered("seeds")) as page:
        slider(page, "width").press("End")
        assert read(pictures(page), joint=False) == [{"width": 1}] * 2
        slider(page, "slant").press("Home")
        assert read(pictures(page), joint=False) == [{"slant": -1}] * 2
        slider(page, "digit").press("Home")
        assert read(pictures(page), joint=False) == [{"digit": MATCHING.index(0)}] * 2
