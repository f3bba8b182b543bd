"""What `make demo` does: train `digits` and its λ = 0 twin, score it, and write the report.

It runs the same commands that a person would type, prints each, and takes under three minutes on a
CPU of two cores: the two trainings run side by side, one thread each.
"""

import argparse
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
    with_information, without = folder / "digits", folder / "digits-lambda-0"
    run(
        ["train", "digits", "--out", str(with_information), "--resume"],
        ["train", "digits", "--information-weight", "0", "--out", str(without), "--resume"],
        threads=1,
    )
    checkpoint, baseline = str(with_information / "ckpt.pt"), str(without / "ckpt.pt")
    metrics = [word for metric in METRICS for word in ("--metric", metric)]
    run(["score", checkpoint, *metrics[:4]], threads=2)
    page = folder / "report.html"
    run(["report", checkpoint, "--baseline", baseline, *metrics, "-o", str(page)], threads=2)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open {page}")


if __name__ == "__main__":
    main()
