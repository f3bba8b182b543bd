"""Which seed a report shows first: the choice among seeds that needs no labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.evaluation.checkpoint_scores import checkpoint_images
from infoeval.evaluation.options import Recipe
from infoeval.evaluation.posterior_reading import thin
from infoeval.evaluation.report_models import Opened
from infoeval.metrics.seed_agreement import LEAST_MODELS, seed_agreement
from infoeval.sweep.unlabelled import read_unlabelled

__all__ = ["Choice", "choose"]

IMAGES = 10_000
"""Unlabelled training images that seeds are compared on, at most."""


@dataclass(frozen=True)
class Choice:
    """The place of the model shown first, and why it is that one."""

    place: int
    reason: str


def choose(
    models: Sequence[Opened],
    show: int | None,
    recipe: Recipe,
    data: str | None,
    data_dir: str | Path | None,
) -> Choice:
    """Choose the seed `show`; else, of three or more, the one most like the others; else the first.

    Neither labels nor scores are looked at: every seed reads the same training images, and the
    choice is their medoid (see `infoeval.metrics.seed_agreement`).

    Raises UserError where no model is of the seed `show`, or the images are missing.
    """
    seeds = [model.seed for model in models]
    if show is not None:
        if show not in seeds:
            there = ", ".join(str(seed) for seed in seeds)
            raise UserError(f"--show {show}: no model is of that seed; there are {there}")
        return Choice(seeds.index(show), f"seed {show}, as asked for")
    first = Choice(0, "the first one given")
    checkpoints = [model.what for model in models if isinstance(model.what, Checkpoint)]
    if len(checkpoints) < max(LEAST_MODELS, len(models)):
        return first
    train, _ = checkpoint_images(
        checkpoints[0], recipe, data or checkpoints[0].trainer.data, data_dir
    )
    images = thin(train, IMAGES).images
    codes = []
    for number, checkpoint in enumerate(checkpoints):
        recipe.say(
            f"choosing among the seeds without labels, {number} of {len(models)} read",
            number / len(models),
        )
        reading = read_unlabelled(
            checkpoint, images, calibration=train.images, device=recipe.device
        )
        codes.append(list(reading.codes.values()))
    agreement = seed_agreement(codes)
    if agreement.medoid is None:
        return Choice(0, "the first one given; no two seeds agree on anything")
    mean = float(agreement.means[agreement.medoid])
    return Choice(
        agreement.medoid,
        f"highest mean agreement with the other seeds ({mean:.3f}; {agreement.measure}) on "
        f"{len(images):,} training images, without labels",
    )
