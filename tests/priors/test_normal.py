"""Normal codes: against scipy and torch.distributions."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import distributions

from infoeval import Normal, UserError

SHIFTED = Normal(3, 0.5)


@pytest.mark.parametrize("code", [Normal(), SHIFTED, Normal(-100, 20)])
def test_entropy_and_draws_are_those_of_the_normal_law(code: Normal) -> None:
    law = stats.norm(code.mean, code.deviation)
    assert code.entropy == pytest.approx(float(law.entropy()), abs=1e-12)
    values = code.sample(5000, torch.Generator().manual_seed(0))
    assert values.dtype == torch.float32
    assert stats.kstest(values.numpy(), law.cdf).pvalue > 1e-3
    np.testing.assert_allclose(code.standardised(values), law.cdf(values), atol=1e-6)
    assert torch.equal(code.encode(values), values[:, None])


def test_likelihood_is_that_of_a_gaussian_in_units_of_the_deviation() -> None:
    outputs = torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
    values = SHIFTED.sample(50, torch.Generator().manual_seed(2))
    mean = 3 + 0.5 * outputs[:, 0]
    law = distributions.Normal(mean, 0.5 * outputs[:, 1].clamp(-4, 1).exp())
    torch.testing.assert_close(SHIFTED.log_likelihood(outputs, values), law.log_prob(values))
    torch.testing.assert_close(SHIFTED.expectation(outputs), mean)


def test_a_posterior_equal_to_the_prior_has_no_information() -> None:
    values = SHIFTED.sample(100_000, torch.Generator().manual_seed(3))
    log_q = SHIFTED.log_likelihood(torch.zeros(100_000, 2), values)
    assert float(log_q.mean()) + SHIFTED.entropy == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("count", [1, 2, 10, 17, 50])
def test_a_traversal_is_of_quantiles_and_repeats_none(count: int) -> None:
    values = SHIFTED.traversal(count)
    expected = stats.norm.ppf((np.arange(count) + 0.5) / count, 3, 0.5)
    np.testing.assert_allclose(values.numpy(), expected, atol=1e-5)
    assert len(set(values.tolist())) == count
    np.testing.assert_allclose(SHIFTED.traversal(count, 2.0) - 3, 2 * (values - 3), atol=1e-5)


def test_the_tails_keep_their_order() -> None:
    """In float32, Φ(6) and all above are 1."""
    far = torch.tensor([-8.0, -7.0, 5.0, 6.0, 7.0])
    assert (Normal().standardised(far).diff() > 0).all()


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [(0, 0), (0, -1), (0, math.nan), (math.nan, 1), (math.inf, 1), (0, 1e7), ("0", 1), (0, None)],
)
def test_what_is_no_normal_law_is_one_line(mean: Any, deviation: Any) -> None:
    with pytest.raises(UserError, match="a normal code needs"):
        Normal(mean, deviation)
