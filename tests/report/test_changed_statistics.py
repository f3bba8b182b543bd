"""Names of codes by what they change in images."""

from typing import Any

import pytest

from tests.report.made_up import document, pair, said, score

Document = dict[str, Any]


def effects(code: str, **shares: tuple[float, float]) -> Document:
    """Statistics by their names, with the low end of the consistency, and the share."""
    statistics = {
        name.replace("_", " "): {
            "consistency": min(low + 0.02, 1.0),
            "low": low,
            "high": min(low + 0.04, 1.0),
            "share": share,
        }
        for name, (low, share) in shares.items()
    }
    best = max(statistics.values(), key=lambda each: each["share"])
    ends = (best["low"], best["high"])
    details = {"code": code, "statistics": statistics}
    return score("image-effects", f"{code} × slant", best["consistency"], ends, details)


def named(**shares: tuple[float, float]) -> str:
    return said(document(effects("a", **shares)))["a"]


def test_a_code_is_named_after_what_it_changes_with_all_the_numbers() -> None:
    text = named(slant=(0.89, 0.84), size=(0.6, 0.35), brightness=(0.9, 0.1))
    assert text == (
        "changes slant in generated images (consistency 0.91; 0.89 to 0.93; 84 % of its "
        "deviation; next: size, 35 %)."
    )


@pytest.mark.parametrize("shares", [{"slant": (0.49, 0.9)}, {"slant": (0.9, 0.29)}])
def test_what_is_inconsistent_or_small_gives_no_name(
    shares: dict[str, tuple[float, float]],
) -> None:
    assert said(document(effects("a", **shares))).get("a", "is unnamed").startswith("is unnamed")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        (
            {"centroid_x": (1, 1), "size": (1, 1), "mass": (1, 1)},
            "position from left to right and size in",
        ),
        ({"centroid_x": (1, 1), "centroid_y": (1, 0.9)}, "changes position in"),
        ({"slant": (0.7, 0.7), "wider_than_high": (0.7, 0.6)}, "changes orientation in"),
        ({"size": (1, 1), "brightness": (1, 1.1), "mass": (1, 1)}, "changes size in"),
        ({"saturation": (1, 1), "brightness": (1, 0.8), "edges": (1, 0.9)}, "changes brightness"),
        ({"red_less_green": (1, 1), "blue_less_yellow": (1, 1)}, "changes hue in"),
        ({"contrast": (1, 0.6), "edges": (1, 0.5), "size": (1, 0.45)}, "changes size in"),
        ({"contrast": (1, 0.6), "edges": (1, 0.5), "size": (1, 0.41)}, "changes contrast in"),
    ],
)
def test_shape_comes_before_light_and_light_before_colour(
    shares: dict[str, tuple[float, float]], words: str
) -> None:
    assert words in named(**shares)


def test_what_is_less_consistent_gives_no_name_to_what_is_not_its_effect() -> None:
    text = named(slant=(0.55, 0.6), wider_than_high=(0.65, 0.6), brightness=(0.96, 0.5))
    assert text.startswith("changes brightness in generated images (consistency 0.98;")
    assert "next: width against height, 60 %" in text


def test_a_factor_goes_before_what_changes_in_images() -> None:
    followed = pair("a", "azimuth", 0.9, (0.88, 0.92), chance=0.02, p=0.005)
    text = said(document(followed, effects("a", slant=(0.9, 0.9))))["a"]
    assert text.startswith("follows azimuth")
    unclear = pair("a", "azimuth", 0.1, (0.08, 0.12), chance=0.08, p=0.5)
    text = said(document(unclear, effects("a", slant=(0.9, 0.9))))["a"]
    assert text.startswith("changes slant")
