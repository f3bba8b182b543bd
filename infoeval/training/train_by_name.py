"""Training from Python as `infoeval train` does: a trainer by name, and images by name."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from infoeval.checkpoint import CHECKPOINT, Checkpoint
from infoeval.data import ImageSet, load
from infoeval.errors import UserError, listing, unknown
from infoeval.training import run
from infoeval.training.choosing import IN_MEMORY, Choice, choose_trainer
from infoeval.training.run_options import RunOptions
from infoeval.training.time_budget import TimeBudget

_RUN = tuple(entry.name for entry in fields(RunOptions))


def train(
    trainer: Any,
    folder: str | Path,
    *,
    data: Any = None,
    data_dir: str | Path | None = None,
    skip_broken: bool = False,
    codes: str | None = None,
    size: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    minutes: float | None = None,
    information_weight: float | None = None,
    seed: int = 0,
    progress: run.Progress | None = None,
    log: Callable[[str], None] | None = None,
    **options: Any,
) -> Path:
    """Return the path of the checkpoint, after one run of a trainer in a folder of its own.

    Args:
        trainer: the name of a bundled trainer; a Python file that defines `trainer`, which is run;
            images, by name or path or in memory, for which networks are chosen; or a `Trainer`.
        folder: where the run is kept; see `infoeval.training.run.train`.
        data: other images than the trainer's, by name or path or in memory (see
            `infoeval.images`); labels are not read.
        data_dir: where the named data sets lie; by default INFOEVAL_DATA.
        skip_broken: whether image files that cannot be read are skipped.
        codes: other codes than the trainer's, such as "10,u,n,a".
        size: side of the networks for your own images: 28, 32 or 64.
        steps: other steps than the trainer's.
        batch: another batch.
        minutes: how long a training of your own images may take, by which networks, size, batch
            and steps are chosen where they are not given: a few steps are timed. 10 by default on a
            CPU, unless `steps` are given. A run that is resumed has those that it had.
        information_weight: λ of eq. 6; 0 trains a plain GAN with a recognition network beside it.
        seed: of the initial weights and of every random draw.
        progress: called with the step reached and the means since the last call.
        log: called with a line of what was decided or left out.
        options: of `RunOptions`: `device`, `variant`, `resume`, `capture`, …

    Raises:
        UserError: no such trainer, variant, option or images, images that do not fit, or a folder
            that cannot be written or holds another run.

    """
    for name in options:
        if name not in _RUN:
            raise UserError(unknown("no option of a training is called", name, _RUN))
    run_options = RunOptions(**options)
    log = log or (lambda line: None)
    trainer, data = (str(each) if isinstance(each, Path) else each for each in (trainer, data))
    path = Path(folder) / CHECKPOINT
    choice = choose_trainer(
        trainer,
        variant=run_options.variant,
        codes=codes,
        size=size,
        data_dir=data_dir,
        skip_broken=skip_broken,
        budget=TimeBudget(minutes, steps, batch, run_options.device),
        begun=Checkpoint.open(path) if run_options.resume and path.exists() else None,
    ).changed(
        data=data if isinstance(data, str | None) else IN_MEMORY,
        steps=steps,
        batch=batch,
        information_weight=information_weight,
    )
    run_options = replace(run_options, variant=choice.variant)
    for line in filter(None, (choice.decided, choice.estimate)):
        log(f"{choice.trainer.name}: {line}")
    in_memory = trainer if choice.trainer.data == IN_MEMORY and data is None else data
    if in_memory is None or isinstance(in_memory, str):
        images = load_images(choice, data_dir, skip_broken, log)
    else:
        images = load(in_memory, "train", shape=choice.shape)
    return run.train(
        choice.trainer, images, folder, run_options, seed=seed, progress=progress, log=log
    )


def load_images(
    choice: Choice,
    data_dir: str | Path | None,
    skip_broken: bool,
    log: Callable[[str], None],
) -> ImageSet:
    """Return the training images of a choice; `log` receives what was left out, a line each."""
    images = load(
        choice.trainer.data, "train", root=data_dir, skip_broken=skip_broken, shape=choice.shape
    )
    if images.left_out:
        log(f"left out {len(images.left_out):,} broken: {listing(images.left_out)}")
    for line in images.notes:
        log(f"{images.name}: {line}")
    return images
