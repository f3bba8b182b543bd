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

GRACE_PERIOD = 10.0
"""Seconds that a command has to clean up after a signal."""
TOGETHER = 1.0
"""Seconds in which several signals count as one: launchers forward those of the terminal."""
_NUMBERS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


class EndedBySignal(BaseException):
    """A signal ends the command with the line "stopped by SIGTERM", followed by `more`."""

    def __init__(self, number: int, more: str = "") -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}{more}")
        self.exit_code = 128 + number


class _State:
    """The first signal received, and how it is handled."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.raised = False
        self.deferred = False
        self.grace_period = GRACE_PERIOD
        self.give_up: Callable[[], None] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise EndedBySignal, unless signals are deferred; runs in the main thread."""
        del frame
        if self.number is None:
            self.number = number
            if not self.deferred:
                self.raised = True
                raise EndedBySignal(number)


_state = _State()


@contextmanager
def handled() -> Iterator[None]:
    """Context in which SIGINT, SIGTERM and SIGHUP end the program, a second one immediately.

    Ignored signals, such as SIGHUP under nohup, stay ignored. Outside the main thread nothing
    changes.
    """
    global _state
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _state = state = _State()
    others = (signal.SIG_IGN, None)  # None: not Python's
    heeded = [each for each in _NUMBERS if signal.getsignal(each) not in others]
    before = {each: signal.signal(each, state) for each in heeded}
    try:
        with _watched(state):
            yield
    except BaseException as error:
        # An import that it interrupts may raise another error in its place.
        ended = error
        if state.raised and state.number is not None:
            ended = EndedBySignal(state.number)
        if not isinstance(ended, EndedBySignal):
            raise
        with suppress(OSError):  # the terminal may be closed
            note(str(ended))
        sys.exit(ended.exit_code)
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is state:
                signal.signal(each, handler)


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Context that no signal ends; yields a function that returns whether one was received."""
    state = _state
    state.deferred = True
    try:
        yield lambda: state.number is not None
    finally:
        state.deferred = False


@contextmanager
def deadline(seconds: float, give_up: Callable[[], None]) -> Iterator[None]:
    """Context that may go on for so many seconds after a signal, even a deferred one.

    After that another thread calls `give_up`, which ends the program.
    """
    state = _state
    state.grace_period, state.give_up = seconds, give_up
    try:
        yield
    finally:
        state.grace_period, state.give_up = GRACE_PERIOD, None


def received() -> int | None:
    """Return the number of the first signal received, or None."""
    return _state.number


@contextmanager
def _watched(state: _State) -> Iterator[None]:
    """Context in which another thread ends the program if the main thread does not.

    Python runs handlers in the main thread, which may be in a call that never returns. The signal
    wakes the other thread through a pipe.
    """
    if sys.platform == "win32":
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watching = threading.Thread(target=_watch, args=(reading, state), daemon=True)
    watching.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        watching.join()
        os.close(reading)


def _watch(reading: int, state: _State) -> None:
    """End the program at the second signal, or after the grace period."""
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
        if first is None or now - first[1] < state.grace_period:
            continue
        if state.give_up is not None:
            state.give_up()
        if not state.deferred:
            os.write(2, f"{EndedBySignal(first[0])}\n".encode())
            os._exit(128 + first[0])
