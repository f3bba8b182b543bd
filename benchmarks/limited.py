"""Running a function on hostile files in child processes, with limits on memory and CPU time."""

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infoeval.errors import LONGEST, UserError, printable

__all__ = ["Limits", "Outcome", "run_limited"]

EXECUTES = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect"}
"""Audit events that opening a file must never cause."""
LONGEST_LINE = 4 * LONGEST
"""Characters of an error: a path, our own words, and at most 200 of the file's."""


@dataclass(frozen=True)
class Limits:
    """What a case may take beyond what the process has when it begins."""

    memory_gb: float = 1.0
    seconds: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """What became of one case: "accepted", "refused", or a fault, described."""

    kind: str
    detail: str = ""
    seconds: float = 0.0
    peak_mb: int = 0


def run_limited(
    function: Callable[[Any], None], cases: Sequence[Any], limits: Limits
) -> list[Outcome]:
    """Return an outcome for each case.

    A child process handles one case after another; where one kills it, the next child goes on.
    """
    outcomes: list[Outcome] = []
    while len(outcomes) < len(cases):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                _child(function, cases[len(outcomes) :], writing, limits)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            lines = pipe.read().decode().splitlines()
        _, status = os.waitpid(child, 0)
        outcomes += [Outcome(**json.loads(line)) for line in lines]
        if len(outcomes) < len(cases):
            killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            late = killed == signal.SIGPROF
            detail = "" if late else f"signal {killed}, status {status}"
            outcomes.append(Outcome("over the time" if late else "crashed", detail))
    return outcomes


def _child(
    function: Callable[[Any], None], cases: Sequence[Any], writing: int, limits: Limits
) -> None:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = held + int(limits.memory_gb * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    executed: list[str] = []
    sys.addaudithook(lambda event, _: executed.append(event) if event in EXECUTES else None)
    for case in cases:
        executed.clear()
        before = _peak_mb(reset=True)
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        kind, detail = _attempt(function, case)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if executed:
            kind, detail = "executed", ", ".join(executed)
        taken, peak = time.process_time() - began, _peak_mb() - before
        line = json.dumps(asdict(Outcome(kind, detail, taken, peak)))
        os.write(writing, f"{line}\n".encode())


def _attempt(function: Callable[[Any], None], case: Any) -> tuple[str, str]:
    try:
        function(case)
    except UserError as error:
        text = str(error)
        if text != printable(text) or len(text) > LONGEST_LINE or not text:
            return "bad error line", f"{len(text)} characters: {text[:200]!r}"
        return "refused", text[:LONGEST]
    except MemoryError as error:
        return "over the memory", _where(error)
    except BaseException as error:  # any other error is what is looked for
        return "traceback", f"{type(error).__name__}: {str(error)[:160]!r} {_where(error)}"
    return "accepted", ""


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def _peak_mb(*, reset: bool = False) -> int:
    """Return the largest memory of this process since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
