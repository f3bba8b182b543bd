"""A code follows a factor where chance does not: never by the raw value alone."""

import math
from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting import render
from tests.reporting.made_up import document, pair, said, score
from tests.reporting.reading import Reading


def test_a_code_that_follows_a_factor() -> None:
    """A table of codes without priors has its sentences, too."""
    found = (
        pair("a", "size", 0.93, (0.91, 0.94), chance=0.02, p=1e-4, paired=True),
        pair("a", "shape", 0.05, (0.04, 0.06), chance=0.01, p=0.2, measure="NMI"),
    )
    assert said(document(*found)) == {
        "a": "follows size, |Spearman| 0.93 (0.91 to 0.94; chance 0.02)."
    }


def test_a_factor_of_generated_images_is_told_with_how_well_it_is_read() -> None:
    found = [pair("a", "size", 0.93, (0.91, 0.94), chance=0.02, p=1e-4)]
    whole = score("code-factors", None, 0.93, None, {})
    whole["details"]["measuring"] = {
        "size": {"measure": "|Spearman|", "value": 0.968, "least": 0.9}
    }
    for each in (whole, *found):
        each["settings"] = {"own": {"images": "generated"}}
    assert said(document(whole, *found))["a"] == (
        "follows size, |Spearman| 0.93 (0.91 to 0.94; chance 0.02; read from images with "
        "|Spearman| 0.97), on generated images."
    )
    del whole["settings"]
    assert "read from" not in said(document(whole, *found))["a"]


def test_noise_against_two_hundred_people_follows_nobody() -> None:
    """By its value, 0.281, it used to follow a person weakly: chance gives 0.28."""
    found = pair("noise", "person", 0.281, (0.178, 0.281), chance=0.28, p=0.6, measure="NMI")
    assert said(document(found)) == {
        "noise": "is unnamed: it follows no factor that these rows can show (closest: person, "
        "NMI 0.28, 0.18 to "
        "0.28, chance 0.28)."
    }


def test_the_closest_factor_is_that_above_chance_not_that_of_the_largest_value() -> None:
    """An NMI of 0.30, of which chance gives 0.28, is less than a rank correlation of 0.22."""
    found = (
        pair("a", "identity", 0.30, chance=0.28, p=0.03, measure="NMI", paired=True),
        pair("a", "width", 0.22, (0.18, 0.26), chance=0.02, p=1e-3),
    )
    assert said(document(*found))["a"] == (
        "weakly follows width, |Spearman| 0.22 (0.18 to 0.26; chance 0.02)."
    )
    found[1]["value"], found[1]["details"]["adjusted"]["value"] = 0.19, 0.17
    assert "closest: width, |Spearman| 0.19, 0.18 to 0.26" in said(document(*found))["a"]


@pytest.mark.parametrize(
    ("adjusted", "p", "verb"),
    [
        (0.5, 0.01, "follows size"),
        (0.49, 0.001, "weakly follows size"),
        (0.2, 0.01, "weakly follows size"),
        (0.19, 0.001, "is unnamed: it follows no factor that these rows can show"),
        (0.9, 0.011, "is unnamed: it follows no factor that these rows can show"),
    ],
)
def test_thresholds(adjusted: float, p: float, verb: str) -> None:
    found = pair("a", "size", 0.9, chance=0.05, adjusted=adjusted, p=p)
    assert said(document(found))["a"].startswith(verb)


def test_a_factor_that_passes_the_test_comes_before_one_that_does_not() -> None:
    """With few rows the value may lie far above the mean of chance, and chance vary as much."""
    found = (
        pair("a", "rare", 0.6, chance=0.1, p=0.3),
        pair("a", "size", 0.4, chance=0.1, p=0.001),
    )
    assert said(document(*found))["a"].startswith("weakly follows size")


@pytest.mark.parametrize("missing", ["p", "adjusted"])
def test_nothing_is_followed_that_was_not_compared_with_chance(missing: str) -> None:
    found = pair("a", "size", 0.99, (0.98, 1.0), chance=0.01, p=1e-4)
    found["details"].pop(missing)
    text = (
        "is unnamed: it was not compared with chance, so that no factor can be said to be followed."
    )
    assert said(document(found)) == {"a": text}
    found["details"]["no_null"] = "200,000 rows take an hour"
    assert said(document(found))["a"].startswith(
        "is unnamed: it was not compared with chance (200,000 rows take an hour), so"
    )


