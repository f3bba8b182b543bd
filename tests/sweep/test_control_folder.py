"""The control folder of a sweep: progress, requests to stop, and what a killed sweep leaves."""

import os
import signal
import time
from pathlib import Path

import joblib
import pytest

from infoeval.checkpoint import Checkpoint
from infoeval.locks import LOCK
from infoeval.sweep import train_many
from infoeval.sweep.control_folder import (
    ControlFolder,
    control_folder,
    initialise_worker,
    worker_state,
)
from infoeval.training.run_options import RunOptions
from tests.comparing import identical
from tests.processes import LIMIT, start_process, wait_for_file
from tests.sweep.sweeping import train, weights
from tests.tiny import tiny_images, tiny_trainer

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
LONG = tiny_trainer(steps=200_000)


def wait_until(condition: object) -> None:
    assert callable(condition)
    until = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


def test_progress_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    control = ControlFolder(tmp_path, 0)
    assert control.read_progress("seed-0") == ""
    control.write_progress("seed-0", "12")
    control.write_progress("seed-0", "1234")
    assert control.read_progress("seed-0") == "1234"
    assert os.listdir(tmp_path) == ["seed-0"]
    ControlFolder(tmp_path / "gone", 0).write_progress("seed-0", "12")  # the sweep has ended
    assert not (tmp_path / "gone").exists()


def test_processes_are_asked_to_stop_once_the_sweep_is(tmp_path: Path) -> None:
    stop: list[bool] = []
    with control_folder(tmp_path, lambda: bool(stop)) as control, worker_state(control) as state:
        time.sleep(0.5)
        assert not state.should_stop()
        stop.append(True)
        assert state.stop_request.wait(10)
    assert list(tmp_path.iterdir()) == []


def test_processes_on_other_machines_stop_when_a_killed_sweep_is_cleared_away(
    tmp_path: Path,
) -> None:
    with (
        control_folder(tmp_path, bool) as killed,
        worker_state(killed) as state,
        control_folder(tmp_path, bool),
    ):
        assert state.stop_request.wait(10)
    assert list(tmp_path.iterdir()) == []


def test_the_sweep_s_own_signals_are_left_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with control_folder(tmp_path, bool) as control, worker_state(control):
        assert signal.getsignal(signal.SIGTERM) is before


def waiting_for_work(folder: Path) -> None:
    """What loky starts for a sweep, before it has any work."""
    parent = os.getpid()
    if os.fork() == 0:
        initialise_worker(parent)
        (folder / "new").write_text(str(os.getpid()))
        (folder / "new").replace(folder / "ready")
        time.sleep(LIMIT)
        os._exit(0)
    time.sleep(LIMIT)


@needs_proc
def test_a_process_that_waits_for_work_ends_with_the_sweep_alone(tmp_path: Path) -> None:
    """Signals that a terminal sends to all of them leave it to the sweep."""
    killed = start_process(waiting_for_work, tmp_path)
    wait_for_file(tmp_path / "ready", killed)
    process = int((tmp_path / "ready").read_text())
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(process, number)
        time.sleep(0.5)
        assert is_alive(process)
    finally:
        killed.kill()
        killed.join()
    wait_until(lambda: not is_alive(process))


def sweep(folder: Path) -> None:
    """A sweep of two processes, started as by a user: by one that may have children."""
    import multiprocessing

    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    options = RunOptions(device="cpu", log_every=2)
    with joblib.parallel_config(backend="loky"):
        train_many(LONG, tiny_images(), folder, options, seeds=[0, 1], jobs=2, samples=50)


def holders(folder: Path) -> list[int]:
    """The processes that train there."""
    locks = [path for path in folder.glob(f"*/{LOCK}") if path.read_text()]
    return [int(path.read_text().split()[1]) for path in locks]


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
@needs_proc
def test_processes_end_with_a_killed_sweep_and_lose_no_step(tmp_path: Path) -> None:
    """Each saves where it is; --resume at once waits for them, and leaves no litter."""
    folder = tmp_path / "runs"
    killed = start_process(sweep, folder)
    try:
        wait_until(lambda: (folder / "seed-0/history.csv").exists())
        wait_until(lambda: (folder / "seed-1/history.csv").exists())
        for seed in (0, 1):
            wait_until(lambda run=f"seed-{seed}": any(folder.glob(f".sweep/*/{run}")))
        processes = holders(folder)
        assert len(processes) == 2
    finally:
        killed.kill()
        killed.join()
    started = time.monotonic()
    wait_until(lambda: not any(map(is_alive, processes)))
    assert time.monotonic() - started < 30
    steps = [Checkpoint.open(folder / f"seed-{seed}/ckpt.pt").step for seed in (0, 1)]
    assert min(steps) > 0  # not yet a minute old
    last = tiny_trainer(steps=max(steps) + 2)
    train(folder, trainer=last, resume=True, seeds=[0, 1])
    train(tmp_path / "unbroken", trainer=last, seeds=[0, 1])
    for name in ("seed-0", "seed-1"):
        assert identical(weights(folder / name), weights(tmp_path / "unbroken" / name))
    assert not list(folder.rglob(".*"))
