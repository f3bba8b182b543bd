"""Many runs: how they are dealt out to processes and stacks, and how far they are."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

import infoeval.sweep.launch as many
import infoeval.sweep.worker as process
from infoeval.cli import main
from infoeval.sweep import stacks
from infoeval.sweep.control_folder import ControlFolder
from infoeval.sweep.stacks import SHARE, bytes_of_run, stack_size
from infoeval.training.run_options import RunOptions
from tests.sweep.sweeping import train
from tests.tiny import tiny_trainer


def test_on_a_cpu_runs_are_not_stacked_unless_asked(tmp_path: Path) -> None:
    told: list[str] = []
    train(tmp_path, log=told.append)
    (line,) = told
    assert line.startswith("runs are trained one after another: on a CPU")

    def size_of(stack: Any, runs: int) -> tuple[int, str]:
        return stack_size(stack, tiny_trainer(), runs, 0, RunOptions(device="cpu"))

    assert size_of("auto", 10)[0] == 1
    assert size_of("auto", 1) == (1, "")
    assert size_of(4, 10) == (4, "")
    assert size_of(20, 10) == (10, "")


@pytest.mark.parametrize(
    ("fitting", "size"), [(100.0, 10), (10.1, 10), (9.9, 5), (3.5, 3), (1.2, 1), (0.5, 1)]
)
def test_on_a_gpu_as_many_are_stacked_as_its_free_memory_holds(
    monkeypatch: pytest.MonkeyPatch, fitting: float, size: int
) -> None:
    """Ten runs, in as few and as equal stacks as possible."""
    free = int(fitting * bytes_of_run(tiny_trainer()) / SHARE)
    monkeypatch.setattr(stacks, "find_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 2 * free))
    assert stack_size("auto", tiny_trainer(), 10, 0, RunOptions())[0] == size


def test_images_leave_less_room_for_runs_where_they_lie_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = int(10.1 * bytes_of_run(tiny_trainer()) / SHARE)
    monkeypatch.setattr(stacks, "find_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 2 * free))

    def size(images: float, memory: int | None = None) -> int:
        options = RunOptions(device_memory=memory)
        return stack_size("auto", tiny_trainer(), 10, int(images), options)[0]

    assert size(0.5 * free) == 5
    assert size(0.9 * free) == 10  # more than images get: they are streamed
    assert size(0.5 * free, free // 4) == 10


def test_the_command_takes_stacks(tmp_path: Path) -> None:
    def settings(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["train", "digits", *arguments, "--dry-run", "--json"])

    many = ("--seeds", "0-3")
    for text, stack in (("auto", "auto"), ("off", 1), ("4", 4)):
        assert json.loads(settings(*many, "--stack", text).stdout)["stack"] == stack
    for wrong in ("0", "-1", "many", "1.5", "²"):
        assert "give auto, off, or a number" in settings(*many, "--stack", wrong).output
    assert "--stack is for many runs" in settings("--stack", "4").output


@pytest.mark.parametrize(
    ("name", "gpus", "devices"),
    [
        ("auto", 0, ["auto", "auto", "auto"]),
        ("auto", 1, ["auto", "auto", "auto"]),
        ("auto", 2, ["cuda:0", "cuda:1", "cuda:0"]),
        ("cuda", 4, ["cuda:0", "cuda:1", "cuda:2"]),
        ("cuda:1", 4, ["cuda:1", "cuda:1", "cuda:1"]),
        ("cpu", 4, ["cpu", "cpu", "cpu"]),
    ],
)
def test_processes_have_a_gpu_each(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, devices: list[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert [process._own_device(name, number) for number in range(3)] == devices


@pytest.mark.parametrize(
    ("jobs", "device", "gpus", "processes"),
    [
        (None, "auto", 0, 1),
        (None, "auto", 4, 4),
        (None, "cuda", 20, 10),
        (None, "cpu", 4, 1),
        (None, "cuda:2", 4, 1),
        (3, "auto", 4, 3),
        (20, "cpu", 0, 10),
    ],
)
def test_how_many_processes_there_are(
    monkeypatch: pytest.MonkeyPatch, jobs: int | None, device: str, gpus: int, processes: int
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert many._processes(jobs, device, 10) == processes


def test_it_says_how_far_the_runs_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "REPORT_EVERY", 0.01)
    said: list[tuple[str, float | None]] = []
    train(tmp_path, progress=lambda text, share: said.append((text, share)))
    shares = [share for _, share in said if share is not None]
    assert shares == sorted(shares)
    assert any(share > 0 for share in shares)
    begins = ("training 3 runs, ", "scoring the runs, 3 trained, ")
    assert all(text.startswith(begins) for text, _ in said)


def test_what_is_said_counts_steps_of_all_runs(tmp_path: Path) -> None:
    tasks = [process.Task(tiny_trainer(steps=8), seed, tmp_path / str(seed)) for seed in range(3)]
    control = ControlFolder(tmp_path, 0)
    for seed, noted in ((0, "8"), (1, "4"), (2, "")):
        control.write_progress(str(seed), noted)
    told = "training 3 runs, 1 trained, 0 done, 1 at step 4 of 8"
    assert many._how_far(tasks, control) == (told, 0.5)
    for task in tasks:
        control.write_progress(str(task.seed), process.DONE if task.seed else "8")
    assert many._how_far(tasks, control) == ("scoring the runs, 3 trained, 2 done", 1.0)
