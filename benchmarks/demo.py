"""What `make demo` does: train four seeds of `digits` and a λ = 0 twin, and write the report.

One seed is chosen without labels, scored and shown. It runs the same commands that a person would
type, prints each, and takes under three minutes on a CPU of two cores: trainings have one thread
each.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

INFOEVAL = [sys.executable, "-m", "infoeval"]
METRICS = ("mi-own", "cluster-acc", "code-factors:images=generated,within=noise")
"""What codes carry, which digits the categories are, and what the codes of style change."""


def run(*commands: list[str], threads: int) -> None:
    """Run commands side by side; stop at the first that fails."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    processes = []
    for command in commands:
        print("$ infoeval", shlex.join(command), flush=True)
        processes.append(subprocess.Popen([*INFOEVAL, *command], env=environment))
    for process in processes:
        if process.wait():
            sys.exit(process.returncode)


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    folder: Path = parser.parse_args().out
    started = time.monotonic()
    runs, twin = folder / "digits", folder / "digits-lambda-0"
    run(
        ["train", "digits", "--seeds", "0-3", "--jobs", "2", "--out", str(runs), "--resume"],
        ["train", "digits", "--information-weight", "0", "--out", str(twin), "--resume"],
        threads=1,
    )
    (pick,) = json.loads((runs / "summary.json").read_text(encoding="utf-8"))["picks"]
    metrics = [word for metric in METRICS for word in ("--metric", metric)]
    run(["score", str(runs / pick["folder"]), *metrics[:4]], threads=2)
    page = folder / "report.html"
    run(["report", str(runs), "--baseline", str(twin), *metrics, "-o", str(page)], threads=2)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open {page}")


if __name__ == "__main__":
    main()
