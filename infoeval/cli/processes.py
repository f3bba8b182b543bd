"""A command that several processes run together under torchrun, and that answers with one voice."""

import contextlib
import functools
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from infoeval.errors import UserError

if TYPE_CHECKING:
    from infoeval.training.distributed import World

STOPPED = 2
"""Exit code of every process of a run that was broken off; that of a user error."""


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
    with _ending_well(world):
        try:
            yield
        except (UserError, KeyboardInterrupt):
            # From here on torchrun, which sees the others end, must not cut the report short.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if world.may_report():
                raise
            sys.exit(STOPPED)


@contextlib.contextmanager
def _ending_well(world: "World") -> Iterator[None]:
    """When torchrun ends this process, as it does when another was killed, say so and end.

    The main thread may wait for the others in a call that never returns, where Python runs no
    handler of signals: the signal wakes another thread through a pipe.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    handler = signal.signal(signal.SIGTERM, lambda *_: None)
    before = signal.set_wakeup_fd(writing)

    def wait() -> None:
        while arrived := os.read(reading, 1):
            if arrived[0] == signal.SIGTERM:
                if world.may_report():
                    os.write(2, f"Error: {world.ended}\n".encode())
                os._exit(STOPPED)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
            signal.signal(signal.SIGTERM, handler)
        os.close(writing)
        waiting.join()
        os.close(reading)
