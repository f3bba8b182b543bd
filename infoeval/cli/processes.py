"""A command that several processes run together under torchrun, of which one prints."""

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
"""Exit code of all processes of a run that failed; that of a user error."""
GRACE_PERIOD = 20.0
"""Seconds to save a run that torchrun ends; it kills the processes after 30."""


def one_process_reports(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the torchrun `world` it runs in, or None; one process prints.

    Only the process of rank 0 prints, and only the first process that fails reports its error.
    The options `sync_batch_norm` and `device` say how the world is joined.
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

    # torchrun ends this process when another was killed, for which the main thread may be waiting
    # in a call that never returns.
    with signals.deadline(GRACE_PERIOD, give_up):
        try:
            yield
        except (UserError, KeyboardInterrupt, signals.EndedBySignal) as error:
            # torchrun, which sees the others end, must not interrupt the report.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if world.may_report():
                raise
            sys.exit(getattr(error, "exit_code", STOPPED))
