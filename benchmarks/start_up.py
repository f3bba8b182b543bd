"""How long commands take that do hardly more than start: medians over fresh processes, in turn.

    python benchmarks/start_up.py
    python benchmarks/start_up.py --rounds 20 --json start-up.json

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
import time

from machine import add_json_option, machine, machine_line, write_json

INFOEVAL = [sys.executable, "-m", "infoeval"]
COMMANDS = {
    "infoeval --help": [*INFOEVAL, "--help"],
    "infoeval train mnist --dry-run": [*INFOEVAL, "train", "mnist", "--dry-run"],
    "python -c 'import torch'": [sys.executable, "-c", "import torch"],
}


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and CPU-seconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    add_json_option(parser)
    arguments = parser.parse_args()
    described = machine()
    print(machine_line(described), flush=True)
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for round_number in range(1 + arguments.rounds):
        for name, command in COMMANDS.items():
            run = timed(command)
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
            f"{name:32} {row['wall median']:.2f} s ({row['wall least']:.2f} to "
            f"{row['wall most']:.2f}), CPU {row['CPU median']:.2f} s"
        )
    described["load afterwards"] = round(os.getloadavg()[0], 1)
    write_json(arguments.json, {"machine": described, "rounds": arguments.rounds, "rows": rows})


if __name__ == "__main__":
    main()
