"""Two ways to the same result, ours and a library's, and what is measured of each.

The modules `by_hand_statistics`, `by_hand_training`, `by_hand_files` and `by_hand_pages` have them.
The first line of a function's docstring is what is measured. Packages that ours do not need are
imported where they are used.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent

Found = tuple[float, Any]
"""What something cost or came to, and its result."""
Side = Callable[[], Found]


@dataclass(frozen=True)
class Pair:
    """What both cost, in a unit, and how far their results may be apart.

    `within` is None where nothing but the number in the unit is the result.
    """

    unit: str
    ours: Side
    theirs: Side
    within: float | None = 0.0
    rounds: int = 5


Builder = Callable[[Path], Pair]
PAIRS: dict[str, Builder] = {}
"""By name; each is given a folder for its files."""


def pair(builder: Builder) -> Builder:
    """Keep what makes a pair under its name."""
    PAIRS[builder.__name__.replace("_", "-")] = builder
    return builder


def timed(
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    within: float | None = 0.0,
    *,
    times: int = 1,
    parts: int = 1,
    rounds: int = 5,
) -> Pair:
    """Return a pair of CPU-milliseconds: the mean of so many calls, or of a call's parts."""

    def side(function: Callable[[], Any]) -> Side:
        def cost() -> Found:
            started = time.process_time()
            for _ in range(times):
                result = function()
            return 1000 * (time.process_time() - started) / times / parts, result

        return cost

    return Pair("CPU-ms", side(ours), side(theirs), within, rounds)


def counted(unit: str, ours: Callable[[], float], theirs: Callable[[], float]) -> Pair:
    """Return a pair of numbers that are the same whenever they are measured."""
    return Pair(unit, lambda: (float(ours()), None), lambda: (float(theirs()), None), None, 1)


MEASURED = """
import json, resource
spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
found = {"CPU-s": sum(each.ru_utime + each.ru_stime for each in spent)}
found["MB"] = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1000
print(json.dumps([found, result]))
"""


def in_processes(
    unit: Literal["CPU-s", "MB"],
    ours: str,
    theirs: str,
    *arguments: object,
    within: float | None = 0.0,
    rounds: int = 3,
) -> Pair:
    """Return a pair of programs, each in a fresh process, that set `result`."""

    def side(program: str) -> Side:
        def cost() -> Found:
            run = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", f"import sys\n{program}{MEASURED}"]
                + [str(argument) for argument in arguments],
                env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
                stdout=subprocess.PIPE,
                check=True,
            )
            found, result = json.loads(run.stdout.splitlines()[-1])
            return float(found[unit]), result

        return cost

    return Pair(unit, side(ours), side(theirs), within, rounds)
