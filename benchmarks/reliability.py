"""What kills, races, damaged and hostile files do to infoeval: nothing is lost, nothing is run.

    python benchmarks/reliability.py mutants [checkpoint table page data] [--count 5000] [--seed 0]
    python benchmarks/reliability.py kills [training report cache sweep] [--count 50] [--seed 0]

Each mutant is opened and used in a child process with a limit on memory and on CPU time; it must be
refused in one plain line or be usable, and run nothing. Each killed process is started again; its
work must be whole and go on, and leave nothing behind. Prints a table; exits with 1 if any fault
was found. Other seeds make other mutants and other kills.
"""

import argparse
import collections
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from checkpoint_mutants import checkpoint_target
from data_mutants import data_target
from kills import KILLED
from limited import Limits, Outcome, run_limited
from machine import add_json_option, machine, machine_line, write_json
from mutants import Mutant, Target
from page_mutants import page_target
from table_mutants import table_target

from infoeval.errors import UserError

TARGETS = {
    "checkpoint": checkpoint_target,
    "table": table_target,
    "page": page_target,
    "data": data_target,
}
LIMITS = Limits(memory_gb=1.0, seconds=10.0)
AT_ONCE = 25
GOOD = ("accepted", "refused")


def main() -> int:
    """Return the exit code: 1 where a fault was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("mutants", "kills"))
    parser.add_argument("kinds", nargs="*", help="all by default")
    parser.add_argument("--count", type=int, help="of each kind; 5,000 mutants or 50 kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the files that showed a fault")
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    described = machine()
    print(machine_line(described), flush=True)
    known: Sequence[str] = list(TARGETS if options.what == "mutants" else KILLED)
    rows = []
    for kind in options.kinds or known:
        if kind not in known:
            parser.error(f"{kind}: give some of {', '.join(known)}")
        with tempfile.TemporaryDirectory(prefix="reliability-") as folder:
            place = Path(folder)
            if options.what == "mutants":
                row = mutated(kind, options.count or 5000, options.seed, place, options.keep)
            else:
                row = KILLED[kind](options.count or 50, random.Random(options.seed), place).row()
        rows.append({"kind": kind, "seed": options.seed, **row})
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    write_json(options.json, {"machine": described, "command": options.what, "rows": rows})
    return int(any(row["faults"] for row in rows))


def mutated(kind: str, count: int, seed: int, folder: Path, keep: Path | None) -> dict[str, Any]:
    """Return the counts of what became of many mutants of one kind of file."""
    target = TARGETS[kind](folder)
    numbers = random.Random(seed)
    clean = _clean(target, folder)
    counts: collections.Counter[str] = collections.Counter()
    kinds: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    seconds, peak, began, faults = 0.0, 0, time.monotonic(), 0
    while (done := sum(counts.values())) < count:
        batch = [target.mutate(numbers) for _ in range(min(AT_ONCE, count - done))]
        for mutant, outcome in zip(batch, _used(target, batch, folder), strict=True):
            counts[outcome.kind] += 1
            kinds[mutant.kind][outcome.kind] += 1
            seconds, peak = max(seconds, outcome.seconds), max(peak, outcome.peak_mb)
            if outcome.kind not in GOOD:
                faults += 1
                _show(kind, mutant, outcome, target.suffix, keep, faults)
    executed = (folder / "executed").exists()
    return {
        "mutants": count,
        "of": {name: dict(sorted(of.items())) for name, of in sorted(kinds.items())},
        **dict(counts),
        "faults": faults + executed,
        "executed": counts["executed"] + executed,
        "most_seconds": round(seconds, 2),
        "most_mb": peak,
        "clean_seconds": round(clean, 2),
        "limits": {"seconds": LIMITS.seconds, "mb": int(LIMITS.memory_gb * 1024)},
        "minutes": round((time.monotonic() - began) / 60, 1),
    }


def _used(target: Target, mutants: Sequence[Mutant], folder: Path) -> list[Outcome]:
    """Return what became of each mutant."""
    place = folder / "mutants"
    place.mkdir()
    cases = []
    for number, mutant in enumerate(mutants):
        path = place / f"m{number}{target.suffix}"
        path.write_bytes(mutant.content)
        cases.append((path, mutant.same))
    outcomes = run_limited(lambda case: target.use(*case), cases, LIMITS)
    subprocess.run(["rm", "-rf", str(place)], check=True)  # also what is 300 folders deep
    return outcomes


def _clean(target: Target, folder: Path) -> float:
    """Return the CPU time that the original takes, once all that it imports is there."""
    for number in range(2):
        path = folder / f"clean{number}{target.suffix}"
        path.write_bytes(target.original)
        began = time.process_time()
        with contextlib.suppress(UserError):
            target.use(path, True)
    return time.process_time() - began


def _show(
    kind: str, mutant: Mutant, outcome: Outcome, suffix: str, keep: Path | None, number: int
) -> None:
    print(f"{kind} {mutant.kind}: {outcome.kind}: {outcome.detail}", flush=True)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{kind}-{mutant.kind.replace(' ', '-')}-{number}{suffix}").write_bytes(
            mutant.content
        )


if __name__ == "__main__":
    sys.exit(main())
