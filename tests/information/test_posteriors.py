"""Families of q(c|x): densities that integrate to one, at ordinary and at extreme parameters."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats
from torch import Tensor

from infoeval import Categorical, Uniform
from infoeval.information.posteriors import (
    BOXES,
    COARSE,
    CONTINUOUS,
    FINEST,
    Bins,
    Boxes,
    Family,
    Gaussian,
    Softmax,
    TruncatedGaussian,
    WrappedBoxes,
    families,
)

NORMALISED = [Bins(), Bins(COARSE), TruncatedGaussian(), Boxes()]
ON_A_LINE = [family for family in CONTINUOUS if not isinstance(family, WrappedBoxes)]
"""The others are tested with those of an angle."""
names = pytest.mark.parametrize(
    "family", ON_A_LINE, ids=lambda family: f"{family.name} {family.width}"
)
normalised = pytest.mark.parametrize(
    "family", NORMALISED, ids=lambda family: f"{family.name} {family.width}"
)


def grid() -> Tensor:
    """Ends of cells of [0, 1], among them those of all bins, finest at the ends."""
    even = torch.linspace(0, 1, 64 * FINEST + 1, dtype=torch.float64)
    ends = torch.logspace(-7, -2, 1000, dtype=torch.float64)
    return torch.unique(torch.cat([even, ends, 1 - ends]))


def integral(family: Family, parameters: Tensor, temperature: float = 1.0) -> float:
    edges = [grid()]
    if isinstance(family, Boxes):  # finest at the edges of the boxes, and where the middle is
        _, a, b, s = (each.double()[:, None] for each in family._boxes(parameters, temperature))
        edges += [(end + s * torch.linspace(-30, 30, 241)).flatten() for end in (a, b)]
    places = torch.unique(torch.cat(edges).clamp(0, 1))
    middle, width = (places[1:] + places[:-1]) / 2, places.diff()
    rows = parameters.expand(len(middle), -1)
    density = family.log_ratio(rows, middle.float(), temperature).double().exp()
    return float((density * width).sum())


def one_box(number: int, place: float, half: float, edge: float) -> Tensor:
    """Raw parameters of a single box of the `BOXES`."""
    parameters = torch.zeros(4, BOXES)
    parameters[0] = -80
    parameters[:, number] = torch.tensor([0, place, half, edge])
    return parameters.flatten()


def box_shape(u: float, centre: float, half: float, soft: float) -> float:
    rise, fall = (u - centre + half) / soft, (u - centre - half) / soft
    return float(special.expit(rise) - special.expit(fall))


def extremes(family: Family, count: int = 200) -> Tensor:
    """Parameters that are each −50, 0 or 50."""
    if family.width == 2:
        return torch.tensor(list(itertools.product([-50.0, 0.0, 50.0], repeat=2)))
    generator = torch.Generator().manual_seed(0)
    return 50.0 * torch.randint(-1, 2, (count, family.width), generator=generator)


@normalised
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_densities_integrate_to_one(family: Family, temperature: float) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(15):
        parameters = torch.randn(family.width, generator=generator)
        assert integral(family, parameters, temperature) == pytest.approx(1, abs=4e-3)


@normalised
def test_densities_never_integrate_to_more_than_one_at_extreme_parameters(family: Family) -> None:
    for parameters in extremes(family, 20):
        assert integral(family, parameters) < 1.01


@pytest.mark.parametrize("number", [0, 3, BOXES - 1])
@pytest.mark.parametrize("place", [-50.0, -3.0, -1.0, 0.0, 1.0, 3.0, 50.0])
def test_any_single_box_integrates_to_one(number: int, place: float) -> None:
    """In float32 the mass of a box at the lower end was once lost: 14,000 instead of 1."""
    for half, edge in itertools.product([-50.0, -4.0, 0.0, 50.0], [-50.0, 0.0, 50.0]):
        parameters = one_box(number, place, half, edge)
        assert integral(Boxes(), parameters) == pytest.approx(1, abs=5e-3), (half, edge)


def test_boxes_mean_the_same_at_both_ends() -> None:
    generator = torch.Generator().manual_seed(8)
    u = torch.linspace(0, 1, 101)
    for times in (0.3, 1.0, 3.0):
        raw = times * torch.randn(4, BOXES, generator=generator)
        mirrored = raw.flip(1) * torch.tensor([1.0, -1.0, 1.0, 1.0])[:, None]
        found = Boxes().log_ratio(raw.flatten().expand(101, -1), u)
        other = Boxes().log_ratio(mirrored.flatten().expand(101, -1), 1 - u)
        torch.testing.assert_close(found, other, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("mean", [-50.0, -10.5, -1.5, -0.6, 0.0, 0.6, 1.5, 10.5, 50.0])
@pytest.mark.parametrize("scale", [-50.0, -5.5, -2.0, 0.0, 50.0])
def test_any_truncated_gaussian_integrates_to_one(mean: float, scale: float) -> None:
    """In float32 two numbers of millions were once subtracted: 233 instead of 1."""
    found = integral(TruncatedGaussian(), torch.tensor([mean, scale]))
    assert found == pytest.approx(1, abs=5e-3)


def test_the_plain_gaussian_loses_what_is_outside() -> None:
    for mean, scale in [(0.5, 0.01), (0.5, 1.0), (0.0, 0.1), (1.1, 0.1), (0.3, 3.0)]:
        parameters = torch.tensor([mean - 0.5, math.log(scale / 0.25)])
        inside = stats.norm.cdf(1, mean, scale) - stats.norm.cdf(0, mean, scale)
        assert integral(Gaussian(), parameters) == pytest.approx(inside, abs=1e-4)


@names
def test_values_and_gradients_are_finite_everywhere(family: Family) -> None:
    places = [0.0, 1e-8, 1e-3, 1 / FINEST, 0.5, 1 - 6e-8, 1.0]
    for temperature in (0.25, 1.0, 4.0):
        for place in places:
            parameters = extremes(family).requires_grad_()
            found = family.log_ratio(parameters, torch.full((len(parameters),), place), temperature)
            assert found.isfinite().all(), place
            found.sum().backward()
            assert parameters.grad is not None
            assert parameters.grad.isfinite().all(), place


def test_values_and_gradients_are_finite_at_the_edges_of_boxes() -> None:
    raw = itertools.product([-50.0, 0.0, 50.0], [-50.0, -3.0, 0.0, 50.0], [-50.0, 0.0, 50.0])
    for place, half, edge in raw:
        parameters = one_box(3, place, half, edge)
        _, a, b, _ = (each[3] for each in Boxes()._boxes(parameters, 1.0))
        edges = torch.stack([a, (a + b) / 2, b]).clamp(0, 1).float()
        rows = parameters.repeat(3, 1).requires_grad_()
        found = Boxes().log_ratio(rows, edges)
        found.sum().backward()
        assert found.isfinite().all()
        assert rows.grad is not None
        assert rows.grad.isfinite().all()


@names
def test_no_parameter_is_dead_at_zero(family: Family) -> None:
    parameters = torch.zeros(1, family.width, requires_grad=True)
    family.log_ratio(parameters.expand(50, -1), torch.linspace(0, 0.9, 50)).sum().backward()
    assert parameters.grad is not None
    used = parameters.grad[0] != 0
    assert used.all()


@names
def test_many_codes_at_once_are_the_codes_one_by_one(family: Family) -> None:
    generator = torch.Generator().manual_seed(2)
    parameters = torch.randn(3, 5, family.width, generator=generator)
    values = torch.rand(3, 5, generator=generator)
    found = family.log_ratio(parameters, values)
    for row, column in itertools.product(range(3), range(5)):
        one = family.log_ratio(parameters[row, column][None], values[row, column][None])
        assert float(one) == pytest.approx(float(found[row, column]), abs=1e-4)


def test_softmax_against_scipy() -> None:
    logits = torch.randn(200, 7, generator=torch.Generator().manual_seed(3)) * 5
    values = torch.arange(200) % 7
    for temperature in (0.5, 1.0, 3.0):
        log_q = special.log_softmax(logits.numpy() / temperature, axis=1)
        expected = log_q[np.arange(200), values.numpy()] + math.log(7)
        found = Softmax(7).log_ratio(logits, values, temperature)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)
    assert torch.equal(Softmax(7).point(logits), logits.argmax(1))
    wild = torch.tensor([[-50.0, 0, 50], [50, 50, 50]], requires_grad=True)
    found = Softmax(3).log_ratio(wild, torch.tensor([0, 1]))
    assert found.tolist() == pytest.approx([math.log(3) - 100, 0], abs=1e-4)
    found.sum().backward()
    assert wild.grad is not None
    assert wild.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_truncated_gaussian_against_scipy(temperature: float) -> None:
    generator = np.random.default_rng(0)
    scale = np.exp(generator.uniform(-4, 1, 300))
    raw = np.stack([generator.uniform(-1.2, 1.2, 300), np.log(scale / 0.25)], 1)
    parameters = torch.tensor(raw).float()
    mean = TruncatedGaussian()._mean(parameters).double().numpy()
    u = generator.uniform(0, 1, 300)
    u[:2] = 0, 1
    wide = np.minimum(scale, 3) * math.sqrt(temperature)
    expected = stats.truncnorm.logpdf(u, (0 - mean) / wide, (1 - mean) / wide, mean, wide)
    found = TruncatedGaussian().log_ratio(parameters, torch.tensor(u).float(), temperature)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3, atol=2e-3)


def test_a_truncated_gaussian_is_at_its_parameter_where_that_is_inside() -> None:
    middle, lower, upper = TruncatedGaussian()._mean(torch.tensor([[0.0, 0], [-0.3, 0], [0.3, 0]]))
    assert float(middle) == 0.5
    assert float(lower) == pytest.approx(0.2, abs=0.01)
    assert float(upper) == pytest.approx(0.8, abs=0.01)


def test_plain_gaussian_against_scipy() -> None:
    parameters = torch.tensor([[0.1, 0.0], [-0.2, -1.0], [0.0, 9.0], [0.0, -9.0]])
    u = torch.tensor([0.5, 0.1, 1.0, 0.501])
    scales = [0.25, 0.25 / math.e, 3.0, 1e-3]
    expected = stats.norm.logpdf(u.numpy(), [0.6, 0.3, 0.5, 0.5], scales)
    np.testing.assert_allclose(Gaussian().log_ratio(parameters, u).numpy(), expected, atol=1e-3)


def test_boxes_against_quadrature() -> None:
    generator = np.random.default_rng(1)
    for temperature in (0.5, 1.0, 2.0):
        raw = torch.tensor(generator.normal(size=4 * BOXES)).float()
        log_weight, a, b, s = (x.double().numpy() for x in Boxes()._boxes(raw, temperature))
        assert np.exp(log_weight).sum() == pytest.approx(1)
        boxes = zip(np.exp(log_weight), (a + b) / 2, (b - a) / 2, s, strict=True)
        u, density = np.linspace(0, 1, 21), np.zeros(21)
        for share, *box in boxes:
            points = [min(max(box[0] + sign * box[1], 0), 1) for sign in (-1, 1)]
            mass = integrate.quad(box_shape, 0, 1, tuple(box), points=points, limit=200)[0]
            density += share / mass * np.array([box_shape(x, *box) for x in u])
        rows = raw.expand(21, -1)
        found = Boxes().log_ratio(rows, torch.tensor(u).float(), temperature)
        np.testing.assert_allclose(found.numpy(), np.log(density), atol=2e-3)


@pytest.mark.parametrize("finest", [COARSE, FINEST])
def test_the_pyramid_of_bins_by_a_naive_loop(finest: int) -> None:
    family = Bins(finest)
    parameters = torch.randn(3, family.width, generator=torch.Generator().manual_seed(4))
    assert family.levels == [level for level in (8, 16, 32, 64, 128) if level <= finest]
    found = family.logits(parameters)
    for row, fine in itertools.product(range(3), range(finest)):
        start, total = 0, 0.0
        for level in family.levels:
            total += float(parameters[row, start + fine * level // finest])
            start += level
        assert float(found[row, fine]) == pytest.approx(total, abs=1e-5)


def test_every_bin_is_where_it_says() -> None:
    parameters = torch.zeros(1, Bins().width)
    parameters[0, -FINEST + 37] = 20
    inside = torch.tensor([37.0, 37.5, 37.99]) / FINEST
    outside = torch.tensor([0.0, 36.99, 38.0, 128.0]) / FINEST
    assert Bins().log_ratio(parameters.expand(3, -1), inside).min() > 4.85
    assert Bins().log_ratio(parameters.expand(4, -1), outside).max() < -10
    assert float(Bins().point(parameters)) == pytest.approx(37.5 / FINEST, abs=1e-5)


@names
def test_temperature_widens(family: Family) -> None:
    """The entropy of q grows."""
    u = (torch.arange(4096) + 0.5) / 4096
    generator = torch.Generator().manual_seed(5)
    for _ in range(10):
        rows = (0.3 * torch.randn(family.width, generator=generator)).expand(4096, -1)
        entropies = []
        for temperature in (0.25, 1.0, 4.0):
            log_q = family.log_ratio(rows, u, temperature)
            log_q = log_q - log_q.exp().mean().log()
            entropies.append(-float((log_q.exp() * log_q).mean()))
        assert entropies[0] < entropies[1] < entropies[2] < 1e-6


@normalised
def test_points_lie_inside(family: Family) -> None:
    points = family.point(extremes(family))
    assert points.min() >= -1e-6
    assert points.max() <= 1 + 1e-6


@normalised
def test_points_are_where_the_density_is(family: Family) -> None:
    """Of a q that is narrow and inside."""
    parameters = torch.zeros(1, family.width)
    if isinstance(family, Bins):
        parameters[0, -family.finest + 90 * family.finest // FINEST] = 30
    elif isinstance(family, TruncatedGaussian):
        parameters[0] = torch.tensor([0.2, -3.0])
    else:
        parameters[0] = one_box(5, 0.05, -3, 0)
    u = (torch.arange(4096) + 0.5) / 4096
    density = family.log_ratio(parameters.expand(4096, -1), u).exp()
    assert float(family.point(parameters)) == pytest.approx(float((density * u).mean()), abs=0.01)


@pytest.mark.parametrize(
    "code",
    [Uniform(-1, 1), Uniform(3, 10), Uniform(-1e6, 1e6), Uniform(0, 1e-6), Uniform(-5, -4.5)],
)
def test_standard_values_run_from_zero_to_one(code: Uniform) -> None:
    values = code.sample(5_000, torch.Generator().manual_seed(6))
    unit = code.standardised(values)
    expected = torch.rand(5_000, generator=torch.Generator().manual_seed(6))
    assert unit.min() >= 0
    assert unit.max() <= 1
    assert (unit - expected).abs().max() < 1e-5
    ends = code.standardised(torch.tensor([code.low, code.high]))
    assert ends.tolist() == pytest.approx([0, 1], abs=1e-6)


@names
def test_the_ratio_does_not_depend_on_the_codes_unit(family: Family) -> None:
    generator = torch.Generator().manual_seed(7)
    parameters = torch.randn(500, family.width, generator=generator)
    unit = (torch.randint(1000, (500,), generator=generator) + 0.5) / 1000
    found = []
    for code in (Uniform(-1, 1), Uniform(3, 10), Uniform(-300, 500)):
        values = code.low + (code.high - code.low) * unit
        found.append(family.log_ratio(parameters, code.standardised(values)))
    assert (found[0] - found[1]).abs().max() < 1e-2
    assert (found[0] - found[2]).abs().max() < 1e-2


def test_which_families_a_code_has() -> None:
    (only,) = families(Categorical(6))
    assert isinstance(only, Softmax)
    assert only.width == 6
    assert families(Uniform(0, 1)) == CONTINUOUS
    assert isinstance(CONTINUOUS[0], Bins)
    assert isinstance(CONTINUOUS[-1], Gaussian)
    values = torch.tensor([5, 0])
    assert torch.equal(Categorical(6).standardised(values), values)
