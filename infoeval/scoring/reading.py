"""Reading the categorical codes of real images by the checkpoint's own Q."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.information.own import sample
from infoeval.model import CALIBRATION_IMAGES, CheckpointModel
from infoeval.scoring.recipe import Recipe

__all__ = ["Posteriors", "most_probable", "read", "reader", "thin"]

ENCODING_CHUNK = 5000
Posteriors = dict[str, NDArray[np.float32]]
"""q(c|x) of every image and category, (n, K), by the name of a categorical code."""


def reader(recipe: Recipe, train: ImageSet) -> CheckpointModel:
    """The checkpoint with Q's batch-norm statistics as the recipe says."""
    return CheckpointModel(recipe.checkpoint, recipe.device, _calibration(recipe, train))


def read(recipe: Recipe, model: CheckpointModel, images: ImageSet) -> Posteriors:
    """q(c|x) of every categorical code. Raises UserError where it is not finite."""
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(images), ENCODING_CHUNK):
        recipe.say(
            f"reading the codes of {images.split} images, {start:,} of {len(images):,}",
            start / len(images),
        )
        found = model.encode(torch.from_numpy(images.images[start : start + ENCODING_CHUNK]))
        for name in recipe.checkpoint.trainer.categorical_codes:
            if not bool(found[name].isfinite().all()):
                raise UserError("the checkpoint's networks compute numbers that are not finite")
            parts.setdefault(name, []).append(found[name].cpu().numpy())
    return {name: np.concatenate(chunks) for name, chunks in parts.items()}


def most_probable(posteriors: Posteriors) -> dict[str, NDArray[np.int64]]:
    """Arg max of q(c|x), (n,), by code."""
    return {name: q.argmax(1) for name, q in posteriors.items()}


def thin(images: ImageSet, count: int) -> ImageSet:
    """At most `count` of the images, evenly spaced."""
    rows = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    labels = images.labels[rows] if images.labels is not None else None
    return replace(
        images,
        images=images.images[rows],
        labels=labels,
        factors=None,
        factor_names=(),
        factor_types=(),
    )


def _calibration(recipe: Recipe, train: ImageSet) -> NDArray[np.uint8] | None:
    """The images on which Q's batch-norm statistics are estimated."""
    if recipe.batch_norm == "running":
        return None
    recipe.say(f"batch-norm statistics on {recipe.batch_norm} images", None)
    if recipe.batch_norm == "real":
        return train.images
    model = CheckpointModel(recipe.checkpoint, recipe.device)
    _, images = sample(model, CALIBRATION_IMAGES, torch.Generator().manual_seed(recipe.seed))
    return images.cpu().numpy()
