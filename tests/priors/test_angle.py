"""Angles: against scipy, and the same on both sides of a whole turn."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from infoeval import Angle
from infoeval.priors.angle import LARGEST_CONCENTRATION, TURN

CODE = Angle()


def test_draws_are_uniform_on_the_circle() -> None:
    values = CODE.sample(5000, torch.Generator().manual_seed(0))
    assert values.dtype == torch.float32
    assert 0 <= float(values.min()) < float(values.max()) < TURN
    assert stats.kstest(values.numpy(), "uniform", (0, TURN)).pvalue > 1e-3
    np.testing.assert_allclose(CODE.standardised(values), values / TURN, atol=1e-6)


def test_the_generator_sees_cosine_and_sine() -> None:
    encoded = CODE.encode(torch.tensor([0.0, math.pi / 2, math.pi]))
    expected = torch.tensor([[1.0, 0], [0, 1], [-1, 0]])
    torch.testing.assert_close(encoded, expected, atol=1e-6, rtol=0)


def test_likelihood_is_von_mises() -> None:
    outputs = 2 * torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    values = CODE.sample(200, torch.Generator().manual_seed(2))
    x, y, scale = outputs.double().T.numpy()
    law = stats.vonmises(np.exp(scale) * np.hypot(x, y), np.arctan2(y, x))
    found = CODE.log_likelihood(outputs, values)
    np.testing.assert_allclose(found, law.logpdf(values.double().numpy()), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        found, CODE.log_likelihood(outputs, values + TURN), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("size", [0.0, 1e-9, 1.0, 1e6])
@pytest.mark.parametrize("scale", [-50.0, 0.0, 50.0])
def test_any_posterior_integrates_to_one_with_finite_gradients(size: float, scale: float) -> None:
    outputs = torch.tensor([[size, -size, scale]]).requires_grad_()
    # Finest at the mean direction, where the density may be a degree wide.
    offsets = torch.linspace(-math.pi, math.pi, 200_001, dtype=torch.float64)[1:]
    log_q = CODE.log_likelihood(outputs.expand(len(offsets), -1), -math.pi / 4 + offsets)
    assert float(log_q.detach().double().exp().mean()) * TURN == pytest.approx(1, abs=2e-3)
    assert float(log_q.detach().max()) < 0.5 * math.log(LARGEST_CONCENTRATION)
    log_q.sum().backward()
    assert outputs.grad is not None
    assert outputs.grad.isfinite().all()


def test_the_mean_is_a_direction() -> None:
    outputs = torch.tensor([[1.0, 0, 0], [0, 2, 0], [-1, 0, 0], [1, -1, 3], [1, -1e-9, 0]])
    expected = [0, math.pi / 2, math.pi, 7 * math.pi / 4, 0]
    assert CODE.expectation(outputs).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 10, 17])
def test_a_traversal_closes_the_circle(count: int) -> None:
    values = CODE.traversal(count)
    assert len(set(values.tolist())) == count
    following = CODE.encode(values[-1:] + TURN / count)
    torch.testing.assert_close(following, CODE.encode(values[:1]), atol=1e-5, rtol=0)
    assert torch.equal(CODE.traversal(count, 2.0), values)


def test_the_spread_is_the_circular_standard_deviation() -> None:
    outputs = torch.tensor([[2.0, 0.0, 0.5], [0.0, -0.3, 0.0], [3.0, 4.0, 2.0]])
    values = stats.vonmises(kappa=np.exp([0.5, 0, 2]) * [2, 0.3, 5]).rvs(
        (100_000, 3), random_state=np.random.default_rng(0)
    )
    np.testing.assert_allclose(CODE.spread(outputs), stats.circstd(values, axis=0), rtol=0.01)
    assert torch.isfinite(CODE.spread(torch.zeros(1, 3))).all()
