"""What Q is shown of an image: its pixels, their single bits too, or pixels without outliers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

PIXELS = "pixels"
BITS = "bits"
CLIPPED = "clipped pixels"

GREY = 1 / 255
"""One of the 256 grey levels of an image."""
EXAMPLES = 1_000
"""Images that medians and quartiles of pixels are taken from, at most."""
NORMAL_QUARTILE = 0.6745
"""The upper quartile of a standard normal variable."""
CLIPPED_AT = 2.0
"""Clipped pixels end at this many robust deviations."""
MOST_VALUES = 1 << 14
"""Images of more values are not shown as bits: Q has a weight for each bit and feature."""
TAIL = 2.0
"""Degrees of freedom of the t law whose score the second clipped channel is."""


def pixel_input(name: str, images: Tensor) -> "PixelInput":
    """Return the input of this name for images like these, uint8 (n, channels, height, width)."""
    return _INPUTS[name](images)


def possible_inputs(names: Sequence[str], images: Tensor) -> list[str]:
    """Return those of the inputs that images like these can be shown as."""
    return [name for name in names if name != BITS or images[0].numel() <= MOST_VALUES]


class PixelInput(nn.Module, ABC):
    """A map from images to the `channels` that Q reads; its buffers are fixed, not trained."""

    channels: int

    @abstractmethod
    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return (n, channels, height, width) of uint8 images, or of noisy floats from 0 to 255.

        `noise` (n,) is the deviation of the pixel noise in the images, pixels from 0 to 1.
        """


class CentredPixels(PixelInput):
    """Pixels less their mean, in units of one deviation over all pixels.

    An image with one pixel far out moves all weighted sums of pixels: this input is at its best
    under noise of light tails.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        pixels = images.float() / 255
        self.channels = images.shape[1]
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", pixels.mean(0, keepdim=True))
        spread = (pixels - self.mean).square().mean().sqrt()
        self.register_buffer("deviation", spread.clamp_min(GREY / 2))

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """See `PixelInput.forward`."""
        centred = images.float() / 255 - self.mean
        return centred / _with_noise(self.deviation, noise)


class BitPlanes(PixelInput):
    """Centred pixels and, as eight further channels of each, the bits of their grey level.

    A code in the last bit of a pixel is a difference of one grey level, which a smooth function of
    the pixel can hardly show, and a whole channel here. Noisy images are rounded to grey levels.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.centred = CentredPixels(images)
        self.channels = 9 * images.shape[1]
        self.places: Tensor
        self.register_buffer("places", torch.arange(8, dtype=torch.uint8))

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """See `PixelInput.forward`."""
        levels = images if noise is None else images.round().clamp(0, 255).to(torch.uint8)
        bits = (levels[:, :, None] >> self.places.view(8, 1, 1)) & 1
        return torch.cat([self.centred(images, noise), 2 * bits.flatten(1, 2).float() - 1], 1)


class ClippedPixels(PixelInput):
    """Pixels less their median, in robust deviations r of each pixel, in two bounded forms.

    One is r clipped; the other 3r/(2 + r²), the score of a t law of two degrees of freedom, which
    returns to 0 far out. Sums of either are not ruled by outliers, as sums of pixels are.
    """

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.channels = 2 * images.shape[1]
        quartiles = _quartiles(images)
        self.median: Tensor
        self.spread: Tensor
        self.register_buffer("median", quartiles[1:2])
        spread = (quartiles[2:] - quartiles[:1]) / (2 * NORMAL_QUARTILE)
        self.register_buffer("spread", spread.clamp_min(GREY))

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """See `PixelInput.forward`."""
        r = (images.float() / 255 - self.median) / _with_noise(self.spread, noise)
        score = (TAIL + 1) * r / (TAIL + r.square())
        return torch.cat([r.clamp(-CLIPPED_AT, CLIPPED_AT), score], 1)


def _with_noise(deviation: Tensor, noise: Tensor | None) -> Tensor:
    """Return deviations of pixels to which noise of deviations (n,) was added."""
    if noise is None:
        return deviation
    return (deviation.square() + noise.square()[:, None, None, None]).sqrt()


def _quartiles(images: Tensor) -> Tensor:
    """Return the quartiles of every pixel, (3, channels, height, width), pixels from 0 to 1."""
    levels = images[:EXAMPLES].numpy(force=True)
    places = [(len(levels) - 1) * quarter // 4 for quarter in (1, 2, 3)]
    return torch.from_numpy(np.partition(levels, places, axis=0)[places]).float() / 255


_INPUTS: dict[str, type[PixelInput]] = {
    PIXELS: CentredPixels,
    BITS: BitPlanes,
    CLIPPED: ClippedPixels,
}
