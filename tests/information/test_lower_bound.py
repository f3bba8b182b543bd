"""The lower bound of a trained Q: temperatures, and a bounded loss."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from infoeval import Categorical, CodeSpace, Uniform
from infoeval.codes import Code
from infoeval.information.budgets import BUDGETS
from infoeval.information.lower_bound import (
    PRIOR_SHARE,
    Head,
    Scores,
    _needed_samples,
    bounded,
    calibrate,
    family_parameters,
    head_log_ratio,
    largest_log_ratio,
)
from infoeval.information.posteriors import CONTINUOUS, Softmax, TruncatedGaussian, families
from infoeval.information.recognition_network import Conditional, chain_rule, conditionals

CODES = pytest.mark.parametrize("code", [Categorical(2), Categorical(10), Uniform(3, 10)], ids=repr)


class Echo(nn.Module):
    """A network whose images are the parameters of its head, here multiplied by `times`."""

    def __init__(self, name: str, times: float = 1.0) -> None:
        super().__init__()
        self.times = nn.Parameter(torch.tensor(times))
        self.name = name

    def forward(
        self, images: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Conditional, Tensor]:
        del codes
        if noise is not None:
            images = images * noise[:, None]
        return {Conditional(self.name): self.times * images}


def categorical_samples(count: int, size: int = 5) -> tuple[dict[str, Tensor], Tensor]:
    """Logits, and codes drawn from their softmax."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(count, size, generator=generator)
    codes = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return {"k": codes}, logits


def gaussian_samples(count: int, scale: float) -> tuple[dict[str, Tensor], Tensor]:
    """All parameters of a code on [3, 10], and codes drawn from the truncated Gaussian."""
    generator = torch.Generator().manual_seed(1)
    mean = 0.3 + 0.4 * torch.rand(count, generator=generator)
    unit = mean + scale * torch.randn(count, generator=generator)
    parameters = torch.zeros(count, sum(family.width for family in CONTINUOUS))
    start = CONTINUOUS[0].width
    parameters[:, start] = mean - 0.5
    parameters[:, start + 1] = math.log(scale / 0.25)
    inside = (unit >= 0) & (unit <= 1)
    return {"c": (3 + 7 * unit)[inside]}, parameters[inside]


@CODES
def test_bounded_keeps_within_its_limits(code: Code) -> None:
    values = np.array([-np.inf, -1e300, -1e4, -7, 0, 1, 8.3, 1e4, 1e300, np.inf])
    ratios = bounded(values, code)
    assert np.isfinite(ratios).all()
    assert (np.diff(ratios) >= 0).all()
    assert ratios.min() == pytest.approx(math.log(PRIOR_SHARE))
    assert ratios.max() == pytest.approx(largest_log_ratio(code))


@CODES
def test_the_cost_of_mixing_is_bounded(code: Code) -> None:
    top = math.log(code.size) if isinstance(code, Categorical) else math.log(4096)
    values = np.linspace(-50, top, 1000)
    ratios = bounded(values, code)
    assert (ratios >= values + math.log1p(-PRIOR_SHARE) - 1e-12).all()
    assert -math.log1p(-PRIOR_SHARE) < 0.00101
    assert bounded(np.zeros(1), code)[0] == pytest.approx(0, abs=1e-12)
    assert (ratios <= np.maximum(values, math.log(PRIOR_SHARE)) + math.log(2)).all()


def test_a_mixed_categorical_q_still_sums_to_one() -> None:
    logits = torch.randn(50, 6, generator=torch.Generator().manual_seed(2)) * 4
    head = Head(Softmax(6), 1.7)
    total = sum(
        np.exp(head_log_ratio(head, logits, torch.full((50,), k), Categorical(6))) / 6
        for k in range(6)
    )
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize(("times", "temperature"), [(3.0, 3.0), (1.0, 1.0), (0.5, 0.5)])
def test_a_softmax_gets_the_temperature_it_needs(times: float, temperature: float) -> None:
    space = CodeSpace(k=Categorical(5), noise=0)
    chunk = categorical_samples(20_000)
    heads = calibrate(Echo("k", times), space, {Conditional("k"): 0}, [chunk])
    assert heads[Conditional("k")].temperature == pytest.approx(temperature, rel=0.06)
    assert isinstance(heads[Conditional("k")].family, Softmax)


