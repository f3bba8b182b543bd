"""Two channels of which the answer is known, run by the same code as the estimate itself."""

from dataclasses import dataclass, replace

import torch

from infoeval.information.budgets import Budget
from infoeval.information.channels import (
    blob_with_gaussian_noise,
    side_by_side,
    symmetric_noise,
)
from infoeval.information.q_scores import score
from infoeval.information.q_training import Say, draw, fit
from infoeval.information.streams import JOINT, Samples, Source, Stream
from infoeval.intervals import normal_interval

__all__ = ["Check", "SelfTest", "self_test"]

SAMPLES = 20_000
"""Of the null, whose images may be costly to draw."""


@dataclass(frozen=True)
class Check:
    """An estimate where the truth is known, nats; `low` and `high` are its sampling interval."""

    name: str
    truth: float
    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Value less truth, nats."""
        return self.value - self.truth


@dataclass(frozen=True)
class SelfTest:
    """The null and the known channel, a check for each of their codes.

    `null` are the model's own images with codes drawn anew, which have nothing to do with them:
    a bound above 0 would be an error. `known` is a channel with noise of known information,
    `channel` its name. Q has the smallest size and a short training.
    """

    null: tuple[Check, ...]
    known: tuple[Check, ...]
    channel: str


def self_test(
    source: Samples, budget: Budget, device: torch.device, level: float, say: Say
) -> SelfTest:
    """Run the null and the known channel."""
    short = replace(
        budget, widths=budget.widths[:1], rates=budget.rates[:1], rounds=(2 * budget.check_steps,)
    )
    few = replace(short, rounds=(budget.check_steps,), test=min(budget.test, SAMPLES))
    known = side_by_side(symmetric_noise(0.1, size=12), blob_with_gaussian_noise(0.1, size=12))
    truth = {**known.truth, JOINT: known.joint}
    nothing = dict.fromkeys([*source.space, JOINT], 0.0)
    return SelfTest(
        null=_check(source.shuffled(), nothing, few, device, level, _named(say, "null")),
        known=_check(
            Source(known.space, known.render, source.seed),
            truth,
            short,
            device,
            level,
            _named(say, "known channel"),
        ),
        channel=known.name,
    )


def _check(
    source: Samples,
    truth: dict[str, float],
    budget: Budget,
    device: torch.device,
    level: float,
    say: Say,
) -> tuple[Check, ...]:
    fitted = fit(source, budget, device, say)
    validation = draw(source, Stream.VALIDATION, budget.validation)
    scores = score(fitted.network, source, budget, say, validation=validation, count=budget.test)
    return tuple(
        Check(name, truth[name], *normal_interval(values, level))
        for name, values in scores.values.items()
    )


def _named(say: Say, name: str) -> Say:
    return lambda text, share: say(f"self-test, {name}: {text}", share)
