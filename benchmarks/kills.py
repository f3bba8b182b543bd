"""Killing processes at work, and starting them again: what was done is whole, and goes on."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from checkpoint_mutants import tiny_images, tiny_trainer
from PIL import Image

from infoeval.checkpoint import CHECKPOINT, Checkpoint
from infoeval.data.formats.cache import Writer, prepared
from infoeval.errors import UserError
from infoeval.evaluation import pages
from infoeval.training.run import train
from infoeval.training.run_options import RunOptions

__all__ = ["KILLED", "Tally"]

STOPPING = 60.0
"""Seconds in which a sweep that was told to stop, or whose parent is gone, must have ended.

Processes that are just starting import torch first, which takes long on a loaded machine.
"""
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
RESUMED = RunOptions(device="cpu", resume=True, log_every=2, checkpoint_every=2)
STEPS = 100


@dataclass
class Tally:
    """What was counted: kills, works finished, and faults with their descriptions."""

    kills: int = 0
    in_a_write: int = 0
    finished: int = 0
    slowest_end: float = 0.0
    faults: list[str] = field(default_factory=list)

    def check(self, good: bool, fault: str) -> None:
        """Count a fault where something is not as it should be."""
        if not good:
            self.faults.append(fault)
            print(f"  {fault}", flush=True)

    def row(self) -> dict[str, Any]:
        """Return the counts as a row of a table."""
        counts = {"kills": self.kills, "in_a_write": self.in_a_write, "finished": self.finished}
        if self.slowest_end:
            counts["slowest_end"] = round(self.slowest_end)
        return counts | {"faults": len(self.faults), "found": sorted(set(self.faults))}


@contextlib.contextmanager
def counted(tally: Tally, what: str) -> Iterator[None]:
    """Context in which any error is counted as a fault."""
    try:
        yield
    except Exception as error:  # whatever is wrong is what is looked for
        tally.check(False, f"{what}: {type(error).__name__}: {str(error)[:150]}")


def started(work: Callable[[], None]) -> int:
    """Return the process that does the work."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            sys.stderr.flush()
            work()
            code = 0
        except UserError as error:
            print(f"  {error}", flush=True)
        finally:
            os._exit(code)
    return child


def killed(child: int, folder: Path, most: float, numbers: random.Random, tally: Tally) -> bool:
    """Kill a process at a random moment, half of the time when a file is half written.

    Returns whether it was still at work.
    """
    until = time.monotonic() + numbers.uniform(0, most)
    while time.monotonic() < until:
        time.sleep(0.001)
        if _ended(child, tally):
            return False
    if numbers.random() < 0.5:
        until = time.monotonic() + 1
        while time.monotonic() < until and not _temporaries(folder):
            if _ended(child, tally):
                return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    tally.kills += 1
    tally.in_a_write += bool(_temporaries(folder))
    return True


def _ended(child: int, tally: Tally) -> bool:
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        tally.check(status == 0, f"ended with status {status}")
        tally.finished += 1
    return bool(done)


def _temporaries(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.rglob(".infoeval-*"))
    return []


