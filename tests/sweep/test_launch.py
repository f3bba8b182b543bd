"""Many runs: each is the run that training alone makes, and none of them stops another."""

import csv
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from joblib.parallel import ThreadingBackend

import infoeval.sweep.launch as many
import infoeval.sweep.worker as process
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.evaluation import score
from infoeval.locks import locked_folder
from infoeval.sweep import Pick, StoppedSweepError, train_many
from infoeval.sweep.control_folder import ControlFolder
from infoeval.training import run as runs
from infoeval.training.run_options import RunOptions
from tests.comparing import identical
from tests.processes import LIMIT, start_process
from tests.sweep.sweeping import OPTIONS, train, weights
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import hashes, split_options

ON_CPU = RunOptions(device="cpu")


def test_each_run_is_the_run_that_training_alone_makes(tmp_path: Path) -> None:
    summary = train(tmp_path / "many", variant="mine")
    for row in summary.rows:
        alone = tmp_path / f"alone-{row.seed}"
        runs.train(tiny_trainer(), tiny_images(), alone, ON_CPU, seed=row.seed)
        assert identical(weights(tmp_path / "many" / row.folder), weights(alone))
        kept = Checkpoint.open(tmp_path / "many" / row.folder / "ckpt.pt")
        assert (kept.seed, kept.variant) == (row.seed, "mine")
    assert [row.folder for row in summary.rows] == ["seed-0", "seed-1", "seed-2"]
    assert [row.status for row in summary.rows] == ["complete"] * 3
    assert summary.complete


def test_the_summary_says_what_the_runs_and_the_scores_say(tmp_path: Path) -> None:
    summary = train(tmp_path, seeds=[5, 3])
    for row in summary.rows:
        path = tmp_path / row.folder / "ckpt.pt"
        checkpoint = Checkpoint.open(path)
        results = score(path, metrics=["mi-own"], samples=50, device="cpu").results
        assert {r.target: (r.value, r.low, r.high) for r in results} == {
            name: (bound.value, bound.low, bound.high) for name, bound in row.bounds.items()
        }
        assert row.bounds["digit"].entropy == pytest.approx(np.log(4))
        assert (row.step, row.steps, row.threads, row.device) == (4, 4, 1, "cpu")
        assert row.seconds == checkpoint.history["seconds"][-1]
        assert row.losses["generator_loss"] == checkpoint.history["generator_loss"][-1]
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["rows"][1]["seed"] == 3
    assert told["rows"][1]["bounds"]["slant"]["high"] == summary.rows[1].bounds["slant"].high
    assert told["data"]["fingerprint"] == tiny_images().fingerprint
    with (tmp_path / "summary.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [line["run"] for line in table] == ["seed-5", "seed-3"]
    assert float(table[0]["L_I digit"]) == summary.rows[0].bounds["digit"].value
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("seed-3", "seed-5", "summary.csv", "summary.json")
    ]


def test_every_weight_is_trained_with_every_seed(tmp_path: Path) -> None:
    summary = train(tmp_path, information_weights=[0, 0.5], samples=20)
    names = [f"lambda-{weight}-seed-{seed}" for weight in ("0", "0.5") for seed in range(3)]
    assert [row.folder for row in summary.rows] == names
    for row in summary.rows:
        trainer = Checkpoint.open(tmp_path / row.folder / "ckpt.pt").trainer
        assert trainer.information_weight == row.information_weight
    assert [pick.information_weight for pick in summary.picks] == [0, 0.5]
    assert summary.picks[0].folder is None
    assert "without the information term" in summary.picks[0].reason
    assert not any(row.picked for row in summary.rows[:3])


def test_runs_side_by_side_are_the_runs_one_after_another(tmp_path: Path) -> None:
    """Up to rounding, three and then one; all are trained with either λ."""
    options: dict[str, Any] = {"information_weights": [0, 1], "seeds": [0, 1]}
    alone = train(tmp_path / "alone", **options)
    together = train(tmp_path / "together", stack=3, **options)
    for first, second in zip(alone.rows, together.rows, strict=True):
        assert (second.status, second.step) == ("complete", 4)
        assert (first.folder, first.threads) == (second.folder, second.threads)
        assert second.losses == pytest.approx(first.losses, rel=1e-4)
        own, found = (weights(tmp_path / name / first.folder) for name in ("alone", "together"))
        torch.testing.assert_close(found["weights"], own["weights"], rtol=1e-4, atol=1e-4)
    assert not list(tmp_path.rglob(".*"))


