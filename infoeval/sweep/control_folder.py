"""The control folder of a sweep, through which it and its workers on any machine communicate.

It is a hidden folder beside those of the runs, and exists as long as the sweep. Workers write their
progress into it, and stop when the sweep asks them to or when it is gone. Workers that the sweep
has started itself also exit when it is killed.

It needs nothing but a shared file system.
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
"""Seconds between two checks whether to stop."""
FOLDER = ".sweep"
_STOP = "stop"
_NUMBERS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
_exits_with_parent = False
_active: "set[WorkerState]" = set()
"""The states of this process's work, which may be in several threads."""


@dataclass(frozen=True)
class ControlFolder:
    """The folder, and the process of the sweep."""

    path: Path
    sweep: int

    @property
    def stop_requested(self) -> bool:
        """Whether the sweep asks its workers to stop, or has ended."""
        try:
            return (self.path / _STOP).exists() or not self.path.exists()
        except OSError:  # a network file system may fail for a moment
            return False

    def write_progress(self, run: str, text: str) -> None:
        """Write the progress of a run, atomically; nothing happens after the end of the sweep."""
        with suppress(OSError):
            unfinished = self.path / f"{run}.new"
            unfinished.write_text(text)
            unfinished.replace(self.path / run)

    def read_progress(self, run: str) -> str:
        """Return the last progress of a run, or an empty string."""
        try:
            return (self.path / run).read_text()
        except OSError:
            return ""


@contextmanager
def control_folder(folder: Path, stop: Callable[[], bool]) -> Iterator[ControlFolder]:
    """Context of a sweep, which yields its control folder in the folder of its runs.

    Workers are asked to stop as soon as `stop` returns true. Those of an earlier sweep that was
    killed stop at once, wherever they are.
    """
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    path, ended = folder / FOLDER / secrets.token_hex(8), threading.Event()
    path.mkdir(parents=True)

    def poll() -> None:
        while not ended.wait(POLL):
            if stop():
                (path / _STOP).touch()
                return

    polling = threading.Thread(target=poll, daemon=True)
    polling.start()
    try:
        yield ControlFolder(path, os.getpid())
    finally:
        ended.set()
        polling.join()
        shutil.rmtree(folder / FOLDER, ignore_errors=True)


class WorkerState:
    """Whether a worker is `training`, so has steps to save, and whether it is asked to stop."""

    def __init__(self) -> None:
        self.training = False
        self.stop_request = threading.Event()

    def should_stop(self) -> bool:
        """Return whether to stop after the current step."""
        return self.stop_request.is_set()


@contextmanager
def worker_state(control: ControlFolder) -> Iterator[WorkerState]:
    """Context of a worker, which yields its state: it is asked to stop when the sweep is."""
    state, ended = WorkerState(), threading.Event()

    def poll() -> None:
        while not ended.wait(POLL):
            if control.stop_requested:
                state.stop_request.set()
                return

    polling = threading.Thread(target=poll, daemon=True)
    polling.start()
    _active.add(state)
    try:
        with _stopped_by_signals(state, control):
            yield state
    finally:
        ended.set()
        polling.join()
        _active.discard(state)


def initialise_worker(sweep: int) -> None:
    """Prepare a loky process, which waits for work: it ignores signals, and exits with the sweep.

    A terminal or a system shutdown signals the sweep and its workers alike, and loky would take the
    death of one worker for that of all.
    """
    _exit_with(sweep)
    for number in _NUMBERS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _stopped_by_signals(state: WorkerState, control: ControlFolder) -> Iterator[None]:
    """Context in which signals ask this worker to stop, if the sweep has started it."""
    # Not os.getppid: the sweep may have been killed before this process started.
    parent = getattr(multiprocessing.current_process(), "_parent_pid", None)
    if parent == control.sweep:
        _exit_with(parent)
    if parent != control.sweep or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, lambda *_: state.stop_request.set()) for each in _NUMBERS}
    try:
        yield
    finally:
        for each in _NUMBERS:  # other backends end idle processes by SIGTERM
            signal.signal(each, before[each] if each == signal.SIGTERM else signal.SIG_IGN)


def _exit_with(parent: int) -> None:
    """Let this process exit soon after its parent; what it trains is saved first."""
    global _exits_with_parent
    if _exits_with_parent:
        return
    _exits_with_parent = True

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL)
        while busy := [state for state in tuple(_active) if state.training]:
            for state in busy:
                state.stop_request.set()
            time.sleep(POLL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
