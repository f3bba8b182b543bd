"""Families of q for normal codes, angles and unequal categories."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor

from infoeval import Angle, Categorical, CodeSpace, Normal
from infoeval.information.lower_bound import bounded, largest_log_ratio
from infoeval.information.posteriors import (
    CIRCULAR,
    NORMAL,
    Family,
    SoftmaxOverPrior,
    WrappedBoxes,
    families,
)
from infoeval.information.recognition_network import code_features

circular = pytest.mark.parametrize("family", CIRCULAR, ids=lambda family: family.name)
U = (torch.arange(16_384, dtype=torch.float64) + 0.5) / 16_384


def density(family: Family, parameters: Tensor, temperature: float = 1.0) -> Tensor:
    return family.log_ratio(parameters.expand(len(U), -1), U, temperature).double().exp()


@circular
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_wrapped_densities_integrate_to_one(family: Family, temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        parameters = torch.randn(family.width, generator=generator)
        assert float(density(family, parameters, temperature).mean()) == pytest.approx(1, abs=4e-3)


@circular
def test_wrapped_densities_have_finite_gradients_at_extreme_parameters(family: Family) -> None:
    generator = torch.Generator().manual_seed(1)
    for place in (0.0, 0.3, 1 - 6e-8, 1.0):
        raw = 50.0 * torch.randint(-1, 2, (100, family.width), generator=generator)
        parameters = raw.requires_grad_()
        found = family.log_ratio(parameters, torch.full((100,), place))
        assert found.isfinite().all()
        found.sum().backward()
        assert parameters.grad is not None
        assert parameters.grad.isfinite().all()


@pytest.mark.parametrize("family", CIRCULAR[1:], ids=lambda family: family.name)
def test_both_ends_of_the_circle_are_one_place(family: Family) -> None:
    """Narrow densities around u = 0: equal on both sides of it, and predicted there."""
    parameters = torch.zeros(1, family.width)
    if isinstance(family, WrappedBoxes):
        parameters[0, -2] = 100  # the direction that all boxes share
        parameters[0, 24:32] = -1
    else:
        parameters[0] = torch.tensor([3.0, 0, 2])
    sides = torch.tensor([0.01, 0.99, 0.2, 0.8, 0.5])
    inside, across, off, other, opposite = family.log_ratio(parameters.expand(5, -1), sides)
    assert float(inside) == pytest.approx(float(across), abs=1e-2)
    assert float(off) == pytest.approx(float(other), abs=0.1)
    assert inside > 1 > off > opposite
    point = float(family.point(parameters))
    assert min(point, 1 - point) < 1e-2


def test_a_turn_of_the_direction_turns_the_prediction() -> None:
    angles = torch.arange(8) * math.pi / 4
    parameters = torch.stack([angles.cos(), angles.sin(), torch.zeros(8)], 1)
    assert CIRCULAR[-1].point(parameters).tolist() == pytest.approx(
        [k / 8 for k in range(8)], abs=1e-6
    )


def test_the_gaussian_of_a_normal_code_against_scipy() -> None:
    family = NORMAL[-1]
    z = np.linspace(-5, 5, 41)
    for mean, log_scale, temperature in itertools.product((-1.0, 2.0), (-1.0, 0.5), (0.5, 2.0)):
        scale = math.exp(log_scale) * math.sqrt(temperature)
        expected = stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z)
        rows = torch.tensor([[mean, log_scale]]).expand(41, -1)
        found = family.log_ratio(rows, torch.tensor(special.ndtr(z)), temperature)
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert torch.equal(family.log_ratio(torch.zeros(9, 2), torch.linspace(0, 1, 9)), torch.zeros(9))
    assert float(family.point(torch.tensor([[0.0, -1.0]]))) == 0.5


def test_the_softmax_over_unequal_categories_starts_at_the_prior() -> None:
    code = Categorical(3, (0.5, 0.3, 0.2))
    (family,) = families(code)
    assert isinstance(family, SoftmaxOverPrior)
    values = torch.tensor([0, 1, 2])
    nothing = family.log_ratio(torch.zeros(3, 3), values)
    assert nothing.tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert family.point(torch.zeros(1, 3)).tolist() == [0]
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(2))
    log_p = np.log(code.probabilities)
    log_q = special.log_softmax(logits.numpy() + log_p, axis=1)
    np.testing.assert_allclose(
        family.log_ratio(logits, values), log_q[range(3), range(3)] - log_p, atol=1e-5
    )
    certain = bounded(np.array([math.log(5)]), code)
    assert float(certain[0]) == pytest.approx(largest_log_ratio(code), abs=1e-9)


def test_which_families_the_priors_have() -> None:
    assert families(Angle()) == CIRCULAR
    assert families(Normal(2, 3)) == NORMAL
    assert not any(family.is_compared_only for family in (*CIRCULAR, *NORMAL))


def test_a_known_angle_is_an_input_without_a_seam() -> None:
    just_below, just_above = code_features(Angle(), torch.tensor([2 * math.pi - 1e-4, 1e-4]))
    torch.testing.assert_close(just_below, just_above, atol=2e-3, rtol=0)
    assert CodeSpace(a=Angle(), noise=0).input_width == 2