@pytest.mark.parametrize(("factor", "temperature"), [(3.0, 3.0), (1.0, 1.0), (0.4, 0.4)])
def test_a_gaussian_gets_the_temperature_it_needs(factor: float, temperature: float) -> None:
    """Its variance is too small by `factor`."""
    space = CodeSpace(c=Uniform(3, 10), noise=0)
    codes, parameters = gaussian_samples(20_000, 0.05)
    parameters[:, CONTINUOUS[0].width + 1] -= 0.5 * math.log(factor)
    heads = calibrate(Echo("c"), space, {Conditional("c"): 1}, [(codes, parameters)])
    assert isinstance(heads[Conditional("c")].family, TruncatedGaussian)
    assert heads[Conditional("c")].temperature == pytest.approx(temperature, rel=0.06)


def test_temperature_is_never_worse_than_none() -> None:
    space = CodeSpace(k=Categorical(5), noise=0)
    codes, logits = categorical_samples(500)
    for times in (0.01, 0.3, 1.0, 4.0, 100.0, -1.0):
        head = calibrate(Echo("k", times), space, {Conditional("k"): 0}, [(codes, logits)])
        fitted = head_log_ratio(head[Conditional("k")], times * logits, codes["k"], space["k"])
        plain = head_log_ratio(Head(Softmax(5), 1.0), times * logits, codes["k"], space["k"])
        assert fitted.mean() >= plain.mean()
        assert 0.249 <= head[Conditional("k")].temperature <= 4.001


def test_samples_may_come_in_chunks_and_with_noise() -> None:
    space = CodeSpace(k=Categorical(5), noise=0)
    codes, logits = categorical_samples(6_000)
    thirds = [({"k": codes["k"][rows]}, logits[rows]) for rows in torch.arange(6_000).split(2_000)]
    whole = calibrate(Echo("k", 2.0), space, {Conditional("k"): 0}, [(codes, logits)])
    parts = calibrate(Echo("k", 2.0), space, {Conditional("k"): 0}, thirds)
    noisy = calibrate(Echo("k"), space, {Conditional("k"): 0}, thirds, 2.0)
    assert whole[Conditional("k")].temperature == parts[Conditional("k")].temperature
    assert whole[Conditional("k")].temperature == noisy[Conditional("k")].temperature


def test_parts_are_the_families_one_after_the_other() -> None:
    width = sum(family.width for family in CONTINUOUS)
    parameters = torch.arange(width).float()[None]
    parts = [family_parameters(parameters, CONTINUOUS, n) for n in range(len(CONTINUOUS))]
    assert [p.shape[1] for p in parts] == [family.width for family in families(Uniform(0, 1))]
    assert torch.equal(torch.cat(parts, 1), parameters)
    assert torch.equal(family_parameters(parameters, families(Categorical(width)), 0), parameters)


def test_every_conditional_has_a_head() -> None:
    space = CodeSpace(a=Categorical(2), b=Categorical(3), noise=0)

    class Both(Echo):
        def forward(
            self, images: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
        ) -> dict[Conditional, Tensor]:
            sizes = {"a": 2, "b": 3}
            return {target: images[:, : sizes[target.code]] for target in conditionals(space)}

    codes = space.sample(100, torch.Generator().manual_seed(0))
    chosen = dict.fromkeys(conditionals(space), 0)
    heads = calibrate(Both("a"), space, chosen, [(codes, torch.randn(100, 3))])
    assert set(chain_rule(space)) < set(heads) == set(conditionals(space))
    assert {target.code: head.family.width for target, head in heads.items()} == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("deviations", "needed"),
    [
        ({"k": 0.1, "u": 1.0}, 38_416),  # (1.96 / 0.01)² of the continuous code
        ({"k": 0.8, "u": 1.0}, 153_658),  # (1.96 · 0.8 / 0.004)² of the category
        ({"k": 0.1, "u": 0.1}, 20_000),
        ({"k": 9.0, "u": 1.0}, 400_000),
    ],
)
def test_test_samples_are_as_many_as_the_intervals_need(
    deviations: dict[str, float], needed: int
) -> None:
    space = CodeSpace(k=Categorical(3), u=Uniform(0, 1), noise=0)
    values = {name: size * np.array([-1.0, 1.0]) for name, size in deviations.items()}
    budget = replace(BUDGETS["standard"], test=20_000, most_test=400_000)
    found = _needed_samples(Scores({}, values, {}, {}, {}), space, budget)
    assert found == pytest.approx(needed, rel=1e-4)
