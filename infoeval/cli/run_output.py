"""Running a training with its output on the terminal, once the settings are chosen."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoeval.cli import signals
from infoeval.cli.common import as_text
from infoeval.cli.output import note, print_json, say
from infoeval.cli.progress import activity, training_progress
from infoeval.cli.run_places import resume_command
from infoeval.cli.terminal.sweep_table import print_runs

if TYPE_CHECKING:
    from infoeval.data import ImageSet
    from infoeval.trainer import Trainer
    from infoeval.training.distributed import World
    from infoeval.training.run_options import RunOptions

FAILED = 1
"""Exit code where a run of many failed."""


@contextmanager
def preparing() -> Iterator[None]:
    """Context that shows the progress of preparing data."""
    from infoeval.data import progress_to

    with activity() as progress, progress_to(progress):
        yield


def train_one(
    trainer: "Trainer",
    images: "ImageSet",
    folder: Path,
    options: "RunOptions",
    seed: int,
    world: "World | None",
    in_json: bool,
) -> None:
    """Train one run and print where it is kept; a signal ends the program after a checkpoint."""
    from infoeval.checkpoint import CHECKPOINT, Checkpoint
    from infoeval.training import run

    begun = options.resume and (folder / CHECKPOINT).exists()
    done = Checkpoint.open(folder / CHECKPOINT).step if begun else 0
    complete = done == trainer.steps
    if done < trainer.steps:
        note(f"{trainer.name}: {len(images):,} images, {trainer.steps:,} steps, into {folder}")
    if options.resume and not begun:
        note(f"no checkpoint in {folder} yet: starting at step 0")
    with (
        training_progress(trainer.steps, trainer.batch, trainer.codes.entropy) as progress,
        signals.deferred() as stop,
    ):
        path = run.train(
            trainer,
            images,
            folder,
            options,
            seed=seed,
            progress=progress,
            log=None if complete else note,
            stop=stop,
            world=world,
        )
    step = Checkpoint.open(path).step
    if step < trainer.steps:
        raise _stopped(f" at step {step:,}", folder, world)
    if in_json:
        print_json(as_text({"checkpoint": str(path), "step": step}))
    elif complete:
        say(f"complete, nothing to do: {path} has all of {step:,} steps")
    else:
        say(f"checkpoint: {path}", f"next: infoeval score {shlex.quote(str(path))}")


def _stopped(where: str, folder: Path, world: "World | None" = None) -> signals.EndedBySignal:
    """Return the exception that ends the program after a stop; it says how to resume."""
    how = f"go on with: {resume_command(folder)}"
    if world is not None:
        how = f"add --resume to go on from the checkpoint in {folder}"
    # Another of several processes may have received the signal.
    return signals.EndedBySignal(signals.received() or signal.SIGTERM, f"{where}; {how}")


def train_many(
    trainer: "Trainer",
    images: "ImageSet",
    folder: Path,
    options: "RunOptions",
    in_json: bool,
    **sweep_options: Any,
) -> None:
    """Train many runs and print their table; ends the program with code 1 where one failed.

    `sweep_options` are those of `infoeval.sweep.train_many`.
    """
    from infoeval import sweep

    count = len(sweep_options["seeds"]) * max(len(sweep_options["information_weights"]), 1)
    note(f"{trainer.name}: {count} runs of {trainer.steps:,} steps, into {folder}")
    try:
        with activity() as progress, signals.deferred() as stop:
            summary = sweep.train_many(
                trainer,
                images,
                folder,
                options,
                progress=progress,
                log=note,
                stop=stop,
                **sweep_options,
            )
    except sweep.StoppedSweepError:
        if signals.received() is None:  # a worker received the signal
            raise
        raise _stopped("", folder) from None
    print_json(summary.to_json()) if in_json else print_runs(summary)
    if not summary.complete:
        sys.exit(FAILED)
