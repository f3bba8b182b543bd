"""Runs that are stopped: stopping a run in any way changes nothing about it."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import infoeval.training.run as runs
from infoeval import Affine, Categorical, CodeSpace, Uniform
from infoeval.checkpoint import Checkpoint
from infoeval.errors import UserError
from infoeval.training.run_options import RunOptions
from infoeval.training.step import Step
from tests.comparing import identical
from tests.processes import LIMIT, start_process, wait_for_file
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import hashes, learned, state, train


def failing_at(call: int, error: BaseException, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, but its call number `call` raises `error` before anything is done."""
    calls = 0

    def maybe(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise error
        return original(*arguments, **options)

    return maybe


@pytest.mark.parametrize("call", [1, 4, 5, 8, 9, 12])
def test_a_run_that_failed_at_any_step_goes_on_bit_for_bit(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    with monkeypatch.context() as patch:
        failing = failing_at(call, RuntimeError("out of memory"), Step.__call__)
        patch.setattr(Step, "__call__", failing)
        with pytest.raises(RuntimeError, match="out of memory"):
            train(tmp_path)
    assert Checkpoint.open(tmp_path / "ckpt.pt").step == (call - 1) // 4 * 4
    train(tmp_path, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(unbroken))


# With moved copies, and a term that sets in between two checkpoints.
EVERY_PART = tiny_trainer(
    steps=12,
    recognition_learns="with_discriminator",
    recognition_view=Affine(cutout=0.5),
    image_noise=0.1,
    image_noise_half_life=3,
    discriminator_waits_below=1.39,
    gradient_penalty=10.0,
    invariance_weight=1.0,
    invariance_starts=6,
    continuous_starts=7,
)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run of every part of the objective that nothing disturbed."""
    return train(tmp_path_factory.mktemp("straight"), EVERY_PART)


@pytest.mark.parametrize("call", [6, 8, 11])
def test_every_part_of_the_objective_goes_on_bit_for_bit(
    straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    with monkeypatch.context() as patch:
        failing = failing_at(call, RuntimeError("out of memory"), Step.__call__)
        patch.setattr(Step, "__call__", failing)
        with pytest.raises(RuntimeError, match="out of memory"):
            train(tmp_path, EVERY_PART)
    train(tmp_path, EVERY_PART, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(straight))


def test_the_step_at_which_a_term_sets_in_matters(straight: Path, tmp_path: Path) -> None:
    later = train(tmp_path, replace(EVERY_PART, invariance_starts=7))
    assert not identical(learned(later), learned(straight))


def test_a_run_may_fail_again_and_again(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in (6, 3, 2):
        with monkeypatch.context() as patch:
            error = RuntimeError("again")
            patch.setattr(Step, "__call__", failing_at(call, error, Step.__call__))
            with pytest.raises(RuntimeError, match="again"):
                train(tmp_path, resume=True)
    train(tmp_path, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(unbroken))
    seconds = Checkpoint.open(tmp_path / "ckpt.pt").history["seconds"]
    assert seconds == sorted(seconds)


# At this rate the pictures are not all the same grey.
SAVES_TWICE: dict[str, Any] = {
    "trainer": tiny_trainer(steps=4, generator_rate=0.1),
    "checkpoint_every": 2,
}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed run that saves at steps 0, 2 and 4."""
    return train(tmp_path_factory.mktemp("short"), **SAVES_TWICE).parent


@pytest.mark.parametrize("call", [1, 2, 4, 6, 7, 8, 10, 11, 13])
def test_a_run_stopped_between_any_two_files_ends_with_all_of_them(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """One call of `os.replace` puts one file in its place: 1 of settings, 4 of each save."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing_at(call, KeyboardInterrupt(), os.replace))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, **SAVES_TWICE)
    train(tmp_path, **SAVES_TWICE, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(short / "ckpt.pt"))
    ours, theirs = hashes(tmp_path), hashes(short)
    assert list(ours) == list(theirs)
    pictures = [name for name in ours if name.endswith(".png")]
    assert len({ours[name] for name in pictures}) == len(pictures)
    assert [ours[name] for name in pictures] == [theirs[name] for name in pictures]
    curves = [pd.read_csv(folder / "history.csv") for folder in (tmp_path, short)]
    first, second = (curve.drop(columns="seconds") for curve in curves)
    pd.testing.assert_frame_equal(first, second)


def test_a_killed_process_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """SIGKILL at random moments, as on a preempted machine; the last process is let finish."""
    trainer, images = tiny_trainer(steps=160), tiny_images()
    options = RunOptions(device="cpu", log_every=20, checkpoint_every=20)
    killed = tmp_path / "killed"
    draw, ends = random.Random(), []
    for reached in (0, 40, 100, None):
        process = start_process(runs.train, trainer, images, killed, replace(options, resume=True))
        if reached is not None:
            wait_for_file(killed / "samples" / f"step-{reached:06d}-slant.png", process)
            time.sleep(draw.uniform(0, 0.2))
            process.kill()
        process.join(LIMIT)
        ends.append(process.exitcode)
    assert set(ends) <= {0, -signal.SIGKILL}
    assert ends[0] == -signal.SIGKILL
    assert ends[-1] == 0

    straight = runs.train(trainer, images, tmp_path / "straight", options)
    assert identical(state(killed / "ckpt.pt"), state(straight))


def test_resume_of_nothing_is_a_start(unbroken: Path, tmp_path: Path) -> None:
    assert identical(state(train(tmp_path / "new", resume=True)), state(unbroken))


def test_resume_can_extend_a_run(unbroken: Path, tmp_path: Path) -> None:
    train(tmp_path, tiny_trainer(steps=8))
    train(tmp_path, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(unbroken))


def test_resume_of_a_finished_run_trains_no_further(unbroken: Path, finished: Path) -> None:
    train(finished, resume=True)
    assert identical(state(finished / "ckpt.pt"), state(unbroken))


def test_fewer_steps_than_were_done_are_refused(finished: Path) -> None:
    before = hashes(finished)
    message = "has done 12 steps already, and --steps is the total: give more than 12"
    with pytest.raises(UserError, match=message):
        train(finished, tiny_trainer(steps=6), resume=True)
    assert hashes(finished) == before


def test_a_run_is_not_overwritten(finished: Path) -> None:
    before = hashes(finished)
    with pytest.raises(UserError, match=r"already holds a run.*--resume"):
        train(finished)
    assert hashes(finished) == before


def test_the_same_images_go_on_under_another_name(unbroken: Path, tmp_path: Path) -> None:
    """As where a folder was moved; the checkpoint then has the new place."""
    train(tmp_path, tiny_trainer(steps=6, name="pictures", data="old/pictures"))
    images = replace(tiny_images(), name="moved")
    trainer = tiny_trainer(steps=12, name="moved", data="new/moved")
    train(tmp_path, trainer, images, resume=True)
    assert identical(learned(tmp_path / "ckpt.pt"), learned(unbroken))
    kept = Checkpoint.open(tmp_path / "ckpt.pt")
    assert (kept.trainer.name, kept.trainer.data) == ("moved", "new/moved")
    assert kept.data["name"] == "moved"


@pytest.mark.parametrize("calls", [1, 5, 8, 11])
def test_a_run_that_is_stopped_keeps_the_step_and_goes_on_bit_for_bit(
    unbroken: Path, tmp_path: Path, calls: int
) -> None:
    """Within a row of the history, and at its end; another row has the steps until then."""
    asked = iter([False] * (calls - 1) + [True] * 20)
    done = []
    train(tmp_path, stop=lambda: next(asked), progress=lambda step, _: done.append(step))
    kept = Checkpoint.open(tmp_path / "ckpt.pt")
    assert 0 < kept.step < 12
    assert kept.step == done[-1] == kept.history["step"][-1]
    assert pd.read_csv(tmp_path / "history.csv")["step"].tolist() == kept.history["step"]
    assert (tmp_path / f"samples/step-{kept.step:06d}-slant.png").exists()
    train(tmp_path, resume=True)
    assert identical(learned(tmp_path / "ckpt.pt"), learned(unbroken))


OTHER_CODES = CodeSpace(digit=Categorical(4), slant=Uniform(-2, 2), noise=3)
OTHER: dict[str, dict[str, Any]] = {
    "batch": {"trainer": tiny_trainer(steps=12, batch=4)},
    "generator_rate": {"trainer": tiny_trainer(steps=12, generator_rate=2e-3)},
    "information_weight": {"trainer": tiny_trainer(steps=12, information_weight=0.0)},
    "codes": {"trainer": tiny_trainer(steps=12, codes=OTHER_CODES)},
    "shared": {"trainer": tiny_trainer(steps=12, shared=tiny_trainer().shared[:2])},
    "seed": {"seed": 1},
    "images": {"data": tiny_images(seed=1)},
}


@pytest.mark.parametrize("name", OTHER)
def test_another_run_is_not_resumed(finished: Path, name: str) -> None:
    before = hashes(finished)
    with pytest.raises(UserError, match=rf"other settings \(.*{name}"):
        train(finished, resume=True, **OTHER[name])
    assert hashes(finished) == before


def test_a_damaged_checkpoint_is_not_resumed(finished: Path) -> None:
    content = (finished / "ckpt.pt").read_bytes()
    (finished / "ckpt.pt").write_bytes(content[:-100])
    before = hashes(finished)
    with pytest.raises(UserError):
        train(finished, resume=True)
    assert hashes(finished) == before


def adam(content: dict[str, Any]) -> dict[str, Any]:
    """The optimiser state of the first weight of G, 8 × 16 numbers."""
    return content["optimizers"]["generator"]["state"][0]  # type: ignore[no-any-return]


UNFIT: dict[str, Callable[[dict[str, Any]], object]] = {
    "no optimisers": lambda content: content["optimizers"].clear(),
    "no state": lambda content: content["optimizers"]["generator"].pop("state"),
    "state of another kind": lambda content: content["optimizers"].update(generator=[1]),
    "no moments": lambda content: adam(content).pop("exp_avg"),
    # Larger than the weight, so that even an optimiser that does not look stays within it.
    "moments of another size": lambda content: adam(content).update(exp_avg=torch.zeros(999)),
    "moments that are none": lambda content: adam(content).update(exp_avg_sq=None),
    "many step counts": lambda content: adam(content).update(step=torch.zeros(5)),
    "a short random state": lambda content: content.update(random_state=torch.zeros(9).byte()),
    "an invalid random state": lambda content: content["random_state"].fill_(255),
    "a random state of numbers": lambda content: content.update(random_state=torch.zeros(5056)),
    "images unknown": lambda content: content["data"].clear(),
    "curves of other statistics": lambda content: content["history"].pop("seconds"),
    "no weights": lambda content: content["weights"].clear(),
    "a weight too many": lambda content: content["weights"].update(other=torch.zeros(1)),
    "weights of another kind": lambda content: content["weights"].update(
        {name: weight.long() for name, weight in content["weights"].items()}
    ),
    "weights of another size": lambda content: content["weights"].update(
        {"discriminator.blocks.0.linear.bias": torch.zeros(7)}
    ),
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT)
def test_a_checkpoint_that_does_not_fit_its_trainer_is_not_resumed(
    finished: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    content = torch.load(finished / "ckpt.pt", weights_only=True)
    change(content)
    torch.save(content, finished / "ckpt.pt")
    before = hashes(finished)
    with pytest.raises(UserError):
        train(finished, tiny_trainer(steps=16), resume=True)
    assert hashes(finished) == before
