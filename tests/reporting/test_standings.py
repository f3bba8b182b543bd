"""Who is best at what is said only where the interval of the difference says so."""

import copy
from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting.page import render
from infoeval.reporting.standings import MOST_ROWS, Standing, standings, tally
from infoeval.results import Document
from tests.reporting.reading import Reading
from tests.reporting.several import between, compared, light

Plain = dict[str, Any]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    return compared(tmp_path_factory.mktemp("three"))


def judged(document: Plain, *differences: Plain) -> Standing:
    """The standing of one metric with these differences."""
    first = [each for each in differences if each["base"] == 0]
    more = {
        "differences": first,
        "differences_among_others": [each for each in differences if each not in first],
        "images": [],
    }
    (standing,) = standings(Document.for_page({**document, **more}))
    return standing


def mig(first: float, second: float, models: tuple[int, int], half: float = 0.02) -> Plain:
    return between("mig", None, first, second, models, half)


def test_the_best_leads_the_next_by_the_interval_of_their_difference(three: Plain) -> None:
    pairs = [mig(0.2, 0.5, (0, 1)), mig(0.2, 0.3, (0, 2)), mig(0.5, 0.3, (1, 2), 0.1)]
    standing = judged(three, *pairs)
    assert standing.decided
    assert standing.best == {1}
    assert standing.text == "Narrow, 0.20 ahead of Short training (0.10 to 0.30)"


def test_no_winner_where_the_interval_covers_zero(three: Plain) -> None:
    pairs = [mig(0.2, 0.5, (0, 1)), mig(0.2, 0.49, (0, 2)), mig(0.5, 0.49, (1, 2))]
    standing = judged(three, *pairs)
    assert not standing.decided
    assert standing.best == {1, 2}
    assert standing.text == (
        "no difference shown between Narrow and Short training (0.01, −0.01 to 0.03)"
    )


def test_no_winner_where_no_interval_is_known(three: Plain) -> None:
    unknown = mig(0.5, 0.3, (1, 2)) | {"low": None, "high": None}
    standing = judged(three, mig(0.2, 0.5, (0, 1)), mig(0.2, 0.3, (0, 2)), unknown)
    assert not standing.decided
    assert standing.text.startswith("not known")


def test_lower_is_better_where_the_metric_says_so(three: Plain) -> None:
    document = copy.deepcopy(three)
    for model in (document, *document["models"]):
        for result in model["results"]:
            if result["metric"] == "mig":
                result["higher_is_better"] = False
    pairs = [mig(0.2, 0.5, (0, 1)), mig(0.2, 0.3, (0, 2)), mig(0.5, 0.3, (1, 2))]
    standing = judged(document, *pairs)
    assert standing.best == {0}
    assert standing.text == "Wide, 0.10 ahead of Short training (0.08 to 0.12)"


def test_settings_of_a_metric_have_standings_of_their_own(three: Plain) -> None:
    pairs = [(0, 1), (0, 2), (1, 2)]
    plain = [mig(0.4, 0.2, pair) for pair in pairs]
    ksg = [mig(0.3, 0.3, pair) | {"options": "estimator=ksg"} for pair in pairs]
    both = {
        "differences": [*plain[:2], *ksg[:2]],
        "differences_among_others": [plain[2], ksg[2]],
        "images": [],
    }
    document = Document.for_page({**three, **both})
    found = {each.what: each.text for each in standings(document)}
    assert found == {
        "One code a factor (mig)": "Wide, 0.20 ahead of Narrow (0.18 to 0.22)",
        "One code a factor (mig) (estimator=ksg)": (
            "no difference shown between Wide, Narrow and Short training"
        ),
    }
    assert tally(document).startswith("Of two numbers, one has one best model")


def test_the_tally_counts_only_what_is_shown(three: Plain) -> None:
    equal = [mig(0.4, 0.4, pair) for pair in ((0, 1), (0, 2), (1, 2))]
    clear = [
        between("dci", None, high, low, pair)
        for high, low, pair in ((0.9, 0.5, (0, 1)), (0.9, 0.4, (0, 2)), (0.5, 0.4, (1, 2)))
    ]
    both = {
        "differences": [*equal[:2], *clear[:2]],
        "differences_among_others": [equal[2], clear[2]],
        "images": [],
    }
    assert tally(Document.for_page({**three, **both})) == (
        "Of two numbers, one has one best model: Wide in one; in the other one none is shown to be "
        "best."
    )
    none = {"differences": equal[:2], "differences_among_others": equal[2:], "images": []}
    assert tally(Document.for_page({**three, **none})) == (
        "In none of one number is one model shown to be better than every other."
    )


def test_the_page_begins_with_who_is_best(three: Plain, tmp_path: Path) -> None:
    page = Reading(render(light({**three, "images": []}), tmp_path))
    text = page.text
    assert "Each of six numbers has one best model: Wide in five and Narrow in one." in text
    assert "Wide, 6.1 points ahead of Narrow (4.1 to 8.1)" in text
    assert len(standings(Document.for_page({**three, "images": []}))) <= MOST_ROWS


def test_one_model_has_no_standings(document: Plain) -> None:
    assert standings(Document.for_page({**document, "images": []})) == ()
    assert tally(Document.for_page({**document, "images": []})) == ""
