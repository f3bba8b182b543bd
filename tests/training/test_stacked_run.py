"""Runs side by side: each leaves what it leaves alone, goes on anywhere, and fails alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.locks import locked_folder
from infoeval.training import run as runs
from infoeval.training.image_source import ResidentImages, StreamedImages, place
from infoeval.training.run_options import RunOptions
from infoeval.training.stacked_run import train_stacked
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options

WEIGHTS = (1.0, 0.0, 0.5)


def train(folder: Path, steps: int = 12, **options: Any) -> list[Path | UserError]:
    """Three runs in `folder`, of λ 1, 0 and 0.5, that log every 2nd step and keep every 4th."""
    settings: dict[str, Any] = {"device": "cpu", "log_every": 2, "checkpoint_every": 4}
    trainers = [tiny_trainer(steps=steps, information_weight=weight) for weight in WEIGHTS]
    folders = [folder / str(seed) for seed in range(3)]
    arguments = split_options(settings | options)
    return train_stacked(trainers, tiny_images(), folders, seeds=range(3), **arguments)


def alone(folder: Path, seed: int, steps: int = 12, **options: Any) -> Path:
    """One of those runs by itself."""
    return runs.train(
        tiny_trainer(steps=steps, information_weight=WEIGHTS[seed]),
        tiny_images(),
        folder / str(seed),
        RunOptions("cpu", log_every=2, checkpoint_every=4, **options),
        seed=seed,
    )


def assert_close(first: Path, second: Path) -> None:
    """Equal up to rounding: see `test_step.py` for the tolerance."""
    one, other = Checkpoint.open(first), Checkpoint.open(second)
    assert (one.step, one.seed, one.data) == (other.step, other.seed, other.data)
    assert one.trainer.to_dict() == other.trainer.to_dict()
    assert torch.equal(one.random_state, other.random_state)
    assert list(one.weights) == list(other.weights)
    assert list(one.history) == list(other.history)
    for name, value in one.weights.items():
        torch.testing.assert_close(value, other.weights[name], rtol=1e-4, atol=1e-4)
    for name, optimizer in one.optimizers.items():
        assert optimizer["param_groups"] == other.optimizers[name]["param_groups"]
        torch.testing.assert_close(
            optimizer["state"], other.optimizers[name]["state"], rtol=1e-3, atol=1e-6
        )
    for name, column in one.history.items():
        if name != "seconds":
            assert column == pytest.approx(other.history[name], abs=1e-5)


@pytest.fixture(scope="module")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three runs, one after the other."""
    folder = tmp_path_factory.mktemp("separate")
    for seed in range(3):
        alone(folder, seed)
    return folder


def test_each_run_leaves_what_it_leaves_alone(tmp_path: Path, separate: Path) -> None:
    paths = train(tmp_path)
    assert paths == [tmp_path / str(seed) / "ckpt.pt" for seed in range(3)]
    for seed in range(3):
        assert_close(tmp_path / str(seed) / "ckpt.pt", separate / str(seed) / "ckpt.pt")
    assert names(tmp_path) == names(separate)
    history = pd.read_csv(tmp_path / "1" / "history.csv")
    assert history["step"].tolist() == [2, 4, 6, 8, 10, 12]
    assert history["seconds"].is_monotonic_increasing


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_checkpoints_hold_no_more_than_their_own_run(tmp_path: Path, separate: Path) -> None:
    train(tmp_path)
    size = (tmp_path / "0" / "ckpt.pt").stat().st_size
    assert size == pytest.approx((separate / "0" / "ckpt.pt").stat().st_size, rel=0.05)


def test_a_stacked_run_goes_on_alone(tmp_path: Path, separate: Path) -> None:
    train(tmp_path, steps=8)
    for seed in range(3):
        assert_close(alone(tmp_path, seed, resume=True), separate / str(seed) / "ckpt.pt")


def test_runs_that_stand_at_other_steps_go_on_stacked(tmp_path: Path, separate: Path) -> None:
    """One has begun alone, one is further, and one is new."""
    alone(tmp_path, 0, steps=4)
    alone(tmp_path, 1, steps=8)
    train(tmp_path, resume=True)
    for seed in range(3):
        assert_close(tmp_path / str(seed) / "ckpt.pt", separate / str(seed) / "ckpt.pt")


def test_what_is_complete_is_left(tmp_path: Path, separate: Path) -> None:
    shutil.copytree(separate, tmp_path, dirs_exist_ok=True)
    before = [path.read_bytes() for path in sorted(tmp_path.glob("*/ckpt.pt"))]
    train(tmp_path, resume=True)
    assert [path.read_bytes() for path in sorted(tmp_path.glob("*/ckpt.pt"))] == before


@pytest.mark.parametrize("calls", [1, 3, 6])
def test_a_stack_that_is_stopped_goes_on_where_it_was(
    tmp_path: Path, separate: Path, calls: int
) -> None:
    asked = iter([False] * calls + [True] * 20)
    train(tmp_path, stop=lambda: next(asked))
    steps = [Checkpoint.open(path).step for path in tmp_path.glob("*/ckpt.pt")]
    assert len(steps) == 3
    assert 0 < steps[0] < 12
    assert len(set(steps)) == 1
    train(tmp_path, resume=True)
    for seed in range(3):
        assert_close_but_for_rows(tmp_path / str(seed), separate / str(seed))


