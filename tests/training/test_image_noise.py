"""Noise on the images that D and Q see: all of them, real and generated, and nothing else."""

from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Affine
from infoeval.networks import Dense, Reshape, UpConvolution
from infoeval.training.draws import draw
from infoeval.training.image_source import ResidentImages
from infoeval.training.step import Step
from tests.tiny import tiny_images, tiny_trainer

GENERATORS: dict[str, Any] = {
    activation: (
        Dense(2 * 2 * 4, "relu", batch_norm=True),
        Reshape(4, 2, 2),
        UpConvolution(1, activation),
    )
    for activation in ("tanh", "sigmoid")
}


def watched(**changes: Any) -> tuple[Step, list[Tensor]]:
    """A step, and the batches that the shared layers are given while it runs."""
    trainer = tiny_trainer(precision="float32", **changes)
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    seen: list[Tensor] = []
    networks.shared.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    pixels = torch.from_numpy(tiny_images().images)
    return Step(trainer, networks, pixels, torch.Generator().manual_seed(0)), seen


@pytest.mark.parametrize("view", [None, Affine()])
def test_d_and_q_see_every_image_with_noise(view: Affine | None) -> None:
    """Twin steps, with and without: what they see differs by noise of the size that was set."""
    settings: dict[str, Any] = {"batch": 128, "recognition_view": view, "generator_rate": 0.0}
    settings |= {"discriminator_rate": 0.0}
    noisy, with_noise = watched(image_noise=0.1, **settings)
    plain, without = watched(**settings)
    noisy()
    plain()
    assert len(with_noise) == len(without) == 2
    differences = with_noise[0] - without[0]
    real, fake = differences.chunk(2)
    for part in (real, fake):
        assert part.mean().item() == pytest.approx(0, abs=0.02)
        assert part.std().item() == pytest.approx(0.2, rel=0.05)  # 0.1 of −1 to 1
    assert not torch.equal(real, fake)
    if view is None:
        assert (with_noise[1] - without[1]).std().item() == pytest.approx(0.2, rel=0.05)


def test_noise_is_a_share_of_the_range_of_pixels() -> None:
    spreads = {}
    for activation, generator in GENERATORS.items():
        settings: dict[str, Any] = {"batch": 128, "generator": generator, "image_shape": (1, 4, 4)}
        noisy, with_noise = watched(image_noise=0.2, **settings)
        plain, without = watched(**settings)
        small = torch.from_numpy(tiny_images().images)[:, :, :4, :4]
        noisy.images = plain.images = ResidentImages(small)
        noisy()
        plain()
        spreads[activation] = (with_noise[0] - without[0]).std().item()
    assert spreads["tanh"] == pytest.approx(0.4, rel=0.05)
    assert spreads["sigmoid"] == pytest.approx(0.2, rel=0.05)


def test_without_noise_none_is_drawn() -> None:
    """So that runs without it stay what they were, bit for bit."""
    trainer = tiny_trainer(image_noise=0.0)
    generator, expected = (torch.Generator().manual_seed(0) for _ in range(2))
    draws = draw(trainer, 40, generator, 0)
    assert draws.discriminator.image_noise is draws.generator.image_noise is None
    torch.randint(40, (trainer.batch,), generator=expected)
    trainer.codes.sample(trainer.batch, expected)
    trainer.codes.sample_noise(trainer.batch, expected)
    assert torch.equal(generator.get_state(), expected.get_state())


def test_noise_is_drawn_anew_for_every_step_and_the_same_for_a_seed() -> None:
    first, seen = watched(image_noise=0.1)
    again, seen_again = watched(image_noise=0.1)
    for step in (first, first, again, again):
        step()
    assert all(torch.equal(a, b) for a, b in zip(seen, seen_again, strict=True))
    assert not torch.equal(seen[0], seen[2])
