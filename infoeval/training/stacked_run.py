"""Several runs trained at once as one stack, each with its own folder."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from infoeval.checkpoint import CHECKPOINT
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.trainer import Trainer
from infoeval.training.cuda_graph import captured
from infoeval.training.image_source import streaming
from infoeval.training.run import Log, Run
from infoeval.training.run_folder import locked_run
from infoeval.training.run_options import RunOptions, Schedule
from infoeval.training.stacked_step import StackedStep, stackable
from infoeval.training.step import Stop, never

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called with the run's number, the step it reached and the means since the last call."""


def train_stacked(
    trainers: Sequence[Trainer],
    data: ImageSet,
    folders: Sequence[str | Path],
    options: RunOptions | None = None,
    *,
    seeds: Sequence[int],
    progress: Progress | None = None,
    log: Log | None = None,
    stop: Stop = never,
) -> list[Path | UserError]:
    """Return the checkpoint of each of several runs, trained at once, or the error that ended it.

    Each writes the files of `infoeval.training.run.train`. Every run has its own weights, streams
    and λ, so it equals the same run trained alone up to the rounding of sums, and its checkpoint
    can be resumed in either way. If a run fails, by diverging for instance, its last checkpoint
    stays and the others continue. "seconds" of the history are those of the whole stack.

    Args:
        trainers: of each run; they differ in λ and its warm-up only.
        data: the training images.
        folders: where each run is kept.
        options: of all runs. Resumed runs with fewer steps are trained first, until they reach the
            others; images that do not fit the device are streamed for each run separately.
        seeds: of each run.
        progress: called every `log_every` steps for each run.
        log: see `infoeval.training.run.train`.
        stop: called after every step of the stack; see there too.

    Raises:
        UserError: runs that cannot be stacked.

    """
    if not len(trainers) == len(folders) == len(set(map(Path, folders))) == len(seeds):
        raise UserError("stacked runs need a trainer, a seed and a folder each")
    if not all(stackable(trainers[0], trainer) for trainer in trainers):
        raise UserError("stacked runs may differ in seed, λ and its warm-up only")
    outcomes: list[Path | UserError] = [Path(folder) / CHECKPOINT for folder in folders]
    options, log = options or RunOptions(), log or (lambda _: None)
    training = _Training({}, outcomes, options, Schedule(options), progress, log, stop)
    with ExitStack() as held:
        runs = zip(trainers, map(Path, folders), seeds, strict=True)
        for number, (trainer, folder, seed) in enumerate(runs):
            with training.failure_of(number), ExitStack() as own:
                own.enter_context(locked_run(folder))
                beside = next(iter(training.runs.values()), None)
                run = Run.start(trainer, data, folder, options, seed=seed, beside=beside)
                run.begin()
                training.runs[number] = run
                held.push(own.pop_all())
        with streaming([run.step.images for run in training.runs.values()], log):
            training.train()
    return outcomes


@dataclass
class _Training:
    """The runs by number, without those that have failed, and the outcome of each."""

    runs: dict[int, Run]
    outcomes: list[Path | UserError]
    options: RunOptions
    schedule: Schedule
    progress: Progress | None
    log: Log
    stop: Stop

    @contextmanager
    def failure_of(self, number: int) -> Iterator[None]:
        """Context in which a UserError ends this run alone."""
        try:
            yield
        except UserError as error:
            self.runs.pop(number, None)
            self.outcomes[number] = error

    def train(self) -> None:
        """Train all to their last step; those with fewer steps first catch up with the others."""
        while not self.stop() and (
            left := {n: run for n, run in self.runs.items() if run.done < run.trainer.steps}
        ):
            least = min(run.done for run in left.values())
            stack = {n: run for n, run in left.items() if run.done == least}
            ahead = [run.done for run in left.values() if run.done > least]
            last = next(iter(left.values())).trainer.steps
            self._train_stack(stack, min(ahead, default=last))

    def _train_stack(self, runs: dict[int, Run], until: int) -> None:
        """Train runs that have done equally many steps to step `until`, or until one fails."""
        for number, run in runs.items():
            run.side_by_side = max(run.side_by_side, len(runs))
            with self.failure_of(number):
                run.write_config()
        step = StackedStep([run.step for run in runs.values()])
        steps = captured(step, self.log) if self.options.capture else step
        before = [run.history.get("seconds", [0.0])[-1:] or [0.0] for run in runs.values()]
        started = time.monotonic()
        stopped = False
        while step.done < until and runs.keys() <= self.runs.keys() and not stopped:
            means = steps.advance(self.schedule.window(step.done, until), self.stop).tolist()
            stopped = self.stop()
            keep = stopped or self.schedule.keeps(step.done, until)
            finite = step.finite() and all(isfinite(value) for row in means for value in row)
            if keep or not finite:
                step.unstack()
            elapsed = time.monotonic() - started
            for (number, run), (seconds,), values in zip(runs.items(), before, means, strict=True):
                row = dict(zip(run.step.statistics, values, strict=True))
                with self.failure_of(number):
                    if not finite:
                        run.stop_if_diverged(row)
                    row |= {"step": step.done, "seconds": seconds + elapsed}
                    run.add_row(row)
                    if keep:
                        run.save()
                    if self.progress is not None:
                        self.progress(number, step.done, row)
        step.unstack()
