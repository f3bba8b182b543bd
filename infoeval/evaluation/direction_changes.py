"""What moving along a direction changes in images, and how far it can go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.codes import Normal
from infoeval.evaluation.attribute_readings import Read
from infoeval.evaluation.drawn_images import drawn_images
from infoeval.evaluation.near_samples import NearSamples
from infoeval.intervals import clopper_pearson, normal_interval
from infoeval.subjects.directions_subject import AlongDirections

STEPS = (-6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6)
"""Coordinates at which images are drawn, in deviations from the mean."""
NEAR = 2
"""Changes are measured within this many deviations, where nineteen of twenty samples are."""
POINTS = 200
"""Random points from which each direction is followed. The first half decides which change is the
largest; the numbers are those of the second half, so that choosing does not flatter them."""
REFERENCE, FRESH = 2_000, 1_000
"""Random images that others are compared with, and further ones that show what chance gives."""
KEPT_SHARE = 0.9
"""Images have left the data where fewer are among them than this share of the random ones are."""
STILL = 1e-9
"""An attribute with a smaller deviation among random images is constant."""


class Measured(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """How one attribute changes along a direction.

    `slope` is the mean change per deviation of the coordinate, in deviations of the attribute
    among random images. `linearity` is R² of a straight line through each followed point, None
    where nothing changes.
    """

    attribute: str
    slope: Measured
    linearity: Measured | None


@dataclass(frozen=True)
class Changes:
    """All changes along a direction.

    The `wanted` one has the largest slope. The dependency (Wu et al. 2021) is the mean, and the
    largest, of the other slopes' sizes, as shares of its own; None where its interval includes 0.
    """

    wanted: Change
    all: tuple[Change, ...]
    dependency: tuple[float, float] | None


@dataclass(frozen=True)
class Reach:
    """How many deviations from the mean images stay among those of random points.

    `shares` are the shares of images, at each step, that lie among the reference; `chance` is that
    of random images. The interval of the distance is that of the shares.
    """

    distance: Measured
    shares: dict[int, Measured]
    chance: float


class Followed(NamedTuple):
    """Images along a direction: what each reader reads of them, and which lie among random ones.

    Both by step; a row a followed point.
    """

    readings: tuple[dict[int, pd.DataFrame], ...]
    inside: dict[int, NDArray[np.bool_]]


class Follower:
    """Draws random images of a generator, and follows directions of it from random points.

    `deviations` are those of what each of the `readers` reads of random images, where they vary.
    `chance` is the share of random images that lie among others.
    """

    def __init__(self, generator: AlongDirections, readers: Sequence[Read], seed: int) -> None:
        self.readers, self.random = tuple(readers), torch.Generator().manual_seed(seed)
        reference, fresh = (self._random_images(generator, count) for count in (REFERENCE, FRESH))
        self.near = NearSamples(reference)
        self.chance = float(self.near.contain(fresh).mean())
        spreads = [read(reference).std() for read in self.readers]
        self.deviations = [spread[spread > STILL] for spread in spreads]

    def follow(self, generator: AlongDirections, name: str) -> Followed:
        """Return what there is along the direction `name`."""
        space, law = generator.codes, generator.codes[name]
        assert isinstance(law, Normal)
        codes = space.sample(POINTS, self.random)
        noise = space.sample_noise(POINTS, self.random)
        followed = Followed(tuple({} for _ in self.readers), {})
        for step in STEPS:
            codes[name] = torch.full((POINTS,), law.mean + step * law.deviation)
            images = drawn_images(generator, codes, noise)
            for read, readings in zip(self.readers, followed.readings, strict=True):
                readings[step] = read(images)
            followed.inside[step] = self.near.contain(images)
        return followed

    def _random_images(self, generator: AlongDirections, count: int) -> NDArray[np.uint8]:
        codes = generator.codes.sample(count, self.random)
        return drawn_images(generator, codes, generator.codes.sample_noise(count, self.random))


def changes(
    readings: Mapping[int, pd.DataFrame], deviations: "pd.Series[float]", level: float
) -> Changes | None:
    """Return what changes along a direction; None where no attribute varies at all.

    `readings` are those of a reader in `Followed`, `deviations` those of the attributes among
    random images.
    """
    if deviations.empty:
        return None
    steps = np.array([step for step in STEPS if abs(step) <= NEAR], float)
    frames = [readings[int(step)][deviations.index] for step in steps]
    values = np.stack([frame.to_numpy() for frame in frames]) / deviations.to_numpy()
    # (points, attributes); by differences, so that what does not change has a slope of exactly 0.
    slopes = np.tensordot(steps / 2, values - values[::-1], 1) / (steps**2).sum()
    half = len(slopes) // 2
    order = np.abs(slopes[:half].mean(axis=0))
    measured = [
        Change(
            str(name),
            Measured(*normal_interval(slopes[half:, place], level)),
            _linearity(values[:, half:, place], slopes[half:, place], steps, level),
        )
        for place, name in enumerate(deviations.index)
    ]
    wanted = measured[int(order.argmax())]
    others = [abs(change.slope.value) for change in measured if change is not wanted]
    dependency = None
    if others and not wanted.slope.low <= 0 <= wanted.slope.high:
        size = abs(wanted.slope.value)
        dependency = float(np.mean(others)) / size, max(others) / size
    return Changes(wanted, tuple(measured), dependency)


def _linearity(
    values: NDArray[np.float64],
    slopes: NDArray[np.float64],
    steps: NDArray[np.float64],
    level: float,
) -> Measured | None:
    """Return R² of a line through the values (steps, points) of each point, all points together.

    Its interval is that of a ratio of means.
    """
    total = values.var(axis=0) * len(steps)
    if total.mean() < STILL:
        return None
    line = slopes**2 * (steps**2).sum()
    ratio = float(line.sum() / total.sum())
    _, low, high = normal_interval((line - ratio * total) / total.mean(), level)
    return Measured(ratio, max(0.0, ratio + low), min(1.0, ratio + high))


def reach(followed: Followed, chance: float, level: float) -> Reach:
    """Return how far images stay among random ones; both ways, and at every step up to there."""
    shares = {step: _share(inside, level) for step, inside in followed.inside.items()}
    distances = sorted({abs(step) for step in shares})

    def farthest(end: str) -> float:
        last = 0
        for distance in distances:
            both = [getattr(shares[step], end) for step in shares if abs(step) == distance]
            if min(both) < KEPT_SHARE * chance:
                break
            last = distance
        return float(last)

    distance = Measured(farthest("value"), farthest("low"), farthest("high"))
    return Reach(distance, shares, chance)


def _share(inside: NDArray[np.bool_], level: float) -> Measured:
    count = int(inside.sum())
    low, high = clopper_pearson(count, len(inside), level)
    return Measured(count / len(inside), low, high)
