"""How long commands take that do hardly more than start: medians over fresh processes, in turn.

    python benchmarks/start_up.py
    python benchmarks/start_up.py --rounds 20 --json start-up.json
    python benchmarks/start_up.py --only score --before OLD

`--before` is a folder with another version of the package, whose commands run in turn with ours.
Each command runs once without being counted, so that what it reads lies in the page cache. What
importing torch takes stands beside them: no training starts before that. Wall seconds are those of
a person who waits; CPU-seconds (user and system) say what the command itself costs when other
programs run.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import add_json_option, machine, machine_line, write_json

INFOEVAL = [sys.executable, "-m", "infoeval"]
COMMANDS = {
    "infoeval --help": [*INFOEVAL, "--help"],
    "infoeval train mnist --dry-run": [*INFOEVAL, "train", "mnist", "--dry-run"],
    "infoeval score codes.npz --metric mig": [*INFOEVAL, "score", "codes.npz", "--metric", "mig"],
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}
ROOT = Path(__file__).resolve().parent.parent


def write_table(folder: Path) -> None:
    """Write a table of 2,000 rows, five codes and three factors."""
    random = np.random.default_rng(0)
    factors = random.integers(0, 5, size=(2_000, 3))
    codes = random.normal(size=(2_000, 5))
    codes[:, :3] += 3 * factors
    np.savez(folder / "codes.npz", codes=codes, factors=factors)


def timed(command: list[str], folder: Path, package: Path) -> tuple[float, float]:
    """Wall seconds and CPU-seconds of one run of a command in a folder, by a version of ours."""
    environment = os.environ | {"PYTHONPATH": str(package)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have compiled modules
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="", help="commands with this word")
    parser.add_argument("--before", type=Path, help="folder of another version")
    add_json_option(parser)
    arguments = parser.parse_args()
    described = machine()
    print(machine_line(described), flush=True)
    commands = {
        name: (command, ROOT) for name, command in COMMANDS.items() if arguments.only in name
    }
    if arguments.before is not None:
        before = arguments.before.resolve()
        commands |= {f"{name}, before": (each, before) for name, (each, _) in commands.items()}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder))
        for round_number in range(1 + arguments.rounds):
            for name, (command, package) in commands.items():
                run = timed(command, Path(folder), package)
                if round_number:
                    runs[name].append(run)
    rows = []
    for name, found in runs.items():
        walls, processed = zip(*found, strict=True)
        row = {
            "command": name,
            "wall median": statistics.median(walls),
            "wall least": min(walls),
            "wall most": max(walls),
            "CPU median": statistics.median(processed),
        }
        rows.append(row)
        print(
            f"{name:48} {row['wall median']:.2f} s ({row['wall least']:.2f} to "
            f"{row['wall most']:.2f}), CPU {row['CPU median']:.2f} s"
        )
    described["load afterwards"] = round(os.getloadavg()[0], 1)
    write_json(arguments.json, {"machine": described, "rounds": arguments.rounds, "rows": rows})


if __name__ == "__main__":
    main()
