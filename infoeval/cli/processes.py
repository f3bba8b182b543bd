"""A command that several processes run together under torchrun, and that answers with one voice."""

import contextlib
import functools
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from infoeval.cli import signals
from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.training.distributed import World

STOPPED = 2
"""Exit code of every process of a run that was broken off; that of a user error."""
GRACE = 20.0
"""Seconds in which the processes save a run that torchrun ends; it kills them after 30."""


def in_one_voice(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` the torchrun `world` it runs in, or None, and let one process speak.

    The process of number 0 alone prints. An error is reported once, by the process that met it
    first. `sync_batch_norm` and `device` among the options say how the world is joined.
    """

    @functools.wraps(command)
    def together(*, sync_batch_norm: bool, device: str, **options: Any) -> None:
        if os.environ.get("WORLD_SIZE", "1") == "1":  # torch need not be asked, nor imported
            command(device=device, world=None, **options)
            return
        from infoeval.training.distributed import join

        with join(device, synchronised_batch_norm=sync_batch_norm) as world:
            if world is None:
                command(device=device, world=None, **options)
                return
            with _reported_once(world), _silent_unless_first(world):
                command(device=device, world=world, **options)

    return together


@contextlib.contextmanager
def _silent_unless_first(world: "World") -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if world.rank:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield


@contextlib.contextmanager
def _reported_once(world: "World") -> Iterator[None]:
    def give_up() -> None:
        if world.may_report():
            os.write(2, f"Error: {world.ended}\n".encode())
        os._exit(STOPPED)

    # When torchrun ends this process, as it does when another was killed, the main thread may wait
    # for the others in a call that never returns.
    with signals.ended_within(GRACE, give_up):
        try:
            yield
        except (UserError, KeyboardInterrupt, signals.EndedBySignal) as error:
            # From here on torchrun, which sees the others end, must not cut the report short.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if world.may_report():
                raise
            sys.exit(getattr(error, "exit_code", STOPPED))
