"""The self-test of an estimate: the same method on two channels whose information is known."""

from dataclasses import dataclass, replace

import torch

from infoeval.information.budgets import Budget
from infoeval.information.channels import (
    blob_with_gaussian_noise,
    side_by_side,
    symmetric_noise,
)
from infoeval.information.lower_bound import score
from infoeval.information.q_training import fit
from infoeval.information.streams import JOINT, Progress, Samples, Source
from infoeval.intervals import normal_interval

SAMPLES = 20_000
"""The null has at most this many test samples, because its images may be costly to draw."""


@dataclass(frozen=True)
class Check:
    """An estimate whose truth is known, nats; `low` and `high` are its sampling interval."""

    name: str
    truth: float
    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Value less truth, nats."""
        return self.value - self.truth


_known_checks: dict[tuple[Budget, int, str, float], tuple[Check, ...]] = {}


@dataclass(frozen=True)
class SelfTest:
    """The null and the known channel, a check for each of their codes and for all together.

    `null` is about the model's own images with codes drawn anew, which are independent of them: a
    bound above 0 would be an error. `known` is about a noisy channel of known information, called
    `channel`; it is measured once in a process for each budget, seed, device and level. Q has the
    smallest size, the input that was best, and is trained briefly.
    """

    null: tuple[Check, ...]
    known: tuple[Check, ...]
    channel: str


def self_test(
    source: Samples, budget: Budget, device: torch.device, level: float, progress: Progress
) -> SelfTest:
    """Return the checks on the null and on the known channel."""
    short = replace(
        budget, widths=budget.widths[:1], rates=budget.rates[:1], rounds=(4 * budget.check_steps,)
    )
    shorter = replace(short, rounds=(budget.check_steps,), test=min(budget.test, SAMPLES))
    known = side_by_side(symmetric_noise(0.1, size=12), blob_with_gaussian_noise(0.1, size=12))

    def checks(
        name: str, samples: Samples, truth: dict[str, float], budget: Budget
    ) -> tuple[Check, ...]:
        def named(text: str, share: float) -> None:
            progress(f"self-test, {name}: {text}", share)

        network = fit(samples, budget, device, named).network
        scores = score(network, samples, budget, named, count=budget.test)
        return tuple(
            Check(code, truth[code], *normal_interval(values, level))
            for code, values in scores.values.items()
        )

    measured = short, source.seed, str(device), level
    if measured not in _known_checks:
        channel = Source(known.space, known.render, source.seed)
        truth = {**known.truth, JOINT: known.joint}
        _known_checks[measured] = checks("known channel", channel, truth, short)
    nothing = dict.fromkeys([*source.space, JOINT], 0.0)
    return SelfTest(
        null=checks("null", source.shuffled(), nothing, shorter),
        known=_known_checks[measured],
        channel=known.name,
    )
