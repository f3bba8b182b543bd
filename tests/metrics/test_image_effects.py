"""What codes of known effect change, and what codes that change nothing do not."""

from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics import image_effects

VALUES = np.linspace(-1, 1, 7)
RNG = np.random.default_rng(0)
RANDOM = RNG.normal(size=(2000, 1)) * [1.0, 10.0]


def along(first: Any, second: Any = 0.0, count: int = 60) -> Any:
    """Traversals with these changes of both statistics, from random places."""
    start = RANDOM[:count, None, :]
    changes = np.stack(np.broadcast_arrays(first, second, np.zeros((count, len(VALUES))))[:2], 2)
    return start + changes


def effects(traversed: Any, **options: Any) -> Any:
    return image_effects(traversed, RANDOM, names=["a", "b"], **options).details["statistics"]


def test_a_change_that_is_the_same_everywhere() -> None:
    found = effects(along(VALUES, 10 * VALUES**2))
    for each in found.values():
        assert each["consistency"] == pytest.approx(1, abs=1e-9)
        assert each["low"] == pytest.approx(1, abs=1e-9)
    assert found["a"]["share"] == pytest.approx(np.sqrt((VALUES**2).mean()), rel=0.05)
    assert found["a"]["means"] == pytest.approx(RANDOM[:60, 0].mean() + VALUES)


def test_a_dead_code_changes_nothing_at_all() -> None:
    score = image_effects(along(0.0), RANDOM)
    assert (score.value, score.low, score.high) == (0, 0, 0)
    assert score.details["statistics"]["1"]["share"] < 1e-12


def test_changes_that_differ_from_noise_to_noise_are_about_zero() -> None:
    signs = RNG.choice([-1, 1], size=(400, 1))
    found = image_effects(
        RANDOM[:400, None, :1] + (signs * VALUES)[..., None], RANDOM[:, :1]
    ).details["statistics"]["0"]
    assert abs(found["consistency"]) < 0.2
    assert found["share"] < 0.1


def test_a_traversal_is_not_compared_with_itself() -> None:
    """Twelve traversals of noise would agree with a mean that holds them by 0.29 on average."""
    noise = np.random.default_rng(3).normal(size=(12, len(VALUES), 200))
    found = image_effects(noise, RNG.normal(size=(50, 200))).details["statistics"].values()
    assert abs(np.mean([each["consistency"] for each in found])) < 0.05


def test_intervals_hold_the_consistency_of_many_more_traversals() -> None:
    def noisy(count: int, seed: int) -> Any:
        random = np.random.default_rng(seed)
        changes = VALUES + random.normal(size=(count, len(VALUES)))
        return image_effects(changes[..., None], RANDOM[:, :1])

    truth = noisy(20_000, 0).value
    held = [score.low <= truth <= score.high for score in (noisy(60, k) for k in range(1, 201))]
    assert 0.9 <= np.mean(held) <= 1.0


def test_shares_are_chance_free_and_inside_their_intervals() -> None:
    """Of noise with a small effect: squares of means alone would give 0.18 without any effect."""

    def shares(effect: float) -> Any:
        found = []
        for seed in range(200):
            random = np.random.default_rng(seed)
            changes = effect * VALUES + random.normal(size=(30, len(VALUES)))
            score = image_effects(changes[..., None], random.normal(size=(4000, 1)))
            found.append(score.details["statistics"]["0"])
        return found

    nothing = shares(0.0)
    squares = [each["share"] ** 2 for each in nothing]
    assert np.mean(squares) < 0.01
    assert np.mean([each["share_low"] > 0 for each in nothing]) <= 0.05
    truth = 0.5 * np.sqrt((VALUES**2).mean())
    held = [each["share_low"] <= truth <= each["share_high"] for each in shares(0.5)]
    assert 0.9 <= np.mean(held) <= 0.995


def test_order_of_values_scale_and_offset_do_not_matter() -> None:
    traversed = along(VALUES + 0.3 * RNG.normal(size=(60, len(VALUES))), 4 * VALUES**2)
    found, order = effects(traversed), RNG.permutation(len(VALUES))
    turned = image_effects(7 - 3 * traversed[:, order], 7 - 3 * RANDOM, names=["a", "b"]).details[
        "statistics"
    ]
    for name in ("a", "b"):
        for number in ("consistency", "low", "high", "share", "share_low", "share_high"):
            assert turned[name][number] == pytest.approx(found[name][number])


def test_the_value_is_that_of_the_largest_share_among_consistent_ones() -> None:
    score = image_effects(along(0.1 * VALUES, 20 * VALUES), RANDOM, names=["a", "b"])
    assert score.details["statistic"] == "b"
    assert score.value == score.details["statistics"]["b"]["consistency"]


def test_a_statistic_that_never_varies_is_not_changed() -> None:
    still = np.zeros((60, len(VALUES), 1)) + VALUES[:, None]
    found = image_effects(still, np.ones((50, 1))).details["statistics"]["0"]
    assert found["consistency"] == 0


@pytest.mark.parametrize(
    ("traversed", "random", "names", "message"),
    [
        (np.ones((9, 5)), RANDOM, None, "give \\(traversals, values, statistics\\)"),
        (np.ones((3, 5, 2)), RANDOM, None, "4 or more"),
        (np.ones((9, 5, 2)), np.ones(9), None, "give \\(images, statistics\\)"),
        (np.ones((9, 5, 3)), RANDOM, None, "3 statistics along traversals, 2 random"),
        (np.full((9, 5, 2), np.nan), RANDOM, None, "not finite"),
        (np.full((9, 5, 2), "a"), RANDOM, None, "give numbers"),
        (np.ones((9, 5, 2)), RANDOM, ["a"], "1 names for 2 statistics"),
    ],
)
def test_other_arrays_are_refused(traversed: Any, random: Any, names: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        image_effects(traversed, random, names=names)
