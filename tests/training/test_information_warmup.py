"""λ that grows from 0: what it is at each step, and that it plays no other part."""

from typing import Any

import pytest
import torch
from torch import nn

from infoeval.training.step import Step
from tests.tiny import tiny_images, tiny_trainer


def after(steps: int, **changes: Any) -> Step:
    trainer = tiny_trainer(**changes)
    networks = trainer.networks().initialise(torch.Generator().manual_seed(0)).train()
    pixels = torch.from_numpy(tiny_images().images)
    step = Step(trainer, networks, pixels, torch.Generator().manual_seed(0))
    for _ in range(steps):
        step()
    return step


def weights(module: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def test_lambda_grows_in_proportion_to_the_steps() -> None:
    step = after(0, information_weight=0.8, information_warmup=4)
    found = []
    for done in range(6):
        step.done = done
        found.append(step.weight)
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_without_warmup_lambda_is_whole_from_the_first_step() -> None:
    assert after(0, information_weight=0.8).weight == 0.8
    assert after(0, information_weight=0.8, information_warmup=1).weight == 0.8


def test_at_zero_lambda_q_still_learns_whatever_the_warmup() -> None:
    step = after(0, information_weight=0.0, information_warmup=100)
    assert step.weight == 1.0
    before = weights(step.networks.recognition)
    step()
    assert not torch.equal(before, weights(step.networks.recognition))


@pytest.mark.parametrize("mode", ["with_generator", "with_discriminator"])
def test_a_long_warmup_begins_near_a_plain_gan(mode: Any) -> None:
    """After a step G is all but that of λ = 0, and after a short warm-up it is not."""
    plain = weights(after(3, information_weight=0.0, recognition_learns=mode).networks.generator)
    slow = after(3, information_warmup=10**9, recognition_learns=mode)
    quick = after(3, information_warmup=1, recognition_learns=mode)
    distance = {
        name: float((weights(each.networks.generator) - plain).abs().mean())
        for name, each in (("slow", slow), ("quick", quick))
    }
    assert distance["slow"] < distance["quick"] / 5
