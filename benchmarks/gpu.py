"""What `make gpu` does: measure on one GPU, in eight minutes at most, and write what was found.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --device cpu --small --out build/gpu    # a trial without a GPU

The parts run one after another, each in a process with its own time: the tests that need a GPU, the
training step, the time to a result, ten seeds of MNIST, `mi` by its standard budget, and chairs
with the networks of Table 6 for the time that is left. A part that runs out of time, or fails, is a
row as well. Their files go to docs/results, and the table of docs/performance.md is made of these.
"""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from machine import machine, machine_line, write_json

from infoeval.devices import find_device

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
PAGE = ROOT / "docs" / "performance.md"
HEADER = "| | goal | measured | by |"
MINUTES = 8
LEAST = 20
"""Seconds that a part has to have left to be begun."""
NOT_MEASURED = "not measured: no GPU was available"


def parts(out: Path, runs: Path, device: str, small: bool) -> dict[str, tuple[float, str]]:
    """Return the most seconds and the command of each part, in their order."""
    rounds, steps, seeds = ("1 --window 1", 4, "0") if small else ("30", 5000, "0-9")
    stages, each, log, stacked = (4, 2, 2, 2) if small else (2500, 250, 50, 10)
    python, on = shlex.quote(sys.executable), f"--device {device}"
    first = runs / "mnist-default-0" / "ckpt.pt"
    precisions = "auto" if small else "bfloat16 float32"
    budget = "--budget quick --samples 500" if small else ""
    return {
        "tests": (100, f"{python} -m pytest -q -m gpu tests/training"),
        "step": (
            100,
            f"{python} benchmarks/train_step.py {on} --precision {precisions} --seeds {stacked} "
            f"--rounds {rounds} --json {out}/train-step-gpu.json",
        ),
        "time to a result": (
            90,
            f"{python} benchmarks/time_to_result.py {on} --steps {steps} --checkpoint-every {each} "
            f"--log-every {log} --json {out}/time-to-result-gpu.json",
        ),
        "seeds": (
            120,
            f"{python} benchmarks/seeds.py mnist --seeds {seeds} --steps {stages} --runs {runs} "
            f"--table {out}/mnist-gpu.csv",
        ),
        "mi": (
            90,
            f"{python} -m infoeval score {first} {on} --metric mi {budget} --json "
            f"-o {out}/mi-gpu.json",
        ),
        "chairs": (600, f"{python} -m infoeval train chairs {on} --seed 0 --out {runs}/chairs"),
    }