def assert_close_but_for_rows(first: Path, second: Path) -> None:
    """The history of the first has a row more, where it was stopped."""
    one, other = (Checkpoint.open(folder / "ckpt.pt") for folder in (first, second))
    assert torch.equal(one.random_state, other.random_state)
    for name, value in one.weights.items():
        torch.testing.assert_close(value, other.weights[name], rtol=1e-4, atol=1e-4)


def test_a_folder_that_another_run_writes_fails_alone(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "1"):
        outcomes = train(tmp_path, steps=2)
    assert [isinstance(outcome, UserError) for outcome in outcomes] == [False, True, False]
    assert "in use by process" in str(outcomes[1])


def test_a_run_that_diverges_fails_alone(
    tmp_path: Path, separate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights become infinite after the checkpoint of step 4."""
    poison_after(monkeypatch, run=1, done=4)
    outcomes = train(tmp_path)
    failure = outcomes[1]
    assert isinstance(failure, UserError)
    assert "training diverged" in str(failure)
    assert "is of step 4" in str(failure)
    assert Checkpoint.open(tmp_path / "1" / "ckpt.pt").step == 4
    for seed in (0, 2):
        assert_close(tmp_path / str(seed) / "ckpt.pt", separate / str(seed) / "ckpt.pt")


def poison_after(monkeypatch: pytest.MonkeyPatch, run: int, done: int) -> None:
    """Spoil a weight of D of one run of three, once, when so many steps are done."""
    from infoeval.training.stacked_step import StackedStep

    good = StackedStep.__call__

    def step(self: StackedStep) -> torch.Tensor:
        if self.done == done and len(self.steps) == 3:
            weight = next(self.networks.discriminator.parameters())
            with torch.no_grad():
                weight.chunk(3)[run].fill_(torch.inf)
        return good(self)

    monkeypatch.setattr(StackedStep, "__call__", step)


def test_a_folder_with_another_run_fails_alone(tmp_path: Path, separate: Path) -> None:
    shutil.copytree(separate / "0", tmp_path / "2")
    outcomes = train(tmp_path, resume=True)
    assert isinstance(outcomes[2], UserError)
    assert "other settings" in str(outcomes[2])
    assert_close(tmp_path / "0" / "ckpt.pt", separate / "0" / "ckpt.pt")


def learned(folder: Path) -> list[Any]:
    kept = [Checkpoint.open(folder / str(seed) / "ckpt.pt") for seed in range(3)]
    return [(each.weights, each.optimizers, each.random_state) for each in kept]


def test_images_that_are_streamed_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run's are read ahead for itself; those that fit lie on the device once."""
    placed: list[Any] = []

    def watched(*arguments: Any) -> Any:
        placed.append(place(*arguments))
        return placed[-1]

    monkeypatch.setattr(runs, "place", watched)
    said: list[str] = []
    train(tmp_path / "resident", log=said.append)
    train(tmp_path / "streamed", log=said.append, device_memory=0)
    assert [type(images) for images in placed] == [ResidentImages, *[StreamedImages] * 3]
    assert [images.starts for images in placed[1:]] == [1, 1, 1]
    assert identical(learned(tmp_path / "streamed"), learned(tmp_path / "resident"))
    assert "the images do not fit the device: they are streamed to it" in said


def test_capturing_is_left_where_it_is_not_wanted(tmp_path: Path) -> None:
    train(tmp_path, steps=4, capture=False, log=pytest.fail)


def test_a_run_tells_that_it_was_trained_in_a_stack(tmp_path: Path, separate: Path) -> None:
    """It repeats up to rounding only; whoever goes on with it alone does not change that."""

    def told(folder: Path) -> list[Any]:
        config = json.loads((folder / "config.json").read_text())
        kept = Checkpoint.open(folder / "ckpt.pt").run
        return [where.get("side_by_side") for where in (config, kept)]

    train(tmp_path, steps=4)
    alone(tmp_path, 0, steps=8, resume=True)
    for seed in range(3):
        assert told(tmp_path / str(seed)) == [3, 3]
        assert told(separate / str(seed)) == [None, None]


def test_a_folder_that_cannot_be_written_fails_alone(tmp_path: Path, separate: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "config.json").mkdir()
    outcomes = train(tmp_path)
    assert isinstance(outcomes[1], UserError)
    for seed in (0, 2):
        assert_close(tmp_path / str(seed) / "ckpt.pt", separate / str(seed) / "ckpt.pt")


def test_progress_is_told_for_every_run(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    train(tmp_path, steps=4, progress=lambda number, step, _: told.append((number, step)))
    assert told == [(0, 2), (1, 2), (2, 2), (0, 4), (1, 4), (2, 4)]


def test_what_cannot_be_stacked_is_one_line(tmp_path: Path) -> None:
    trainers = [tiny_trainer(), tiny_trainer(batch=4)]
    folders = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(UserError, match="differ in seed, λ and its warm-up only"):
        train_stacked(trainers, tiny_images(), folders, seeds=[0, 1])
    with pytest.raises(UserError, match="a seed and a folder each"):
        train_stacked(trainers[:1] * 2, tiny_images(), folders[:1] * 2, seeds=[0, 1])
    with pytest.raises(UserError, match="multiple of log_every"):
        train(tmp_path, log_every=3)
    assert not list(tmp_path.iterdir())
