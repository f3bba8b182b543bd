"""What one process does: it trains its runs, scores each and reads images."""

import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.devices import find_device
from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.evaluation.posterior_reading import thin
from infoeval.files import write_text
from infoeval.sweep.summary import Bound, Row
from infoeval.sweep.unlabelled import Reading, read_unlabelled
from infoeval.trainer import Trainer
from infoeval.training.run import CHECKPOINT, train
from infoeval.training.stacked_run import train_stacked

__all__ = ["ERROR", "STEP", "Outcomes", "Settings", "Task", "reached", "train_in_turn"]

STEP = ".step"
"""File of a run folder that says how far the run is, for whoever waits: a step, or `DONE`."""
DONE = "done"
"""Trained, scored and read; or failed."""
ERROR = "error.txt"
"""File of a run folder with the traceback of an error that is not the user's."""
Log = Callable[[str], None]
LOSSES = ("discriminator_loss", "generator_loss")


@dataclass(frozen=True)
class Task:
    """One run: its trainer, λ and steps already set, its seed, and the folder it is kept in."""

    trainer: Trainer
    seed: int
    folder: Path


@dataclass(frozen=True)
class Settings:
    """What all runs share; see `infoeval.sweep.train_many`.

    `threads` is of each process; `images` is how many images are read for the choice; `stack` is
    how many runs a process trains side by side.
    """

    data: ImageSet
    variant: str
    device: str
    threads: int
    samples: int
    images: int
    checkpoint_every: int | None
    log_every: int
    stack: int = 1
    capture: bool = True
    device_memory: int | None = None


@dataclass(frozen=True)
class Outcomes:
    """What became of a process's runs, in their order, and what is to be said of them."""

    runs: list[tuple[Row, Reading | None]]
    said: list[str]


def train_in_turn(process: int, tasks: Sequence[Task], settings: Settings) -> Outcomes:
    """Train, score and read each run in process number `process`; a failed one stops no other."""
    torch.set_num_threads(settings.threads)
    device = _own_device(settings.device, process)
    said: list[str] = []
    if settings.stack > 1:
        for first in range(0, len(tasks), settings.stack):
            side_by_side = tasks[first : first + settings.stack]
            _train_side_by_side(side_by_side, settings, device, said.append)
    runs = []
    for task in tasks:
        runs.append(_outcome(task, settings, device, said.append))
        if task.folder.exists():
            with suppress(UserError):
                write_text(task.folder / STEP, DONE)
    return Outcomes(runs, said)


def reached(task: Task) -> tuple[int, bool]:
    """The step that a run has reached, 0 where that is not known, and whether it is done."""
    try:
        text = (task.folder / STEP).read_text()
        return (task.trainer.steps, True) if text == DONE else (int(text), False)
    except (OSError, ValueError):
        return 0, False


def _own_device(name: str, process: int) -> str:
    """One process a GPU: they are dealt out in turn, unless one is named."""
    count = torch.cuda.device_count() if name in ("auto", "cuda") else 0
    return f"cuda:{process % count}" if count > 1 else name


def _train_side_by_side(tasks: Sequence[Task], settings: Settings, device: str, log: Log) -> None:
    """Train the runs as one stack; whatever is not complete then is gone on with by itself.

    So a run that failed fails again, alone, and says why.
    """

    def note(number: int, step: int, _: object) -> None:
        write_text(tasks[number].folder / STEP, str(step))

    try:
        train_stacked(
            [task.trainer for task in tasks],
            settings.data,
            [task.folder for task in tasks],
            seeds=[task.seed for task in tasks],
            device=device,
            variant=settings.variant,
            resume=True,
            checkpoint_every=settings.checkpoint_every,
            log_every=settings.log_every,
            progress=note,
            capture=settings.capture,
            log=log,
            device_memory=settings.device_memory,
        )
    except Exception as error:  # such as a want of memory; the runs need less by themselves
        log(f"runs went on one after another: {type(error).__name__}: {_line(error)[:200]}")


def _outcome(task: Task, settings: Settings, device: str, log: Log) -> tuple[Row, Reading | None]:
    row = Row(
        folder=task.folder.name,
        information_weight=task.trainer.information_weight,
        seed=task.seed,
        status="complete",
        steps=task.trainer.steps,
    )
    reading = None
    try:
        row, reading = _train(row, task, settings, device, log)
    except UserError as error:
        row = replace(_as_far_as_it_went(row, task), status="failed", reason=_line(error))
    except Exception as error:  # whatever it is, the other runs go on
        reason = f"{type(error).__name__}: {_line(error)} (see {ERROR} in its folder)"
        with suppress(UserError):  # the disk may be what failed
            write_text(task.folder / ERROR, traceback.format_exc())
        row = replace(_as_far_as_it_went(row, task), status="failed", reason=reason)
    else:
        (task.folder / ERROR).unlink(missing_ok=True)
    return row, reading


def _train(row: Row, task: Task, settings: Settings, device: str, log: Log) -> tuple[Row, Reading]:
    def note(step: int, _: object) -> None:
        write_text(task.folder / STEP, str(step))

    # A run that another process of a cluster began, before it was lost, is always taken up again.
    path = train(
        task.trainer,
        settings.data,
        task.folder,
        seed=task.seed,
        device=device,
        variant=settings.variant,
        resume=True,
        checkpoint_every=settings.checkpoint_every,
        log_every=settings.log_every,
        progress=note,
        capture=settings.capture,
        log=log,
        device_memory=settings.device_memory,
    )
    note(task.trainer.steps, None)
    row = replace(row, **_trained(path))
    document = score(path, ["mi-own"], samples=settings.samples, device=device)
    bounds = {
        str(each.target): Bound(
            each.value, each.low, each.high, each.level, each.details["entropy"]
        )
        for each in document.results
        if each.low is not None and each.high is not None and each.level is not None
    }
    reading = read_unlabelled(
        Checkpoint.open(path),
        thin(settings.data, settings.images).images,
        calibration=settings.data.images,
        device=find_device(device),
    )
    row = replace(
        row,
        bounds=bounds,
        information_on_images=reading.information,
        kept_when_moved=reading.kept_when_moved,
    )
    return row, reading


def _as_far_as_it_went(row: Row, task: Task) -> Row:
    try:
        return replace(row, **_trained(task.folder / CHECKPOINT))
    except UserError:
        return row


def _trained(path: Path) -> dict[str, Any]:
    """What a checkpoint says of its training."""
    checkpoint = Checkpoint.open(path)
    last = {name: column[-1] for name, column in checkpoint.history.items() if column}
    return {
        "step": checkpoint.step,
        "seconds": last.get("seconds"),
        "device": checkpoint.run.get("device"),
        "threads": checkpoint.run.get("threads"),
        "losses": {name: last[name] for name in LOSSES if name in last},
    }


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
