"""Regions of images, in which Q reads single codes."""

from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Region, UserError


def drawn(count: int = 3, channels: int = 2, side: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, side, side, generator=generator)


def test_rows_and_columns() -> None:
    images = drawn()
    assert torch.equal(Region((2, 5), (1, 8)).apply(images), images[:, :, 2:5, 1:8])


def test_what_is_beside_the_columns() -> None:
    images = drawn()
    region = Region((0, 8), (2, 5), beside=True)
    expected = torch.cat([images[..., :2], images[..., 5:]], -1)
    assert torch.equal(region.apply(images), expected)
    assert region.shape((2, 8, 8)) == (2, 8, 5)


def test_the_means_of_fields() -> None:
    images = drawn()
    view = Region((0, 4), (0, 8), fields=2).apply(images)
    assert view.shape == (3, 2, 2, 2)
    torch.testing.assert_close(view[1, 0, 1, 0], images[1, 0, 2:4, :4].mean())


def test_a_centred_region_does_not_tell_how_light_an_image_is() -> None:
    images = drawn()
    region = Region((1, 7), (2, 6), centred=True)
    brighter = images + torch.tensor([0.1, 0.3])[:, None, None]
    torch.testing.assert_close(region.apply(images), region.apply(brighter))
    plain = Region((1, 7), (2, 6)).apply(images)
    torch.testing.assert_close(region.apply(images), plain - plain.mean((2, 3), keepdim=True))


def test_runs_side_by_side_are_read_as_single_ones() -> None:
    images = drawn(4).view(2, 2, 2, 8, 8)
    region = Region((0, 8), (2, 6), beside=True, fields=2, centred=True)
    together = region.apply(images)
    assert together.shape == (2, 2, 2, 2, 2)
    assert torch.equal(together[1], region.apply(images[1]))


@pytest.mark.parametrize(
    "ends", [(4, 4), (5, 2), (-1, 3), (0,), (0, 1, 2), (0.0, 3), (True, 3), "03", None, 3]
)
@pytest.mark.parametrize("name", ["rows", "columns"])
def test_what_are_no_rows_or_columns(name: str, ends: Any) -> None:
    given = {"rows": (0, 4), "columns": (0, 4), name: ends}
    with pytest.raises(UserError, match=f"{name} of a region"):
        Region(**given)


@pytest.mark.parametrize(
    "change", [{"beside": 1}, {"centred": "no"}, {"fields": -1}, {"fields": 2.0}, {"fields": None}]
)
def test_other_settings_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(change))} of a region"):
        Region((0, 4), (0, 4), **change)


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (Region((0, 9), (0, 8)), "reaches beyond"),
        (Region((0, 8), (4, 9)), "reaches beyond"),
        (Region((0, 8), (0, 8), beside=True), "leaves nothing"),
        (Region((0, 8), (0, 8), fields=3), "no 3 even fields"),
    ],
)
def test_regions_that_do_not_fit_the_images(region: Region, says: str) -> None:
    with pytest.raises(UserError, match=says):
        region.shape((1, 8, 8))


def test_lists_as_in_a_file_are_the_same_region() -> None:
    given: Any = [0, 4]
    assert Region(given, given) == Region((0, 4), (0, 4))
