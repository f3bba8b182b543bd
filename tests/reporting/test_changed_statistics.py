"""Names of codes by what they change in images."""

from typing import Any

import pytest

from tests.reporting.made_up import document, pair, said, score

Document = dict[str, Any]


def effects(
    code: str, *, kind: str = "continuous", means: Any = (0.0, 1.0), **shares: tuple[float, float]
) -> Document:
    """Statistics by their names, with the low ends of the consistency and of the share."""
    statistics = {
        name.replace("_", " "): {
            "consistency": min(low + 0.02, 1.0),
            "low": low,
            "high": min(low + 0.04, 1.0),
            "share": share + 0.02,
            "share_low": share,
            "share_high": share + 0.04,
            "means": list(means),
        }
        for name, (low, share) in shares.items()
    }
    best = max(statistics.values(), key=lambda each: each["share"])
    ends = (best["low"], best["high"])
    details = {"code": code, "kind": kind, "statistics": statistics}
    return score("image-effects", f"{code} × slant", best["consistency"], ends, details)


def named(**given: Any) -> str:
    return said(document(effects("a", **given)))["a"]


def test_a_code_is_named_after_what_it_changes_with_all_the_numbers() -> None:
    text = named(means=(-24.2, 3.0, 19.4), slant=(0.89, 0.84), size=(0.6, 0.35), texture=(0.9, 0.1))
    assert text == (
        "slants what is drawn in generated images: slant −24° to +19° (correlation ratio 0.86, "
        "0.84 to 0.88; consistency 0.91, 0.89 to 0.93); size follows it weakly (0.37, 0.35 to "
        "0.39)."
    )


def test_directions_and_ranges() -> None:
    assert "changes brightness in generated images: 60 to 30 % of white" in named(
        means=(0.6, 0.4, 0.3), brightness=(0.9, 0.9)
    )
    turned = named(kind="angle", means=(0.5, 0.9, 0.2, 0.5), centroid_x=(1, 0.8))
    assert ": position from left to right between 20 and 90 % of the width" in turned
    assert turned.startswith("moves what is drawn from left to right")
    light = named(means=(0.1, 0.5, 0.1), light_y=(0.8, 0.8))
    assert "light from top to bottom in generated images: between 0.10 and 0.50" in light


def test_the_data_set_says_what_is_turned() -> None:
    found = document(effects("a", slant=(0.9, 0.8), wider_than_high=(0.9, 0.8)))
    found["data"] |= {"name": "mnist"}
    assert said(found)["a"].startswith(
        "turns the digits in generated images: slant 0° to +1°, width"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"slant": (0.49, 0.9)},
        {"slant": (0.9, 0.29)},
        {"light_x": (0.9, 0.69)},
        {"slant": (0.9, 0.69), "kind": "categorical"},
        {"slant": (0.9, 0.9), "means": (0, 1, 0, 1, 0, 1)},
        {"centroid_y": (1, 0.9), "means": (0.5, 0.55, 0.59)},
    ],
)
def test_what_is_inconsistent_or_small_or_goes_to_and_fro_gives_no_name(given: Any) -> None:
    assert said(document(effects("a", **given))).get("a", "is unnamed").startswith("is unnamed")


def test_categories_and_angles_need_no_order() -> None:
    for kind in ("categorical", "angle"):
        assert "slant" in named(kind=kind, means=(0, 1, 0, 1, 0, 1), slant=(0.9, 0.9))


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"centroid_x": (1, 1), "size": (1, 1), "area": (1, 1)}, "left to right and size in"),
        ({"centroid_x": (1, 1), "centroid_y": (1, 0.9)}, "moves what is drawn in"),
        ({"centroid_x": (1, 1), "centroid_y": (1, 0.7)}, "from left to right in"),
        ({"slant": (0.7, 0.7), "wider_than_high": (0.7, 0.6)}, "turns what is drawn in"),
        ({"size": (1, 1), "area": (1, 1), "brightness": (1, 1.1)}, "changes size in"),
        ({"area": (1, 0.8), "stroke_width": (1, 0.6), "size": (1, 0.4)}, "changes stroke width in"),
        ({"area": (1, 0.8), "stroke_width": (1, 0.3)}, "changes area in"),
        ({"area": (1, 0.2), "stroke_width": (1, 0.8)}, "changes stroke width in"),
        ({"saturation": (1, 1), "brightness": (1, 0.8)}, "changes brightness in"),
        ({"contrast": (1, 0.8), "brightness": (1, 0.5)}, "changes contrast in"),
        ({"red_less_green": (1, 1), "blue_less_yellow": (1, 1)}, "changes hue in"),
        ({"texture": (1, 0.9), "area": (1, 0.7)}, "changes texture in"),
        ({"texture": (1, 0.9), "area": (1, 0.8), "size": (1, 0.8)}, "changes size in"),
        ({"light_x": (1, 0.9), "centroid_x": (1, 1)}, "changes light from left to right in"),
    ],
)
def test_kinds_go_in_their_order_where_they_are_about_as_strong(
    shares: dict[str, tuple[float, float]], words: str
) -> None:
    assert words in named(**shares)


