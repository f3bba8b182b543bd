"""One run over two processes: the run of one process, and a good end when one is killed."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.distributed import HashStore  # type: ignore[attr-defined]

import infoeval.training.run as runs
from infoeval.checkpoint import Checkpoint
from infoeval.data import load
from infoeval.errors import UserError
from infoeval.training.distributed import World, join, normalise
from tests.processes import LIMIT, start_process
from tests.tiny import tiny_images, tiny_trainer
from tests.training.sharing import LONG, STEPS, TRAINERS, torchrun, train_both, work

INFOEVAL = ["-m", "infoeval", "train", "tiny.py", "--device", "cpu"]
TRAINER_FILE = """
from tests.training.sharing import LONG

trainer = LONG
"""


@contextmanager
def ending(*processes: BaseProcess) -> Iterator[None]:
    """The processes are gone at the end, and so are the workers that they started."""
    try:
        yield
    finally:
        for process in processes:
            left = list(workers(process.pid).values())
            process.kill()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.join()


def workers(parent: int | None) -> dict[str, int]:
    """The processes that torchrun has started, by rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of_process = (folder / "stat").read_text().rpartition(")")[2].split()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        ranks = [entry[5:].decode() for entry in environment if entry.startswith(b"RANK=")]
        if ranks and int(of_process[1]) == parent:
            found[ranks[0]] = int(folder.name)
    return found


def wait_for(path: Path, *processes: BaseProcess) -> None:
    """Return once the file is there; fail when a process ends before, or time is up."""
    until = time.monotonic() + LIMIT
    while not path.exists():
        for process in processes:
            assert process.is_alive(), f"{process.name} has ended before"
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


def errors_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Error: ")]


