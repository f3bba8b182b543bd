"""The work of one process of a sweep: it trains its runs, scores each and encodes images."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from infoeval.checkpoint import CHECKPOINT, Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError, described
from infoeval.evaluation.context import Context
from infoeval.evaluation.evaluate import score_subject
from infoeval.evaluation.inputs import evenly_spaced
from infoeval.evaluation.options import Options
from infoeval.evaluation.requests import Request
from infoeval.files import write_text
from infoeval.results import Bound, Row
from infoeval.sweep.control_folder import ControlFolder, WorkerState, worker_state
from infoeval.sweep.unlabelled import UnlabelledScores, score_unlabelled
from infoeval.trainer import Trainer
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions
from infoeval.training.stacked_run import train_stacked

DONE = "done"
"""Progress of a run, in place of its step, once it is trained and scored, or has failed."""
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
    """The settings that all runs share.

    Args:
        data: the training images.
        options: of every run; with `resume`, as a process of a cluster may have begun a run
            before it was lost.
        threads: of each process.
        samples: see `infoeval.sweep.train_many`.
        images: how many images are encoded for the choice.
        stack: how many runs a process trains as one.
        control: where the processes write their progress, and are asked to stop.

    """

    data: ImageSet
    options: RunOptions
    threads: int
    samples: int
    images: int
    stack: int
    control: ControlFolder


@dataclass(frozen=True)
class Outcomes:
    """The outcome of each of a process's runs, in their order, and lines for the log.

    `stopped` says that the process was asked to stop, and that runs may be missing.
    """

    runs: list[tuple[Row, UnlabelledScores | None]]
    lines: list[str]
    stopped: bool


class _StopRequested(BaseException):
    """The process was asked to stop, and is not in the middle of a training."""


def train_in_turn(process: int, tasks: Sequence[Task], settings: Settings) -> Outcomes:
    """Return the outcomes of all runs of a process, none of which is stopped by a failed one."""
    torch.set_num_threads(settings.threads)
    options = replace(settings.options, device=_own_device(settings.options.device, process))
    settings = replace(settings, options=options)
    outcomes = Outcomes([], [], stopped=False)
    with worker_state(settings.control) as state:
        try:
            if settings.stack > 1:
                for first in range(0, len(tasks), settings.stack):
                    stack = tasks[first : first + settings.stack]
                    _train_stack(stack, settings, state, outcomes.lines.append)
            for task in tasks:
                run = _outcome(task, settings, state, outcomes.lines.append)
                outcomes.runs.append(run)
                settings.control.write_progress(task.folder.name, DONE)
        except _StopRequested:
            outcomes = replace(outcomes, stopped=True)
    return outcomes


def reached(task: Task, control: ControlFolder) -> tuple[int, bool]:
    """Return the step that a run has reached, 0 where that is unknown, and whether it is done."""
    text = control.read_progress(task.folder.name)
    if text == DONE:
        return task.trainer.steps, True
    return int(text) if text.isdecimal() else 0, False


@contextmanager
def _training(state: WorkerState) -> Iterator[None]:
    """Context of a training; raises _StopRequested before or after it if this worker is to stop."""
    if state.should_stop():
        raise _StopRequested
    state.training = True
    try:
        yield
    finally:
        state.training = False
    if state.should_stop():
        raise _StopRequested


def _own_device(name: str, process: int) -> str:
    """Return the device of a process: GPUs are dealt out in turn, unless one is named."""
    count = torch.cuda.device_count() if name in ("auto", "cuda") else 0
    return f"cuda:{process % count}" if count > 1 else name


def _train_stack(tasks: Sequence[Task], settings: Settings, state: WorkerState, log: Log) -> None:
    """Train the runs as one stack; a run that is not complete then goes on by itself.

    So a run that failed fails again, alone, with its own reason.
    """

    def write_step(number: int, step: int, _: object) -> None:
        settings.control.write_progress(tasks[number].folder.name, str(step))

    try:
        with _training(state):
            train_stacked(
                [task.trainer for task in tasks],
                settings.data,
                [task.folder for task in tasks],
                settings.options,
                seeds=[task.seed for task in tasks],
                progress=write_step,
                log=log,
                stop=state.should_stop,
            )
    except Exception as error:  # such as too little memory, of which single runs need less
        log(f"runs went on one after another: {described(error)}")


def _outcome(
    task: Task, settings: Settings, state: WorkerState, log: Log
) -> tuple[Row, UnlabelledScores | None]:
    """Return the row and the scores of a run; a failed run has the reason and no scores."""
    row = Row(
        folder=task.folder.name,
        information_weight=task.trainer.information_weight,
        seed=task.seed,
        status="complete",
        steps=task.trainer.steps,
    )
    scores = None
    try:
        row, scores = _train(row, task, settings, state, log)
    except UserError as error:
        row = replace(_row_so_far(row, task), status="failed", reason=str(error))
    except Exception as error:  # whatever it is, the other runs go on
        reason = f"{described(error)} (see {ERROR} in its folder)"
        with suppress(UserError):  # the disk may be what failed
            write_text(task.folder / ERROR, traceback.format_exc())
        row = replace(_row_so_far(row, task), status="failed", reason=reason)
    else:
        (task.folder / ERROR).unlink(missing_ok=True)
    return row, scores


def _train(
    row: Row, task: Task, settings: Settings, state: WorkerState, log: Log
) -> tuple[Row, UnlabelledScores]:
    def write_step(step: int, _: object) -> None:
        settings.control.write_progress(task.folder.name, str(step))

    with _training(state):
        path = train(
            task.trainer,
            settings.data,
            task.folder,
            settings.options,
            seed=task.seed,
            progress=write_step,
            log=log,
            stop=state.should_stop,
        )
    write_step(task.trainer.steps, None)
    context = Context(Options(device=settings.options.device, samples=settings.samples))
    subject = context.open(path)
    assert subject.checkpoint is not None
    document = score_subject(subject, [Request("mi-own")], context)
    bounds = {
        str(result.target): Bound(
            result.value, result.low, result.high, result.level, result.details["entropy"]
        )
        for result in document.results
        if result.low is not None and result.high is not None and result.level is not None
    }
    rows = evenly_spaced(len(settings.data), settings.images)
    reader = subject.reader(settings.data)
    scores = score_unlabelled(reader, settings.data, rows, subject.checkpoint.trainer)
    row = replace(
        row,
        **_trained(subject.checkpoint),
        bounds=bounds,
        information_on_images=scores.information,
        augmentation_consistency=scores.augmentation_consistency,
        invariance=scores.invariance,
    )
    return row, scores


def _row_so_far(row: Row, task: Task) -> Row:
    """Return the row with what the last checkpoint of a failed run records, if there is one."""
    try:
        return replace(row, **_trained(Checkpoint.open(task.folder / CHECKPOINT)))
    except UserError:
        return row


def _trained(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a checkpoint records of its training."""
    last = {name: column[-1] for name, column in checkpoint.history.items() if column}
    return {
        "step": checkpoint.step,
        "seconds": last.get("seconds"),
        "device": checkpoint.run.get("device"),
        "threads": checkpoint.run.get("threads"),
        "losses": {name: last[name] for name in LOSSES if name in last},
    }
