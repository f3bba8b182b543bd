"""An experiment small enough to train in a test: 8×8 images, a few thousand weights."""

from dataclasses import replace
from typing import Any

import numpy as np

from infoeval import Categorical, CodeSpace, Trainer, Uniform
from infoeval.data import ImageSet
from infoeval.information.budgets import Budget
from infoeval.networks import Convolution, Dense, Reshape, UpConvolution

_TRAINER = Trainer(
    name="tiny",
    data="quadrants",
    image_shape=(1, 8, 8),
    codes=CodeSpace(digit=Categorical(4), slant=Uniform(-1, 1), noise=3),
    generator=(
        Dense(16, "relu", batch_norm=True),
        Dense(2 * 2 * 8, "relu", batch_norm=True),
        Reshape(8, 2, 2),
        UpConvolution(4, "relu", batch_norm=True),
        UpConvolution(1, "tanh"),
    ),
    shared=(
        Convolution(4, "leaky_relu"),
        Convolution(8, "leaky_relu", batch_norm=True),
        Dense(16, "leaky_relu", batch_norm=True),
    ),
    recognition=(Dense(8, "leaky_relu", batch_norm=True),),
    code_weights={"slant": 0.1},
    steps=4,
    batch=8,
    precision="float32",
    variants={"gan": {"information_weight": 0.0}},
)

TINY_BUDGET = Budget("tiny", (2,), (3, 3), 16, 1, 1000, 1000, 1000, 1000, 2, 2)
"""An estimate of information in a second, of a Q that has learned next to nothing."""


def tiny_trainer(**changes: Any) -> Trainer:
    """A whole InfoGAN in small, with a categorical and a continuous code, and some `changes`."""
    return replace(_TRAINER, **changes)


def tiny_images(count: int = 40, seed: int = 0, split: str = "train") -> ImageSet:
    """Images of four classes in turn: class k has quadrant k bright, under noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 4
    images = random.integers(0, 60, (count, 1, 8, 8), dtype=np.uint8)
    for row, label in enumerate(labels):
        top, left = 4 * (label // 2), 4 * (label % 2)
        images[row, :, top : top + 4, left : left + 4] += 180
    return ImageSet("quadrants", split, images, labels, ("nw", "ne", "sw", "se"))
