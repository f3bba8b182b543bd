"""What `infoeval train` does and prints, once its settings are chosen."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infoeval.cli.common import as_text, note
from infoeval.cli.progress import activity, training_progress
from infoeval.cli.terminal import print_runs

if TYPE_CHECKING:
    from infoeval.data import ImageSet
    from infoeval.training.choosing import Choice

__all__ = ["load_images", "preparing", "train_many", "train_one"]

FAILED = 1
"""Exit code where a run of many failed."""


@contextmanager
def preparing() -> Iterator[None]:
    """Show how far data are that are being prepared."""
    from infoeval.data import reporting

    with activity() as say, reporting(say):
        yield


def load_images(choice: "Choice", data_dir: Path | None, skip_broken: bool) -> "ImageSet":
    """The training images; says which were left out."""
    from infoeval.data import load

    images = load(
        choice.trainer.data, "train", root=data_dir, skip_broken=skip_broken, shape=choice.shape
    )
    if images.left_out:
        note(
            f"left out {len(images.left_out):,} broken: {', '.join(images.left_out[:10])}"
            + (" …" if len(images.left_out) > 10 else "")
        )
    return images


def train_one(
    choice: "Choice", images: "ImageSet", folder: Path, seed: int, in_json: bool, **options: Any
) -> None:
    """Train one run and print where it is kept."""
    from infoeval.checkpoint import Checkpoint
    from infoeval.training import run

    trainer = choice.trainer
    note(f"{trainer.name}: {len(images):,} images, {trainer.steps:,} steps, into {folder}")
    if options["resume"] and not (folder / run.CHECKPOINT).exists():
        note(f"no checkpoint in {folder} yet: starting at step 0")
    with training_progress(trainer.steps, trainer.batch, trainer.codes.entropy) as progress:
        path = run.train(trainer, images, folder, seed=seed, progress=progress, log=note, **options)
    if in_json:
        click.echo(as_text({"checkpoint": str(path), "step": Checkpoint.open(path).step}))
    else:
        click.echo(f"checkpoint: {path}\nnext: infoeval score {shlex.quote(str(path))}")


def train_many(
    choice: "Choice",
    images: "ImageSet",
    folder: Path,
    seeds: list[int],
    weights: list[float],
    in_json: bool,
    **options: Any,
) -> None:
    """Train many runs and print their table; ends the program with code 1 where one failed."""
    from infoeval import sweep

    trainer = choice.trainer
    count = len(seeds) * max(len(weights), 1)
    note(f"{trainer.name}: {count} runs of {trainer.steps:,} steps, into {folder}")
    with activity() as say:
        summary = sweep.train_many(
            trainer,
            images,
            folder,
            seeds=seeds,
            information_weights=weights,
            say=say,
            tell=note,
            **options,
        )
    click.echo(summary.to_json(), nl=False) if in_json else print_runs(summary)
    if not summary.complete:
        sys.exit(FAILED)
