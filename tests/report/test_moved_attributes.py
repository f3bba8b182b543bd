"""A direction is named after what it surely changes most."""

from typing import Any

import pytest

from tests.report.made_up import document, said, score


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
