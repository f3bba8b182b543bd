"""The time that a training may take: which networks fit it, and for how many steps."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from infoeval.devices import find_device
from infoeval.errors import UserError, quoted
from infoeval.trainer import Trainer
from infoeval.training.dry_run import step_of_noise

MINUTES = 10.0
"""The default on a CPU."""
OF_STEPS = 0.8
"""Share of the minutes that is for steps; the rest is for pictures, measuring and the report."""
ENOUGH, FEWEST = 1500, 200
"""Steps that networks have to reach to be preferred to smaller ones; fewer of any show nothing."""
WHOLE = 50
"""The steps are a multiple of this, as the rows of the history are."""
TIMED, LEAST_SECONDS = 3, 1.0
"""A step's time is the mean of as many, or of those in as many seconds if these are more."""

MOST = 10**9
"""The largest number of steps, and of images a step, that a time is told for."""
LARGEST_TIMED = 512
"""Larger batches take as much longer as they are larger."""

SecondsOfStep = Callable[[Trainer, torch.device], float]


@dataclass(frozen=True)
class TimeBudget:
    """How long a training of a user's own images may take, and what stays as it was given.

    Args:
        minutes: until there is a page; None: 10 on a CPU if no steps are given, else any time.
        steps: of the training; None: as many as fit.
        batch: images a step; None: the networks' own number.
        device: where it is trained.

    Raises:
        UserError: minutes that are no positive number, or steps or a batch beyond `MOST`.

    """

    minutes: float | None = None
    steps: int | None = None
    batch: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        minutes = self.minutes
        if minutes is not None and not (
            isinstance(minutes, int | float) and math.isfinite(minutes) and minutes > 0
        ):
            raise UserError(f"minutes must be a number above 0, not {quoted(minutes)}")
        for name in ("steps", "batch"):
            if (getattr(self, name) or 0) > MOST:
                raise UserError(f"{name} must be at most {MOST:,}")

    @property
    def limit(self) -> float | None:
        """The minutes, the default ones too; None: any."""
        if self.minutes is not None or self.steps is not None:
            return self.minutes
        return MINUTES if find_device(self.device).type == "cpu" else None

    def fit(
        self, trainers: Sequence[Trainer], seconds_of_step: SecondsOfStep | None = None
    ) -> tuple[int, Trainer, float]:
        """Return the place of the last of `trainers` that fits; it, changed; and a step's seconds.

        One fits if there is time for the steps that were given, or else for `ENOUGH`; the first is
        taken where none does. Where no steps were given, it does as many as fit, up to its own
        number.

        Args:
            trainers: the fastest first; they are timed in turn, until one does not fit.
            seconds_of_step: what times a step; None: `timed_step`.

        Raises:
            UserError: there is no time for `FEWEST` steps of any.

        """
        assert self.limit is not None
        time_step = seconds_of_step or timed_step
        device, available = find_device(self.device), self.limit * 60 * OF_STEPS
        found: list[tuple[int, Trainer, float]] = []
        for place, trainer in enumerate(trainers):
            trainer = replace(trainer, batch=self.batch or trainer.batch)
            seconds = time_step(trainer, device)
            fits = (self.steps or ENOUGH) <= available / seconds
            if fits or not found:
                found.append((place, trainer, seconds))
            if not fits:
                break
        place, trainer, seconds = found[-1]
        if self.steps is not None:
            return place, replace(trainer, steps=self.steps), seconds
        steps = int(min(available / seconds, trainer.steps)) // WHOLE * WHOLE
        if steps < FEWEST:
            needed = math.ceil(FEWEST * seconds / OF_STEPS / 6) / 10
            raise UserError(
                f"{self.limit:g} min is too little time: {FEWEST} steps take {needed:g} min here, "
                f"{1000 * seconds:,.0f} ms each"
            )
        return place, replace(trainer, steps=steps), seconds


def timed_step(trainer: Trainer, device: torch.device) -> float:
    """Return the seconds of a step, as busy as the machine is: the mean of some, after a first."""
    batch = min(trainer.batch, LARGEST_TIMED)
    step = step_of_noise(trainer, device, batch)
    step().tolist()  # waits for the device
    count, started, seconds = 0, time.perf_counter(), 0.0
    while count < TIMED or seconds < LEAST_SECONDS:
        step().tolist()
        count, seconds = count + 1, time.perf_counter() - started
    return seconds / count * trainer.batch / batch
