"""What changes along directions of generators where it is known in closed form."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval import CodeSpace
from infoeval.evaluation.direction_changes import (
    STEPS,
    Changes,
    Followed,
    Follower,
    Measured,
    Reach,
    changes,
    reach,
)
from infoeval.subjects.directions_subject import AlongDirections
from infoeval.subjects.latent_space import NormalLatent

DIMENSIONS = 4


class Pixels:
    """A generator of images (n, 1, 2, 2) whose pixels are a function of its noise."""

    codes = CodeSpace(noise=DIMENSIONS)

    def __init__(self, draw: Callable[[Tensor], Tensor]) -> None:
        self.draw = draw

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        return self.draw(noise).clamp(0, 1).reshape(-1, 1, 2, 2)


def read(images: NDArray[np.uint8]) -> pd.DataFrame:
    """The pixels, each an attribute."""
    return pd.DataFrame(images.reshape(len(images), -1) / 255, columns=list("abcd"))


def along(draw: Callable[[Tensor], Tensor], direction: list[float]) -> AlongDirections:
    vector = torch.tensor([direction], dtype=torch.float64)
    return AlongDirections(NormalLatent(Pixels(draw)), vector / vector.norm(), ["a"])


def followed(
    draw: Callable[[Tensor], Tensor], direction: list[float], seed: int = 0
) -> tuple[Changes, Reach]:
    generator = along(draw, direction)
    follower = Follower(generator, [read], seed)
    entry = follower.follow(generator, "a")
    found = changes(entry.readings[0], follower.deviations[0], 0.95)
    assert found is not None
    return found, reach(entry, follower.chance, 0.95)


def changes_of(values: Callable[[int], NDArray[np.float64]]) -> Changes:
    """The changes of attributes a, b and so on, whose values (points, attributes) are given."""
    readings = {
        step: pd.DataFrame(values(step)).rename(columns=dict(enumerate("ab"))) for step in STEPS
    }
    found = changes(readings, readings[0].std() * 0 + 1, 0.95)
    assert found is not None
    return found


def linear(noise: Tensor) -> Tensor:
    return 0.5 + 0.05 * noise


def slopes(found: Changes) -> dict[str, float]:
    return {change.attribute: change.slope.value for change in found.all}


def test_a_pixel_that_follows_its_variable() -> None:
    found, _ = followed(linear, [0, 1, 0, 0])
    assert slopes(found) == pytest.approx({"a": 0, "b": 1, "c": 0, "d": 0}, abs=0.05)
    assert found.wanted.attribute == "b"
    assert found.wanted.linearity is not None
    assert found.wanted.linearity.value == pytest.approx(1, abs=0.01)
    assert found.dependency == pytest.approx((0, 0), abs=0.01)


def test_a_direction_between_two_variables() -> None:
    found, _ = followed(linear, [1, 0, -2, 0])
    assert slopes(found) == pytest.approx(
        {"a": 1 / 5**0.5, "b": 0, "c": -2 / 5**0.5, "d": 0}, abs=0.05
    )
    assert found.wanted.attribute == "c"
    assert found.dependency == pytest.approx((0.5 / 3, 0.5), abs=0.02)


def test_the_opposite_direction_has_the_opposite_changes() -> None:
    """The same random points are followed, in the other order."""
    one, _ = followed(linear, [1, 2, 3, 4])
    other, _ = followed(linear, [-1, -2, -3, -4])
    turned = {name: -value for name, value in slopes(other).items()}
    assert turned == pytest.approx(slopes(one), abs=0.02)


def test_an_attribute_that_goes_and_comes_back_is_not_straight() -> None:
    found, _ = followed(lambda z: 0.1 + 0.05 * z.square(), [1, 0, 0, 0])
    assert abs(slopes(found)["a"]) < 0.05
    assert found.dependency is None
    (change,) = (change for change in found.all if change.attribute == "a")
    assert change.linearity is not None
    assert change.linearity.value < 0.05


def test_the_first_half_of_the_points_chooses_and_the_second_is_measured() -> None:
    """The first half follows one attribute, the second another one; neither beyond ±2."""
    halves = np.array([[1.0, 1, 0, 0], [0, 0, 2, 2]]).T
    found = changes_of(lambda step: halves * (step if abs(step) <= 2 else 0))
    assert found.wanted.attribute == "a"
    assert slopes(found) == {"a": 0, "b": 2}
    assert found.dependency is None


def test_a_variable_that_does_nothing() -> None:
    found, _ = followed(lambda z: 0.5 + 0.05 * z[:, [0, 1, 2, 2]], [0, 0, 0, 1])
    assert set(slopes(found).values()) == {0}
    assert found.wanted.linearity is None
    assert found.dependency is None


def test_images_that_never_vary_have_no_changes() -> None:
    generator = along(lambda z: 0 * z, [1, 0, 0, 0])
    follower = Follower(generator, [read], 0)
    entry = follower.follow(generator, "a")
    assert changes(entry.readings[0], follower.deviations[0], 0.95) is None
    assert reach(entry, follower.chance, 0.95).distance == Measured(6, 6, 6)


def test_intervals_contain_the_truth_about_as_often_as_they_say() -> None:
    """The slope of a product z₀z₁ along z₀ is z₁, whose mean is 0."""
    covered = []
    for seed in range(200):
        z = np.random.default_rng(seed).normal(size=(200, 1))
        slope = changes_of(lambda step, z=z: step * z).wanted.slope  # type: ignore[misc]
        covered.append(slope.low <= 0 <= slope.high)
    assert 180 <= sum(covered) < 200


def test_the_interval_of_straightness_is_that_of_a_ratio() -> None:
    """Lines of any slopes are straight for certain; arcs make R² a matter of which points."""
    z, bend = np.random.default_rng(0).normal(size=(2, 200, 1))
    straight = changes_of(lambda step: step * z).wanted.linearity
    assert straight == pytest.approx((1, 1, 1))
    bent = changes_of(lambda step: step * z + step**2 * bend).wanted.linearity
    assert bent is not None
    # Of the squares of −2 … 2 the deviations have a sum of 14, of the numbers themselves of 10.
    assert bent.low < 10 / (10 + 14) < bent.high
    assert 0.05 < bent.high - bent.low < 0.4


def test_what_stays_in_range_reaches_farther_than_what_leaves_it() -> None:
    _, bounded = followed(lambda z: 0.5 + 0.2 * torch.sin(z), [1, 0, 0, 0])
    _, leaving = followed(lambda z: 0.5 + 0.05 * z, [1, 0, 0, 0])
    assert bounded.distance.value == 6
    assert leaving.distance.high <= 3


def inside(shares: Mapping[int, float], count: int = 200) -> Followed:
    rows = {step: np.arange(count) < count * shares.get(step, 1.0) for step in STEPS}
    return Followed(({},), rows)


def test_reach_is_that_of_the_shorter_way_without_gaps() -> None:
    far = reach(inside({-3: 0.2, 4: 0.1}), 0.95, 0.95)
    assert far.distance.value == 2
    assert far.shares[-3].value == 0.2
    assert reach(inside({0: 0.1}), 0.95, 0.95).distance == Measured(0, 0, 0)
    # Nine tenths of what random images have, and not of all images.
    assert reach(inside({3: 0.8}), 0.88, 0.95).distance.value == 6
    assert reach(inside({3: 0.78}), 0.88, 0.95).distance.value == 2
    assert reach(inside({}), 0.95, 0.95).distance == Measured(6, 6, 6)


def test_the_interval_of_a_reach_is_that_of_the_shares() -> None:
    """A share of 0.88 may be one of 0.92, and one of 0.9 may be below it."""
    far = reach(inside({2: 0.9, 4: 0.88, 6: 0.1}), 1.0, 0.95)
    assert far.distance == Measured(3, 1, 4)
