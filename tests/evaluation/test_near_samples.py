"""Which images lie among others."""

import numpy as np
import pytest

from infoeval.evaluation.near_samples import NearSamples


def dots(count: int, low: int, high: int, seed: int = 0, size: int = 16) -> np.ndarray:
    """Images of a soft dot at random places between two pixels."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(low, high, (2, count, 1))
    pixels = np.arange(size)
    across, down = (np.exp(-0.5 * (pixels - place) ** 2) for place in (x, y))
    return (255 * down[:, None, :, None] * across[:, None, None, :]).round().astype(np.uint8)


def test_images_of_the_same_law_lie_among_the_others() -> None:
    near = NearSamples(dots(800, 4, 11))
    assert near.contain(dots(400, 4, 11, seed=1)).mean() > 0.9


@pytest.mark.parametrize(
    "strange",
    [dots(100, 13, 15, seed=1), 255 - dots(100, 4, 11, seed=1), np.zeros((100, 1, 16, 16), "u1")],
)
def test_other_images_do_not(strange: np.ndarray) -> None:
    assert NearSamples(dots(800, 4, 11)).contain(strange.astype(np.uint8)).mean() < 0.05


def test_the_radius_is_the_distance_of_the_third_neighbour() -> None:
    """Two groups of four levels of grey: as far beyond a group as it is wide is still near."""

    def grey(*levels: int) -> np.ndarray:
        return np.array(levels, np.uint8).reshape(-1, 1, 1, 1)

    near = NearSamples(grey(100, 101, 102, 103, 200, 201, 202, 203))
    levels = (97, 102, 106, 206, 96, 107, 150, 207)
    assert near.contain(grey(*levels)).tolist() == [True] * 4 + [False] * 4


@pytest.mark.parametrize("shape", [(10, 1, 1, 1), (40, 3, 33, 5), (40, 1, 65, 64)])
def test_images_that_are_all_alike_lie_among_themselves(shape: tuple[int, ...]) -> None:
    images = np.full(shape, 9, np.uint8)
    assert NearSamples(images).contain(images).all()
