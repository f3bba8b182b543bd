"""Random augmentation: each image rotated, scaled, sheared, shifted, cut and made grey."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError


@dataclass(frozen=True)
class Affine:
    """A random affine map for each image; every range is symmetric about no change.

    Args:
        rotation: largest angle, in radians.
        scale: largest change of log size along each axis.
        shear: largest horizontal shear.
        shift: largest shift along each axis, as a share of half the image.
        cutout: largest side of a square filled with the background, as a share of each side of the
            image (DeVries and Taylor 2017).
        grey: whether colours are taken away: all channels become their mean.

    """

    rotation: float = 0.2
    scale: float = 0.15
    shear: float = 0.2
    shift: float = 0.1
    cutout: float = 0.0
    grey: bool = False

    def __post_init__(self) -> None:
        for name in ("rotation", "scale", "shear", "shift", "cutout"):
            largest = getattr(self, name)
            number = isinstance(largest, int | float) and math.isfinite(largest)
            if not number or largest < 0:
                raise UserError(f"{name} of a view must be a number from 0 up, not {largest!r}")
        if not isinstance(self.grey, bool):
            raise UserError(f"grey of a view must be true or false, not {self.grey!r}")

    def __call__(
        self, images: Tensor, generator: torch.Generator, background: float = -1.0
    ) -> Tensor:
        """Return augmented images (n, channels, height, width), float32; see `apply`."""
        return self.apply(images, self.draw(len(images), generator), background)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return random numbers for `count` images, uniform on [0, 1), float32.

        The columns are rotation, shear, two scales and two shifts, (count, 6); with `cutout` three
        more, the size of the square and its place.
        """
        device = generator.device
        columns = (1, 1, 2, 2) + ((3,) if self.cutout else ())
        return torch.cat(
            [torch.rand(count, n, generator=generator, device=device) for n in columns], dim=1
        )

    def apply(self, images: Tensor, draws: Tensor, background: float = -1.0) -> Tensor:
        """Return the images mapped by `draws`, float32, filled up with `background`.

        Args:
            images: (…, channels, height, width).
            draws: (…, 6) or (…, 9), from `draw`.
            background: pixel value outside the image.

        """
        flat = images.flatten(0, -4)
        with torch.autocast(images.device.type, enabled=False):
            maps = self._maps(draws.flatten(0, -2))
            grid = functional.affine_grid(maps, list(flat.shape), align_corners=False)
            # grid_sample fills with zeros, so zero is made to mean background.
            mapped = functional.grid_sample(flat.float() - background, grid, align_corners=False)
        if self.cutout:
            mapped = mapped * self._kept(draws.flatten(0, -2)[:, 6:], *flat.shape[-2:])
        if self.grey:
            mapped = mapped.mean(1, keepdim=True).expand_as(mapped)
        mapped = (mapped + background).contiguous(memory_format=torch.channels_last)
        return mapped.view(images.shape)

    def _maps(self, draws: Tensor) -> Tensor:
        """Return the affine maps (n, 2, 3) of draws (n, 6)."""
        symmetric = 2 * draws - 1
        angle, shear = symmetric[:, :1] * self.rotation, symmetric[:, 1:2] * self.shear
        size, shift = (symmetric[:, 2:4] * self.scale).exp(), symmetric[:, 4:6] * self.shift
        cosine, sine = angle.cos(), angle.sin()
        first_row = torch.cat([cosine * size[:, :1], shear - sine, shift[:, :1]], dim=1)
        second_row = torch.cat([sine, cosine * size[:, 1:], shift[:, 1:]], dim=1)
        return torch.stack([first_row, second_row], dim=1)

    def _kept(self, draws: Tensor, height: int, width: int) -> Tensor:
        """Return 0 for pixels whose middle is in the square of draws (n, 3), and 1 for others."""
        half = self.cutout * draws[:, :1] / 2

        def beside(size: int, middle: Tensor) -> Tensor:
            pixels = (torch.arange(size, device=draws.device) + 0.5) / size
            return (pixels - middle).abs() >= half

        down, across = beside(height, draws[:, 1:2]), beside(width, draws[:, 2:])
        return (down[:, :, None] | across[:, None]).float()[:, None]