def run(command: str, seconds: float) -> dict[str, Any]:
    """Run a command for so many seconds at most; it is interrupted, as by Ctrl-C, at their end."""
    print(f"$ {command}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(shlex.split(command), cwd=ROOT, start_new_session=True)
    ended = "time"
    try:
        ended = str(process.wait(seconds))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(LEAST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return {"command": command, "seconds": round(time.monotonic() - started, 1), "ended": ended}


def found_in(out: Path) -> dict[str, Any]:
    """Return what the files of the parts say, of those that are there."""
    found: dict[str, Any] = {}
    for name in ("gpu", "train-step-gpu", "time-to-result-gpu", "mi-gpu"):
        path = out / f"{name}.json"
        if path.is_file():
            found[name] = json.loads(path.read_text(encoding="utf-8"))
    path = out / "mnist-gpu.csv"
    if path.is_file():
        found["mnist-gpu"] = pd.read_csv(path)
    return found


def table(found: Mapping[str, Any]) -> list[str]:
    """Return the lines of the page's table."""
    step = "`benchmarks/train_step.py`"
    until = "`benchmarks/time_to_result.py`"
    rows = [
        ("a captured step, batch 128, bfloat16", "≤ 0.6 ms", _step(found, "captured"), step),
        ("captured against the plain loop", "≥ 10×", _ratio(found, "captured"), "the same"),
        ("share of the byte floor", "reported", _floor(found), "the same"),
        ("a streamed step", "as a captured one", _step(found, "streamed"), "the same"),
        ("10 seeds together, a step", "≤ 3× one", _step(found, "stacked 10"), "the same"),
        ("time until L_I ≥ 2.29", "< 2 s", _mark(found, "L_I >= 2.29, of fresh images"), until),
        ("time until 5 % error", "reported", _mark(found, "cluster error <= 0.05"), "the same"),
        ("5,000 steps after start-up", "< 4 s", _mark(found, "seconds"), "the same"),
        ("error of ten seeds", "reported", _errors(found), "`benchmarks/seeds.py`"),
        ("`mi`, standard budget, MNIST", "reported", _part(found, "mi"), "`infoeval score`"),
        ("captured training equals eager", "equal", _part(found, "tests"), "`pytest -m gpu`"),
        ("chairs, networks of Table 6", "reported", _chairs(found), "`infoeval train chairs`"),
    ]
    lines = (f"| {what} | {goal} | {value} | {by} |" for what, goal, value, by in rows)
    return [HEADER, "|---|---|---|---|", *lines]


def _row(found: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return a row of the training step in the first precision measured, or None."""
    measured = found.get("train-step-gpu", {}).get("measured", [{"rows": []}])
    return next((row for row in measured[0]["rows"] if row["name"] == name), None)


def _step(found: Mapping[str, Any], name: str) -> str:
    row = _row(found, name)
    if row is None:
        return NOT_MEASURED
    wall = {key: 1e3 * value for key, value in row["wall seconds"].items()}
    return f"{wall['median']:.2f} ms ({wall['least']:.2f} to {wall['most']:.2f})"


def _ratio(found: Mapping[str, Any], name: str) -> str:
    row = _row(found, name)
    return NOT_MEASURED if row is None else f"{row['times as fast as plain']:.1f}×"


def _floor(found: Mapping[str, Any]) -> str:
    row = _row(found, "captured") or {}
    share = row.get("share of the byte floor")
    return NOT_MEASURED if share is None else f"{100 * share:.0f} %"


def _mark(found: Mapping[str, Any], name: str) -> str:
    measured = found.get("time-to-result-gpu", {}).get("measured")
    if measured is None:
        return NOT_MEASURED
    mark = measured.get(name)
    if isinstance(mark, float):
        return f"{mark:.1f} s for {measured['steps']:,} steps"
    return "not reached" if mark is None else f"{mark['seconds']:.1f} s, step {mark['step']:,}"


def _errors(found: Mapping[str, Any]) -> str:
    rows = found.get("mnist-gpu")
    if rows is None:
        return NOT_MEASURED
    errors = 100 * (1 - rows["cluster-acc digit"])
    return ", ".join(f"{error:.2f}" for error in errors) + " %"


def _part(found: Mapping[str, Any], name: str) -> str:
    part = found.get("gpu", {}).get("parts", {}).get(name)
    if part is None:
        return NOT_MEASURED
    how = {"0": "done", "time": "not done"}.get(part["ended"], f"failed, exit code {part['ended']}")
    return f"{how} after {part['seconds']:.0f} s"


def _chairs(found: Mapping[str, Any]) -> str:
    chairs = found.get("gpu", {}).get("chairs")
    if chairs is None:
        return NOT_MEASURED
    return f"{chairs['steps']:,} steps in {chairs['seconds']:.0f} s"


def with_table(page: str, lines: list[str]) -> str:
    """Return the page with its table of a GPU replaced."""
    pattern = re.escape(HEADER) + r"\n(?:\|.*\n)+"
    new, count = re.subn(pattern, lambda _: "\n".join(lines) + "\n", page)
    assert count == 1, f"{count} tables in {PAGE.name}"
    return new


def measure(out: Path, device: str, small: bool) -> None:
    """Run all parts, and write what they found."""
    described = machine(find_device(device))
    print(machine_line(described), flush=True)
    runs, end = ROOT / "runs" / "gpu", time.monotonic() + 60 * MINUTES
    written: dict[str, Any] = {"machine": described, "parts": {}}
    for name, (most, command) in parts(out, runs, device, small).items():
        left = min(most, end - time.monotonic() - LEAST)
        if left < LEAST:
            continue
        written["parts"][name] = run(command, min(left, LEAST) if small and most > 500 else left)
        history = runs / "chairs" / "history.csv"
        if name == "chairs" and history.is_file() and history.stat().st_size:
            last = pd.read_csv(history).iloc[-1]
            written["chairs"] = {"steps": int(last["step"]), "seconds": float(last["seconds"])}
        write_json(out / "gpu.json", written)


def main() -> None:
    """Measure, and renew the page where a GPU was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="a few steps of everything")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    out = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    measure(out, asked.device, asked.small)
    lines = table(found_in(out))
    print("\n".join(lines))
    if out == RESULTS:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), lines), encoding="utf-8")


if __name__ == "__main__":
    main()
