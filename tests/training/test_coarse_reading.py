"""A Q of its own that reads a coarse view: training, resuming, stacks, and real images."""

from pathlib import Path
from typing import Any

import pytest
import torch

from infoeval import Affine, Coarse, UserError
from infoeval.checkpoint import Checkpoint
from infoeval.networks import Convolution
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition
from infoeval.training import run as runs
from infoeval.training.run_options import RunOptions
from infoeval.training.stacked_run import train_stacked
from infoeval.training.step import Step
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options


def trained(folder: Path, steps: int, **changes: Any) -> Checkpoint:
    options = RunOptions("cpu", log_every=1, resume=changes.pop("resume", False))
    trainer = tiny_trainer(steps=steps, **{"recognition_reads": Coarse(4), **changes})
    return Checkpoint.open(runs.train(trainer, tiny_images(), folder, options, seed=3))


@pytest.mark.parametrize("learns", ["with_generator", "with_discriminator"])
def test_d_learns_nothing_from_the_codes_and_g_does(learns: Any) -> None:
    states = []
    for weight in (0.0, 1.0):
        trainer = tiny_trainer(
            recognition_reads=Coarse(4), information_weight=weight, recognition_learns=learns
        )
        networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
        images = torch.from_numpy(tiny_images().images)
        Step(trainer, networks, images, torch.Generator().manual_seed(1))()
        states.append(networks.state_dict())
    same = {name: torch.equal(states[0][name], value) for name, value in states[1].items()}
    assert all(value for name, value in same.items() if name.startswith(("shared", "discrim")))
    assert not same["generator.blocks.0.linear.weight"]


def test_q_learns_from_the_view_alone() -> None:
    trainer = tiny_trainer(recognition_reads=Coarse(4))
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    images = torch.from_numpy(tiny_images().images)
    step = Step(trainer, networks, images, torch.Generator().manual_seed(1))
    seen: list[torch.Tensor] = []
    networks.recognition.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    drawn: list[torch.Tensor] = []
    networks.generator.register_forward_hook(lambda _, given, images: drawn.append(images))
    step()
    expected = Coarse(4).apply(drawn[0], networks.pixel_range)
    assert torch.equal(seen[0], expected)


def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 6)
    trained(tmp_path / "parts", 3)
    parts = trained(tmp_path / "parts", 6, resume=True)
    assert all(torch.equal(parts.weights[name], w) for name, w in whole.weights.items())


@pytest.mark.parametrize("view", [None, Affine()])
def test_stacked_runs_equal_single_ones(tmp_path: Path, view: Affine | None) -> None:
    changes: dict[str, Any] = {"recognition_view": view, "image_noise": 0.1}
    trainer = tiny_trainer(steps=4, recognition_reads=Coarse(4), **changes)
    folders = [tmp_path / f"stacked-{seed}" for seed in (3, 4)]
    arguments = split_options({"device": "cpu", "log_every": 1})
    paths = train_stacked([trainer] * 2, tiny_images(), folders, seeds=[3, 4], **arguments)
    alone = trained(tmp_path / "alone", 4, **changes)
    stacked = Checkpoint.open(Path(str(paths[0])))
    for name, value in alone.weights.items():
        torch.testing.assert_close(stacked.weights[name], value, rtol=1e-3, atol=1e-4)


def test_real_images_are_read_in_the_same_way(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path, 3)
    networks = checkpoint.networks()
    pixels = torch.from_numpy(tiny_images(12, seed=1).images)
    view = Coarse(4).apply(networks.scale(pixels), networks.pixel_range)
    with torch.no_grad():
        expected = networks.codes.split(networks.recognition(view))
        hidden = networks.recognition.blocks[0](view)
    found = CheckpointModel(checkpoint).posterior(pixels)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert torch.equal(Recognition(networks).features(pixels), hidden)
    calibrated = CheckpointModel(checkpoint).calibrated(pixels.numpy()).posterior(pixels)
    assert not torch.equal(calibrated["slant"], found["slant"])


def test_tables_that_do_not_fit_the_view() -> None:
    with pytest.raises(UserError, match="no 3 even fields"):
        tiny_trainer(recognition_reads=Coarse(3)).networks()
    table = (Convolution(4), Convolution(4))
    with pytest.raises(UserError, match="evenly"):
        tiny_trainer(recognition_reads=Coarse(2), recognition=table).networks()


@pytest.mark.parametrize("reads", [4, "coarse", Affine(), {"side": 4}])
def test_what_is_no_view(reads: Any) -> None:
    with pytest.raises(UserError, match="recognition_reads must be"):
        tiny_trainer(recognition_reads=reads)
