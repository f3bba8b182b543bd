"""Balls about points that reach to their nearest neighbours."""

import numpy as np
import pytest

from infoeval.metrics.stats import near_neighbours
from infoeval.metrics.stats.near_neighbours import Balls

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def test_a_ball_reaches_to_the_kth_other_point() -> None:
    near, far = Balls(LINE, 1, 2).hold(np.array([[-1.0], [5.0], [12.0]]))
    # Radii by the nearest: 1, 1, 2, 4; by the second: 3, 2, 3, 6.
    assert near.tolist() == [[True, False, False, False], [False, False, True, True], [False] * 4]
    assert far.tolist() == [
        [True, True, False, False],
        [False, False, True, True],
        [*[False] * 3, True],
    ]


def test_of_few_points_balls_reach_to_the_farthest() -> None:
    (held,) = Balls(LINE, 9).hold(np.array([[7.0], [-7.1]]))
    assert held.tolist() == [[True] * 4, [False, False, False, False]]


@pytest.mark.parametrize("place", [0.0, 0.1, 1e9])
def test_equal_points_lie_in_balls_of_no_size(place: float) -> None:
    points = np.full((20, 3), place)
    assert Balls(points, 3).hold(points).all()
    assert not Balls(points, 3).hold(points + 1.0).any()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    points, others = random.normal(size=(50, 4)), random.normal(size=(31, 4))
    whole = Balls(points, 3, 5).hold(others)
    monkeypatch.setattr(near_neighbours, "CHUNK", 7)
    assert np.array_equal(Balls(points, 3, 5).hold(others), whole)
