"""Signals: every command ends with one line and 128 + signal; a training saves its step first."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from infoeval import data, evaluation
from infoeval.checkpoint import Checkpoint
from infoeval.cli import signals
from infoeval.training import run as runs
from infoeval.training import train_by_name
from tests.cli.commands import infoeval, succeeds
from tests.comparing import identical
from tests.processes import LIMIT, start_command, start_process, start_server, wait_for_file
from tests.tiny import tiny_images
from tests.training.sharing import write_to

TRAINER = """
from tests.tiny import tiny_trainer

trainer = tiny_trainer(data="images.npz", steps=1_000_000)
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with images and a trainer that takes hours."""
    start_server()
    np.savez(tmp_path / "images.npz", images=tiny_images(60).images)
    (tmp_path / "tiny.py").write_text(TRAINER)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


@dataclass
class Ending:
    """How a command ended: its exit code, and the lines of its standard error."""

    code: int | None
    lines: list[str]


def ended(process: BaseProcess) -> Ending:
    process.join(LIMIT)
    text = Path("errors").read_text()
    assert "Traceback" not in text
    return Ending(process.exitcode, text.splitlines())


def signalled(process: BaseProcess, number: int, at: str) -> Ending:
    """Send the signal once the file is there."""
    wait_for_file(Path(at), process)
    assert process.pid is not None
    os.kill(process.pid, number)
    return ended(process)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_training_saves_its_step_and_tells_how_to_go_on(number: signal.Signals) -> None:
    process = start_command(Path.cwd(), "train", "tiny.py", "--device", "cpu")
    ending = signalled(process, number, "runs/tiny-000/samples/step-000000-slant.png")
    assert ending.code == 128 + number
    step = Checkpoint.open("runs/tiny-000/ckpt.pt").step
    assert step > 0
    command = "infoeval train tiny.py --device cpu --out runs/tiny-000 --resume"
    assert ending.lines[-1] == f"stopped by {number.name} at step {step:,}; go on with: {command}"
    assert not list(Path("runs").rglob(".*"))
    succeeds(*shlex.split(command)[1:], "--steps", step + 3)
    succeeds("train", "tiny.py", "--device", "cpu", "--out", "straight", "--steps", step + 3)
    kept = [Checkpoint.open(f"{name}/ckpt.pt") for name in ("runs/tiny-000", "straight")]
    assert identical(kept[0].weights, kept[1].weights)


def test_a_sweep_stops_all_its_runs() -> None:
    arguments = ("train", "tiny.py", "--seeds", "0-3", "--stack", 2, "--device", "cpu")
    process = start_command(Path.cwd(), *arguments, "--out", "all")
    ending = signalled(process, signal.SIGTERM, "all/seed-1/samples/step-000000-slant.png")
    assert ending.code == 143
    words = shlex.join(["infoeval", *map(str, arguments), "--out", "all", "--resume"])
    assert ending.lines[-1] == f"stopped by SIGTERM; go on with: {words}"
    assert sorted(os.listdir("all")) == ["seed-0", "seed-1"]
    assert not list(Path("all").rglob(".*"))
    steps = [Checkpoint.open(f"all/seed-{seed}/ckpt.pt").step for seed in (0, 1)]
    assert steps[0] == steps[1] > 0


def interrupting(number: signal.Signals) -> Callable[..., Any]:
    """What sends this process a signal, and then works on."""

    def work(*_: object, **__: object) -> Any:
        signal.raise_signal(number)
        time.sleep(LIMIT)

    return work


@pytest.mark.parametrize("number", SIGNALS)
def test_before_there_is_anything_to_save_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(train_by_name, "load", interrupting(number))
    result = infoeval("train", "tiny.py")
    assert result.exit_code == 128 + number
    assert (result.stdout, result.stderr) == ("", f"stopped by {number.name}\n")
    assert not Path("runs").exists()


@pytest.mark.parametrize("number", SIGNALS)
def test_other_commands_end_in_one_line(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(evaluation, "score", interrupting(number))
    result = infoeval("score", "codes.npz")
    assert result.exit_code == 128 + number
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == f"stopped by {number.name}"


def test_a_signal_that_came_out_of_an_import_as_another_error_is_still_a_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken_import(*_: object, **__: object) -> Any:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException:
            raise RecursionError("half of a module") from None

    monkeypatch.setattr(evaluation, "score", broken_import)
    result = infoeval("score", "codes.npz")
    assert result.exit_code == 143
    assert result.stderr.splitlines()[-1] == "stopped by SIGTERM"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_program_is_imported(number: signal.Signals) -> None:
    """Here it comes when the first module of the command line is looked for."""
    program = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'infoeval.cli': signal.raise_signal({int(number)})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from infoeval.__main__ import run\n"
        "run()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(data.__file__).parents[2])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert (done.stdout, done.stderr) == ("", f"stopped by {number.name}\n")


@pytest.mark.parametrize("sooner", ["pass", "atexit.register(signal.raise_signal, 15)"])
def test_signals_that_come_while_the_program_ends_change_nothing(sooner: str) -> None:
    """The second signal comes when Python takes down its modules, or sooner."""
    program = (
        "import atexit, os, signal, sys\n"
        "class Last:\n"
        "    def __del__(self, raise_signal=signal.raise_signal): raise_signal(15)\n"
        "import infoeval.cli\n"
        "def main():\n"
        "    try:\n"
        "        with infoeval.cli.signals.handled(): signal.raise_signal(2)\n"
        "    finally:\n"
        f"        {sooner}\n"
        "infoeval.cli.main = main\n"
        "sys.last = Last()\n"
        "from infoeval.__main__ import run\n"
        "run()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(data.__file__).parents[2])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped by SIGINT\n")


def test_a_training_that_is_complete_when_the_signal_comes_is_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train = runs.train

    def train_and_wait(*arguments: Any, **options: Any) -> Path:
        path = train(*arguments, **options)
        signal.raise_signal(signal.SIGTERM)
        return path

    monkeypatch.setattr(runs, "train", train_and_wait)
    result = succeeds("train", "tiny.py", "--device", "cpu", "--steps", 3, "--out", "run")
    assert result.stdout.startswith("checkpoint: run/ckpt.pt")


def test_handlers_are_given_back_and_what_is_ignored_stays_ignored() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.handled():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not before[1]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before[2])
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_other_threads_run_commands_without_handlers() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(infoeval("metrics").exit_code))
    thread.start()
    thread.join()
    assert codes == [0]


def never_ending(folder: Path) -> None:
    """A training whose step never ends."""
    write_to(folder / "errors", 2)
    with signals.handled(), signals.deferred():
        (folder / "ready").touch()
        time.sleep(LIMIT)


def test_a_second_signal_ends_at_once(here: Path) -> None:
    process = start_process(never_ending, here)
    wait_for_file(here / "ready", process)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGTERM)  # as a launcher does, which passes on what all have got
    process.join(signals.TOGETHER + 0.3)
    assert process.is_alive()
    os.kill(process.pid, signal.SIGINT)
    assert ended(process).code == 130


def never_returning(folder: Path) -> None:
    """A command in a call that lets no handler run."""
    write_to(folder / "errors", 2)
    signals.GRACE_PERIOD = 0.5
    with signals.handled():
        signals._state.number = 0  # so that the handler does nothing
        (folder / "ready").touch()
        time.sleep(LIMIT)


def test_a_command_that_does_not_react_is_ended_when_patience_is_over(here: Path) -> None:
    process = start_process(never_returning, here)
    ending = signalled(process, signal.SIGTERM, "ready")
    assert (ending.code, ending.lines) == (143, ["stopped by SIGTERM"])
