"""What a scoring is told: the options, and the checkpoint they are for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

import torch

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.information.budgets import Budget

__all__ = ["BatchNorm", "Options", "Recipe", "Say"]

BatchNorm = Literal["real", "running", "generated"]
Say = Callable[[str, float | None], None]
"""Told in a few words what is being done, and which share of it is done where that is known."""


class Options(TypedDict, total=False):
    """The options of `infoeval.scoring.score`, for those who pass them on."""

    data: str | None
    data_dir: str | Path | None
    seed: int
    level: float
    samples: int
    fit_images: int | None
    batch_norm: BatchNorm
    budget: str
    device: str
    say: Say | None


@dataclass(frozen=True)
class Recipe:
    """One checkpoint and how to score it; see `infoeval.scoring.score` for the fields.

    Raises UserError for a number that is out of range.
    """

    checkpoint: Checkpoint
    device: torch.device
    seed: int
    level: float
    samples: int
    fit_images: int | None
    batch_norm: BatchNorm
    budget: Budget
    say: Say

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UserError(f"level must lie between 0 and 1, not {self.level}")
        if not 0 <= self.seed < 2**63:
            raise UserError(f"seed must be between 0 and 2^63 − 1, not {self.seed}")
        if self.samples < 2:
            raise UserError(f"samples must be at least 2, not {self.samples}")
        if self.fit_images is not None and self.fit_images < 2:
            raise UserError(f"fit_images must be at least 2, not {self.fit_images}")
