"""Moved copies of images."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Affine, UserError

STILL = Affine(rotation=0, scale=0, shear=0, shift=0)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 6, channels: int = 1, size: int = 8) -> Tensor:
    return 2 * torch.rand(count, channels, size, size, generator=stream(9)) - 1


@pytest.mark.parametrize("background", [-1.0, 0.0])
def test_no_range_is_no_change(background: float) -> None:
    images = pictures(channels=3)
    torch.testing.assert_close(STILL(images, stream(), background), images, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (2, 3, 28, 28), (3, 1, 8, 12), (1, 1, 1, 1)])
def test_shape_and_type(shape: tuple[int, ...]) -> None:
    for images in (torch.zeros(shape), torch.zeros(shape, dtype=torch.bfloat16)):
        moved = Affine()(images, stream())
        assert tuple(moved.shape) == shape
        assert moved.dtype == torch.float32


@pytest.mark.parametrize("background", [-1.0, 0.0, 0.25])
def test_an_empty_image_stays_empty(background: float) -> None:
    images = torch.full((20, 1, 8, 8), background)
    moved = Affine(rotation=3, scale=1, shear=1, shift=2)(images, stream(), background)
    torch.testing.assert_close(moved, images)


@pytest.mark.parametrize("background", [-1.0, 0.0])
def test_what_comes_in_is_background(background: float) -> None:
    """Of a white image moved far away nothing but background is left; none of it is below."""
    white = torch.ones(200, 1, 8, 8)
    moved = Affine(0, 0, 0, shift=6)(white, stream(), background)
    assert float(moved.min()) >= background - 1e-6
    assert float(moved.max()) <= 1 + 1e-6
    means = moved.mean(dim=(1, 2, 3))
    gone = (means - background).abs() < 1e-6
    assert 0.5 < float(gone.float().mean()) < 1


def test_nothing_is_brighter_or_darker_than_before() -> None:
    images = pictures(50)
    moved = Affine()(images, stream())
    assert float(moved.min()) >= -1 - 1e-6
    assert float(moved.max()) <= float(images.max()) + 1e-6
    assert float((moved - images).abs().mean()) > 0.05


def test_a_shift_moves_by_a_share_of_half_the_image() -> None:
    """One bright point; where it goes to is at most shift × 4 pixels away, and often near that."""
    images = torch.full((300, 1, 8, 8), -1.0)
    images[:, 0, 3:5, 3:5] = 1
    moved = Affine(0, 0, 0, shift=0.5)(images, stream()) + 1
    places = torch.arange(8.0) - 3.5
    weight = moved.sum(dim=(1, 2, 3))
    for axis in (2, 3):
        way = (moved.sum(dim=(1, 5 - axis)) * places).sum(1) / weight
        assert 1.8 < float(way.abs().max()) <= 2 + 1e-4
        assert abs(float(way.mean())) < 0.25


def test_a_rotation_turns_by_at_most_its_range() -> None:
    """A bar through the centre: the direction in which it extends afterwards."""
    images = torch.full((200, 1, 33, 33), -1.0)
    images[:, 0, 15:18, 4:29] = 1
    moved = Affine(rotation=0.3, scale=0, shear=0, shift=0)(images, stream()) + 1
    places = torch.arange(33.0) - 16
    xy = torch.einsum("nhw,h,w->n", moved[:, 0], places, places)
    xx = torch.einsum("nhw,w->n", moved[:, 0], places.square())
    yy = torch.einsum("nhw,h->n", moved[:, 0], places.square())
    angles = 0.5 * torch.atan2(2 * xy, xx - yy)
    assert 0.27 < float(angles.abs().max()) < 0.32
    assert abs(float(angles.mean())) < 0.05


def test_a_scale_changes_the_log_size_of_each_axis_by_itself() -> None:
    images = torch.full((200, 1, 33, 33), -1.0)
    images[:, 0, 9:24, 9:24] = 1
    moved = Affine(rotation=0, scale=0.3, shear=0, shift=0)(images, stream()) + 1
    sizes = [moved[:, 0, 16].sum(1) / 30, moved[:, 0, :, 16].sum(1) / 30]
    for size in sizes:
        logs = size.log()
        assert 0.25 < float(logs.abs().max()) < 0.34
        assert abs(float(logs.mean())) < 0.05
    correlation = torch.corrcoef(torch.stack(sizes))[0, 1]
    assert abs(float(correlation)) < 0.25


def test_each_image_moves_its_own_way() -> None:
    images = pictures(1).expand(5, -1, -1, -1)
    moved = Affine()(images, stream())
    for row in range(1, 5):
        assert not torch.equal(moved[0], moved[row])


def test_all_channels_of_an_image_move_together() -> None:
    grey = pictures(4)
    moved = Affine()(grey.expand(-1, 3, -1, -1), stream())
    torch.testing.assert_close(moved[:, 0], moved[:, 2])
    torch.testing.assert_close(moved[:, :1], Affine()(grey, stream()))


def test_the_stream_decides() -> None:
    images = pictures()
    torch.manual_seed(1)
    first = Affine()(images, stream(3))
    torch.manual_seed(2)
    assert torch.equal(Affine()(images, stream(3)), first)
    assert not torch.equal(Affine()(images, stream(4)), first)


def test_a_gradient_comes_back_through_a_view() -> None:
    images = pictures().requires_grad_()
    Affine()(images, stream()).square().sum().backward()
    assert images.grad is not None
    assert bool(images.grad.isfinite().all())
    assert bool((images.grad.abs().sum(dim=(1, 2, 3)) > 0).all())


def test_mixed_precision_does_not_touch_it() -> None:
    images = pictures()
    with torch.autocast("cpu", torch.bfloat16):
        found = Affine()(images, stream())
    torch.testing.assert_close(found, Affine()(images, stream()))


def test_rotations_keep_the_distance_from_the_centre() -> None:
    """And with a range of 2π they go in every direction."""
    image = torch.full((1, 1, 33, 33), -1.0)
    image[:, :, 14:19, 22:27] = 1
    moved = Affine(rotation=2 * math.pi, scale=0, shear=0, shift=0)(
        image.expand(100, -1, -1, -1), stream()
    )
    places = torch.arange(33.0) - 16
    weight = (moved + 1).sum(dim=(1, 2, 3))
    x = ((moved + 1).sum(dim=(1, 2)) * places).sum(1) / weight
    y = ((moved + 1).sum(dim=(1, 3)) * places).sum(1) / weight
    torch.testing.assert_close(torch.hypot(x, y), torch.full((100,), 8.0), rtol=0, atol=0.1)
    assert all(int(((x * a > 0) & (y * b > 0)).sum()) > 10 for a in (-1, 1) for b in (-1, 1))


def test_a_square_is_cut_out() -> None:
    cut = Affine(0, 0, 0, 0, cutout=0.5)
    white = torch.ones(400, 3, 16, 16)
    found = cut(white, stream(), background=-1.0)
    gone = (found < 0).float()
    torch.testing.assert_close(found, 1 - 2 * gone)  # all of a pixel or nothing
    assert torch.equal(gone[:, :1].expand(-1, 3, -1, -1), gone)
    rows, columns = gone[:, 0].amax(2), gone[:, 0].amax(1)
    torch.testing.assert_close(gone[:, 0], rows[:, :, None] * columns[:, None])  # a rectangle
    assert float(rows.sum(1).max()) == float(columns.sum(1).max()) == 8
    # A side is 16 U / 2 with U uniform; at the border a part of the square lies outside.
    assert float(gone.mean()) == pytest.approx(0.25 / 3, abs=0.02)
    assert float(gone.mean((0, 1)).min()) > 0.01


def test_without_a_cut_nothing_more_is_drawn() -> None:
    """So that the random stream of runs without it stays what it was."""
    first, other = stream(), stream()
    plain, cut = Affine().draw(5, first), Affine(cutout=0.5).draw(5, other)
    assert (plain.shape, cut.shape) == ((5, 6), (5, 9))
    assert torch.equal(cut[:, :6], plain)
    torch.rand(5, 3, generator=first)
    assert torch.equal(first.get_state(), other.get_state())


def test_a_grey_view_has_the_mean_of_all_colours() -> None:
    still = Affine(rotation=0, scale=0, shear=0, shift=0, grey=True)
    images = pictures(channels=3)
    grey = images.mean(1, keepdim=True).expand_as(images)
    torch.testing.assert_close(still(images, stream()), grey, rtol=0, atol=1e-5)
    moved = Affine(cutout=0.5)(images, stream())
    torch.testing.assert_close(
        Affine(cutout=0.5, grey=True)(images, stream()),
        moved.mean(1, keepdim=True).expand_as(moved),
    )


@pytest.mark.parametrize(
    ("setting", "value"), [("cutout", -0.1), ("cutout", math.nan), ("grey", 1), ("grey", "no")]
)
def test_a_view_that_cannot_be(setting: str, value: Any) -> None:
    with pytest.raises(UserError, match=f"{setting} of a view must be"):
        Affine(**{setting: value})
