"""A small convolutional network on 8-bit images, and how it learns."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

RATE = 2e-3
WIDTHS = (16, 32, 64, 128)
"""Channels of the convolutions, each of which halves the image; as many as its size allows."""
HIDDEN = 128
SMALLEST_MAP = 4
CHUNK = 500

Progress = Callable[[str, float | None], None]


class SmallNetwork(nn.Module):
    """Convolutions and two dense layers from uint8 images (n, channels, height, width) to numbers.

    Made for images of the size of `example`, whose mean and deviation scale pixels.
    """

    def __init__(self, example: Tensor, outputs: int) -> None:
        super().__init__()
        pixels = example.float()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", pixels.mean((0, 2, 3), keepdim=True))
        self.register_buffer("deviation", pixels.std((0, 2, 3), keepdim=True).clamp_min(1.0))
        channels, height, width = example.shape[1:]
        layers: list[nn.Module] = []
        for wider in WIDTHS:
            if min(height, width) <= SMALLEST_MAP:
                break
            layers += [nn.Conv2d(channels, wider, 3, 2, 1), nn.BatchNorm2d(wider), nn.ReLU()]
            channels, height, width = wider, (height + 1) // 2, (width + 1) // 2
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(channels * height * width, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, outputs),
        )

    def numbers(self, images: Tensor) -> Tensor:
        """Return the outputs (n, outputs) of images, uint8 or float from 0 to 255."""
        made: Tensor = self.layers(self._scaled(images))
        return made

    def hidden(self, images: Tensor) -> Tensor:
        """Return what the first dense layer makes of images, (n, HIDDEN)."""
        made: Tensor = self.layers[:-2](self._scaled(images))
        return made

    def _scaled(self, images: Tensor) -> Tensor:
        return (images.float() - self.mean) / self.deviation


def example_of(images: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    """Return some images, by which a network scales pixels."""
    return torch.from_numpy(images[np.sort(random.permutation(len(images))[:CHUNK])])


def learn(
    network: nn.Module,
    loss: Callable[[], Tensor],
    *,
    steps: int,
    text: str,
    progress: Progress,
) -> None:
    """Train a network by Adam on the loss of a new batch at each step, and set it to evaluation."""
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        if step % 50 == 0:
            progress(text, step / steps)
        value = loss()
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rate.step()
    network.eval()


def parts_of(images: NDArray[np.uint8], device: torch.device) -> Iterator[Tensor]:
    """Yield images as tensors of at most `CHUNK` of them."""
    for start in range(0, len(images), CHUNK):
        yield torch.from_numpy(np.array(images[start : start + CHUNK])).to(device)
