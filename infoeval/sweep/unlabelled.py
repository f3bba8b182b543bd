"""Codes that a checkpoint's Q reads from unlabelled images, and scores that need no labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from infoeval.augment import Affine
from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.subjects.checkpoint_model import CheckpointModel

__all__ = ["Reading", "read_unlabelled"]

BLOCK = 2**24
"""Number of pixels that are augmented at a time."""


@dataclass(frozen=True)
class Reading:
    """The codes of n images, and scores of them that need no labels.

    Args:
        codes: by name, ``(n,)``: the likeliest category, int64, or the posterior's mean, float64.
        information: of each categorical code H(mean q) − mean H(q), nats: high where images are
            read with certainty and all categories are used.
        augmentation_consistency: of each categorical code the share of images that keep their
            category when they are slightly rotated, scaled, sheared and shifted (`Affine`).

    """

    codes: dict[str, NDArray[Any]]
    information: dict[str, float]
    augmentation_consistency: dict[str, float]


def read_unlabelled(
    checkpoint: Checkpoint,
    images: NDArray[np.uint8],
    *,
    calibration: NDArray[np.uint8],
    device: torch.device | str = "cpu",
) -> Reading:
    """Encode `images`, uint8 (n, channels, height, width), by the checkpoint's own Q.

    Q's batch-norm statistics are estimated on `calibration`, images of the same kind. Raises
    UserError for networks that compute no finite numbers.
    """
    model = CheckpointModel(checkpoint, device, calibration)
    real = torch.from_numpy(images)
    read = _encode(model, real)
    categorical = [name for name, code in read.items() if code.ndim == 2]
    augmented = _encode(model, _augmented(real)) if categorical else {}
    codes = {
        name: (code.argmax(1) if code.ndim == 2 else code.double()).numpy()
        for name, code in read.items()
    }
    return Reading(
        codes=codes,
        information={name: _information(read[name]) for name in categorical},
        augmentation_consistency={
            name: float(np.mean(augmented[name].argmax(1).numpy() == codes[name]))
            for name in categorical
        },
    )


def _encode(model: CheckpointModel, images: Tensor) -> dict[str, Tensor]:
    read = {name: code.cpu() for name, code in model.encode(images).items()}
    if not all(bool(code.isfinite().all()) for code in read.values()):
        raise UserError("the checkpoint's networks compute numbers that are not finite")
    return read


def _augmented(images: Tensor) -> Tensor:
    """An augmented copy of each image; in blocks, because it is done in floats."""
    generator = torch.Generator().manual_seed(0)
    rows = max(1, BLOCK // images[0].numel())
    augmented = [
        Affine()(part.float(), generator, background=0.0).round().to(torch.uint8)
        for part in torch.split(images, rows)
    ]
    return torch.cat(augmented)


def _information(q: Tensor) -> float:
    entropy_of_mean = torch.special.entr(q.mean(0)).sum()
    return float(entropy_of_mean - torch.special.entr(q).sum(1).mean())
