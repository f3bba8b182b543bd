"""Whole turns of an angle: windings, jumps, and the interval over series."""

import math
from typing import Any

import numpy as np
import pytest

from infoeval.errors import UserError
from infoeval.metrics.stats.turns import turns

ROUND = np.arange(0, 360, 10.0)


def test_once_round_either_way_from_anywhere() -> None:
    found = turns([ROUND, -ROUND, (ROUND + 123) % 360, (50 - ROUND) % 360])
    assert found.winding.tolist() == [1, -1, 1, -1]
    assert found.largest_step == pytest.approx([10] * 4)
    assert found.whole().all()


def test_there_and_back_twice_round_and_standing_still_are_no_whole_turn() -> None:
    still = np.full(36, 77.0)
    found = turns([90 * np.sin(np.radians(ROUND)), 2 * ROUND, still])
    assert found.winding.tolist() == [0, 2, 0]
    assert not found.whole().any()


def test_a_jump_is_no_whole_turn() -> None:
    uneven = ROUND.copy()
    uneven[12:] = 190 + np.linspace(0, 160, 24)
    found = turns([uneven])
    assert found.winding.tolist() == [1]
    assert found.largest_step == pytest.approx([80])
    assert not found.whole().any()
    assert found.whole(jump=80.1).all()


def test_radians() -> None:
    found = turns([np.radians(ROUND)], period=2 * math.pi)
    assert found.winding.tolist() == [1]
    assert found.largest_step == pytest.approx([10])


def test_the_share_of_whole_turns_has_the_exact_binomial_interval() -> None:
    share, low, high = turns([ROUND] * 9 + [2 * ROUND]).share()
    assert share == pytest.approx(0.9)
    # Clopper and Pearson 1934: 9 of 10.
    assert (low, high) == pytest.approx((0.5550, 0.9975), abs=1e-4)


@pytest.mark.parametrize(
    "angles", [[], [1, 2, 3], [[1, 2]], [[1, 2, math.nan]], [[1, 2, math.inf]]]
)
def test_what_is_no_series_of_angles(angles: Any) -> None:
    with pytest.raises(UserError, match="turns needs series"):
        turns(angles)
