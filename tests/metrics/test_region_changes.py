"""Changes of the sides and of the middle: values in closed form, intervals, and hostile input."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from infoeval.errors import UserError
from infoeval.metrics import Score, region_changes

Array = NDArray[Any]
RANDOM = np.random.default_rng(0)
BEFORE, OTHERS = RANDOM.integers(0, 256, (2, 400, 3, 4, 16), dtype=np.uint8)


def parts(score: Score) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = score.details["parts"]
    return found


def values(after: Array, **settings: Any) -> list[float]:
    score = region_changes(BEFORE, after, OTHERS, replicates=0, **settings)
    return [part["value"] for part in parts(score).values()]


def replaced(columns: Any) -> Array:
    after = BEFORE.copy()
    after[..., columns] = OTHERS[..., columns]
    return after


def test_all_nothing_and_each_region() -> None:
    sides = [*range(4), *range(12, 16)]
    assert values(BEFORE) == [0, 0, 0]
    assert values(OTHERS) == [1, 1, 0]
    assert values(replaced(sides)) == [1, 0, 1]
    assert values(replaced(slice(4, 12))) == [0, 1, -1]
    assert values(replaced(slice(0, 4)))[:2] == [pytest.approx(0.5, abs=0.01), 0]
    assert values(replaced([0, 15]), outer=1 / 16) == [1, 0, 1]


def test_a_shift_of_8_bit_pixels_does_not_wrap() -> None:
    """255 and 0 are far apart, whatever the type."""
    dark, light = np.zeros((4, 1, 2, 4), np.uint8), np.full((4, 1, 2, 4), 255, np.uint8)
    grey = np.full((4, 1, 2, 4), 51, np.uint8)
    score = region_changes(light, grey, dark)
    assert float(score) == pytest.approx(0.8)
    assert parts(score)["middle"]["value"] == pytest.approx(0.8)


def test_intervals_hold_the_share_that_was_planted() -> None:
    """A code that changes the sides of three images in ten, drawn many times."""
    held = {"sides": 0, "difference": 0}
    for seed in range(60):
        random = np.random.default_rng(seed)
        before, others, new = random.random((3, 60, 1, 2, 8))
        after = before.copy()
        rows = random.random(60) < 0.3
        after[rows, ..., :2], after[rows, ..., 6:] = new[rows, ..., :2], new[rows, ..., 6:]
        score = region_changes(before, after, others, seed=seed)
        assert score.low is not None
        for name in held:
            part = parts(score)[name]
            held[name] += part["low"] <= 0.3 <= part["high"]
    assert all(count >= 54 for count in held.values())


def test_the_interval_is_not_so_wide_that_it_says_nothing() -> None:
    part = parts(region_changes(BEFORE, replaced(slice(4, 8)), OTHERS))
    assert 0 < part["middle"]["high"] - part["middle"]["low"] < 0.1
    assert part["sides"] == {"value": 0, "low": 0, "high": 0}


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        ((BEFORE, BEFORE[:5], OTHERS), {}, "images of the shapes"),
        ((BEFORE[:3],) * 3, {}, "give 4 images or more"),
        ((BEFORE[:, 0],) * 3, {}, "before: shape"),
        ((BEFORE, BEFORE, np.where(OTHERS < 9, np.nan, OTHERS)), {}, "others: .* not finite"),
        ((BEFORE, "after", OTHERS), {}, "after: "),
        ((BEFORE, BEFORE, BEFORE), {}, "the same in all images"),
        ((BEFORE[..., :2],) * 3, {}, "2 columns are too few"),
        ((BEFORE[..., :3], OTHERS[..., :3], OTHERS[..., :3]), {"outer": 0.1}, "too few"),
        *(
            ((BEFORE, BEFORE, OTHERS), {"outer": bad}, "outer is")
            for bad in (0, 0.5, -1, "a", None)
        ),
        ((BEFORE, BEFORE, OTHERS), {"level": 2}, "level"),
    ],
)
def test_what_is_refused(given: Any, settings: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        region_changes(*given, **settings)
