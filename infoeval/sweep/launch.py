"""Training one trainer with many seeds, through joblib."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import joblib
import torch
from joblib.parallel import LokyBackend, get_active_backend

from infoeval.checkpoint import CHECKPOINT, Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation.options import Progress
from infoeval.files import remove_leftovers
from infoeval.locks import LOCK, locked, locked_folder
from infoeval.results import Summary
from infoeval.sweep.control_folder import ControlFolder, control_folder, initialise_worker
from infoeval.sweep.stacks import Stack, stack_size
from infoeval.sweep.summary import summarise
from infoeval.sweep.worker import Outcomes, Settings, Task, reached, train_in_turn
from infoeval.trainer import Trainer
from infoeval.training.run_options import RunOptions
from infoeval.training.step import Stop, never

IMAGES = 10_000
"""Largest number of unlabelled training images that runs are compared on."""
REPORT_EVERY = 1.0
"""Seconds between progress reports."""
SHUTDOWN_TIMEOUT = 20.0
"""Seconds to wait for the processes of a killed sweep."""


class StoppedSweepError(UserError):
    """The sweep was stopped before its end; each run has a checkpoint of where it was."""


def train_many(
    trainer: Trainer,
    data: ImageSet,
    folder: str | Path,
    options: RunOptions | None = None,
    *,
    seeds: Sequence[int],
    information_weights: Sequence[float] = (),
    jobs: int | None = None,
    stack: Stack = "auto",
    samples: int = 10_000,
    progress: Progress | None = None,
    log: Callable[[str], None] | None = None,
    stop: Stop = never,
) -> Summary:
    """Train every seed with every λ, and summarise; neither training nor choice reads a label.

    Each run has its own folder: `seed-0`, `seed-1`, … in `folder`, or `lambda-0-seed-0`, … where
    several λ are given. `summary.csv` and `summary.json` are written beside them when all have
    ended. A run that fails is a row with the reason, and the others go on. Each run leaves what
    `infoeval.training.run.train` does, bit for bit on a CPU with as many threads; stacked runs
    differ from that by the rounding of sums.

    The runs are dealt out to processes, and each process trains its own in turn, or several at
    once as one stack (`infoeval.training.stacked_run.train_stacked`). Processes come from joblib,
    from whichever backend is active: `with joblib.parallel_config("dask"):` or
    `("ray", n_jobs=…)` around the call uses a cluster, whose machines must share `folder`.

    The choice among the complete runs of a λ, three at least, is their medoid on up to 10,000
    images, evenly spaced over the training set; see `infoeval.metrics.seed_agreement`. Codes that
    carry nothing in any of these runs are left out (`infoeval.sweep.summary.LEAST_SHARE`). Where
    the trainer has an invariance term, it is the run with the largest sum of agreement and term
    (`infoeval.evaluation.invariance_of_images`), of two at least.

    Args:
        trainer: the experiment, its variant already chosen.
        data: the training images. Processes of this machine share them in memory.
        folder: of all runs.
        options: of every run. With `resume`, runs that are complete are not trained again. On
            the device "auto" or "cuda" each process has a GPU of its own while there are enough;
            `device_memory` is that of each process.
        seeds: of weights and all draws, a run for each.
        information_weights: λ of eq. 6, each with all seeds; none: the trainer's own.
        jobs: processes; None: as many as joblib's active backend has, else one for each GPU,
            else one. Each has its share of the CPU threads that torch now has.
        stack: how many runs a process trains as one; "auto": see
            `infoeval.sweep.stacks.stack_size`.
        samples: fresh samples of `mi-own`, the L_I of the summary.
        progress: called with what is being done and the share of all steps done.
        log: called with a line: why runs are, or are not, stacked, and at the end anything else
            of note, such as why steps were not captured.
        stop: called a few times a second; when it returns true, all runs end after the step at
            hand, each with a checkpoint, from which `resume` goes on.

    Raises:
        StoppedSweepError: after `stop`, unless all runs were complete.
        UserError: no or equal seeds, a λ below 0, `jobs` or `stack` below 1, a folder that holds
            runs already and no `resume`, runs of more steps, a folder that another process
            writes, or a process that was killed from outside.

    """
    options, log = options or RunOptions(), log or (lambda _: None)
    tasks = _tasks(trainer, Path(folder), seeds, information_weights)
    processes = _processes(jobs, options.device, len(tasks))
    share = math.ceil(len(tasks) / processes)
    size, reason = stack_size(stack, trainer, share, data.images.nbytes, options)
    if reason:
        log(reason)
    described = data.describe()  # with the images, so that no process reads them all again
    with locked_folder(Path(folder)):
        _check_begun(tasks, Path(folder), options)
        with control_folder(Path(folder), stop) as control, _threads_given_back() as threads:
            _wait_for_killed([task.folder for task in tasks])
            settings = Settings(
                data=data,
                options=replace(options, resume=True),
                threads=max(1, threads // processes),
                samples=samples,
                images=IMAGES,
                stack=size,
                control=control,
            )
            done = _train_in_processes(tasks, settings, processes, progress, stop)
        for line in dict.fromkeys(line for outcomes in done for line in outcomes.lines):
            log(line)
        outcomes = [done[n % processes].runs[n // processes] for n in range(len(tasks))]
        summary = summarise(
            [row for row, _ in outcomes],
            [scores for _, scores in outcomes],
            trainer=trainer.name,
            variant=options.variant,
            data=described,
            images=min(IMAGES, len(data)),
            angles={name for name, code in trainer.codes.items() if code.is_circular},
        )
        summary.write(Path(folder))
    return summary


def _check_begun(tasks: Sequence[Task], folder: Path, options: RunOptions) -> None:
    """Raise UserError unless all runs can start or resume; remove what killed ones left."""
    remove_leftovers(folder)
    begun = [task for task in tasks if (task.folder / CHECKPOINT).exists()]
    if begun and not options.resume:
        raise UserError(
            f"{begun[0].folder} already holds a run: add --resume to continue the runs in "
            f"{folder}, or choose another folder with --out"
        )
    for task in begun:
        try:
            step = Checkpoint.open(task.folder / CHECKPOINT).step
        except UserError:  # this run will fail with its reason, and the others go on
            continue
        if step > task.trainer.steps:
            raise UserError(
                f"{task.folder} has done {step:,} steps already, and --steps is the total: "
                f"give {step:,} or more"
            )


def _wait_for_killed(folders: Sequence[Path]) -> None:
    """Wait until the processes of a killed sweep have saved their runs and ended.

    Raises UserError when another run is in one of the folders.
    """
    until = time.monotonic() + SHUTDOWN_TIMEOUT
    waiting = [folder for folder in folders if (folder / LOCK).exists()]
    while waiting:
        try:
            with locked(waiting[-1] / LOCK):
                waiting.pop()
        except UserError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def _threads_given_back() -> Iterator[int]:
    """Context that yields torch's number of threads, and sets it again at the end."""
    threads = torch.get_num_threads()
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _train_in_processes(
    tasks: Sequence[Task],
    settings: Settings,
    processes: int,
    progress: Progress | None,
    stop: Stop,
) -> list[Outcomes]:
    """Return the outcomes of each process; the tasks are dealt out to them in turn."""
    backend, _ = get_active_backend()
    ours = {"initializer": initialise_worker, "initargs": (os.getpid(),)}
    if not isinstance(backend, LokyBackend) or "initializer" in backend.backend_kwargs:
        ours = {}
    # Private copies of mapped pages: torch warns of arrays that it could not write to.
    parallel = joblib.Parallel(n_jobs=processes, batch_size=1, mmap_mode="c", **ours)
    stopped = StoppedSweepError(
        "the sweep was stopped before its end: go on from its checkpoints with --resume"
    )
    if processes > 1:
        _start_tracker()
    try:
        with _reporting(tasks, settings.control, progress):
            done = list(
                parallel(
                    joblib.delayed(train_in_turn)(number, tasks[number::processes], settings)
                    for number in range(processes)
                )
            )
    except BrokenProcessPool as error:
        if stop():
            raise stopped from error
        raise UserError(
            "a training process was killed, perhaps for lack of memory: go on with --resume, "
            "and with fewer --jobs"
        ) from error
    if any(outcomes.stopped for outcomes in done):
        raise stopped
    return done


