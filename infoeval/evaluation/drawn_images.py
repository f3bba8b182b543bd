"""A generator whose images a page can show: 8 bits, of limited size."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from infoeval.codes import CodeSpace
from infoeval.errors import UserError
from infoeval.subjects.protocols import Generator

__all__ = ["DrawnImages", "reduced"]

LONGEST_SIDE = 128
"""Images with more pixels a side are shown reduced."""
CHUNK = 500


class DrawnImages:
    """A `Generator` whose images are uint8 on the CPU, with at most `LONGEST_SIDE` pixels a side.

    `generate` raises UserError where the generator that it wraps returns no images.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    @property
    def codes(self) -> CodeSpace:
        """The latent codes."""
        return self._generator.codes

    @torch.no_grad()
    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        """Return images (n, channels, height, width) of codes and noise (n, codes.noise)."""
        chunks = range(0, len(noise), CHUNK)
        return torch.cat([self._part(codes, noise, slice(at, at + CHUNK)) for at in chunks])

    def _part(self, codes: Mapping[str, Tensor], noise: Tensor, rows: slice) -> Tensor:
        drawn = self._generator.generate(
            {name: values[rows] for name, values in codes.items()}, noise[rows]
        )
        return reduced(_as_bytes(drawn, len(noise[rows])))


def reduced(images: Tensor) -> Tensor:
    """Return uint8 images (n, channels, height, width), made smaller where a side is too long."""
    height, width = images.shape[2:]
    share = LONGEST_SIDE / max(height, width)
    if share >= 1:
        return images
    size = max(1, round(height * share)), max(1, round(width * share))
    return functional.interpolate(images.float(), size, mode="area").round().to(torch.uint8)


def _as_bytes(images: object, count: int) -> Tensor:
    if not isinstance(images, Tensor) or images.dim() != 4:
        raise UserError("the generator returned no tensor (n, channels, height, width) of images")
    if len(images) != count or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise UserError(
            f"the generator returned a tensor {tuple(images.shape)} for {count} codes; "
            "a page shows grey (1 channel) or RGB (3 channels) images"
        )
    images = images.detach().cpu()
    if images.dtype == torch.uint8:
        return images
    if not images.dtype.is_floating_point or not bool(images.isfinite().all()):
        raise UserError("the generator's images must be uint8, or finite floats in [0, 1]")
    return images.float().mul(255).round().clamp(0, 255).to(torch.uint8)