@dataclass
class Pair:
    """What two processes have done until one of them was killed."""

    folder: Path
    outcomes: list[dict[str, Any]]
    code: int | None
    errors: str
    seconds: float

    def checkpoint(self, name: str) -> Checkpoint:
        return Checkpoint.open(self.folder / "runs" / name / "ckpt.pt")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Two processes, started with torchrun's variables; the second one is killed in the end."""
    folder = tmp_path_factory.mktemp("pair")
    write_experiment(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    variables = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    first, second = (start_process(work, folder, rank, variables) for rank in (0, 1))
    with ending(first, second):
        wait_for(folder / "runs/long/samples/step-000004-slant.png", first, second)
        second.kill()
        killed = time.monotonic()
        first.join(LIMIT)
        seconds = time.monotonic() - killed
    outcomes = [json.loads((folder / f"outcome-{rank}.json").read_text()) for rank in (0, 1)]
    return Pair(folder, outcomes, first.exitcode, errors_of(folder), seconds)


def errors_of(folder: Path) -> str:
    """What the two processes had to say."""
    return "".join((folder / f"errors-{rank}").read_text() for rank in (0, 1))


def write_experiment(folder: Path) -> None:
    np.savez(folder / "images.npz", images=tiny_images(60).images)
    (folder / "tiny.py").write_text(TRAINER_FILE)


def differences(one: Checkpoint, other: Checkpoint) -> float:
    """The largest difference of a weight, a running statistic or a moment of Adam's."""
    assert list(one.weights) == list(other.weights)
    found = [distance(one.weights[name], other.weights[name]) for name in one.weights]
    for name, optimizer in one.optimizers.items():
        for number, moments in optimizer["state"].items():
            others = other.optimizers[name]["state"][number]
            found += [distance(moments[key], others[key]) for key in moments]
    return max(found)


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    assert one.shape == other.shape
    return (one.double() - other.double()).abs().max().item()


def files_below(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


# The run of one process


@pytest.mark.parametrize("name", TRAINERS)
def test_two_processes_train_as_one_with_the_whole_batch(
    pair: Pair, tmp_path: Path, name: str
) -> None:
    train_both(name, tmp_path)
    alone, shared = Checkpoint.open(tmp_path / "ckpt.pt"), pair.checkpoint(name)
    assert differences(alone, shared) < 1e-5
    assert torch.equal(alone.random_state, shared.random_state)
    assert (shared.step, shared.trainer, shared.data) == (alone.step, alone.trainer, alone.data)
    assert shared.run == {**alone.run, "processes": 2, "synchronised_batch_norm": True}
    run = pair.folder / "runs" / name
    ours, theirs = (pd.read_csv(folder / "history.csv") for folder in (tmp_path, run))
    pd.testing.assert_frame_equal(
        ours.drop(columns="seconds"), theirs.drop(columns="seconds"), rtol=1e-4, atol=1e-5
    )
    assert files_below(run) == files_below(tmp_path)


def test_without_synchronised_batch_norm_it_is_another_run(pair: Pair) -> None:
    apart, whole = pair.checkpoint("apart"), pair.checkpoint("plain")
    assert apart.run["synchronised_batch_norm"] is False
    assert differences(apart, whole) > 1e-3
    assert all(bool(value.isfinite().all()) for value in apart.weights.values())


def test_only_the_first_process_writes(pair: Pair) -> None:
    first, second = (outcome["written"] for outcome in pair.outcomes)
    assert len(first) > 3 * len(TRAINERS)
    assert second == []


def test_processes_with_other_settings_do_not_train_together(pair: Pair) -> None:
    for outcome in pair.outcomes:
        assert "have not the same settings" in outcome["unequal"]
    assert not (pair.folder / "runs/unequal").exists()


# A process that is killed


def test_a_killed_process_ends_the_other_with_one_line(pair: Pair) -> None:
    [line] = errors_in(pair.errors)
    assert "another of the 2 processes of this run was killed" in line
    assert line.endswith(f"from the last checkpoint in {pair.folder / 'runs/long'}")
    assert pair.code == 1
    assert pair.seconds < 60


@pytest.mark.slow
def test_the_broken_run_goes_on_in_one_process_and_in_two(pair: Pair, tmp_path: Path) -> None:
    kept = pair.checkpoint("long").step
    assert kept >= 4
    for name in ("alone", "together"):
        shutil.copytree(pair.folder / "runs/long", tmp_path / name)
    write_experiment(tmp_path)
    trainer = replace(LONG, steps=kept + 4)
    data = load(tmp_path / "images.npz")
    runs.train(trainer, data, tmp_path / "alone", replace(STEPS, resume=True))
    options = ["--out", "together", "--resume", "--steps", str(kept + 4), "--json"]
    process = start_process(torchrun, tmp_path, [*INFOEVAL, *options])
    with ending(process):
        process.join(LIMIT)
        output, errors = ((tmp_path / name).read_text() for name in ("output", "errors"))
        assert process.exitcode == 0, errors
    assert json.loads(output) == {"checkpoint": "together/ckpt.pt", "step": kept + 4}
    assert errors.count("images, ") == 1
    alone, together = (Checkpoint.open(tmp_path / n / "ckpt.pt") for n in ("alone", "together"))
    assert alone.step == together.step == kept + 4
    assert differences(alone, together) < 1e-5


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_torchrun_ends_well_when_its_first_worker_is_killed(tmp_path: Path) -> None:
    write_experiment(tmp_path)
    options = ["--out", "killed", "--no-sync-batch-norm"]
    process = start_process(torchrun, tmp_path, [*INFOEVAL, *options])
    with ending(process):
        wait_for(tmp_path / "killed/samples/step-000000-slant.png", process)
        os.kill(workers(process.pid)["0"], signal.SIGKILL)
        process.join(LIMIT)
        assert process.exitcode == 1
    errors = (tmp_path / "errors").read_text()
    [line] = errors_in(errors)
    assert "killed" in line
    assert line.endswith("add --resume to go on from the last checkpoint in killed")
    assert Checkpoint.open(tmp_path / "killed/ckpt.pt").run["synchronised_batch_norm"] is False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_torchrun_that_is_ended_saves_the_run(tmp_path: Path) -> None:
    """It passes the signal on: all stop at the same step, the first saves it, and one line."""
    write_experiment(tmp_path)
    process = start_process(torchrun, tmp_path, [*INFOEVAL, "--out", "ended"])
    with ending(process):
        wait_for(tmp_path / "ended/samples/step-000000-slant.png", process)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM)
        process.join(LIMIT)
        assert process.exitcode
    step = Checkpoint.open(tmp_path / "ended/ckpt.pt").step
    assert step > 0
    lines = [line for line in (tmp_path / "errors").read_text().splitlines() if "stopped" in line]
    assert lines == [
        f"stopped by SIGTERM at step {step:,}; add --resume to go on from the checkpoint in ended"
    ]
    assert not list((tmp_path / "ended").rglob(".*"))


# What the user can put right


def world_of(size: int, synchronised: bool = True) -> World:
    return World(0, size, torch.device("cpu"), HashStore(), synchronised)


@pytest.mark.parametrize(("size", "synchronised"), [(3, True), (16, True), (8, False)])
def test_a_batch_that_cannot_be_shared_out(tmp_path: Path, size: int, synchronised: bool) -> None:
    """Eight images; batch normalisation of one image alone is nothing."""
    message = f"a batch of 8 cannot be shared out equally among {size} processes: give --batch"
    with pytest.raises(UserError, match=message):
        runs.train(
            tiny_trainer(),
            tiny_images(),
            tmp_path / "run",
            STEPS,
            world=world_of(size, synchronised),
        )
    assert not (tmp_path / "run").exists()


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    torchruns = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    for name, value in (torchruns | {"MASTER_PORT": "1"}).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_variables_that_make_no_sense(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("RANK", "first")
    with pytest.raises(UserError, match="variable RANK must be a number, not 'first'"), join("cpu"):
        pass


def test_all_processes_on_one_gpu(variables: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="each process has a GPU of its own"), join("cuda:0"):
        pass


@pytest.mark.parametrize(("name", "value"), [("WORLD_SIZE", "1"), ("MASTER_PORT", None)])
def test_nothing_to_join(variables: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    variables.setenv(name, value) if value else variables.delenv(name)
    with join("cpu") as world:
        assert world is None


def test_a_run_by_itself_needs_none_of_this(pair: Pair) -> None:
    assert [outcome["imported"] for outcome in pair.outcomes] == [False, False]


# Batch normalisation


@pytest.mark.parametrize("image", [False, True])
@pytest.mark.parametrize("groups", [1, 3])
def test_a_share_that_is_all_is_normalised_as_by_torch(image: bool, groups: int) -> None:
    generator = torch.Generator().manual_seed(0)
    shape = (12, 5, 4, 3) if image else (12, 5)
    x = 100 + torch.randn(shape, generator=generator)  # far from zero: variances must not cancel
    kind = nn.BatchNorm2d if image else nn.BatchNorm1d
    norms = [kind(5), kind(5)]
    for norm in norms:
        nn.init.normal_(norm.weight, generator=torch.Generator().manual_seed(1))
        nn.init.normal_(norm.bias, generator=torch.Generator().manual_seed(2))
    inputs = [x.clone().requires_grad_() for _ in norms]
    ours = normalise(lambda share: share, 1, norms[0], inputs[0], groups)
    theirs = torch.cat([norms[1](part) for part in inputs[1].chunk(groups)])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    weights = torch.randn(shape, generator=generator)
    for found in (ours, theirs):
        torch.autograd.backward((found * weights).sum())
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-3, atol=1e-3)
    for name, value in norms[1].state_dict().items():
        torch.testing.assert_close(norms[0].state_dict()[name], value, rtol=1e-4, atol=1e-4)
    for one, other in zip(norms[0].parameters(), norms[1].parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-3)


def test_a_share_holds_its_rows_of_every_group() -> None:
    whole = torch.arange(12)
    world = world_of(3)
    world.rank = 1
    assert world.share(whole).tolist() == [4, 5, 6, 7]
    assert world.share(whole, groups=2).tolist() == [2, 3, 8, 9]
