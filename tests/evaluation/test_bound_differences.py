"""Differences of bounds: what made-up bounds support, and generators of known information."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from infoeval import Categorical, CodeSpace, Uniform, evaluation
from infoeval.evaluation.bound_differences import (
    OF_BOUNDS,
    OF_INFORMATION,
    between,
    bound_difference,
    has_converged,
    limits_of,
    synergy_difference,
    synergy_limits,
)
from infoeval.information.budgets import BUDGETS, Budget
from infoeval.results import Document, Result
from infoeval.results.result_details import ALL_CODES

LOG_4 = math.log(4)
BRIEF = Budget("brief", (2,), (40, 40), 64, 1, 2_000, 2_000, 2_000, 2_000, 1, 1)


def bound(
    value: float,
    target: str = "k",
    *,
    metric: str = "mi",
    converged: bool = False,
    highest: float | None = LOG_4,
    missed: float = 0.005,
    budget: str = "standard",
) -> Result:
    """A bound of half-width 0.01, whose `high` is that of the protocol."""
    high = min(value + 0.01 + missed, highest or math.inf) if converged else highest
    details: dict[str, Any] = {"entropy": highest or 0.7, "highest": highest}
    if metric == "mi":
        details |= {"converged": converged, "missed": missed}
    else:
        high = value + 0.01
    settings = {"budget": budget}
    return Result(
        metric,
        target,
        value,
        value - 0.01,
        high,
        0.95,
        100,
        "nats",
        True,
        settings,
        details=details,
    )


def document(*results: Result) -> Document:
    return Document(subject={"model": "m"}, data={}, environment={}, results=results)


def test_each_side_may_miss_anything_up_to_the_entropy() -> None:
    one = bound_difference(bound(1.2), bound(0.3), 1)
    assert (one.kind, one.difference) == (OF_BOUNDS, pytest.approx(0.9))
    assert one.low == pytest.approx(1.19 - LOG_4)
    assert one.high == pytest.approx(LOG_4 - 0.29)
    other = bound_difference(bound(0.3), bound(1.2), 2)
    assert (other.low, other.high, other.model) == (
        pytest.approx(-one.high),
        pytest.approx(-one.low),
        2,
    )


def test_all_against_nothing_supports_the_sign_only_nearly() -> None:
    """λ = 1 against λ = 0: what is certain is from about 0 to H(c)."""
    found = bound_difference(bound(LOG_4 - 0.001), bound(0.02), 1)
    assert found.low == pytest.approx(-0.011)
    assert found.high == pytest.approx(LOG_4 - 0.01)


def test_one_converged_side_is_not_enough() -> None:
    apart = bound_difference(bound(1.2, converged=True), bound(0.3), 1)
    open_ = bound_difference(bound(1.2), bound(0.3), 1)
    assert (apart.kind, apart.low, apart.high) == (OF_BOUNDS, open_.low, open_.high)


def test_two_converged_sides_reach_what_their_q_would() -> None:
    found = bound_difference(bound(1.2, converged=True), bound(0.3, converged=True), 1)
    assert found.kind == OF_INFORMATION
    assert found.low == pytest.approx(1.19 - 0.315)
    assert found.high == pytest.approx(1.215 - 0.29)


def test_quick_never_converges_for_a_difference() -> None:
    quick = [bound(value, converged=True, budget="quick") for value in (1.2, 0.3)]
    assert not any(has_converged(result) for result in quick)
    found = bound_difference(quick[0], quick[1], 1)
    assert (found.kind, found.low) == (OF_BOUNDS, pytest.approx(1.19 - LOG_4))
    mixed = bound_difference(quick[0], bound(0.3, converged=True), 1)
    assert mixed.kind == OF_BOUNDS


@pytest.mark.parametrize("metric", ["mi-own", "mi-refitted"])
def test_bounds_by_the_own_q_are_never_converged(metric: str) -> None:
    found = bound_difference(bound(1.2, metric=metric), bound(-0.3, metric=metric), 1)
    assert found.kind == OF_BOUNDS
    assert found.low == pytest.approx(1.19 - LOG_4)
    assert found.high == pytest.approx(LOG_4 + 0.31)


@pytest.mark.parametrize("metric", ["mi", "mi-own"])
def test_nothing_limits_a_continuous_code(metric: str) -> None:
    found = bound_difference(
        bound(1.2, metric=metric, highest=None), bound(0.3, metric=metric, highest=None), 1
    )
    assert (found.low, found.high, found.kind) == (None, None, OF_BOUNDS)
    one_sided = bound_difference(
        bound(1.2, metric=metric), bound(0.3, metric=metric, highest=None), 1
    )
    assert one_sided.low is None
    assert one_sided.high == pytest.approx(LOG_4 - 0.29)


def test_two_converged_continuous_codes_are_limited() -> None:
    sides = [bound(value, converged=True, highest=None) for value in (1.2, 0.3)]
    found = bound_difference(sides[0], sides[1], 1)
    assert found.low == pytest.approx(1.19 - 0.315)
    assert found.kind == OF_INFORMATION


def test_sampling_error_beyond_the_entropy_does_not_cross_the_limits() -> None:
    """A sample can put a bound at H(c) a little above it: the limits stay in order."""
    details = {"entropy": LOG_4, "highest": LOG_4}
    lucky = Result(
        "mi-own", "k", LOG_4 + 0.01, LOG_4 + 0.005, LOG_4 + 0.02, 0.95, 9, "nats", True,
        details=details,
    )  # fmt: skip
    assert limits_of(lucky, converged=False) == (LOG_4 + 0.005, LOG_4 + 0.01)
    found = bound_difference(lucky, lucky, 1)
    assert found.low is not None
    assert found.low < 0


def test_files_of_earlier_versions_have_no_highest() -> None:
    old = Result("mi", "k", 1.0, 0.9, 1.386, 0.95, 9, "nats", True, details={"entropy": 1.386})
    assert limits_of(old, converged=False) == (0.9, math.inf)


def test_limits_of_a_difference_are_those_of_its_corners() -> None:
    corners = [a - b for a in (0.1, 0.7) for b in (0.2, 1.0)]
    assert between((0.1, 0.7), (0.2, 1.0)) == (min(corners), max(corners))
    assert between((0.1, math.inf), (0.2, 1.0)) == (pytest.approx(-0.9), math.inf)


# Synergy.


def joint_of(first: float, second: float, joint: float, **rest: Any) -> list[Result]:
    both = 2 * LOG_4 if rest.get("highest", LOG_4) else None
    return [
        bound(first, "a", **rest),
        bound(second, "b", **rest),
        bound(joint, ALL_CODES, **{**rest, "highest": both}),
    ]


def test_the_synergy_is_at_most_what_single_codes_leave() -> None:
    low, high = synergy_limits(joint_of(1.0, 0.5, 2.0), converged=False)
    assert low == 0
    assert high == pytest.approx(2 * LOG_4 - 0.99 - 0.49)
    low, high = synergy_limits(joint_of(1.0, 0.5, 2.0, converged=True), converged=True)
    assert low == pytest.approx(1.99 - 1.015 - 0.515)
    assert high == pytest.approx(2.015 - 0.99 - 0.49)


def test_codes_that_say_less_than_nothing_do_not_add_to_the_synergy() -> None:
    _, high = synergy_limits(joint_of(-0.5, -0.5, 0.1), converged=False)
    assert high == pytest.approx(2 * LOG_4)


def test_the_synergy_of_continuous_codes_has_no_limit() -> None:
    assert synergy_limits(joint_of(1.0, 0.5, 2.0, highest=None), converged=False) == (0, math.inf)
    assert synergy_limits([], converged=False) == (0, math.inf)


@pytest.mark.parametrize("converged", [True, False])
def test_a_difference_of_synergies_follows_from_the_bounds(converged: bool) -> None:
    def side(first: float, second: float, joint: float) -> tuple[Result, Document]:
        value = joint - first - second
        synergy = Result(
            "mi-synergy", ALL_CODES, value, value - 0.01, value + 0.01, 0.95, 9, "nats", False
        )
        bounds = joint_of(first, second, joint, converged=converged)
        return synergy, document(*bounds, synergy)

    one, two = side(0.1, 0.2, 2.0), side(1.0, 1.0, 2.01)
    found = synergy_difference(one, two, 1)
    back = synergy_difference(two, one, 1)
    assert found.difference == pytest.approx(1.7 - 0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.difference <= found.high
    assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))
    if converged:
        assert found.kind == OF_INFORMATION
        assert found.low == pytest.approx((1.99 - 0.115 - 0.215) - (2.025 - 0.99 - 0.99))
    else:
        assert found.kind == OF_BOUNDS
        assert found.low == pytest.approx(-(2 * LOG_4 - 0.99 - 0.99))
        assert found.high == pytest.approx(2 * LOG_4 - 0.09 - 0.19)


# Of generators.


class Flips:
    """Shows a category as a column, another one with a probability, beside a continuous code."""

    def __init__(self, error: float) -> None:
        self.error = error
        self.codes = CodeSpace(k=Categorical(4), shade=Uniform(0, 1), noise=2)

    def generate(self, codes: Mapping[str, Tensor], noise: Tensor) -> Tensor:
        wrong = torch.special.ndtr(noise[:, 0]) < self.error
        step = 1 + (3 * torch.special.ndtr(noise[:, 1])).long().clamp_max(2)
        shown = torch.where(wrong, (codes["k"] + step) % 4, codes["k"])
        columns = torch.nn.functional.one_hot(shown, 4).float().repeat_interleave(2, 1)
        images = (
            0.2
            + 0.5 * columns[:, None, None, :] * (0.5 + 0.5 * codes["shade"])[:, None, None, None]
        )
        return images.expand(-1, 1, 8, 8)


def test_a_comparison_of_generators_holds_the_true_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(BUDGETS, "brief", BRIEF)
    compared = evaluation.compare(
        [Flips(0.0), Flips(0.3)], metrics=["mi"], budget="brief", device="cpu"
    )
    truth = -0.3 * math.log(0.3) - 0.7 * math.log(0.7) + 0.3 * math.log(3)
    found = {(each.metric, each.target): each for each in compared.differences}
    assert set(found) == {
        ("mi", "k"), ("mi", "shade"), ("mi", ALL_CODES), ("mi-synergy", ALL_CODES)
    }  # fmt: skip
    category = found["mi", "k"]
    assert category.low is not None
    assert category.high is not None
    assert category.low <= truth <= category.high
    first, second = (entry.find("mi", "k") for entry in compared.documents)
    assert first is not None
    assert second is not None
    assert first.low is not None
    assert category.low == pytest.approx(first.low - max(LOG_4, second.value))
    assert found["mi", "shade"].low is found["mi", "shade"].high is None
    assert {each.kind for each in compared.differences} == {OF_BOUNDS}
    plain = json.loads(compared.to_json())
    assert {each["kind"] for each in plain["differences"]} == {OF_BOUNDS}
    for entry in compared.documents:
        highest = {result.target: result.details.get("highest") for result in entry.results[:3]}
        assert highest == {"k": LOG_4, "shade": None, ALL_CODES: None}
