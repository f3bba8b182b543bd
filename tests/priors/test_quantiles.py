"""Values of every prior by inversion: as likely as those that it draws."""

import pytest
import torch

from infoeval.codes import Angle, Categorical, Code, Normal, Uniform

CONTINUOUS = [Uniform(-3, 1), Normal(2, 0.5), Angle()]


@pytest.mark.parametrize("code", CONTINUOUS)
def test_a_quantile_is_the_inverse_of_the_distribution_function(code: Code) -> None:
    levels = torch.tensor([0.001, 0.25, 0.5, 0.9, 0.999])
    values = code.quantile(levels)
    assert values.dtype == torch.float32
    torch.testing.assert_close(code.standardised(values).float(), levels, atol=1e-5, rtol=0)


@pytest.mark.parametrize("code", [Categorical(3), Categorical(3, (0.5, 0.2, 0.3))])
def test_categories_have_their_probabilities(code: Categorical) -> None:
    values = code.quantile((torch.arange(1000) + 0.5) / 1000)
    shares = torch.bincount(values, minlength=3) / 1000
    torch.testing.assert_close(
        shares, torch.tensor(code.probabilities or (1 / 3,) * 3), atol=2e-3, rtol=0
    )
    assert code.quantile(torch.tensor([0.0, 1.0])).tolist() == [0, 2]