def test_a_run_that_fails_in_a_stack_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    train(tmp_path, seeds=[1], trainer=tiny_trainer(batch=4))  # other settings
    summary = train(tmp_path, stack=3, resume=True)
    assert [row.status for row in summary.rows] == ["complete", "failed", "complete"]
    assert "other settings (batch)" in summary.rows[1].reason


def test_a_stack_that_does_not_fit_is_trained_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(process, "train_stacked", full)
    told: list[str] = []
    assert train(tmp_path, stack=2, log=told.append).complete
    assert told.count("runs went on one after another: RuntimeError: out of memory") == 1


@pytest.mark.parametrize("stack", [1, 3])
def test_what_there_is_to_say_of_the_runs_is_said_once(tmp_path: Path, stack: int) -> None:
    """By two workers too: why nothing is captured, and that images are streamed."""
    told: list[str] = []
    with joblib.parallel_config(backend="threading"):
        train(tmp_path / "many", jobs=2, stack=stack, log=told.append, device_memory=0)
    assert told.count("the images do not fit the device: they are streamed to it") == 1


def test_one_weight_does_not_change_the_names(tmp_path: Path) -> None:
    (row,) = train(tmp_path, information_weights=[0.5], seeds=[7]).rows
    assert (row.folder, row.information_weight) == ("seed-7", 0.5)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_any_backend_gives_the_same(tmp_path: Path, backend: str) -> None:
    """And so do images that are mapped from a file, which processes then share."""
    images = tiny_images()
    mapped = np.memmap(tmp_path / "images", np.uint8, "w+", shape=images.images.shape)
    mapped[:] = images.images
    mapped.flush()
    shown = np.memmap(tmp_path / "images", np.uint8, "c", shape=images.images.shape)
    alone = train(tmp_path / "alone", seeds=[0, 1])
    with joblib.parallel_config(backend=backend):
        data = replace(images, images=shown)
        together = train(tmp_path / "together", seeds=[0, 1], jobs=2, data=data)
    for first, second in zip(alone.rows, together.rows, strict=True):
        assert replace(first, seconds=None) == replace(second, seconds=None)
        folders = tmp_path / "alone" / first.folder, tmp_path / "together" / second.folder
        assert identical(*map(weights, folders))


def test_a_killed_process_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "train_in_turn", end_at_once)
    with (
        joblib.parallel_config(backend="loky"),
        pytest.raises(UserError, match="go on with --resume"),
    ):
        train(tmp_path, jobs=2)


