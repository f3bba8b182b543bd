"""The first screen of every subject: it fits, and answers the five questions of docs/report.md."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import MAKERS, Shown
from tests.browser.opening import BOTH

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

SCREEN = 800
"""Height of a small laptop's window, CSS pixels; it is 1280 wide."""
PAGES = ("complete", "paired_seeds", "three", "table", "encoder", "generator", "directions")
QUESTIONS = (
    "Which code turns the digits?",
    "Which seed would you take?",
    "Is A better than B?",
    "Which images does code 3 confuse?",
    "May I quote this number?",
)
BOTTOM = "(one) => one.getBoundingClientRect().bottom + scrollY"


def first(page: "Page") -> "Locator":
    return page.locator("#verdict .first")


@BOTH
@pytest.mark.parametrize("name", PAGES)
def test_the_answer_fits_on_the_first_screen(shown: Shown, name: str, screenshots: Path) -> None:
    assert name in MAKERS
    with shown(name) as page:
        page.screenshot(
            path=screenshots / f"first-{name}.png",
            clip={"x": 0, "y": 0, "width": 1280, "height": SCREEN},
        )
        assert first(page).evaluate(BOTTOM) <= SCREEN
        text = first(page).inner_text()
        assert "How sure" in text
        assert "Nothing was measured" not in text


@BOTH
@pytest.mark.parametrize("name", PAGES)
def test_it_is_as_wide_as_a_phone(shown: Shown, name: str) -> None:
    with shown(name, width=390) as page:
        assert first(page).is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("table", "z1 follows x, |Spearman| 0.80"),
        ("encoder", "z3 follows y, |Spearman| 0.80"),
        ("directions", "slant changes brightness (by 0.60 deviations a step; 0.55 to 0.65"),
    ],
)
def test_every_subject_names_its_codes(shown: Shown, name: str, sentence: str) -> None:
    with shown(name) as page:
        assert sentence in first(page).inner_text()


def test_which_code_turns_the_digits(shown: Shown) -> None:
    with shown("generator") as page:
        line = first(page).locator(".findings li", has_text="slant")
        assert "slant slants " in line.first.inner_text()
        assert "0.86" in line.first.inner_text()
        assert line.first.locator("img.strip").is_visible()
        assert "unnamed" in first(page).locator(".findings li", has_text="width").inner_text()


def test_which_seed_would_you_take(shown: Shown) -> None:
    with shown("paired_seeds") as page:
        sure = first(page).locator(".sure").inner_text()
        assert "five seeds; seed 0 shown, chosen without labels" in sure
        table = first(page).locator("table.over-seeds").inner_text()
        for number in ("13.0 ± 19.5 %", "5.0 to 41.0 %", "seed 4"):
            assert number in table


def test_is_one_model_better_than_another(shown: Shown) -> None:
    with shown("three") as page:
        row = first(page).locator("table.standings tr", has_text="Classes told by digit")
        assert "Wide, 6.1 points ahead of Narrow (4.1 to 8.1)" in row.inner_text()
        codes = first(page).locator("table.codes").inner_text()
        assert "agreement 0.70, in reverse" in codes


def test_which_images_does_a_code_confuse(shown: Shown) -> None:
    with shown("complete") as page:
        section = page.locator("#confusion")
        assert section.locator("svg[role=img]").first.is_visible()
        confused = section.locator("table", has_text="Classes that are confused")
        assert " and " in confused.locator("tbody th").first.inner_text()
        assert page.locator("#gallery .mark").first.is_visible()


def test_may_a_number_be_quoted(shown: Shown) -> None:
    with shown("complete") as page:
        against = first(page).locator(".sure .bad").all_inner_texts()
        assert against == ["Q had not converged everywhere"]
        assert "5.9 % error (5.4 to 6.3 %" in first(page).inner_text().replace("\xa0", " ")
        full = page.locator("#verdict .evidence")
        assert full.is_visible(), "what speaks against a number is not folded"
        assert "they do not cover the choice of seed" in full.inner_text()


def test_the_questions_are_those_of_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    for question in QUESTIONS:
        assert f"| {question} |" in text
