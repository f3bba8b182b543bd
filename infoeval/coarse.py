"""A coarse view of images: how what stands out from the background is spread along each row."""

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor
from torch.nn import functional

from infoeval.errors import UserError, quoted, shown

Background = Literal["white", "black"]

FLOOR = 0.05
"""Is added to a row's mean, a share of the range of pixels: dirt in an empty row stays small."""


@dataclass(frozen=True)
class Coarse:
    """Means of `side` × `side` fields: how far from the background, divided by the row's mean.

    What is left is where an object is, from left to right, at each height: neither its details nor
    how dark it is, nor how much of it is at which height.

    Args:
        side: fields along each side, which divides the image's height and width.
        background: the brightness from which distances are measured.

    """

    side: int = 4
    background: Background = "white"

    def __post_init__(self) -> None:
        if type(self.side) is not int or self.side < 1:
            raise UserError(
                f"side of a coarse view must be a whole number from 1, not {quoted(self.side)}"
            )
        if self.background not in get_args(Background):
            raise UserError(
                f"background of a coarse view is white or black, not {quoted(self.background)}"
            )

    def shape(self, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the view's (channels, height, width). Raises UserError for uneven fields."""
        channels, height, width = image_shape
        if height % self.side or width % self.side:
            raise UserError(
                f"images of {shown((height, width))} pixels have no {self.side} even fields a side"
            )
        return channels, self.side, self.side

    def apply(self, images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
        """Return the views (…, channels, side, side), float32, of images (…, channels, h, w)."""
        low, high = pixel_range
        fields = images.shape[-2] // self.side, images.shape[-1] // self.side
        means = functional.avg_pool2d(images.flatten(0, -4).float(), fields)
        away = high - means if self.background == "white" else means - low
        mean = away.mean((-3, -1), keepdim=True)
        return (away / (mean + FLOOR * (high - low))).reshape(
            *images.shape[:-2], self.side, self.side
        )
