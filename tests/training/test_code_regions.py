"""Codes that Q reads in a region of the images: training, resuming, stacks, and real images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from infoeval import Affine, Coarse, CodeSpace, Region, Uniform, UserError
from infoeval.checkpoint import Checkpoint
from infoeval.networks import Convolution, Dense, Networks, ParallelStacks, Reshape, UpConvolution
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition
from infoeval.training import run as runs
from infoeval.training.run_options import RunOptions
from infoeval.training.stacked_run import train_stacked
from infoeval.training.step import Step
from tests.tiny import tiny_images, tiny_trainer
from tests.training.running import split_options

LEFT = Region((0, 8), (0, 4))
CONVOLUTION = (Convolution(6, "leaky_relu"),)


def with_regions(**changes: Any) -> Any:
    return tiny_trainer(**{"code_regions": {"slant": LEFT}, **changes})


def trained(folder: Path, steps: int, **changes: Any) -> Checkpoint:
    options = RunOptions("cpu", log_every=1, resume=changes.pop("resume", False))
    trainer = with_regions(steps=steps, **changes)
    return Checkpoint.open(runs.train(trainer, tiny_images(), folder, options, seed=3))


def networks_of(**changes: Any) -> Networks:
    networks = with_regions(**changes).networks()
    # Weights large enough that every pixel moves the output of a network that has learned nothing.
    networks.initialise(torch.Generator().manual_seed(0)).eval()
    for parameter in networks.recognition.parameters():
        parameter.data.mul_(30)
    return networks


def posterior(networks: Networks, images: torch.Tensor) -> dict[str, torch.Tensor]:
    read = networks.reading(images, networks.shared(images), networks.pixel_range)
    return networks.codes.split(networks.recognition(read))


@pytest.mark.parametrize("table", [tiny_trainer().recognition, CONVOLUTION])
def test_a_code_is_told_from_its_region_alone(table: Any) -> None:
    networks = networks_of(recognition=table, recognition_reads=Coarse(4))
    images = networks.scale(torch.from_numpy(tiny_images().images))
    before = posterior(networks, images)
    for part, told in ((slice(4, 8), False), (slice(0, 4), True)):
        other = images.clone()
        other[..., part] = -other[..., part]
        after = posterior(networks, other)
        assert torch.equal(before["slant"], after["slant"]) is not told
        assert not torch.equal(before["digit"], after["digit"])


def test_the_gradient_of_a_code_reaches_the_pixels_of_its_region_alone() -> None:
    networks = networks_of()
    images = networks.scale(torch.from_numpy(tiny_images().images)).requires_grad_()
    posterior(networks, images)["slant"].sum().backward()  # type: ignore[no-untyped-call]
    assert images.grad is not None
    reached = images.grad.abs().sum((0, 1, 2)) > 0
    assert reached.tolist() == [True] * 4 + [False] * 4


def test_codes_of_one_region_share_a_network_and_others_have_their_own() -> None:
    def networks(**regions: Region) -> Any:
        return with_regions(code_regions=regions).networks().recognition

    one = networks(digit=LEFT, slant=LEFT)
    assert isinstance(one, ParallelStacks)
    assert len(one.stacks) == 1
    assert len(networks(digit=LEFT, slant=Region((0, 8), (4, 8))).stacks) == 2
    assert len(networks(slant=LEFT).stacks) == 2


def test_outputs_are_in_the_order_of_the_codes() -> None:
    """Whatever the order of the regions is, a code has the output of its own network."""
    networks = networks_of(code_regions={"digit": LEFT})
    assert isinstance(networks.recognition, ParallelStacks)
    images = networks.scale(torch.from_numpy(tiny_images().images))
    others, left = networks.recognition.stacks
    found = posterior(networks, images)
    torch.testing.assert_close(found["slant"], others(networks.shared(images)))
    torch.testing.assert_close(found["digit"], left(LEFT.apply(images)))


@pytest.mark.parametrize("learns", ["with_generator", "with_discriminator"])
def test_both_networks_learn(learns: Any) -> None:
    trainer = with_regions(recognition_learns=learns, recognition_view=Affine(), image_noise=0.1)
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    images = torch.from_numpy(tiny_images().images)
    Step(trainer, networks, images, torch.Generator().manual_seed(1))()
    changed = [
        not torch.equal(before[name], value)
        for name, value in networks.state_dict().items()
        if name.startswith("recognition") and name.endswith("linear.weight")
    ]
    assert len(changed) == 4  # a layer and the output of each
    assert all(changed)


def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 6)
    trained(tmp_path / "parts", 3)
    parts = trained(tmp_path / "parts", 6, resume=True)
    assert all(torch.equal(parts.weights[name], w) for name, w in whole.weights.items())


@pytest.mark.parametrize(
    ("reads", "table"),
    [(None, tiny_trainer().recognition), (Coarse(4), CONVOLUTION)],
)
def test_stacked_runs_equal_single_ones(tmp_path: Path, reads: Coarse | None, table: Any) -> None:
    changes: dict[str, Any] = {"image_noise": 0.1, "recognition_reads": reads, "recognition": table}
    trainer = with_regions(steps=4, **changes)
    folders = [tmp_path / f"stacked-{seed}" for seed in (3, 4)]
    arguments = split_options({"device": "cpu", "log_every": 1})
    paths = train_stacked([trainer] * 2, tiny_images(), folders, seeds=[3, 4], **arguments)
    alone = trained(tmp_path / "alone", 4, **changes)
    stacked = Checkpoint.open(Path(str(paths[0])))
    for name, value in alone.weights.items():
        torch.testing.assert_close(stacked.weights[name], value, rtol=1e-3, atol=1e-4)


def test_real_images_are_read_in_the_same_way(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path, 3)
    networks = checkpoint.networks().eval()
    pixels = torch.from_numpy(tiny_images(12, seed=1).images)
    with torch.no_grad():
        expected = posterior(networks, networks.scale(pixels))
        recognition = Recognition(networks)
        features = recognition.features(pixels)
        again = networks.codes.split(recognition.of_features(features))
    found = CheckpointModel(checkpoint).posterior(pixels)
    for name, value in expected.items():
        assert torch.equal(found[name], value)
        assert torch.equal(again[name], value)
    calibrated = CheckpointModel(checkpoint).calibrated(pixels.numpy()).posterior(pixels)
    assert not torch.equal(calibrated["slant"], found["slant"])


def test_regions_together_are_bounded_as_a_table_is() -> None:
    """Each region has networks of its own, and a checkpoint may come from a stranger."""
    names = [f"u{number}" for number in range(40)]
    codes = CodeSpace(**{name: Uniform(-1, 1) for name in names}, noise=3)

    def networks(fields: int, *table: Dense) -> None:
        size = 50 * fields
        regions = {name: Region((0, size), (number, size)) for number, name in enumerate(names)}
        trainer = with_regions(codes=codes, code_weights={}, code_regions=regions)
        replace(
            trainer,
            image_shape=(1, size, size),
            generator=(
                Dense(fields**2),
                Reshape(1, fields, fields),
                UpConvolution(1, "tanh", kernel=50, stride=50),
            ),
            shared=(Dense(4),),
            recognition=table,
        ).networks()

    with torch.device("meta"):
        networks(1, Dense(2000))
        with pytest.raises(UserError, match="at most 268,435,456 weights"):
            networks(1, Dense(8000))
        with pytest.raises(UserError, match="code_regions have at most 67,108,864 values"):
            networks(28, Dense(1))
