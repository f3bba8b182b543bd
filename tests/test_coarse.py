"""The coarse view of images that Q can read instead of the layers it shares with D."""

from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Coarse, UserError
from infoeval.coarse import FLOOR


def drawn(count: int = 3, channels: int = 1, side: int = 8, seed: int = 0) -> Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(seed))


def test_each_field_is_divided_by_the_mean_of_its_row() -> None:
    image = torch.ones(1, 1, 4, 4)
    image[0, 0, :2, 2:] = 0.0  # the right half of the upper half is black, on white
    view = Coarse(2).apply(image, (0.0, 1.0))
    expected = torch.tensor([[0.0, 1.0 / (0.5 + FLOOR)], [0.0, 0.0]])
    torch.testing.assert_close(view[0, 0], expected)


def test_how_dark_an_object_is_hardly_matters_and_where_it_is_does() -> None:
    dark, shifted = torch.ones(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    dark[..., 2:6, 0:4] = 0.0
    shifted[..., 2:6, 4:8] = 0.0
    light = 1 - 0.6 * (1 - dark)
    first, second, third = (Coarse(4).apply(x, (0.0, 1.0)) for x in (dark, light, shifted))
    assert (first - second).abs().max() < 0.15
    assert (first - third).abs().max() > 1.5


def test_black_backgrounds_mirror_white_ones_and_the_range_of_pixels_is_no_matter() -> None:
    images = drawn()
    white = Coarse(4).apply(images, (0.0, 1.0))
    black = Coarse(4, "black").apply(1 - images, (0.0, 1.0))
    torch.testing.assert_close(white, black)
    torch.testing.assert_close(white, Coarse(4).apply(2 * images - 1, (-1.0, 1.0)))


def test_channels_share_the_mean_of_a_row() -> None:
    images = drawn(channels=3)
    view = Coarse(2).apply(images, (0.0, 1.0))
    mean = (1 - images).unflatten(2, (2, 4)).mean((1, 3, 4))
    torch.testing.assert_close(view.mean((1, 3)), mean / (mean + FLOOR))


def test_stacked_runs_are_viewed_one_by_one() -> None:
    runs = torch.stack([drawn(seed=seed) for seed in (0, 1)])
    together = Coarse(2).apply(runs, (0.0, 1.0))
    assert together.shape == (2, 3, 1, 2, 2)
    assert torch.equal(together[1], Coarse(2).apply(runs[1], (0.0, 1.0)))


def test_an_empty_image_is_zero_and_has_a_finite_gradient() -> None:
    image = torch.ones(1, 1, 8, 8, requires_grad=True)
    view = Coarse(4).apply(image, (0.0, 1.0))
    assert torch.equal(view, torch.zeros_like(view))
    (gradient,) = torch.autograd.grad(view[0, 0, 1, 1], image)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("side", [0, -1, 1.5, True, None, "x" * 10_000, [], float("nan")])
def test_what_is_no_number_of_fields(side: Any) -> None:
    with pytest.raises(UserError, match="side of a coarse view") as caught:
        Coarse(side)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("background", ["grey", None, [], 1.0])
def test_what_is_no_background(background: Any) -> None:
    with pytest.raises(UserError, match="white or black"):
        Coarse(4, background)


@pytest.mark.parametrize("shape", [(1, 8, 10), (1, 10, 8), (1, 2, 2)])
def test_fields_that_are_not_even(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="no 4 even fields"):
        Coarse(4).shape(shape)


def test_its_shape() -> None:
    assert Coarse(4).shape((3, 8, 16)) == (3, 4, 4)