def _tasks(
    trainer: Trainer, folder: Path, seeds: Sequence[int], weights: Sequence[float]
) -> list[Task]:
    """Return a task for every λ with every seed."""
    weights = list(weights) or [trainer.information_weight]
    tasks = []
    for weight in weights:
        chosen = replace(trainer, information_weight=float(weight))
        prefix = f"lambda-{weight:g}-" if len(weights) > 1 else ""
        tasks += [Task(chosen, seed, folder / f"{prefix}seed-{seed}") for seed in seeds]
    if not tasks:
        raise UserError("no seeds; give one or more")
    if len({task.folder for task in tasks}) < len(tasks):
        raise UserError("two runs would have the same λ and seed; give each once")
    return tasks


def _processes(jobs: int | None, device: str, runs: int) -> int:
    """Return the number of processes, never more than there are runs."""
    if jobs is not None and jobs < 1:
        raise UserError(f"jobs is {jobs}; give 1 or more")
    count = int(joblib.effective_n_jobs(jobs))
    if jobs is None and count == 1 and device in ("auto", "cuda"):
        count = max(torch.cuda.device_count(), 1)
    return min(count, runs)


def _start_tracker() -> None:
    """Start the process in which loky tracks its shared memory, protected from SIGHUP.

    A closed terminal signals all processes. This one ends after the others.
    """
    if sys.platform == "win32":
        return
    from joblib.externals.loky.backend import resource_tracker

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # which it inherits
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _reporting(
    tasks: Sequence[Task], control: ControlFolder, progress: Progress | None
) -> Iterator[None]:
    """Report the progress of all runs, which their processes write on any machine."""
    if progress is None:
        yield
        return
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(REPORT_EVERY):
            progress(*_how_far(tasks, control))

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()


def _how_far(tasks: Sequence[Task], control: ControlFolder) -> tuple[str, float]:
    """Return what is being done, and the share of all steps done."""
    steps = [(task, *reached(task, control)) for task in tasks]
    trained = sum(step == task.trainer.steps for task, step, _ in steps)
    done = sum(is_done for *_, is_done in steps)
    now = [
        f"{task.folder.name} at step {step:,} of {task.trainer.steps:,}"
        for task, step, _ in steps
        if 0 < step < task.trainer.steps
    ]
    share = sum(step for _, step, _ in steps) / sum(task.trainer.steps for task in tasks)
    head = f"training {len(tasks)} runs" if trained < len(tasks) else "scoring the runs"
    return ", ".join([head, f"{trained} trained", f"{done} done", *now]), share
