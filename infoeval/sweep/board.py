"""How a sweep and its processes, on whichever machine, know of each other.

The sweep has a hidden folder among those of its runs as long as it lasts. Its processes note in it
how far they are, and stop when it asks them to or is gone. Those that the sweep has started itself
also end with it when it is killed.

Nothing here needs more of a file system than to see the same files: a cluster shares the folder.
"""

import multiprocessing
import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

POLL = 0.2
"""Seconds between two looks at whether to stop."""
BOARDS = ".sweep"
_STOP = "stop"
_NUMBERS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
_guarded = False
"""Whether this process ends with the sweep that has started it."""
_at_work: "set[Attendance]" = set()


@dataclass(frozen=True)
class Board:
    """The folder, and the process of the sweep."""

    folder: Path
    process: int

    @property
    def stopped(self) -> bool:
        """Whether the sweep wants its runs to stop, or has ended."""
        try:
            return (self.folder / _STOP).exists() or not self.folder.exists()
        except OSError:  # the network between them may have a bad moment
            return False

    def note(self, run: str, text: str) -> None:
        """Note how far a run is; no reader sees a part of the text."""
        with suppress(OSError):  # the folder may be gone
            unfinished = self.folder / f"{run}.new"
            unfinished.write_text(text)
            unfinished.replace(self.folder / run)

    def noted(self, run: str) -> str:
        """Return what was noted last of a run, or nothing."""
        try:
            return (self.folder / run).read_text()
        except OSError:
            return ""


@contextmanager
def posted(folder: Path, stop: Callable[[], bool]) -> Iterator[Board]:
    """Context of a sweep that holds the folder of its runs.

    Its processes are asked to stop as soon as `stop` returns true. Those of a killed sweep stop
    too, wherever they are.
    """
    shutil.rmtree(folder / BOARDS, ignore_errors=True)
    path, ended = folder / BOARDS / secrets.token_hex(8), threading.Event()
    path.mkdir(parents=True)

    def attend() -> None:
        while not ended.wait(POLL):
            if stop():
                (path / _STOP).touch()
                return

    attending = threading.Thread(target=attend, daemon=True)
    attending.start()
    try:
        yield Board(path, os.getpid())
    finally:
        ended.set()
        attending.join()
        shutil.rmtree(folder / BOARDS, ignore_errors=True)


class Attendance:
    """What a process of a sweep knows of it.

    `training` says that there is something to save before this process ends.
    """

    def __init__(self) -> None:
        self.training = False
        self.asked = threading.Event()

    def stop(self) -> bool:
        """Return whether this process shall stop after the step at hand."""
        return self.asked.is_set()


@contextmanager
def attended(board: Board) -> Iterator[Attendance]:
    """Context of the work for a sweep, which is asked to stop when the sweep is."""
    attendance, ended = Attendance(), threading.Event()

    def look() -> None:
        while not ended.wait(POLL):
            if board.stopped:
                attendance.asked.set()
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    _at_work.add(attendance)
    try:
        with _signals_ask(attendance, board):
            yield attendance
    finally:
        ended.set()
        looking.join()
        _at_work.discard(attendance)


def serve(sweep: int) -> None:
    """Begin a process of loky's, which waits for work: it ends with the sweep, in no other way.

    A terminal, or a system that shuts down, signals the sweep and its processes alike, and loky
    would take the death of one for that of all.
    """
    _end_with(sweep)
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _signals_ask(attendance: Attendance, board: Board) -> Iterator[None]:
    """Context in which signals ask this process to stop, if the sweep has started it."""
    # Not os.getppid: the sweep may have been killed before this process came so far.
    parent = getattr(multiprocessing.current_process(), "_parent_pid", None)
    if parent == board.process:
        _end_with(parent)
    if parent != board.process or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, lambda *_: attendance.asked.set()) for each in _NUMBERS}
    try:
        yield
    finally:
        for each in _NUMBERS:  # SIGTERM is how other backends end a process that waits
            signal.signal(each, before[each] if each == signal.SIGTERM else signal.SIG_IGN)


def _end_with(parent: int) -> None:
    """End this process soon after its parent; what it trains is saved first."""
    global _guarded
    if _guarded:
        return
    _guarded = True

    def guard() -> None:
        while os.getppid() == parent:
            time.sleep(POLL)
        while busy := [attendance for attendance in tuple(_at_work) if attendance.training]:
            for attendance in busy:
                attendance.asked.set()
            time.sleep(POLL)
        os._exit(1)

    threading.Thread(target=guard, daemon=True).start()
