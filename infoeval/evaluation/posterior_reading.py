"""Reading the codes of real images by the checkpoint's own Q."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation.options import Recipe
from infoeval.information.own_bound import sample
from infoeval.subjects.model import CALIBRATION_IMAGES, CheckpointModel

__all__ = ["Posteriors", "columns", "most_probable", "read", "reader", "thin"]

ENCODING_CHUNK = 5000
Posteriors = dict[str, NDArray[np.float32]]
"""q(c|x) of every image and category, (n, K), by the name of a categorical code."""


def reader(checkpoint: Checkpoint, recipe: Recipe, train: ImageSet) -> CheckpointModel:
    """The checkpoint with Q's batch-norm statistics as the recipe says."""
    calibration = _calibration(checkpoint, recipe, train)
    return CheckpointModel(checkpoint, recipe.device, calibration)


def read(recipe: Recipe, model: CheckpointModel, images: ImageSet) -> Posteriors:
    """q(c|x) of every categorical code. Raises UserError where it is not finite."""
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(images), ENCODING_CHUNK):
        recipe.say(
            f"reading the codes of {images.split} images, {start:,} of {len(images):,}",
            start / len(images),
        )
        found = model.encode(torch.from_numpy(images.images[start : start + ENCODING_CHUNK]))
        for name, read in found.items():
            if read.ndim != 2:
                continue
            if not bool(read.isfinite().all()):
                raise UserError("the checkpoint's networks compute numbers that are not finite")
            parts.setdefault(name, []).append(read.cpu().numpy())
    return {name: np.concatenate(chunks) for name, chunks in parts.items()}


def columns(model: CheckpointModel, images: NDArray[np.uint8]) -> pd.DataFrame:
    """Every code as it is read: the likeliest category, or the mean; a column for each.

    Raises UserError where it is not finite.
    """
    found: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, len(images), ENCODING_CHUNK):
        for name, read in model.encode(
            torch.from_numpy(images[start : start + ENCODING_CHUNK])
        ).items():
            if not bool(read.isfinite().all()):
                raise UserError("the checkpoint's networks compute numbers that are not finite")
            values = read.argmax(1) if read.ndim == 2 else read
            found.setdefault(name, []).append(values.cpu().numpy())
    return pd.DataFrame({name: np.concatenate(parts) for name, parts in found.items()})


def most_probable(posteriors: Posteriors) -> dict[str, NDArray[np.int64]]:
    """Arg max of q(c|x), (n,), by code."""
    return {name: q.argmax(1) for name, q in posteriors.items()}


def thin(images: ImageSet, count: int) -> ImageSet:
    """At most `count` of the images, evenly spaced."""
    rows = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    return replace(
        images,
        images=images.images[rows],
        labels=None if images.labels is None else images.labels[rows],
        factors=None if images.factors is None else images.factors[rows],
    )


def _calibration(
    checkpoint: Checkpoint, recipe: Recipe, train: ImageSet
) -> NDArray[np.uint8] | None:
    """The images on which Q's batch-norm statistics are estimated."""
    if recipe.batch_norm == "running":
        return None
    recipe.say(f"batch-norm statistics on {recipe.batch_norm} images", None)
    if recipe.batch_norm == "real":
        return train.images
    model = CheckpointModel(checkpoint, recipe.device)
    _, images = sample(model, CALIBRATION_IMAGES, torch.Generator().manual_seed(recipe.seed))
    return images.cpu().numpy()
