"""Runs: what a run folder holds, the random stream, divergence, and what cannot be run."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor

from infoeval import Categorical, CodeSpace, Trainer
from infoeval.checkpoint import Checkpoint
from infoeval.data import ImageSet
from infoeval.errors import UserError
from infoeval.networks import UpConvolution
from infoeval.training.step import Step
from tests.comparing import identical
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import hashes, learned, state, train

CURVES = ["discriminator_loss", "generator_loss", "information_digit", "information_slant"]


# What a run leaves.


def test_files_of_a_run(unbroken: Path) -> None:
    assert unbroken.name == "ckpt.pt"
    samples = {
        f"samples/step-{step:06d}-{code}.png" for step in (0, 4, 8, 12) for code in CODE_NAMES
    }
    expected = {"ckpt.pt", "history.csv", "config.json"} | samples
    assert set(hashes(unbroken.parent)) == expected


CODE_NAMES = ("digit", "slant")


def test_samples_have_a_row_of_cells_for_each_fixed_noise(unbroken: Path) -> None:
    for code, columns in (("digit", 4), ("slant", 10)):
        with Image.open(unbroken.parent / "samples" / f"step-000012-{code}.png") as picture:
            assert picture.size == (columns * 9 - 1, 5 * 9 - 1)
            assert picture.mode == "L"


def test_history_has_a_column_for_each_curve(unbroken: Path) -> None:
    history = pd.read_csv(unbroken.parent / "history.csv")
    assert list(history.columns) == ["step", "seconds", *CURVES]
    assert history["step"].tolist() == [2, 4, 6, 8, 10, 12]
    assert (history["seconds"].diff().dropna() > 0).all()
    assert history["seconds"].iloc[0] > 0
    assert np.isfinite(history.to_numpy()).all()
    kept = Checkpoint.open(unbroken).history
    assert kept == {name: history[name].tolist() for name in history.columns}


def test_a_row_of_the_history_is_the_mean_since_the_last_row(
    unbroken: Path, tmp_path: Path
) -> None:
    single = Checkpoint.open(train(tmp_path, log_every=1)).history
    pairs = Checkpoint.open(unbroken).history
    for name in CURVES:
        means = np.reshape(single[name], (-1, 2)).mean(1)
        np.testing.assert_allclose(pairs[name], means, rtol=1e-5, atol=1e-7)
        assert len(set(single[name])) > 6


def test_a_last_window_may_be_short(tmp_path: Path) -> None:
    path = train(tmp_path, tiny_trainer(steps=5))
    assert Checkpoint.open(path).history["step"] == [2, 4, 5]
    assert Checkpoint.open(path).step == 5


def test_config_tells_what_was_trained(unbroken: Path) -> None:
    config = json.loads((unbroken.parent / "config.json").read_text())
    assert Trainer.from_dict(config["trainer"]) == replace(tiny_trainer(steps=12), variants={})
    assert (config["seed"], config["variant"], config["device"]) == (0, "default", "cpu")
    assert config["data"]["fingerprint"] == tiny_images().fingerprint


def test_every_network_learns(unbroken: Path, tmp_path: Path) -> None:
    def stop(step: int, _: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, progress=stop)
    before, after = Checkpoint.open(tmp_path / "ckpt.pt"), Checkpoint.open(unbroken)
    assert before.step == 0
    still = [
        name for name in before.weights if torch.equal(before.weights[name], after.weights[name])
    ]
    assert still == []


def test_progress_is_told_every_row(tmp_path: Path) -> None:
    told: list[tuple[int, set[str]]] = []
    train(tmp_path, progress=lambda step, row: told.append((step, set(row))))
    assert [step for step, _ in told] == [2, 4, 6, 8, 10, 12]
    assert all(names == {"step", "seconds", *CURVES} for _, names in told)


def test_colour_images(tmp_path: Path) -> None:
    random_images = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    table = (*tiny_trainer().generator[:-1], UpConvolution(3, "tanh"))
    trainer = tiny_trainer(image_shape=(3, 8, 8), generator=table)
    train(tmp_path, trainer, ImageSet("colours", "train", random_images))
    with Image.open(tmp_path / "samples" / "step-000004-digit.png") as picture:
        assert picture.mode == "RGB"


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_the_precision_in_use_is_recorded(tmp_path: Path, precision: str) -> None:
    path = train(tmp_path, tiny_trainer(precision=precision))
    recorded = Checkpoint.open(path).trainer.precision
    assert recorded in ("float32", "bfloat16")
    assert precision in ("auto", recorded)


# The random stream.


def test_a_seed_means_the_same_run(unbroken: Path, tmp_path: Path) -> None:
    assert identical(state(train(tmp_path / "same")), state(unbroken))
    assert not identical(learned(train(tmp_path / "other", seed=1)), learned(unbroken))


def test_only_the_runs_own_stream_is_used(unbroken: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    assert identical(state(train(tmp_path)), state(unbroken))


@pytest.mark.parametrize(("log_every", "checkpoint_every"), [(1, 1), (1, 3), (2, 12), (12, 12)])
def test_looking_on_changes_nothing(
    unbroken: Path, tmp_path: Path, log_every: int, checkpoint_every: int
) -> None:
    path = train(tmp_path, log_every=log_every, checkpoint_every=checkpoint_every)
    assert identical(learned(path), learned(unbroken))


def test_every_step_is_made_in_training_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are drawn in evaluation mode; left on, batch normalisation would stand still."""
    original = Step.__call__
    modes: list[set[bool]] = []

    def watched(step: Step) -> Tensor:
        modes.append({module.training for module in step.networks.modules()})
        return original(step)

    monkeypatch.setattr(Step, "__call__", watched)
    train(tmp_path, tiny_trainer(steps=6))
    train(tmp_path, resume=True)
    assert modes == [{True}] * 12


