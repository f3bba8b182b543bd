"""When a run looks at its losses, and when it writes a checkpoint."""

import time
from dataclasses import dataclass, field

from infoeval.errors import UserError

__all__ = ["Schedule"]

INTERVAL = 60.0
"""Seconds between checkpoints: what a killed run loses. A step takes from half a millisecond to
seconds, so no number of steps would do."""


@dataclass
class Schedule:
    """Rows of the history every `log_every` steps, and checkpoints at some of them.

    Args:
        log_every: steps between rows of the history.
        checkpoint_every: steps between checkpoints, a multiple of `log_every`; None: about a
            minute between them.

    Raises:
        UserError: intervals that do not go together.

    >>> schedule = Schedule(log_every=50, checkpoint_every=100)
    >>> schedule.window(done=120, last=130)
    10
    >>> [done for done in (50, 100, 150, 170) if schedule.keeps(done, last=170)]
    [100, 170]

    """

    log_every: int = 50
    checkpoint_every: int | None = None
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = time.monotonic()
        log, every = self.log_every, self.checkpoint_every
        if log < 1 or (every is not None and (every < log or every % log)):
            raise UserError("checkpoint_every must be a positive multiple of log_every")

    def window(self, done: int, last: int) -> int:
        """Steps from `done` to the next row of the history."""
        return min(self.log_every - done % self.log_every, last - done)

    def keeps(self, done: int, last: int) -> bool:
        """Whether a checkpoint is to be written now, at such a row; the last one always is."""
        if self.checkpoint_every is not None:
            return done % self.checkpoint_every == 0 or done == last
        now = time.monotonic()
        if now - self._since < INTERVAL and done < last:
            return False
        self._since = now
        return True
