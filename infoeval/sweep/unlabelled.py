"""Scores of a model on unlabelled images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.augment import Affine
from infoeval.data import ImageSet
from infoeval.subjects.subject import Reader

BLOCK = 2**24
"""Number of pixels that are augmented at a time."""


@dataclass(frozen=True)
class UnlabelledScores:
    """The codes of n images, and scores of them that need no labels.

    Args:
        codes: a column ``(n,)`` for each code: the likeliest category, or the value.
        information: of each categorical code H(mean q) − mean H(q), nats: high where images are
            assigned with certainty and all categories are used.
        augmentation_consistency: of each categorical code the share of images that keep their
            category when they are slightly rotated, scaled, sheared and shifted (`Affine`).

    """

    codes: dict[str, NDArray[Any]]
    information: dict[str, float]
    augmentation_consistency: dict[str, float]


def score_unlabelled(reader: Reader, images: ImageSet, rows: NDArray[np.intp]) -> UnlabelledScores:
    """Return the scores of some rows of an image set, whose labels are not used.

    Raises UserError for networks that compute no finite numbers.
    """
    encoding = reader.encode(images, rows)
    codes = {str(name): column.to_numpy() for name, column in encoding.columns.items()}
    posteriors = encoding.posteriors
    consistency = {}
    if posteriors:
        augmented = reader.columns(_augment(torch.from_numpy(images.images[rows])).numpy())
        consistency = {name: float(np.mean(augmented[name] == codes[name])) for name in posteriors}
    information = {name: _information(torch.from_numpy(q)) for name, q in posteriors.items()}
    return UnlabelledScores(codes, information, consistency)


def _augment(images: Tensor) -> Tensor:
    """Return an augmented copy of each image; in blocks, because it is done in floats."""
    generator = torch.Generator().manual_seed(0)
    rows = max(1, BLOCK // images[0].numel())
    augmented = [
        Affine()(part.float(), generator, background=0.0).round().to(torch.uint8)
        for part in torch.split(images, rows)
    ]
    return torch.cat(augmented)


def _information(q: Tensor) -> float:
    """Return H(mean q) − mean H(q) of the posteriors q, (n, categories), in nats."""
    entropy_of_mean = torch.special.entr(q.mean(0)).sum()
    return float(entropy_of_mean - torch.special.entr(q).sum(1).mean())