def test_labels_are_not_looked_at(unbroken: Path, tmp_path: Path) -> None:
    images = tiny_images()
    unlabelled = ImageSet(images.name, "train", images.images)
    assert identical(learned(train(tmp_path, data=unlabelled)), learned(unbroken))


# Divergence.


def is_finite(path: Path) -> bool:
    return all(bool(value.isfinite().all()) for value in Checkpoint.open(path).weights.values())


@pytest.mark.parametrize("rates", [{"generator_rate": 1e30}, {"discriminator_rate": 1e30}])
def test_a_diverging_run_stops_and_keeps_what_was_good(
    tmp_path: Path, rates: dict[str, float]
) -> None:
    with pytest.raises(UserError, match=r"diverged: .* between steps \d+ and \d+") as caught:
        train(tmp_path, tiny_trainer(steps=200, **rates))
    checkpoint = Checkpoint.open(tmp_path / "ckpt.pt")
    assert str(caught.value).endswith(f"is of step {checkpoint.step}")
    assert "\n" not in str(caught.value)
    assert is_finite(tmp_path / "ckpt.pt")


def spoil_statistics(step: Step, row: Tensor) -> Tensor:
    return row * torch.nan


def spoil_a_weight(step: Step, row: Tensor) -> Tensor:
    next(step.networks.recognition.parameters()).data[0] = torch.nan
    return row


def spoil_a_running_variance(step: Step, row: Tensor) -> Tensor:
    buffers = dict(step.networks.named_buffers())
    next(value for name, value in buffers.items() if name.endswith("running_var")).fill_(torch.inf)
    return row


@pytest.mark.parametrize(
    "spoil", [spoil_statistics, spoil_a_weight, spoil_a_running_variance], ids=lambda f: f.__name__
)
def test_whatever_is_not_finite_stops_the_run_before_it_is_kept(
    unbroken: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Step, Tensor], Tensor],
) -> None:
    original, calls = Step.__call__, 0

    def spoiled(step: Step) -> Tensor:
        nonlocal calls
        calls += 1
        row = original(step)
        return spoil(step, row) if calls == 7 else row

    with monkeypatch.context() as patch:
        patch.setattr(Step, "__call__", spoiled)
        with pytest.raises(UserError, match=r"between steps 6 and 8; .* is of step 4"):
            train(tmp_path)
    assert is_finite(tmp_path / "ckpt.pt")
    assert Checkpoint.open(tmp_path / "ckpt.pt").step == 4
    assert pd.read_csv(tmp_path / "history.csv")["step"].tolist() == [2, 4]
    train(tmp_path, resume=True)
    assert identical(state(tmp_path / "ckpt.pt"), state(unbroken))


# What the user can put right.


def test_too_few_images(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="7 images, fewer than a batch of 8"):
        train(tmp_path / "run", data=tiny_images(7))
    train(tmp_path / "run", data=tiny_images(8))


@pytest.mark.parametrize("shape", [(1, 8, 9), (3, 8, 8), (1, 16, 16)])
def test_images_of_the_wrong_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = ImageSet("others", "train", np.zeros((20, *shape), np.uint8))
    found = "×".join(map(str, shape))
    with pytest.raises(UserError, match=f"1×8×8; others has {found}"):
        train(tmp_path / "run", data=images)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "device", ["", "gpu", "cuda:9999", "meta", "mps:7", "cpu:-1", "hpu", "privateuseone", "xla"]
)
def test_a_device_that_is_none(tmp_path: Path, device: str) -> None:
    with pytest.raises(UserError) as caught:
        train(tmp_path / "run", device=device)
    assert repr(device) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", [-1, 2**63, 10**40])
def test_a_seed_out_of_range(tmp_path: Path, seed: int) -> None:
    with pytest.raises(UserError, match="seed"):
        train(tmp_path / "run", seed=seed)


def test_the_largest_seed(tmp_path: Path) -> None:
    assert Checkpoint.open(train(tmp_path, tiny_trainer(), seed=2**63 - 1)).seed == 2**63 - 1


@pytest.mark.parametrize(
    ("log_every", "checkpoint_every"), [(0, 4), (-1, 4), (2, 3), (4, 2), (2, 0)]
)
def test_intervals_that_do_not_go_together(
    tmp_path: Path, log_every: int, checkpoint_every: int
) -> None:
    with pytest.raises(UserError, match="checkpoint_every"):
        train(tmp_path / "run", log_every=log_every, checkpoint_every=checkpoint_every)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("below", ["file", "file/run", "long" * 100])
def test_a_folder_that_cannot_be_written(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("I am no folder")
    with pytest.raises(UserError, match="cannot write"):
        train(tmp_path / below)


def test_networks_that_do_not_fit_the_images(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the generator draws images of"):
        train(tmp_path / "run", tiny_trainer(generator=tiny_trainer().generator[:-1]))
    with pytest.raises(UserError, match="2 to 100,000 categories"):
        Categorical(1)


def test_the_name_of_a_code_leads_to_no_other_folder(tmp_path: Path) -> None:
    codes = CodeSpace(**{"../../x": Categorical(2)}, noise=3)
    train(tmp_path / "a" / "run", tiny_trainer(codes=codes, code_weights={}))
    assert {path.name for path in tmp_path.rglob("*x.png")} == {
        f"step-{step:06d}-..%2F..%2Fx.png" for step in (0, 4)
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