def test_few_rows_whose_shuffles_reach_the_best_value_were_compared_with_chance() -> None:
    """There is no value above chance then, but there is an answer."""
    found = pair("a", "size", 1.0, chance=0.9, p=0.6)
    found["details"].pop("adjusted")
    text = "is unnamed: it follows no factor that these rows can show: chance often scores as much."
    assert said(document(found)) == {"a": text}


def test_older_results_follow_nothing() -> None:
    assert "not compared with chance" in said(document(pair("a", "size", 0.99)))["a"]


def test_a_constant_code_is_close_to_nothing() -> None:
    found = [pair("dead", factor, 0.0, chance=0.0, p=1.0) for factor in ("size", "shape")]
    assert said(document(*found)) == {
        "dead": "is unnamed: it follows no factor: it has nothing in common with any."
    }


def test_images_are_named_where_there_are_some() -> None:
    found = pair("a", "size", 0.93, chance=0.02, p=1e-4)
    of_encoder = document(found, subject={"model": "vae.py:encoder"})
    assert said(of_encoder)["a"].endswith(
        "follows size, |Spearman| 0.93 (chance 0.02), on real images."
    )
    found["settings"] = {"own": {"images": "generated"}}
    assert said(of_encoder)["a"].endswith("on generated images.")


def test_a_page_of_a_table_speaks_of_rows(tmp_path: Path) -> None:
    found = pair("a", "size", 0.93, (0.91, 0.94), chance=0.02, p=1e-4)
    text = Reading(render(document(found), tmp_path)).text
    assert "a follows size, |Spearman| 0.93 (0.91 to 0.94; chance 0.02)." in text
    assert "2,000 rows" in text
    assert "over the sampled rows alone" in text
    assert "One table of codes: those of another seed of the model can be very different." in text
    assert "in a hundred tables of shuffled factors" in text


def test_settings_are_not_mixed() -> None:
    """A measure that was asked for as well does not replace the first."""
    other = pair("a", "shape", 0.9, chance=0.0, p=1e-4, measure="NMI")
    other["settings"] = {"own": {"normalization": "min"}}
    found = pair("a", "shape", 0.3, chance=0.0, p=1e-4, measure="NMI"), other
    assert "weakly follows shape, NMI 0.30" in said(document(*found))["a"]


def noise(codes: int) -> list[dict[str, Any]]:
    return [pair(f"noise {n}", "size", 0.03, chance=0.02, p=0.7) for n in range(codes)]


def test_of_very_many_codes_those_that_mean_something_have_a_sentence() -> None:
    found = [*noise(40), pair("a", "size", 0.93, chance=0.02, p=1e-4)]
    assert said(document(*found)) == {
        "a": "follows size, |Spearman| 0.93 (chance 0.02).",
        "40 other codes": "follow no factor that these rows can show.",
    }
    assert len(said(document(*noise(24)))) == 24


def test_seeds_have_a_range_by_the_same_measure() -> None:
    def model(code: str, value: float, measure: str = "|Spearman|") -> dict[str, Any]:
        found = pair(code, "size", value, chance=0.02, p=1e-4, measure=measure)
        return {"role": "seed", "subject": {"model": code}, "results": [found]}

    shown = document(pair("a", "size", 0.93, chance=0.02, p=1e-4), arrangement="seeds")
    shown["models"] = [model("b", 0.71), model("c", 0.2, "NMI")]
    assert "0.71 to 0.93 over two seeds" in said(shown)["a"]


def test_the_page_of_noise_says_of_no_code_that_it_follows_anything() -> None:
    """Whatever the values are: the test decides."""
    found = [
        pair("a", f"factor {k}", 0.1 + 0.02 * k, chance=0.05, p=0.011 + k / 50) for k in range(40)
    ]
    text = said(document(*found))["a"]
    assert text.startswith("is unnamed: it follows no factor")
    assert math.isclose(found[-1]["value"], 0.88)
    assert "closest: factor 39" in text


@pytest.mark.parametrize(
    ("adjusted", "strength", "verb"),
    [(0.79, 0.95, "follows"), (0.12, 0.55, "partly follows"), (0.05, 0.30, "weakly follows")],
)
def test_a_small_share_of_the_entropy_is_followed_in_part_only(
    adjusted: float, strength: float, verb: str
) -> None:
    """A code that tells one class of ten from the others has a seventh of their entropy."""
    found = pair("a", "kind", adjusted + 0.02, chance=0.02, p=0.005, measure="I / H(factor)")
    found["details"] |= {"adjusted": {"value": adjusted}, "strength": strength}
    assert said(document(found))["a"].startswith(f"{verb} kind, I / H(factor)")
