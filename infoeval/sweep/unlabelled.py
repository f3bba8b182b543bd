"""Scores of a model on unlabelled images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.augment import Affine
from infoeval.data import ImageSet
from infoeval.evaluation.invariance_of_images import augmented, invariance_of_images
from infoeval.subjects.subject import Reader
from infoeval.trainer import Trainer


@dataclass(frozen=True)
class UnlabelledScores:
    """The codes of n images, and scores of them that need no labels.

    Args:
        codes: a column ``(n,)`` for each code: the likeliest category, or the value.
        information: of each categorical code H(mean q) − mean H(q), nats: high where images are
            assigned with certainty and all categories are used.
        augmentation_consistency: of each categorical code the share of images that keep their
            category when they are slightly rotated, scaled, sheared and shifted (`Affine`).
        invariance: the trainer's invariance term, nats; None of a trainer without one.

    """

    codes: dict[str, NDArray[Any]]
    information: dict[str, float]
    augmentation_consistency: dict[str, float]
    invariance: float | None = None


def score_unlabelled(
    reader: Reader, images: ImageSet, rows: NDArray[np.intp], trainer: Trainer | None = None
) -> UnlabelledScores:
    """Return the scores of some rows of an image set, whose labels are not used.

    The invariance term is that of `trainer`.

    Raises UserError for networks that compute no finite numbers.
    """
    encoding = reader.encode(images, rows)
    codes = {str(name): column.to_numpy() for name, column in encoding.columns.items()}
    posteriors = encoding.posteriors
    consistency = {}
    if posteriors:
        random = torch.Generator().manual_seed(0)
        moved = reader.columns(augmented(images.images[rows], Affine(), random))
        consistency = {name: float(np.mean(moved[name] == codes[name])) for name in posteriors}
    information = {name: _information(torch.from_numpy(q)) for name, q in posteriors.items()}
    term = None if trainer is None else invariance_of_images(reader, images, rows, trainer)
    return UnlabelledScores(codes, information, consistency, term)


def _information(q: Tensor) -> float:
    """Return H(mean q) − mean H(q) of the posteriors q, (n, categories), in nats."""
    entropy_of_mean = torch.special.entr(q.mean(0)).sum()
    return float(entropy_of_mean - torch.special.entr(q).sum(1).mean())
