"""The factor regressor: a small network that predicts known factors from images."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from infoeval.information.streams import seeded_weights
from infoeval.metrics._code_factors import code_factors
from infoeval.metrics.stats.code_factor_table import Column

STEPS = 1_500
BATCH = 64
RATE = 2e-3
WIDTHS = (16, 32, 64, 128)
"""Channels of the convolutions, each of which halves the image; as many as its size allows."""
HIDDEN = 128
SMALLEST_MAP = 4
CHUNK = 500

LEAST_CORRELATION = 0.9
"""A factor counts as measurable from this correlation on test images; of classes, from a balanced
accuracy halfway between chance and 1."""


class Accuracy(NamedTuple):
    """How well a factor is predicted on test images, and the least value that is enough."""

    measure: str
    value: float
    least: float

    @property
    def is_enough(self) -> bool:
        """Whether the factor counts as measurable."""
        return self.value >= self.least


class FactorRegressor(nn.Module):
    """A small network from uint8 images ``(n, channels, height, width)`` to known factors.

    Made for images of one size, and for the classes, means and deviations of the factors.
    """

    def __init__(self, images: Tensor, factors: Sequence[Column]) -> None:
        super().__init__()
        self.factors = [(f.type, f.values.mean(), f.spread) for f in factors]
        self.heads = [_width(factor) for factor in factors]
        pixels = images.float()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", pixels.mean((0, 2, 3), keepdim=True))
        self.register_buffer("deviation", pixels.std((0, 2, 3), keepdim=True).clamp_min(1.0))
        channels, height, width = images.shape[1:]
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
            nn.Linear(HIDDEN, sum(self.heads)),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return for each factor its logits, cosine and sine, or standardised value."""
        outputs = self.layers((images.float() - self.mean) / self.deviation)
        return torch.split(outputs, self.heads, dim=1)

    def loss(self, images: Tensor, factors: Tensor) -> Tensor:
        """Return cross entropy and squared errors, summed over factors ``(n, K)``."""
        losses = []
        for output, (kind, mean, spread), values in zip(
            self(images), self.factors, factors.T, strict=True
        ):
            if kind == "discrete":
                losses.append(functional.cross_entropy(output, values.long()))
            elif kind == "periodic":
                target = torch.stack([values.cos(), values.sin()], dim=1)
                losses.append(functional.mse_loss(output, target.float()))
            else:
                target = (values - mean)[:, None] / spread
                losses.append(functional.mse_loss(output, target.float()))
        return torch.stack(losses).sum()

    @torch.no_grad()
    def outputs(self, images: NDArray[np.uint8]) -> list[Tensor]:
        """Return what is computed of each factor, ``(n, width)`` float64 on the CPU."""
        device = next(self.parameters()).device
        chunks = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
        parts = [self(torch.from_numpy(np.array(chunk)).to(device)) for chunk in chunks]
        return [torch.cat(each).double().cpu() for each in zip(*parts, strict=True)]

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return factors ``(n, K)``: class numbers, angles in radians from 0 to 2π, or values."""
        columns = []
        for output, (kind, mean, spread) in zip(self.outputs(images), self.factors, strict=True):
            if kind == "discrete":
                columns.append(output.argmax(1).double())
            elif kind == "periodic":
                columns.append(torch.atan2(output[:, 1], output[:, 0]) % (2 * torch.pi))
            else:
                columns.append(output[:, 0] * spread + mean)
        return torch.stack(columns, dim=1).numpy()


def train(
    images: NDArray[np.uint8],
    factors: Sequence[Column],
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[str, float | None], None],
) -> FactorRegressor:
    """Return a factor regressor trained on images by Adam; the same for the same seed.

    It takes a minute or two on one CPU core.
    """
    random = np.random.default_rng(seed)
    values = np.stack([factor.values for factor in factors], axis=1)
    with seeded_weights(torch.Generator().manual_seed(seed)):
        example = images[np.sort(random.permutation(len(images))[:CHUNK])]
        network = FactorRegressor(torch.from_numpy(example), factors).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for step in range(STEPS):
        if step % 50 == 0:
            progress("training the factor regressor on real images", step / STEPS)
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
    """Return the balanced accuracy of classes, of other factors the rank correlation."""
    if factor.type == "discrete":
        classes = np.unique(factor.values)
        recalls = [(read[factor.values == value] == value).mean() for value in classes]
        return Accuracy("balanced accuracy", float(np.mean(recalls)), (1 + 1 / len(classes)) / 2)
    truth = pd.DataFrame({factor.name: factor.values})
    score = code_factors(read, truth, factor_types=[factor.type], replicates=0)
    (pair,) = score.details["associations"]
    return Accuracy(pair["measure"], score.value, LEAST_CORRELATION)


def _width(factor: Column) -> int:
    if factor.type == "discrete":
        return int(factor.values.max()) + 1
    return 2 if factor.type == "periodic" else 1
