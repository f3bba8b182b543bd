"""A region: the part of images in which Q reads a code."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError, quoted, shown

Range = tuple[int, int]


@dataclass(frozen=True)
class Region:
    """Some rows and columns of images of a given size.

    A code that is read in a region is told from that part alone, so that G has to show it there.

    Args:
        rows: the first row and the one after the last.
        columns: the first column and the one after the last.
        beside: whether the columns to the left and right of `columns` are taken instead.
        fields: so many fields along each side, of which only the mean is read; 0: every pixel.
        centred: whether the mean of each channel is taken off each image's region, so that light
            and colour of the whole tell nothing.

    Raises:
        UserError: for what are no rows and columns.

    >>> Region((22, 28), (10, 22)).shape((3, 32, 32))
    (3, 6, 12)
    >>> Region((0, 32), (8, 24), beside=True).shape((3, 32, 32))
    (3, 32, 16)

    """

    rows: Range
    columns: Range
    beside: bool = False
    fields: int = 0
    centred: bool = False

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            given = getattr(self, name)
            ends = tuple(given) if isinstance(given, tuple | list) else ()
            whole = all(type(end) is int for end in ends)
            if len(ends) != 2 or not whole or not 0 <= ends[0] < ends[1]:
                raise UserError(
                    f"{name} of a region are the first and the one after the last, "
                    f"not {quoted(given)}"
                )
            object.__setattr__(self, name, ends)
        for name in ("beside", "centred"):
            if not isinstance(getattr(self, name), bool):
                raise UserError(
                    f"{name} of a region must be true or false, not {quoted(getattr(self, name))}"
                )
        if type(self.fields) is not int or self.fields < 0:
            raise UserError(
                f"fields of a region must be a whole number from 0, not {quoted(self.fields)}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, from which `Region(**data)` makes an equal region."""
        return {**vars(self), "rows": list(self.rows), "columns": list(self.columns)}

    def shape(self, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the region's (channels, height, width). Raises UserError where it does not fit."""
        channels, height, width = image_shape
        if self.rows[1] > height or self.columns[1] > width:
            raise UserError(f"{shown(self)} reaches beyond images of {shown((height, width))}")
        high, wide = self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]
        if self.beside:
            wide = width - wide
            if not wide:
                raise UserError(f"{shown(self)} leaves nothing beside its columns")
        if not self.fields:
            return channels, high, wide
        if high % self.fields or wide % self.fields:
            raise UserError(f"{shown(self)} has no {self.fields} even fields a side")
        return channels, self.fields, self.fields

    def apply(self, images: Tensor) -> Tensor:
        """Return the region of images (…, channels, h, w): float32 (…, channels, height, width)."""
        (top, bottom), (left, right) = self.rows, self.columns
        rows = images[..., top:bottom, :].float()
        parts = (rows[..., :left], rows[..., right:]) if self.beside else (rows[..., left:right],)
        region = torch.cat(parts, -1)
        if self.fields:
            size = region.shape[-2] // self.fields, region.shape[-1] // self.fields
            means = functional.avg_pool2d(region.flatten(0, -4), size)
            region = means.reshape(*region.shape[:-2], self.fields, self.fields)
        return region - region.mean((-2, -1), keepdim=True) if self.centred else region
