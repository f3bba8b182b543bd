"""A small network that reads known factors from images, and how well it does."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from infoeval.information.streams import seeded_weights
from infoeval.metrics.code_factors import code_factors
from infoeval.metrics.stats.code_factor_table import Column

__all__ = ["Accuracy", "MeasuringNetwork", "accuracy", "train"]

STEPS = 1_500
BATCH = 64
RATE = 2e-3
WIDTHS = (16, 32, 64, 128)
"""Channels of the convolutions, each of which halves the image; no more than its size allows."""
HIDDEN = 128
SMALLEST_MAP = 4
CHUNK = 500

LEAST_CORRELATION = 0.9
"""On images that were not trained on; of a class, balanced accuracy is to be halfway to 1."""


class Accuracy(NamedTuple):
    """How well a factor is read from real images that were not trained on, and what is enough."""

    measure: str
    value: float
    least: float

    @property
    def is_enough(self) -> bool:
        """Whether the factor can be measured."""
        return self.value >= self.least


class MeasuringNetwork(nn.Module):
    """Reads factors from uint8 images ``(n, channels, height, width)`` of one size.

    Made of some images and the factors' columns, whose classes, means and deviations it knows.
    """

    def __init__(self, images: Tensor, factors: Sequence[Column]) -> None:
        super().__init__()
        self.factors = [(each.type, each.values.mean(), each.spread) for each in factors]
        self.heads = [_width(each) for each in factors]
        pixels = images.float()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", pixels.mean((0, 2, 3), keepdim=True))
        self.register_buffer("deviation", pixels.std((0, 2, 3), keepdim=True).clamp_min(1.0))
        channels, height, width = images.shape[1:]
        layers: list[nn.Module] = []
        for grown in WIDTHS:
            if min(height, width) <= SMALLEST_MAP:
                break
            layers += [nn.Conv2d(channels, grown, 3, 2, 1), nn.BatchNorm2d(grown), nn.ReLU()]
            channels, height, width = grown, (height + 1) // 2, (width + 1) // 2
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(channels * height * width, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, sum(self.heads)),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """For each factor its logits, cosine and sine, or standardised value."""
        found = self.layers((images.float() - self.mean) / self.deviation)
        return torch.split(found, self.heads, dim=1)

    def loss(self, images: Tensor, factors: Tensor) -> Tensor:
        """Cross entropy and squared errors, summed over factors ``(n, K)``."""
        losses = []
        for found, (kind, mean, spread), values in zip(
            self(images), self.factors, factors.T, strict=True
        ):
            if kind == "discrete":
                losses.append(functional.cross_entropy(found, values.long()))
            elif kind == "periodic":
                wanted = torch.stack([values.cos(), values.sin()], dim=1)
                losses.append(functional.mse_loss(found, wanted.float()))
            else:
                wanted = (values - mean)[:, None] / spread
                losses.append(functional.mse_loss(found, wanted.float()))
        return torch.stack(losses).sum()

    @torch.no_grad()
    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Factors ``(n, K)``: class numbers, angles in radians from 0 to 2π, or values."""
        device = next(self.parameters()).device
        read = []
        for start in range(0, len(images), CHUNK):
            chunk = torch.from_numpy(np.array(images[start : start + CHUNK])).to(device)
            columns = []
            for found, (kind, mean, spread) in zip(self(chunk), self.factors, strict=True):
                if kind == "discrete":
                    columns.append(found.argmax(1).double())
                elif kind == "periodic":
                    angle = torch.atan2(found[:, 1].double(), found[:, 0].double())
                    columns.append(angle % (2 * torch.pi))
                else:
                    columns.append(found[:, 0].double() * spread + mean)
            read.append(torch.stack(columns, dim=1).cpu().numpy())
        return np.concatenate(read)


def train(
    images: NDArray[np.uint8],
    factors: Sequence[Column],
    *,
    seed: int,
    device: torch.device,
    say: Callable[[str, float | None], None],
) -> MeasuringNetwork:
    """Train a network on images and their factors, by Adam; the same for the same seed.

    It takes a minute or two on one CPU core.
    """
    random = np.random.default_rng(seed)
    values = np.stack([each.values for each in factors], axis=1)
    with seeded_weights(torch.Generator().manual_seed(seed)):
        example = images[np.sort(random.permutation(len(images))[:CHUNK])]
        network = MeasuringNetwork(torch.from_numpy(example), factors).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for step in range(STEPS):
        if step % 50 == 0:
            say("learning to measure the factors on real images", step / STEPS)
        rows = random.integers(len(images), size=min(BATCH, len(images)))
        loss = network.loss(
            torch.from_numpy(images[rows]).to(device), torch.from_numpy(values[rows]).to(device)
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rate.step()
    return network.eval()


def accuracy(read: NDArray[np.float64], factor: Column) -> Accuracy:
    """How well a factor was read: balanced accuracy of classes, else the correlation of ranks."""
    if factor.type == "discrete":
        classes = np.unique(factor.values)
        recalls = [(read[factor.values == each] == each).mean() for each in classes]
        return Accuracy("balanced accuracy", float(np.mean(recalls)), (1 + 1 / len(classes)) / 2)
    truth = pd.DataFrame({factor.name: factor.values})
    score = code_factors(read, truth, factor_types=[factor.type], replicates=0)
    (pair,) = score.details["associations"]
    return Accuracy(pair["measure"], score.value, LEAST_CORRELATION)


def _width(factor: Column) -> int:
    if factor.type == "discrete":
        return int(factor.values.max()) + 1
    return 2 if factor.type == "periodic" else 1