def end_at_once(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Counting(ThreadingBackend):  # type: ignore[misc]
    """A backend of somebody else's, as a cluster's is."""

    submitted: list[Any]

    def submit(self, func: Any, callback: Any = None) -> Any:
        Counting.submitted.append(func)
        return super().submit(func, callback)

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        return 2 if n_jobs is None or n_jobs < 0 else n_jobs


def test_the_active_backend_is_respected(tmp_path: Path) -> None:
    """As many processes as it has, each with its runs, and none beside it."""
    Counting.submitted = []
    joblib.register_parallel_backend("counting", Counting)
    with joblib.parallel_config(backend="counting"):
        summary = train(tmp_path)
    assert len(Counting.submitted) == 2
    assert summary.complete
    assert [row.folder for row in summary.rows] == ["seed-0", "seed-1", "seed-2"]


def test_runs_that_are_complete_are_not_trained_again(tmp_path: Path) -> None:
    first = train(tmp_path, seeds=[0, 1])
    before = {path: path.read_bytes() for path in tmp_path.glob("*/ckpt.pt")}
    again = train(tmp_path, seeds=[0, 1, 2], resume=True)
    assert len(before) == 2
    assert all(path.read_bytes() == content for path, content in before.items())
    assert again.rows[0].seconds == first.rows[0].seconds
    assert again.rows[2].status == "complete"


def test_a_run_that_is_half_done_goes_on(tmp_path: Path) -> None:
    unbroken = train(tmp_path / "unbroken", trainer=tiny_trainer(steps=8))
    train(tmp_path / "broken", trainer=tiny_trainer(steps=4), seeds=[0, 1])
    resumed = train(tmp_path / "broken", trainer=tiny_trainer(steps=8), resume=True)
    for row in unbroken.rows:
        folders = (tmp_path / name / row.folder for name in ("unbroken", "broken"))
        assert identical(*map(weights, folders))
    assert [row.step for row in resumed.rows] == [8, 8, 8]
    assert [row.agreement for row in resumed.rows] == [row.agreement for row in unbroken.rows]


def test_a_killed_training_is_taken_up_again(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    options = split_options(OPTIONS | {"seeds": [0, 1]})
    trainer = tiny_trainer(steps=100_000)
    training = start_process(train_many, trainer, tiny_images(), folder, **options)
    try:
        deadline = time.monotonic() + LIMIT
        while steps_noted(folder) < 4:
            assert training.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        training.kill()
        training.join()
    steps = Checkpoint.open(folder / "seed-0" / "ckpt.pt").step + 2
    assert steps >= 4
    train(folder, trainer=tiny_trainer(steps=steps), resume=True, seeds=[0, 1])
    train(tmp_path / "unbroken", trainer=tiny_trainer(steps=steps), seeds=[0, 1])
    for name in ("seed-0", "seed-1"):
        assert identical(weights(folder / name), weights(tmp_path / "unbroken" / name))
    assert {path.name for path in folder.iterdir()} == {
        *("seed-0", "seed-1", "summary.csv", "summary.json")
    }


def steps_noted(folder: Path) -> int:
    """The step that the first run has told the sweep."""
    task = process.Task(tiny_trainer(), 0, folder / "seed-0")
    controls = [ControlFolder(path, 0) for path in folder.glob(".sweep/*")]
    return max((process.reached(task, control)[0] for control in controls), default=0)


def test_what_is_there_is_not_trained_over(tmp_path: Path) -> None:
    train(tmp_path, seeds=[1])
    before = (tmp_path / "seed-1" / "ckpt.pt").read_bytes()
    with pytest.raises(UserError, match=r"seed-1 already holds a run: add --resume"):
        train(tmp_path, seeds=[0, 1])
    assert (tmp_path / "seed-1" / "ckpt.pt").read_bytes() == before
    assert not (tmp_path / "seed-0").exists()


def test_a_folder_that_another_sweep_writes_is_refused(tmp_path: Path) -> None:
    with (
        locked_folder(tmp_path / "runs"),
        pytest.raises(UserError, match=f"in use by process {os.getpid()} "),
    ):
        train(tmp_path / "runs", resume=True)
    assert not (tmp_path / "runs").exists()


def test_a_run_that_another_process_writes_stops_the_sweep_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "SHUTDOWN_TIMEOUT", 0.0)
    with (
        locked_folder(tmp_path / "seed-1"),
        pytest.raises(UserError, match="seed-1 is in use by process"),
    ):
        train(tmp_path)
    assert not list(tmp_path.iterdir())


def test_fewer_steps_than_a_run_has_done_leave_everything(tmp_path: Path) -> None:
    train(tmp_path, trainer=tiny_trainer(steps=4), seeds=[0, 1, 2])
    before = hashes(tmp_path)
    with pytest.raises(UserError, match=r"seed-0 has done 4 steps already.*give 4 or more"):
        train(tmp_path, trainer=tiny_trainer(steps=2), resume=True)
    assert hashes(tmp_path) == before


@pytest.mark.parametrize(("stack", "backend"), [(1, "sequential"), (2, "threading")])
def test_a_sweep_that_is_stopped_goes_on_with_resume(
    tmp_path: Path, stack: int, backend: str
) -> None:
    """Its runs end within a row, each with a checkpoint; what no one began is not begun."""
    folder, long = tmp_path / "runs", tiny_trainer(steps=100_000)

    def begun() -> bool:
        return (folder / "seed-0" / "samples" / "step-000004-slant.png").exists()

    with joblib.parallel_config(backend=backend), pytest.raises(StoppedSweepError):
        train(folder, trainer=long, stop=begun, stack=stack, jobs=2, seeds=range(4 * stack))
    steps = {path.parent.name: Checkpoint.open(path).step for path in folder.glob("*/ckpt.pt")}
    assert steps["seed-0"] >= 4
    assert len(steps) == (1 if backend == "sequential" else 4)
    assert {path.name for path in folder.iterdir()} == set(steps)
    last = tiny_trainer(steps=steps["seed-0"] + 2)
    assert train(folder, trainer=last, resume=True, seeds=[0]).complete


def test_a_failed_run_is_a_row_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path, seeds=[1], trainer=tiny_trainer(batch=4))  # other settings
    good = process.train

    def train_but(*arguments: Any, **options: Any) -> Path:
        if options["seed"] == 2:
            raise RuntimeError("out of memory\nand more")
        return good(*arguments, **options)

    monkeypatch.setattr(process, "train", train_but)
    summary = train(tmp_path, seeds=[0, 1, 2, 3, 4], resume=True)
    assert [row.status for row in summary.rows] == [
        *("complete", "failed", "failed", "complete", "complete")
    ]
    assert "other settings (batch)" in summary.rows[1].reason
    assert summary.rows[2].reason.startswith("RuntimeError: out of memory and more")
    assert "out of memory" in (tmp_path / "seed-2" / "error.txt").read_text()
    assert summary.rows[1].agreement is None
    assert summary.picks[0].folder in ("seed-0", "seed-3", "seed-4")
    assert not summary.complete
    monkeypatch.setattr(process, "train", good)
    assert train(tmp_path, seeds=[2], resume=True).complete
    assert not (tmp_path / "seed-2" / "error.txt").exists()


