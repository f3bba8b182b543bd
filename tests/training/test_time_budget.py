"""The networks that fit the time: the largest that do enough steps, and what was given stays."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from infoeval import Trainer, UserError
from infoeval.training import time_budget
from infoeval.training.choosing import trainer_for_images
from infoeval.training.time_budget import ENOUGH, FEWEST, OF_STEPS, TimeBudget, timed_step

FASTEST_FIRST = [
    trainer_for_images("x", 1, side, variant=variant)
    for side, variant in ((32, "small"), (32, "half"), (32, "default"), (64, "half"))
]
TIMES = [0.02, 0.06, 0.4, 0.5]
"""Seconds of their steps."""


def planted(asked: list[Trainer] | None = None, times: int = 1) -> Any:
    """Times of steps by networks, whatever the batch; each trainer that is timed is kept."""

    def seconds(trainer: Trainer, device: torch.device) -> float:
        assert device.type == "cpu"
        if asked is not None:
            asked.append(trainer)
        tables = [each.generator for each in FASTEST_FIRST]
        return times * TIMES[tables.index(trainer.generator)]

    return seconds


def fit(times: int = 1, asked: list[Trainer] | None = None, **given: Any) -> Any:
    return TimeBudget(device="cpu", **given).fit(FASTEST_FIRST, planted(asked, times))


@pytest.mark.parametrize(
    ("minutes", "place", "steps", "timed"),
    [
        (0.5, 0, 1200, 1),  # 24 s: fewer than are enough, of the fastest
        (1, 0, 2400, 2),
        (1.9, 1, 1500, 3),  # 91.2 s of 60 ms each are 1,520, of which whole fifties
        (10, 1, 4000, 3),  # its own number
        (12.55, 2, 1500, 4),
        (1e6, 3, 4000, 4),
    ],
)
def test_the_largest_networks_that_do_enough_steps(
    minutes: float, place: int, steps: int, timed: int
) -> None:
    asked: list[Trainer] = []
    found, trainer, seconds = fit(minutes=minutes, asked=asked)
    assert (found, trainer.steps, seconds) == (place, steps, TIMES[place])
    assert trainer == replace(FASTEST_FIRST[place], steps=steps)
    assert trainer.steps * seconds <= 60 * minutes * OF_STEPS
    assert place == 0 or steps >= ENOUGH
    assert len(asked) == timed, "none is timed after the first that is too slow"


def test_a_machine_of_half_the_speed_does_half_the_steps() -> None:
    assert fit(minutes=1)[1].steps == 2 * fit(minutes=1, times=2)[1].steps


def test_what_is_given_stays() -> None:
    asked: list[Trainer] = []
    place, trainer, _ = fit(minutes=1, steps=700, batch=7, asked=asked)
    assert (place, trainer.steps, trainer.batch) == (1, 700, 7)
    assert {each.batch for each in asked} == {7}
    place, trainer, seconds = fit(minutes=1, steps=10_000)
    assert (place, trainer.steps, seconds) == (0, 10_000, 0.02), "too many, of the fastest"


def test_too_little_time_says_how_much_is_needed() -> None:
    with pytest.raises(UserError, match=r"^0\.05 min is too little time: 200 steps take 0\.1 min"):
        fit(minutes=0.05)
    assert fit(minutes=1.001 * FEWEST * 0.02 / OF_STEPS / 60)[1].steps == FEWEST


@pytest.mark.parametrize("minutes", [0, -1, -0.0, math.nan, math.inf, -math.inf, "10", [1]])
def test_hostile_minutes_are_one_line(minutes: Any) -> None:
    with pytest.raises(UserError, match="minutes must be a number above 0, not") as caught:
        TimeBudget(minutes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["steps", "batch"])
def test_numbers_without_end_are_one_line(name: str) -> None:
    given: dict[str, Any] = {name: 10**5000}
    with pytest.raises(UserError, match=f"^{name} must be at most 1,000,000,000$"):
        TimeBudget(1, **given)


def test_ten_minutes_on_a_cpu_unless_steps_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TimeBudget(device="cpu").limit == 10
    assert TimeBudget(2, device="cpu").limit == 2
    assert TimeBudget(steps=5, device="cpu").limit is None
    assert TimeBudget(2, steps=5, device="cpu").limit == 2
    monkeypatch.setattr(time_budget, "find_device", torch.device)
    assert TimeBudget(device="cuda").limit is None
    assert TimeBudget(3, device="cuda").limit == 3


@pytest.mark.parametrize(("seconds", "steps"), [(0.125, 8), (0.5, 3), (2.0, 3)])
def test_a_step_is_timed_after_a_first(
    seconds: float, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that only steps move; the first, which allocates, takes ten times as long."""
    clock = [0.0]
    done: list[int] = []

    def step() -> torch.Tensor:
        clock[0] += 10 * seconds if not done else seconds
        done.append(1)
        return torch.zeros(2)

    batches: list[int] = []
    monkeypatch.setattr(time_budget.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(
        time_budget,
        "step_of_noise",
        lambda trainer, device, batch: (batches.append(batch), step)[1],
    )
    assert timed_step(FASTEST_FIRST[0], torch.device("cpu")) == seconds
    assert len(done) == 1 + steps
    assert batches == [32]
    done.clear()
    huge = replace(FASTEST_FIRST[0], batch=5120)
    assert timed_step(huge, torch.device("cpu")) == 10 * seconds, "in proportion, not in memory"
    assert batches == [32, 512]


def test_real_steps_take_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_budget, "LEAST_SECONDS", 0.0)
    trainer = trainer_for_images("x", 1, 28, variant="small")
    assert 0 < timed_step(replace(trainer, batch=2), torch.device("cpu")) < 60
