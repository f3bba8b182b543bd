"""What the metrics of large tables cost, with their intervals and chance, in fresh processes.

    python benchmarks/large_tables.py --rows 1000000 --codes 10 --metric mig sap
    python benchmarks/large_tables.py --rows 1000000 --codes 10 --metric sap --plain --before OLD
    python benchmarks/large_tables.py --rows 50000 --codes 16000 --sparse --metric mig dci

CPU-seconds and peak memory of each metric with its default settings; `--plain`: of the value alone.
The table has five factors of 2, 3, 4, 5 and 10 classes, a code of each with normal noise of one
class, and codes of noise. With `--sparse` it is a matrix of scipy with 50 values a row, as of a
sparse autoencoder, and a code for each class, which misses a fifth of its rows; all of scoring is
measured, with the choice of codes. `--before` is a folder with another version of the package,
which scores the same table in turn. A process that takes more than `--limit` CPU-seconds is ended.
Rows are appended to `--to`.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from machine import machine, machine_line

ROOT = Path(__file__).resolve().parent.parent
CLASSES = (2, 3, 4, 5, 10)
COLUMNS: tuple[str, ...] = ("metric", "rows", "codes", "version", "plain", "seconds", "megabytes")
COLUMNS += ("value", "low", "high", "interval")

PROGRAM = """
import json, resource, sys, time
import numpy as np
from infoeval.metrics import find

name, rows, codes, classes, plain, limit = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
random = np.random.default_rng(0)
factors = random.integers(0, classes, size=(rows, len(classes)))
table = random.normal(size=(rows, codes))
table[:, : len(classes)] += factors
metric = find(name)
given = [table] if metric.kind == "codes" else [table, factors]
settings = {"replicates": 0} if plain else {}
if plain and metric.kind != "codes":
    settings["null"] = 0
started = time.process_time()
score = metric.function(*given, **settings)
found = {"seconds": round(time.process_time() - started, 3)}
status = open("/proc/self/status").read()  # ru_maxrss would count the parent's memory
found["megabytes"] = int(status.partition("VmHWM:")[2].split()[0]) // 1000
found |= {"value": score.value, "low": score.low, "high": score.high}
print(json.dumps(found | {"interval": score.details["interval"]}))
"""


SPARSE = """
import json, resource, sys, time
import numpy as np
from scipy import sparse
import infoeval

name, rows, codes, classes, plain, limit = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
random = np.random.default_rng(0)
factors = random.integers(0, classes, size=(rows, len(classes)))
parts = [(np.repeat(np.arange(rows), 50), random.integers(100, codes, rows * 50))]
for factor, count in zip(factors.T, classes):
    for value in range(count):
        on = np.flatnonzero((factor == value) & (random.random(rows) < 0.8))
        parts.append((on, np.full(len(on), len(parts) - 1)))
places = tuple(map(np.concatenate, zip(*parts)))
values = 1 + random.exponential(size=len(places[0]))
table = sparse.csr_matrix((values, places), shape=(rows, codes))
settings = {"replicates": 0, "null": 0} if plain else {}
started = time.process_time()
score = infoeval.score(table, factors, metrics=[name], **settings).results[0]
found = {"seconds": round(time.process_time() - started, 3)}
status = open("/proc/self/status").read()  # ru_maxrss would count the parent's memory
found["megabytes"] = int(status.partition("VmHWM:")[2].split()[0]) // 1000
found |= {"value": score.value, "low": score.low, "high": score.high}
print(json.dumps(found | {"interval": score.details["interval"]}))
"""


def measured(folder: Path, name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the row of a metric by the version of the package in a folder."""
    given = [name, asked.rows, asked.codes, CLASSES, asked.plain, asked.limit]
    run = subprocess.run(
        [sys.executable, "-c", SPARSE if asked.sparse else PROGRAM, json.dumps(given)],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=folder,
        stdout=subprocess.PIPE,
        check=False,
    )
    if run.returncode not in (0, -signal.SIGKILL, -signal.SIGXCPU):
        sys.exit(f"{name}: ended with {run.returncode}")
    found = {"seconds": f"over {asked.limit}"} if run.returncode else json.loads(run.stdout)
    return {
        "metric": name,
        "rows": asked.rows,
        "codes": asked.codes,
        "plain": asked.plain,
        "version": "now" if folder == ROOT else "before",
        **found,
    }


def main() -> None:
    """Measure, print and keep a row for each metric and version."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--codes", type=int, default=10)
    parser.add_argument("--metric", nargs="+", required=True)
    parser.add_argument("--plain", action="store_true", help="no interval and no chance")
    parser.add_argument("--sparse", action="store_true", help="a sparse matrix")
    parser.add_argument("--before", type=Path, help="folder of another version")
    parser.add_argument("--limit", type=int, default=300, help="CPU-seconds")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "results" / "large-tables.csv")
    asked = parser.parse_args()
    if asked.codes < len(CLASSES):
        parser.error(f"give {len(CLASSES)} codes or more")
    print(machine_line(machine()), flush=True)
    if not asked.to.exists():
        asked.to.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    folders = [ROOT] if asked.before is None else [asked.before.resolve(), ROOT]
    for name in asked.metric:
        for folder in folders:
            row = measured(folder, name, asked)
            with asked.to.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
            print(*(row.get(column, "") for column in COLUMNS), sep="  ", flush=True)


if __name__ == "__main__":
    main()
