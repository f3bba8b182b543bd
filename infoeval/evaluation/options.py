"""What a scoring is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

import torch

from infoeval.errors import UserError
from infoeval.information.budgets import BUDGETS, Budget
from infoeval.metrics.stats.resampling import Options as TableOptions

__all__ = ["BatchNorm", "Options", "Recipe", "Say"]

BatchNorm = Literal["real", "running", "generated"]
Say = Callable[[str, float | None], None]
"""Told in a few words what is being done, and which share of it is done where that is known."""


class Options(TypedDict, total=False):
    """The options of `infoeval.evaluation.score`, for those who pass them on."""

    data: str | None
    data_dir: str | Path | None
    seed: int
    level: float
    samples: int
    fit_images: int | None
    batch_norm: BatchNorm
    budget: str
    information: str | None
    device: str
    rows: int
    replicates: int | None
    null: int
    prune: bool
    code_types: Sequence[str] | None
    factor_types: Sequence[str] | None
    skip_broken: bool
    say: Say | None


@dataclass(frozen=True)
class Recipe:
    """How to score a model; see `infoeval.evaluation.score` for the fields.

    `information` is whether `mi` is measured beside what is asked for. Raises UserError for a
    number that is out of range.
    """

    device: torch.device
    seed: int = 0
    level: float = 0.95
    samples: int = 20_000
    fit_images: int | None = None
    batch_norm: BatchNorm = "real"
    budget: Budget = BUDGETS["standard"]
    information: bool = False
    rows: int = 10_000
    replicates: int | None = None
    null: int = 0
    prune: bool = False
    code_types: Sequence[str] | None = None
    factor_types: Sequence[str] | None = None
    skip_broken: bool = False
    say: Say = lambda text, share: None

    @property
    def table(self) -> TableOptions:
        """What every metric of a table takes."""
        options: TableOptions = {
            "seed": self.seed,
            "level": self.level,
            "null": self.null,
            "prune": self.prune,
        }
        return options if self.replicates is None else {**options, "replicates": self.replicates}

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UserError(f"level must lie between 0 and 1, not {self.level}")
        if not 0 <= self.seed < 2**63:
            raise UserError(f"seed must be between 0 and 2^63 − 1, not {self.seed}")
        if self.samples < 2:
            raise UserError(f"samples must be at least 2, not {self.samples}")
        if self.fit_images is not None and self.fit_images < 2:
            raise UserError(f"fit_images must be at least 2, not {self.fit_images}")
        if self.rows < 2:
            raise UserError(f"rows must be at least 2, not {self.rows}")
        for name in ("null", "replicates"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise UserError(f"{name} must be 0 or more, not {number}")
