"""Equations 1, 5 and 6 against closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from infoeval.invariance import information_between_views
from infoeval.training.losses import (
    Game,
    discriminator_loss,
    generator_loss,
    squared_slope,
    weighted_information,
)
from tests.tiny import tiny_trainer

LOG_2 = math.log(2)


def column(*logits: float) -> Tensor:
    return torch.tensor(logits)[:, None]


def logits(count: int, categories: int, scale: float = 3.0, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(count, categories, generator=generator)


def information_of(joint: Tensor) -> float:
    """Mutual information of a table of probabilities, in float64."""
    joint = joint.double()
    outer = joint.sum(1, keepdim=True) * joint.sum(0)
    return float((joint * (joint / outer).log()).sum())


def test_losses_of_a_discriminator_that_cannot_tell() -> None:
    assert discriminator_loss(torch.zeros(6, 1), torch.zeros(6, 1)).item() == pytest.approx(
        2 * LOG_2
    )
    assert generator_loss(torch.zeros(6, 1)).item() == pytest.approx(LOG_2)


def test_losses_are_those_of_the_probabilities() -> None:
    real, fake = logits(20, 1, seed=1).double(), logits(20, 1, seed=2).double()
    adversary = -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()
    assert discriminator_loss(real, fake).item() == pytest.approx(adversary.item(), rel=1e-5)
    player = -fake.sigmoid().log().mean()
    assert generator_loss(fake).item() == pytest.approx(player.item(), rel=1e-5)


def test_each_half_of_the_discriminator_loss_is_a_mean_of_its_own() -> None:
    loss = discriminator_loss(column(50.0, 50.0), column(3.0))
    assert loss.item() == pytest.approx(math.log1p(math.exp(3)))


@pytest.mark.parametrize(("waits_below", "learns"), [(0.0, 1), (0.75, 1), (0.76, 0), (9.0, 0)])
def test_a_discriminator_that_is_ahead_waits(waits_below: float, learns: int) -> None:
    game = Game(tiny_trainer(discriminator_waits_below=waits_below))
    real, fake = column(math.log(3)), column(math.log(3 / 5))
    real.requires_grad_()
    fake.requires_grad_()
    minimised, reported = game.discriminator_half(real, fake, None, {}, 1.0)
    loss = math.log(4 / 3) + math.log(8 / 5)
    assert reported.item() == pytest.approx(loss)
    minimised.backward()  # type: ignore[no-untyped-call]
    assert [real.grad.item(), fake.grad.item()] == pytest.approx(  # type: ignore[union-attr]
        [-learns / 4, learns * 3 / 8]
    )


def test_the_gradient_penalty_is_gamma_halves_of_the_mean_squared_slope() -> None:
    images = logits(5, 12, seed=3).view(5, 3, 2, 2).requires_grad_()
    weight = logits(12, 1, seed=4).requires_grad_()
    scores = (images.flatten(1) @ weight).square() / 2  # whose slope at x is (x·w) w
    slope = squared_slope(scores, images)
    at_images = (images.flatten(1) @ weight).square().mean() * weight.square().sum()
    assert slope.item() == pytest.approx(at_images.item(), rel=1e-5)
    game, plain = Game(tiny_trainer(gradient_penalty=3.0)), Game(tiny_trainer())
    drawn = column(0.5), column(-0.25), None, {}, 1.0, 1.0
    minimised, reported = game.discriminator_half(*drawn, slope)
    without, value = plain.discriminator_half(*drawn)
    assert reported == value == without
    assert (minimised - without).item() == pytest.approx(1.5 * slope.item(), rel=1e-5)
    (for_weight,) = torch.autograd.grad(minimised, weight)
    (expected,) = torch.autograd.grad(1.5 * at_images, weight)
    assert torch.allclose(for_weight, expected, rtol=1e-4)


def test_the_slope_of_several_runs_is_that_of_each() -> None:
    images, weight = logits(10, 4, seed=5).view(2, 5, 4), logits(2, 4, seed=6)[..., None]
    images.requires_grad_()
    slopes = squared_slope(images @ weight, images, 1)
    assert slopes.tolist() == pytest.approx(weight.square().sum((1, 2)).tolist())


def test_a_discriminator_that_waits_takes_no_penalty() -> None:
    game = Game(tiny_trainer(discriminator_waits_below=9.0, gradient_penalty=3.0))
    minimised, _ = game.discriminator_half(
        column(0.5), column(-0.25), None, {}, 1.0, 1.0, torch.tensor(7.0)
    )
    assert minimised.item() == 0


@pytest.mark.parametrize("size", [1e2, 1e4, 1e38])
def test_extreme_logits_keep_losses_and_gradients_finite(size: float) -> None:
    for sign in (-1, 1):
        real = column(sign * size).requires_grad_()
        fake = column(-sign * size).requires_grad_()
        loss = discriminator_loss(real, fake) + generator_loss(fake)
        loss.backward()
        assert real.grad is not None
        assert fake.grad is not None
        assert bool(loss.isfinite())
        assert bool(real.grad.isfinite().all())
        assert bool(fake.grad.isfinite().all())
    # A sigmoid would have rounded to 1 here and left log(1 − 1).
    assert discriminator_loss(column(0.0), column(size)).item() == pytest.approx(size, rel=1e-2)


def test_the_generator_loss_does_not_saturate() -> None:
    """Where D is sure, log(1 − D) has no gradient left; −log D has gradient −1."""
    fake = column(-40.0).requires_grad_()
    generator_loss(fake).backward()
    assert fake.grad is not None
    assert fake.grad.item() == pytest.approx(-1)


def test_losses_of_half_precision_logits_are_float32() -> None:
    real, fake = logits(64, 1, seed=1).bfloat16(), logits(64, 1, seed=2).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = discriminator_loss(real, fake), generator_loss(fake)
    expected = discriminator_loss(real.float(), fake.float()), generator_loss(fake.float())
    torch.testing.assert_close(found, expected)


def test_information_is_weighted_code_by_code() -> None:
    bounds = {"digit": torch.tensor(2.0), "slant": torch.tensor(-0.5)}
    found = weighted_information(bounds, {"slant": 0.1, "digit": 3.0})
    assert found.item() == pytest.approx(5.95)
    assert found.shape == ()


def test_the_weights_are_the_gradients() -> None:
    bounds = {name: torch.tensor(1.0, requires_grad=True) for name in ("digit", "slant")}
    weighted_information(bounds, {"digit": 3.0, "slant": 0.1}).backward()
    gradients = [bound.grad.item() for bound in bounds.values() if bound.grad is not None]
    assert gradients == pytest.approx([3.0, 0.1])


def test_views_that_agree_on_balanced_categories_share_log_k() -> None:
    sure = 100 * torch.eye(10)[torch.arange(50) % 10]
    assert information_between_views(sure, sure).item() == pytest.approx(math.log(10), rel=1e-6)


def test_views_that_agree_on_one_category_share_nothing() -> None:
    sure = 100 * torch.eye(10)[torch.full((50,), 3)]
    assert information_between_views(sure, sure).item() == pytest.approx(0, abs=1e-6)


def test_uniform_and_independent_views_share_nothing() -> None:
    flat = torch.zeros(50, 10)
    assert information_between_views(flat, flat).item() == pytest.approx(0, abs=1e-6)
    # Every pair of categories equally often: independent, though each view is certain.
    first, second = torch.arange(16) // 4, torch.arange(16) % 4
    sure = 100 * torch.eye(4)
    found = information_between_views(sure[first], sure[second])
    assert found.item() == pytest.approx(0, abs=1e-6)


def test_a_known_joint_law() -> None:
    """Two categories that agree nine times in ten: log 2 − h(0.1)."""
    sure = 100 * torch.eye(2)
    first = torch.tensor([0, 1] * 10)
    second = first.clone()
    second[[0, 1]] = torch.tensor([1, 0])
    expected = LOG_2 + 0.9 * math.log(0.9) + 0.1 * math.log(0.1)
    found = information_between_views(sure[first], sure[second])
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_balance_weighs_how_evenly_categories_are_used() -> None:
    """Views that agree: b (H + H) − H, where H is the entropy of the categories."""
    sure = 100 * torch.eye(4)[torch.tensor([0, 0, 0, 1, 1, 2])]
    entropy = -sum(share * math.log(share) for share in (1 / 2, 1 / 3, 1 / 6))
    for balance, factor in ((1.0, 1.0), (2.0, 3.0), (0.5, 0.0)):
        found = information_between_views(sure, sure, balance).item()
        assert found == pytest.approx(factor * entropy, abs=1e-5)


def test_balance_prefers_even_categories_to_sure_ones() -> None:
    sure = 100 * torch.eye(3)
    merged = sure[torch.tensor([0] * 8 + [1, 2] * 2)]
    even = sure[torch.arange(12) % 3]
    moved = sure[(torch.arange(12) + (torch.arange(12) < 4)) % 3]
    for balance, prefers_even in ((1.0, False), (3.0, True)):
        of_merged = information_between_views(merged, merged, balance)
        assert bool(information_between_views(even, moved, balance) > of_merged) == prefers_even


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 30), st.integers(2, 8), st.floats(0, 40), st.integers(0, 1000))
def test_it_is_the_information_of_the_mean_joint_law(
    count: int, categories: int, scale: float, seed: int
) -> None:
    first, second = (logits(count, categories, scale, seed + k) for k in (0, 1))
    found = information_between_views(first, second).item()
    assert -1e-5 <= found <= math.log(categories) + 1e-5
    rows = [torch.outer(a.softmax(0), b.softmax(0)) for a, b in zip(first, second, strict=True)]
    joint = torch.stack(rows).mean(0)
    joint = (joint + joint.T) / 2 + 1e-30
    assert found == pytest.approx(information_of(joint), abs=1e-5)


def test_names_of_categories_do_not_matter_and_neither_does_the_order_of_views() -> None:
    first, second = logits(40, 6, seed=1), logits(40, 6, seed=2) + logits(40, 6, seed=1)
    turn = torch.tensor([3, 0, 5, 1, 4, 2])
    expected = information_between_views(first, second)
    assert expected.item() > 0.05
    torch.testing.assert_close(information_between_views(first[:, turn], second[:, turn]), expected)
    torch.testing.assert_close(information_between_views(second, first), expected)


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 1e4])
def test_its_gradient_is_finite(scale: float) -> None:
    first = logits(20, 5, scale, seed=1).requires_grad_()
    second = logits(20, 5, scale, seed=2).requires_grad_()
    information_between_views(first, second).backward()
    assert first.grad is not None
    assert second.grad is not None
    assert bool(first.grad.isfinite().all())
    assert bool(second.grad.isfinite().all())


def test_climbing_its_gradient_reaches_agreement() -> None:
    first = logits(20, 4, 0.5).requires_grad_()
    for _ in range(60):
        value = information_between_views(first, first)
        first = (first + 50 * torch.autograd.grad(value, first)[0]).detach().requires_grad_()
    assert value.item() > 0.95 * math.log(4)


def test_mixed_precision_does_not_touch_it() -> None:
    """It is computed inside the step's autocast; products there would be rounded to 8 bits."""
    first, second = logits(64, 10, seed=1), logits(64, 10, seed=1) + logits(64, 10, seed=2)
    expected = information_between_views(first, second)
    with torch.autocast("cpu", torch.bfloat16):
        found = information_between_views(first, second)
    torch.testing.assert_close(found, expected)
