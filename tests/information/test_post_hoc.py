"""The whole estimate, on channels of known truth and with renders of every allowed kind."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.known_channels import erasure, independent, sum_of_two
from infoeval import Categorical, CodeSpace, Uniform
from infoeval.errors import UserError
from infoeval.information.budgets import BUDGETS, Budget
from infoeval.information.channels import (
    Channel,
    blob_with_gaussian_noise,
    side_by_side,
    symmetric_noise,
)
from infoeval.information.pixel_noise import LEVELS
from infoeval.information.post_hoc import Estimate, Information, estimate, estimate_from
from infoeval.information.streams import Render, Source

SMALL = Budget("small", (4,), (80, 160), 64, 2, 2_000, 4_000, 10_000, 10_000, 10, 10)
MICRO = Budget("micro", (2,), (5, 5), 32, 2, 2_000, 2_000, 2_000, 2_000, 2, 2)
LADDER = replace(SMALL, widths=(4, 8), rounds=(80, 80, 160))

NOISE = symmetric_noise(0.1, categories=4, size=8)
ERASURE = erasure(0.2, categories=4, size=8)
NOTHING = independent(Categorical(4), size=8)
SUM = sum_of_two(categories=3, size=8)
BLOB = blob_with_gaussian_noise(0.2, size=8)
PERFECT = erasure(0, categories=3, size=8)
MIXED = side_by_side(NOISE, BLOB)
CHANNELS = pytest.mark.parametrize(
    "channel", [NOISE, ERASURE, NOTHING, SUM, BLOB, PERFECT, MIXED], ids=lambda each: each.name
)


@cache
def of(channel: Channel) -> Estimate:
    budget = LADDER if channel is PERFECT else SMALL
    return run(channel.space, channel.render, budget)


def run(space: CodeSpace, render: Render, budget: Budget = SMALL, **rest: Any) -> Estimate:
    return estimate(space, render, budget=budget, device="cpu", **rest)


Channel.__hash__ = object.__hash__  # type: ignore[method-assign]  # truth is a dict


def everything(found: Estimate) -> tuple[Any, ...]:
    return (
        dict(found),
        found.joint,
        found.synergy,
        found.leakage,
        found.self_test,
        found.settings,
    )


@CHANNELS
def test_values_are_near_the_truth(channel: Channel) -> None:
    found = of(channel)
    for name, truth in {**channel.truth, "": channel.joint}.items():
        each = found[name] if name else found.joint
        short = 0.05 if truth < 1.2 else 0.15
        assert truth - short < each.value < truth + 3 * each.standard_error + 1e-6, each.code
        assert each.low <= truth + 1e-6, each.code


@CHANNELS
def test_limits_are_in_order(channel: Channel) -> None:
    found = of(channel)
    for each in [*found.values(), found.joint]:
        truth = channel.truth.get(each.code, channel.joint)
        assert each.low <= each.value <= each.high
        assert 0 <= each.certified <= max(each.value, 0)
        assert each.certified <= truth
        assert truth <= each.high + 1e-6
        assert each.level == 0.95
        assert each.samples == 10_000
        assert each.value - each.low == pytest.approx(1.959964 * each.standard_error, rel=1e-5)
        assert each.missed >= 0
        assert each.converged == (each.missed < 0.005)
        if not each.converged and each.code in found:
            code = channel.space[each.code]
            assert each.high == (code.entropy if isinstance(code, Categorical) else math.inf)
    for name, code in channel.space.items():
        assert found[name].entropy == code.entropy
        if isinstance(code, Categorical):
            assert found[name].high <= code.entropy
            assert found[name].missed <= code.entropy - found[name].value + 0.05
    assert found.converged == all(each.converged for each in [*found.values(), found.joint])


@CHANNELS
def test_a_code_says_what_kind_it_is(channel: Channel) -> None:
    found = of(channel)
    for name, code in channel.space.items():
        each = found[name]
        assert each.code == name
        if isinstance(code, Categorical):
            assert each.family == "softmax"
            assert each.gaussian is None
            assert each.error_rate is not None
        else:
            assert each.family in ("bins", "truncated gaussian", "boxes")
            assert each.error_rate is None
            assert each.gaussian is not None
            assert each.gaussian < each.value + 0.01
        assert 0.24 < each.temperature < 4.01
        assert [point.deviation for point in each.noise] == list(LEVELS)
        assert all(point.low <= point.value <= point.high for point in each.noise)
    if len(found) > 1:
        assert found.joint.gaussian is None
        assert found.joint.error_rate is None


def test_error_rates_are_those_of_the_channel() -> None:
    assert of(NOISE)["category"].error_rate == pytest.approx(0.1, abs=0.015)
    assert of(ERASURE)["category"].error_rate == pytest.approx(0.15, abs=0.02)
    assert of(NOTHING)["code"].error_rate == pytest.approx(0.75, abs=0.02)
    assert of(PERFECT)["category"].error_rate == 0


def test_a_perfect_channel_converges_and_is_certified() -> None:
    each = of(PERFECT)["category"]
    assert each.converged
    assert each.value == pytest.approx(math.log(3), abs=0.004)
    assert math.log(3) - 0.02 < each.certified < math.log(3)
    assert each.high <= math.log(3)


def test_two_codes_that_only_speak_together() -> None:
    found = of(SUM)
    assert found.joint.value == pytest.approx(math.log(3), abs=0.02)
    assert all(abs(each.value) < 0.01 for each in found.values())
    assert found.synergy.low > 1
    assert found.synergy.low <= found.synergy.value <= found.synergy.high
    alone = sum(each.value for each in found.values())
    assert found.synergy.value == pytest.approx(found.joint.value - alone, abs=1e-9)
    assert found.joint.certified > 0.9


def test_codes_side_by_side_have_no_synergy() -> None:
    found = of(MIXED)
    assert found.synergy.low < 0.02
    assert abs(found.synergy.value) < 0.05


@pytest.mark.parametrize("channel", [NOISE, BLOB], ids=lambda channel: channel.name)
def test_all_of_one_code_is_that_code(channel: Channel) -> None:
    found = of(channel)
    (each,) = found.values()
    assert found.joint == each
    assert (found.synergy.value, found.synergy.low, found.synergy.high) == (0, 0, 0)


@CHANNELS
def test_all_codes_are_certified_for_no_less_than_each_of_them(channel: Channel) -> None:
    found = of(channel)
    assert all(found.joint.certified >= each.certified - 1e-9 for each in found.values())


@CHANNELS
def test_the_diagonal_of_the_leakage_is_what_is_read(channel: Channel) -> None:
    leaked = of(channel).leakage
    assert leaked.names == tuple(channel.space)
    assert leaked.n == 10_000
    for row, name in enumerate(leaked.names):
        for column, _ in enumerate(leaked.names):
            value, chance = leaked.matrix[row][column], leaked.chance[row][column]
            if row != column and channel.truth[name] > 0:
                assert value < 0.03  # a short training leaves a little of the other code
            elif channel.truth[name] == 0:
                assert value < 3 * chance + 1e-9
            else:
                assert 0.7 * channel.truth[name] < value < channel.truth[name] + 0.05


@CHANNELS
def test_the_self_test_finds_nothing_where_nothing_is(channel: Channel) -> None:
    checks = of(channel).self_test
    assert [check.name for check in checks.null] == [*channel.space, "all codes"]
    for check in checks.null:
        assert check.truth == 0
        assert check.low <= 0
        assert check.low <= check.value <= check.high
        assert check.error == check.value
    assert [check.name for check in checks.known] == ["category", "position", "all codes"]
    for check in checks.known:
        assert check.low <= check.truth
        assert check.truth > 1


def coloured(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
    gray = MIXED.render(codes, generator)
    return torch.cat([gray, 255 - gray, gray.flip(2)], 1)


def test_the_same_seed_gives_the_same_estimate_and_leaves_no_trace() -> None:
    """Of coloured images, whether these are bytes or floats."""
    found = []
    for state, largest in ((1, 1), (2, 255)):
        torch.manual_seed(state)
        np.random.seed(state)  # noqa: NPY002
        before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002

        def render(
            codes: Mapping[str, Tensor], generator: torch.Generator, largest: int = largest
        ) -> Tensor:
            images = coloured(codes, generator)
            return images if largest == 1 else images / largest

        found.append(run(MIXED.space, render, MICRO, seed=3))
        assert torch.equal(before, torch.get_rng_state())
        assert (numpy_before == np.random.get_state()[1]).all()  # noqa: NPY002
    assert everything(found[0]) == everything(found[1])
    other = run(MIXED.space, coloured, MICRO, seed=4)
    assert other["category"].value != found[0]["category"].value


def test_names_of_categories_ranges_and_order_of_codes_mean_nothing() -> None:
    names = torch.tensor([2, 0, 3, 1])

    def other_names(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        renamed, moved = names[codes["category"]], (codes["position"] - 3) / 3.5 - 1
        return MIXED.render({"category": renamed, "position": moved}, generator)

    turned = CodeSpace(position=Uniform(3, 10), category=MIXED.space["category"], noise=0)
    found, other = of(MIXED), run(turned, other_names)
    assert list(other) == ["position", "category"]
    for name in found:
        error = found[name].standard_error
        assert other[name].value == pytest.approx(found[name].value, abs=3 * error)
    assert other.joint.value == pytest.approx(found.joint.value, abs=0.1)
    assert other["position"].entropy == pytest.approx(math.log(7))
    assert found["position"].entropy == pytest.approx(math.log(2))


def test_an_estimate_is_a_mapping() -> None:
    found = of(MIXED)
    assert isinstance(found, Mapping)
    assert len(found) == 2
    assert list(found) == list(found.keys()) == ["category", "position"]
    assert all(isinstance(each, Information) for each in found.values())
    assert "category" in found
    assert "all codes" not in found
    assert found.joint.code == "all codes"
    assert of(NOISE).joint.code == "category"
    assert repr(found).startswith("Estimate(category=")
    assert dict(found)["position"] is found["position"]
    with pytest.raises(KeyError):
        found["digit"]
    assert found.settings["budget"] == "small"
    assert found.settings["seed"] == 0
    assert set(found.seconds) == {"rendering", "training Q", "scoring", "noise curve", "self-test"}
    assert all(seconds >= 0 for seconds in found.seconds.values())


def test_progress_is_reported() -> None:
    reports: list[tuple[str, float]] = []
    run(
        NOISE.space, NOISE.render, MICRO, progress=lambda text, share: reports.append((text, share))
    )
    assert all(0 <= share <= 1 for _, share in reports)
    texts = " ".join(text for text, _ in reports)
    for part in ("training Q", "test stream", "noise", "self-test, null", "known channel"):
        assert part in texts


def test_wider_intervals_at_a_higher_level() -> None:
    levels = [
        run(NOISE.space, NOISE.render, MICRO, level=level)["category"] for level in (0.5, 0.999)
    ]
    assert levels[0].value == levels[1].value
    assert levels[1].low < levels[0].low
    assert levels[1].certified <= levels[0].certified
    assert [each.level for each in levels] == [0.5, 0.999]


@pytest.mark.parametrize(
    "bad",
    [
        {"budget": "enormous"},
        {"budget": 3},
        {"level": 0},
        {"level": 1},
        {"level": 1.5},
        {"level": -0.5},
        {"level": float("nan")},
        {"device": "abacus"},
        {"device": "cuda:99"},
        {"device": "meta"},
        {"device": ""},
        {"seed": -1},
    ],
    ids=str,
)
def test_bad_settings_are_named_before_any_work(bad: dict[str, Any]) -> None:
    steps: list[str] = []
    settings = {
        "budget": MICRO,
        "device": "cpu",
        "progress": lambda text, _: steps.append(text),
        **bad,
    }
    with pytest.raises(UserError):
        estimate(NOISE.space, NOISE.render, **settings)
    assert not steps


def test_an_unknown_budget_lists_the_known() -> None:
    with pytest.raises(UserError, match=", ".join(BUDGETS)):
        estimate(NOISE.space, NOISE.render, budget="enormous")


def test_one_pixel_and_one_category_more_than_it_shows() -> None:
    def pixel(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        del generator
        return 255 * (codes["k"] % 2).to(torch.uint8).view(-1, 1, 1, 1)

    budget = replace(MICRO, rounds=(60, 60))
    each = run(CodeSpace(k=Categorical(4), noise=0), pixel, budget)["k"]
    assert each.value == pytest.approx(math.log(2), abs=0.03)


def test_black_images_say_nothing() -> None:
    black = torch.zeros(2_000, 1, 8, 8)
    space = CodeSpace(a=Uniform(0, 1), b=Categorical(2), noise=0)
    found = run(space, lambda codes, generator: black, MICRO)
    for each in [*found.values(), found.joint]:
        assert abs(each.value) < 0.03
        assert each.certified == 0


def test_the_null_can_be_estimated_itself() -> None:
    found = estimate_from(Source(NOISE.space, NOISE.render, 0).shuffled(), MICRO, "cpu")
    assert found["category"].low <= 0


def test_a_code_may_not_take_the_name_of_all_codes() -> None:
    space = CodeSpace(**{"all codes": Categorical(4), "other": Categorical(2)}, noise=0)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        return NOISE.render({"category": codes["all codes"]}, generator)

    try:
        found = run(space, render, replace(MICRO, rounds=(60, 60)))
    except UserError:
        return
    assert found["all codes"].entropy == pytest.approx(math.log(4))
    assert found.joint.entropy == pytest.approx(math.log(8))


def test_of_many_codes_the_sum_is_what_is_known_of_all_together() -> None:
    space = CodeSpace(**{f"c{number}": Categorical(2) for number in range(17)}, noise=0)

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        pixels = torch.stack([codes[name] for name in space], 1).float()
        return torch.cat([pixels, pixels], 1).view(-1, 1, 2, 17)

    result = run(space, render, MICRO)
    assert result.synergy is None
    assert result.joint.value == pytest.approx(sum(code.value for code in result.values()))
    assert result.joint.family == "independent"
    assert result.joint.highest == pytest.approx(17 * math.log(2))