def test_a_run_that_diverges_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = runs.Step.__call__

    def poisoned(self: Any) -> torch.Tensor:
        found = step(self)
        return found * torch.nan if self.done > 3 else found

    monkeypatch.setattr(runs.Step, "__call__", poisoned)
    (row,) = train(tmp_path, seeds=[0], trainer=tiny_trainer(steps=6), checkpoint_every=2).rows
    assert (row.status, row.step, row.steps) == ("failed", 2, 6)
    assert row.reason.startswith("training diverged")
    assert set(row.losses) == {"discriminator_loss", "generator_loss"}
    assert row.bounds == {}
    text = (tmp_path / "summary.json").read_text()
    assert json.loads(text)["rows"][0]["reason"] == row.reason


def test_images_that_do_not_fit_fail_every_run(tmp_path: Path) -> None:
    blank = ImageSet("blank", "train", np.zeros((20, 1, 4, 4), np.uint8))
    summary = train(tmp_path, data=blank)
    assert {row.status for row in summary.rows} == {"failed"}
    assert all("images of 1×8×8" in row.reason for row in summary.rows)
    assert summary.picks == (Pick(1.0, None, "a medoid needs 3 complete runs, not 0"),)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"seeds": []}, "no seeds"),
    ({"seeds": [1, 1]}, "same λ and seed"),
    ({"information_weights": [1, 1.0000000001]}, "same λ and seed"),
    ({"information_weights": [-1]}, "information_weight"),
    ({"jobs": 0}, "jobs is 0"),
    ({"stack": 0}, "stack is 0"),
]


@pytest.mark.parametrize(("options", "why"), WRONG)
def test_wrong_settings_are_one_line_and_leave_nothing(
    tmp_path: Path, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(UserError, match=why):
        train(tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()


def test_labels_and_factors_change_nothing(tmp_path: Path) -> None:
    """Codes, agreement and choice are the same when every label is another."""
    images = tiny_images(200)
    other = replace(images, labels=images.labels[::-1].copy(), factors=np.ones((200, 1)))
    first = train(tmp_path / "first", data=images)
    second = train(tmp_path / "second", data=other)
    for one, two in zip(first.rows, second.rows, strict=True):
        assert replace(one, seconds=None) == replace(two, seconds=None)
    assert first.picks == second.picks


def test_threads_are_shared_out_and_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    seen = []
    good = process.train

    def noting(*arguments: Any, **options: Any) -> Path:
        seen.append(torch.get_num_threads())
        return good(*arguments, **options)

    monkeypatch.setattr(process, "train", noting)
    with joblib.parallel_config(backend="threading"):
        summary = train(tmp_path, jobs=2, seeds=[0, 1])
    assert seen == [1, 1]
    assert [row.threads for row in summary.rows] == [1, 1]
    assert torch.get_num_threads() == 2
