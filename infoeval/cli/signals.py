"""Signals that end a command: with one line and exit code 128 + signal, at once or after a step."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from infoeval.cli.output import note

PATIENCE = 10.0
"""Seconds in which a command clears up after a signal; then it is ended."""
TOGETHER = 1.0
"""Seconds in which several signals are one: terminals and launchers pass on what they get."""
_NUMBERS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


class EndedBySignal(BaseException):
    """A signal ends the command; `more` follows "stopped by SIGTERM" in the line that tells so."""

    def __init__(self, number: int, more: str = "") -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}{more}")
        self.exit_code = 128 + number


class _Arrivals:
    """The signal that has arrived, and what is done about it."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.raised = False
        self.deferred = False
        self.patience = PATIENCE
        self.give_up: Callable[[], None] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal, in the main thread."""
        del frame
        if self.number is None:
            self.number = number
            if not self.deferred:
                self.raised = True
                raise EndedBySignal(number)


_arrivals = _Arrivals()


@contextmanager
def obeyed() -> Iterator[None]:
    """Context in which SIGINT, SIGTERM and SIGHUP end the program, a second one at once.

    What is ignored, as SIGHUP is under nohup, stays ignored. Only the main thread can do this.
    """
    global _arrivals
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _arrivals = arrivals = _Arrivals()
    others = (signal.SIG_IGN, None)  # None: not Python's
    heeded = [each for each in _NUMBERS if signal.getsignal(each) not in others]
    before = {each: signal.signal(each, arrivals) for each in heeded}
    try:
        with _watched(arrivals):
            yield
    except BaseException as error:
        # What was raised in the midst of an import may have come out as another error.
        ended = error
        if arrivals.raised and arrivals.number is not None:
            ended = EndedBySignal(arrivals.number)
        if not isinstance(ended, EndedBySignal):
            raise
        with suppress(OSError):  # a closed terminal, of all things
            note(str(ended))
        sys.exit(ended.exit_code)
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is arrivals:
                signal.signal(each, handler)


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Context that no signal ends; yields a function that returns whether one has arrived."""
    arrivals = _arrivals
    arrivals.deferred = True
    try:
        yield lambda: arrivals.number is not None
    finally:
        arrivals.deferred = False


@contextmanager
def ended_within(seconds: float, give_up: Callable[[], None]) -> Iterator[None]:
    """Context that ends so soon after a signal, even if it is deferred.

    Else another thread calls `give_up`, which ends the program.
    """
    arrivals = _arrivals
    arrivals.patience, arrivals.give_up = seconds, give_up
    try:
        yield
    finally:
        arrivals.patience, arrivals.give_up = PATIENCE, None


def arrived() -> int | None:
    """Return the number of the signal that has arrived."""
    return _arrivals.number


@contextmanager
def _watched(arrivals: _Arrivals) -> Iterator[None]:
    """Context in which another thread ends the program where the main thread cannot.

    Python runs handlers in the main thread, which may be in a call that never returns. The signal
    wakes the other thread through a pipe.
    """
    if sys.platform == "win32":
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watching = threading.Thread(target=_watch, args=(reading, arrivals), daemon=True)
    watching.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        watching.join()
        os.close(reading)


def _watch(reading: int, arrivals: _Arrivals) -> None:
    """End the program at the second signal, or when patience is over."""
    first: tuple[int, float] | None = None
    while True:
        ready, _, _ = select.select([reading], [], [], None if first is None else 0.2)
        now = time.monotonic()
        if ready:
            content = os.read(reading, 1)
            if not content:
                return
            if content[0] not in _NUMBERS:
                continue
            if first is None:
                first = content[0], now
            elif now - first[1] > TOGETHER:
                os._exit(128 + content[0])
        if first is None or now - first[1] < arrivals.patience:
            continue
        if arrivals.give_up is not None:
            arrivals.give_up()
        if not arrivals.deferred:
            os.write(2, f"{EndedBySignal(first[0])}\n".encode())
            os._exit(128 + first[0])