def kill_training(count: int, numbers: random.Random, folder: Path) -> Tally:
    """Kill trainings; each is resumed until done, and must equal an unbroken one, bit for bit."""
    tally, images, trainer = Tally(), tiny_images(), tiny_trainer(STEPS)
    seed = 0
    began = time.monotonic()
    whole = Checkpoint.open(train(trainer, images, folder / "whole", RESUMED, seed=seed))
    most = (time.monotonic() - began) / 2
    while tally.kills < count:
        run = folder / f"run-{tally.finished}"
        last = 0

        def work(run: Path = run) -> None:
            train(trainer, images, run, RESUMED, seed=seed)

        while killed(started(work), run, most, numbers, tally) and tally.kills < count:
            last = _check_run(run, last, tally)
        work()
        with counted(tally, "the end"):
            _check_equal(Checkpoint.open(run / CHECKPOINT), whole, tally)
            tally.check(len(pd.read_csv(run / "history.csv")) == STEPS // 2, "rows of the history")
        tally.check(not _temporaries(run), f"litter: {len(_temporaries(run))}")
        shutil.rmtree(run)
    return tally


def _check_run(run: Path, last: int, tally: Tally) -> int:
    """Check the files of a killed run; return the step of its checkpoint."""
    if not (run / CHECKPOINT).exists():
        tally.check(last == 0, "a checkpoint is gone")
        return 0
    with counted(tally, "after a kill"):
        step = Checkpoint.open(run / CHECKPOINT).step
        tally.check(step >= last, f"went back from step {last} to {step}")
        last = step
        json.loads((run / "config.json").read_text())
        for path in run.rglob("step-*.png"):
            Image.open(path).load()
        if (run / "history.csv").exists() and (run / "history.csv").stat().st_size > 1:
            pd.read_csv(run / "history.csv")
    return last


def _check_equal(one: Checkpoint, whole: Checkpoint, tally: Tally) -> None:
    same = all(torch.equal(one.weights[name], whole.weights[name]) for name in whole.weights)
    tally.check(same and torch.equal(one.random_state, whole.random_state), "other weights")
    steps = one.history["step"]
    # A run that was asked to stop has a row of that step, too.
    rows = steps == sorted(set(steps)) and set(steps) >= set(whole.history["step"])
    tally.check(rows, "rows of the history are missing")


def kill_report(count: int, numbers: random.Random, folder: Path) -> Tally:
    """Kill reports that are made over an older one; the page and its files are whole."""
    tally = Tally()
    checkpoint = train(tiny_trainer(4), tiny_images(), folder / "run", RESUMED)
    page = folder / "pages" / "page.html"

    def make(seed: int) -> None:
        pages.report(str(checkpoint), page, metrics=["mi-own"], samples=200, seed=seed)

    make(0)
    began = time.monotonic()
    make(0)
    most = 1.1 * (time.monotonic() - began)
    while tally.kills < count:

        def work(seed: int = tally.kills + 1) -> None:
            make(seed)

        killed(started(work), page.parent, most, numbers, tally)
        tally.check(page.read_text().rstrip().endswith("</html>"), "half a page")
        with counted(tally, "shown again"):
            pages.report(str(page.parent / "page_files/metrics.json"), folder / "again.html")
    make(0)  # the next to write removes what was left
    left = _temporaries(folder)
    tally.check(not left, f"litter: {len(left)}")
    return tally


def kill_cache(count: int, numbers: random.Random, folder: Path) -> Tally:
    """Kill the preparation of data; what is half written is never taken for whole."""
    os.environ["INFOEVAL_CACHE"] = str(folder / "cache")
    tally, rows = Tally(), 24

    def build(writer: Writer) -> None:
        images = writer.create("images", (rows, 2**19), np.uint8)
        for number in range(rows):
            images[number] = number
            time.sleep(0.002)

    def work() -> None:
        images = prepared("thing", {"version": 1}, build)["images"]
        if not all((images[number] == number).all() for number in range(rows)):
            raise UserError("other data than were written")

    while tally.kills < count:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        for _ in range(numbers.choice((1, 2, 3))):
            children = [started(work) for _ in range(numbers.choice((1, 2)))]
            for child in children:
                killed(child, folder / "cache", 0.15, numbers, tally)
        child = started(work)
        tally.check(os.waitpid(child, 0)[1] == 0, "could not prepare after a kill")
        left = [path for path in (folder / "cache").iterdir() if path.name.startswith(".")]
        tally.check(not left, f"litter: {len(left)}")
    return tally


def kill_sweep(count: int, numbers: random.Random, folder: Path) -> Tally:
    """Stop sweeps by signals, then go on; no worker outlives its sweep, and no step is lost."""
    tally = Tally()
    np.savez(folder / "images.npz", images=tiny_images().images)
    settings = json.dumps(replace(tiny_trainer(STEPS), data=str(folder / "images.npz")).to_dict())
    lines = ("import json", "from infoeval import Trainer", f"settings = json.loads({settings!r})")
    made = "trainer = Trainer.from_dict(settings)"
    (folder / "small.py").write_text("\n".join((*lines, made, "")))
    command = [sys.executable, "-m", "infoeval", "train", str(folder / "small.py")]
    command += ["--seeds", "0-2", "--jobs", "2", "--stack", "off", "--device", "cpu", "--resume"]
    began = time.monotonic()
    subprocess.run([*command, "--out", str(folder / "whole")], check=True, capture_output=True)
    most = time.monotonic() - began
    while tally.kills < count:
        sweep = folder / f"sweep-{tally.finished}"
        again = [*command, "--out", str(sweep)]
        while tally.kills < count and _stopped(again, most, numbers, tally):
            for run in sweep.glob("seed-*"):
                _check_run(run, 0, tally)
        finished = subprocess.run(again, capture_output=True, check=False)
        tally.check(finished.returncode == 0, f"resumed: {finished.stderr.decode()[-200:]}")
        for run in sorted(sweep.glob("seed-*")):
            with counted(tally, "the end"):
                whole = Checkpoint.open(folder / "whole" / run.name / CHECKPOINT)
                _check_equal(Checkpoint.open(run / CHECKPOINT), whole, tally)
        tally.check(not _temporaries(sweep), f"litter: {len(_temporaries(sweep))}")
        tally.finished += 1
    return tally


def _stopped(command: list[str], most: float, numbers: random.Random, tally: Tally) -> bool:
    """Send a signal to a sweep at a random moment; return whether it was still at work."""
    by = numbers.choice(SIGNALS)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        process.wait(numbers.uniform(1.0, most))
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(by)
    tally.kills += 1
    began = time.monotonic()
    until = began + STOPPING
    try:
        _, said = process.communicate(timeout=STOPPING)
    except subprocess.TimeoutExpired:
        tally.check(False, f"goes on after {by.name}")
        os.killpg(process.pid, signal.SIGKILL)
        return True
    if by != signal.SIGKILL:
        text = said.decode()
        # After the last step, while Python itself ends, the signal does nothing, or what it does by
        # itself, which shells report as 128 + signal too.
        codes = (128 + by,) if "stopped by" in text else (128 + by, -by, 0)
        tally.check(process.returncode in codes, f"{by.name}: exit code {process.returncode}")
        tally.check("Traceback" not in text, f"{by.name}: a traceback")
    while (left := _session(process.pid)) and time.monotonic() < until:
        time.sleep(0.1)
    tally.slowest_end = max(tally.slowest_end, time.monotonic() - began)
    tally.check(not left, f"{len(left)} processes outlive their sweep after {by.name}")
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return True


def _session(leader: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(name))
    return found


KILLED: dict[str, Callable[[int, random.Random, Path], Tally]] = {
    "training": kill_training,
    "report": kill_report,
    "cache": kill_cache,
    "sweep": kill_sweep,
}
