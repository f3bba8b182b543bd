"""The invariance term of a trained model on real images, by which its seeds can be told apart."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from infoeval.augment import Affine
from infoeval.data import ImageSet
from infoeval.invariance import information_between_views
from infoeval.subjects.subject import Reader
from infoeval.trainer import Trainer

BLOCK = 2**24
"""Number of pixels that are augmented at a time."""
MOST_COPIES, AUGMENTED = 10, 20_000
"""Copies of each image, fewer where they would be more than so many images."""


def invariance_of_images(
    reader: Reader, images: ImageSet, rows: NDArray[np.intp], trainer: Trainer
) -> float | None:
    """Return the trainer's invariance term of some rows of real images, whose labels are not used.

    It is `information_between_views` with the trainer's `invariance_balance` between the rows and
    copies that its `invariance_view` augments, the mean over several copies, summed over the
    categorical codes; without the trainer's weight. None where the trainer has no such term.
    """
    if not trainer.invariance_weight:
        return None
    first = reader.encode(images, rows).posteriors
    random = torch.Generator().manual_seed(0)
    copies = min(MOST_COPIES, max(1, AUGMENTED // len(rows)))
    found = []
    for _ in range(copies):
        moved = augmented(images.images[rows], trainer.invariance_view, random)
        second = reader.encoding(reader.read(moved)).posteriors
        terms = []
        for name in first:  # logarithms of probabilities are logits of the same
            logits = [torch.from_numpy(q[name]).log() for q in (first, second)]
            terms.append(
                information_between_views(logits[0], logits[1], trainer.invariance_balance)
            )
        found.append(float(torch.stack(terms).sum()))
    return float(np.mean(found))


def most_stable(terms: Sequence[float | None], agreement: ArrayLike) -> int | None:
    """Return the place of the largest sum of invariance term and mean agreement with the others.

    The term alone finds the best where most models have merged categories, and the agreement where
    few have. None for fewer than two models, and where some have no term.
    """
    known = [term for term in terms if term is not None]
    if len(known) < max(2, len(terms)):
        return None
    return int(np.argmax(np.asarray(known) + np.asarray(agreement)))


def augmented(
    images: NDArray[np.uint8], view: Affine, generator: torch.Generator
) -> NDArray[np.uint8]:
    """Return an augmented copy of each image; in blocks, because it is done in floats."""
    rows = max(1, BLOCK // images[0].size)
    parts = torch.split(torch.from_numpy(np.ascontiguousarray(images)), rows)
    moved = [view(part.float(), generator, background=0.0).round() for part in parts]
    return np.asarray(torch.cat(moved).to(torch.uint8).numpy())
