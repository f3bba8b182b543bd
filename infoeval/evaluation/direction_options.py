"""The options of evaluating directions."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from infoeval.errors import UserError
from infoeval.evaluation.options import Options, Progress, no_progress
from infoeval.option_fields import option, same_option

SPACES = ("auto", "z", "w")


@dataclass(frozen=True, kw_only=True)
class DirectionOptions:
    """How directions are found and evaluated. Raises UserError for what cannot be."""

    method: str | Path | Any = option(
        "first-layer",
        "first-layer (singular vectors of the first layer's weights), activations (principal "
        "components of an early layer), random, or a .npy or .npz file of directions, (k, D).",
        metavar="METHOD|FILE",
    )
    count: int | None = option(
        None, "How many directions; by default 10, or as many as there are, or all of a file."
    )
    space: Literal["auto", "z", "w"] = option(
        "auto",
        "Latent space: z, the noise and normal codes, or w, where the model has latent(noise) and "
        "synthesize(w); by default w where it has.",
        choices=SPACES,
    )
    budget: str = option("quick", "Cost of the nats.", metavar="quick|standard|strict")
    data: str | None = option(
        None,
        "Data set, .npz file or folder of labelled images: a regressor trained on them reads their "
        "factors, or labels, in generated images.",
        metavar="NAME|PATH",
    )
    data_dir: str | Path | None = same_option(Options, "data_dir")
    skip_broken: bool = same_option(Options, "skip_broken")
    factor_types: Any = same_option(Options, "factor_types")
    prior: str | None = same_option(Options, "prior")
    image_range: str = same_option(Options, "image_range")
    seed: int = option(0, "Seed of samples, of random directions, and of the training of Q.")
    level: float = same_option(Options, "level")
    device: str = same_option(Options, "device")
    progress: Progress = option(
        no_progress, "Called with what is being done and the share that is done.", cli=False
    )

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise UserError(f"space must be z, w or auto, not {self.space!r}")
        _ = self.scoring  # it checks the rest

    @property
    def scoring(self) -> Options:
        """The options of scoring among these."""
        known = {entry.name for entry in fields(Options)}
        shared = {entry.name for entry in fields(self)} & known
        return Options(**{name: getattr(self, name) for name in shared})
