"""The factor regressor: a small network that predicts known factors from images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from infoeval.evaluation.small_network import (
    Progress,
    SmallNetwork,
    example_of,
    learn,
    parts_of,
)
from infoeval.information.streams import seeded_weights
from infoeval.metrics._code_factors import code_factors
from infoeval.metrics.stats.code_factor_table import Column

STEPS = 1_500
BATCH = 64

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


class FactorRegressor(SmallNetwork):
    """A small network from uint8 images ``(n, channels, height, width)`` to known factors.

    Made for images of one size, and for the classes, means and deviations of the factors.
    """

    def __init__(self, images: Tensor, factors: Sequence[Column]) -> None:
        heads = [_width(factor) for factor in factors]
        super().__init__(images, sum(heads))
        self.heads = heads
        self.factors = [(f.type, f.values.mean(), f.spread) for f in factors]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return for each factor its logits, cosine and sine, or standardised value."""
        return torch.split(self.numbers(images), self.heads, dim=1)

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
        parts = [self(part) for part in parts_of(images, device)]
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
    progress: Progress,
) -> FactorRegressor:
    """Return a factor regressor trained on images by Adam; the same for the same seed.

    It takes a minute or two on one CPU core.
    """
    random = np.random.default_rng(seed)
    values = np.stack([factor.values for factor in factors], axis=1)
    with seeded_weights(torch.Generator().manual_seed(seed)):
        network = FactorRegressor(example_of(images, random), factors).to(device)

    def loss() -> Tensor:
        rows = random.integers(len(images), size=min(BATCH, len(images)))
        return network.loss(
            torch.from_numpy(images[rows]).to(device), torch.from_numpy(values[rows]).to(device)
        )

    text = "training the factor regressor on real images"
    learn(network, loss, steps=STEPS, text=text, progress=progress)
    return network


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
