"""Slightly moved copies of images: random rotation, scale, shear and shift."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.training.distributed import World

__all__ = ["Affine"]


@dataclass(frozen=True)
class Affine:
    """A random affine map for each image; every range is symmetric about no change.

    Args:
        rotation: largest turn, in radians.
        scale: largest change of log size along each axis.
        shear: largest horizontal shear.
        shift: largest shift along each axis, as a share of half the image.

    """

    rotation: float = 0.2
    scale: float = 0.15
    shear: float = 0.2
    shift: float = 0.1

    def __post_init__(self) -> None:
        for name in ("rotation", "scale", "shear", "shift"):
            largest = getattr(self, name)
            number = isinstance(largest, int | float) and math.isfinite(largest)
            if not number or largest < 0:
                raise UserError(f"{name} of a view must be a number from 0 up, not {largest!r}")

    def __call__(
        self,
        images: Tensor,
        generator: torch.Generator,
        background: float = -1.0,
        world: "World | None" = None,
    ) -> Tensor:
        """Move each of (n, channels, height, width) images; `background` fills what comes in.

        Where they are a process's share of a batch, it draws for all of the batch.
        """
        count = len(images) * (1 if world is None else world.size)

        def draw(largest: float, columns: int = 1) -> Tensor:
            unit = torch.rand(count, columns, generator=generator, device=images.device)
            own = unit if world is None else world.share(unit)
            return (2 * own - 1) * largest

        angle, shear = draw(self.rotation), draw(self.shear)
        size, shift = draw(self.scale, 2).exp(), draw(self.shift, 2)
        cosine, sine = angle.cos(), angle.sin()
        first_row = torch.cat([cosine * size[:, :1], shear - sine, shift[:, :1]], dim=1)
        second_row = torch.cat([sine, cosine * size[:, 1:], shift[:, 1:]], dim=1)
        maps = torch.stack([first_row, second_row], dim=1)
        with torch.autocast(images.device.type, enabled=False):
            grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
            # grid_sample fills with zeros, so zero is made to mean background.
            moved = functional.grid_sample(images.float() - background, grid, align_corners=False)
        return (moved + background).contiguous(memory_format=torch.channels_last)
