"""Sweeps of a few steps, and what to compare of their runs."""

from pathlib import Path
from typing import Any

from infoeval.checkpoint import Checkpoint
from infoeval.sweep import Summary, train_many
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options

__all__ = ["OPTIONS", "train", "weights"]

OPTIONS: dict[str, Any] = {
    "device": "cpu",
    "samples": 50,
    "log_every": 2,
    "checkpoint_every": 4,
}


def train(folder: Path, **options: Any) -> Summary:
    """Three seeds of 4 steps; `options` change that."""
    settings = {"seeds": [0, 1, 2]} | OPTIONS | options
    trainer = settings.pop("trainer", tiny_trainer())
    return train_many(
        trainer, settings.pop("data", tiny_images()), folder, **split_options(settings)
    )


def weights(folder: Path) -> dict[str, Any]:
    checkpoint = Checkpoint.open(folder / "ckpt.pt")
    return {"weights": checkpoint.weights, "optimizers": checkpoint.optimizers}
