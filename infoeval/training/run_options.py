"""The options of a run, and when it logs its losses and writes checkpoints."""

import time
from dataclasses import dataclass

from infoeval.errors import UserError
from infoeval.option_fields import DEVICE, option

INTERVAL = 60.0
"""Seconds between checkpoints, which a killed run loses at most.

A step takes from half a millisecond to seconds, so no number of steps would suit all runs.
"""


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; what it trains are its `Trainer` and its seed.

    Raises UserError for intervals that do not fit together.
    """

    device: str = option("auto", DEVICE)
    variant: str = option("default", "Variant of the trainer, e.g. paper.")
    device_memory: int | None = option(
        None,
        "Memory for the images on the device, e.g. 8GB; a larger set is streamed to it, with the "
        "same result. By default most of what is free on a GPU, and no limit on a CPU.",
        metavar="SIZE",
        is_size=True,
    )
    capture: bool = option(
        True,
        "Replay the steps as one CUDA graph where that is possible.",
        flag="--capture/--no-capture",
    )
    resume: bool = option(
        False, "Continue from the last checkpoint in --out; from the start if it has none."
    )
    checkpoint_every: int | None = option(
        None,
        "Steps between checkpoints, a multiple of `log_every`; None: about a minute between them.",
        cli=False,
    )
    log_every: int = option(50, "Steps between rows of the history.", cli=False)

    def __post_init__(self) -> None:
        log, every = self.log_every, self.checkpoint_every
        if log < 1 or (every is not None and (every < log or every % log)):
            raise UserError("checkpoint_every must be a positive multiple of log_every")


class Schedule:
    """Rows of the history every `log_every` steps, and checkpoints at some of them.

    >>> schedule = Schedule(RunOptions(log_every=50, checkpoint_every=100))
    >>> schedule.window(done=120, last=130)
    10
    >>> [done for done in (50, 100, 150, 170) if schedule.keeps(done, last=170)]
    [100, 170]

    """

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self._since = time.monotonic()

    def window(self, done: int, last: int) -> int:
        """Return the number of steps from `done` to the next row of the history."""
        log_every = self.options.log_every
        return min(log_every - done % log_every, last - done)

    def keeps(self, done: int, last: int) -> bool:
        """Return whether to write a checkpoint at this row; the last row always has one."""
        every = self.options.checkpoint_every
        if every is not None:
            return done % every == 0 or done == last
        now = time.monotonic()
        if now - self._since < INTERVAL and done < last:
            return False
        self._since = now
        return True