def test_what_changes_everything_as_a_code_of_classes_does_has_no_name() -> None:
    everything = {"centroid_y": (0.9, 0.8), "area": (0.9, 0.8), "slant": (0.9, 0.8)}
    assert (
        said(document(effects("a", **everything))).get("a", "is unnamed").startswith("is unnamed")
    )
    # The strongest is ahead of two others, which are not clearly behind it.
    everything["slant"] = (0.9, 1.1)
    assert (
        said(document(effects("a", **everything))).get("a", "is unnamed").startswith("is unnamed")
    )
    assert named(slant=(0.9, 1.1), area=(0.9, 0.8)).startswith("slants")
    everything |= {"light_x": (0.9, 1.1)}
    assert (
        said(document(effects("a", **everything))).get("a", "is unnamed").startswith("is unnamed")
    )
    assert "changes light" in named(light_x=(0.9, 1.1), area=(0.9, 0.8), centroid_x=(0.9, 0.8))


def test_what_hardly_follows_is_not_told() -> None:
    assert "follows" not in named(slant=(0.89, 0.84), size=(0.9, 0.07))
    assert "; size follows it weakly" in named(slant=(0.89, 0.84), size=(0.9, 0.09))
    assert "; size follows it (0.57" in named(slant=(0.89, 0.84), size=(0.9, 0.55))


def test_results_without_intervals_of_shares_are_read() -> None:
    found = effects("a", slant=(0.9, 0.8))
    for each in found["details"]["statistics"].values():
        del each["share_low"], each["share_high"], each["means"]
    assert said(document(found))["a"] == (
        "slants what is drawn in generated images (correlation ratio 0.82; consistency 0.92, 0.90 "
        "to 0.94)."
    )


def test_a_factor_goes_before_what_changes_in_images() -> None:
    followed = pair("a", "azimuth", 0.9, (0.88, 0.92), chance=0.02, p=0.005)
    text = said(document(followed, effects("a", slant=(0.9, 0.9))))["a"]
    assert text.startswith("follows azimuth")
    unclear = pair("a", "azimuth", 0.1, (0.08, 0.12), chance=0.08, p=0.5)
    text = said(document(unclear, effects("a", slant=(0.9, 0.9))))["a"]
    assert text.startswith("slants what is drawn")


def moved(value: float, half: float = 0.05, **others: float) -> str:
    """What is said of a direction that changes brightness by this much, and others."""
    changes = [
        {"kind": "image statistics", "attribute": name, "value": size, "low": size, "high": size}
        for name, size in {"brightness": value, **others}.items()
    ]
    details: dict[str, Any] = {
        "attribute": "brightness",
        "kind": "image statistics",
        "changes": changes,
        "dependency_max": max((abs(size / value) for size in others.values()), default=0.0),
    }
    ends = value - half, value + half
    found = score("direction-change", "young", value, ends, details)
    return said(document(found, codes=[{"name": "young", "kind": "normal", "entropy": 1.4}]))[
        "young"
    ]


def test_it_is_named_with_its_interval_and_its_largest_side_effect() -> None:
    assert moved(0.6, slant=-0.3) == (
        "changes brightness (by 0.60 deviations a step; 0.55 to 0.65; largest side effect 50.0 %)."
    )


def test_the_sense_of_a_direction_does_not_matter() -> None:
    assert moved(-0.6).startswith("changes brightness (by 0.60 deviations a step; 0.55 to 0.65;")


def test_what_changes_as_much_is_named_too() -> None:
    assert moved(0.6, size=0.5).startswith("changes brightness and size (")
    many = {"size": 0.5, "slant": 0.55, "mass": 0.58}
    assert moved(0.6, **many).startswith("changes brightness among other things (")


@pytest.mark.parametrize(("value", "half"), [(0.25, 0.01), (0.4, 0.15), (0.4, 0.5), (-0.4, 0.15)])
def test_small_or_unsure_changes_give_no_name(value: float, half: float) -> None:
    assert moved(value, half) == "is unnamed."
