"""How much of each code can be read from the image: L_I by a post hoc Q, with all its caveats."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.codes import Categorical, CodeSpace
from infoeval.devices import find_device
from infoeval.information.budgets import Budget, find_budget
from infoeval.information.calibration import PRIOR_SHARE, largest_log_ratio
from infoeval.information.leakage import Leakage, leakage
from infoeval.information.noise import NoisePoint, noise_curve
from infoeval.information.q_scores import Scores, score
from infoeval.information.q_training import Fit, Point, Say, ceilings_of, draw, fit
from infoeval.information.recognition import Reading
from infoeval.information.self_test import SelfTest, self_test
from infoeval.information.streams import JOINT, Render, Samples, Source, Stream
from infoeval.intervals import check_level, empirical_bernstein, fano_bound, normal_interval
from infoeval.metrics.registry import metric

__all__ = ["Estimate", "Information", "Synergy", "estimate", "estimate_from"]

CERTAINTY = 0.9999
"""Confidence of a certified bound. Fano's inequality is tight where the errors of a code are all
alike, so a bound of 95 % would be above the truth in one of forty such estimates."""


@dataclass(frozen=True)
class Information:
    """How much of a code, or of all codes together, Q reads from the image. All in nats.

    `value` is L_I = H(c) + E[log q(c|x)] on the test stream. `low` is its sampling limit, at
    `level` with `high`. `high` is its other sampling limit plus what mixing q with the prior
    costs and what more training might gain, where Q has `converged`; otherwise nothing better
    than H(c) is known, which for a continuous code is infinite. `certified` holds with confidence
    `CERTAINTY` whatever Q is: the information is not smaller (empirical Bernstein, and for a
    categorical code Fano, each with half of the error probability). It bounds the information
    rather than what Q reads, and can lie above `value`.

    `entropy` is H(c), differential for continuous codes. `missed` is the upper 95 % limit of what
    more training might gain, judged by the last round, or of what the larger Q did. `family` and
    `temperature` are those of the winning q; `gaussian` is the bound by the paper's Gaussian of
    learned σ, for continuous codes. `curve` is the learning curve, `noise` the noise curve.
    """

    code: str
    value: float
    low: float
    high: float
    level: float
    certified: float
    entropy: float
    converged: bool
    missed: float
    family: str
    temperature: float
    standard_error: float
    samples: int
    gaussian: float | None
    error_rate: float | None
    curve: tuple[Point, ...]
    noise: tuple[NoisePoint, ...]


@dataclass(frozen=True)
class Synergy:
    """What all codes together say beyond the sum of what each says alone, nats.

    `value` is the joint L_I less the sum of the codes' own, on the same samples; `low` and `high`
    are its paired sampling interval. Independent codes have no redundancy: the truth is not
    below 0, but a bound on it can be.
    """

    value: float
    low: float
    high: float


class Estimate(Mapping[str, Information]):
    """What is known of each code, by name, and of all of them together in `joint`.

    `synergy` is the joint less the sum, `leakage` which code is read where, `self_test` how the
    same code did on the null and on a channel of known truth. `settings` are the budget and seed;
    `seconds` the wall time by activity.
    """

    def __init__(
        self,
        codes: Mapping[str, Information],
        joint: Information,
        synergy: Synergy,
        leaked: Leakage,
        checks: SelfTest,
        settings: Mapping[str, Any],
        seconds: Mapping[str, float],
    ) -> None:
        self._codes = dict(codes)
        self.joint, self.synergy, self.leakage, self.self_test = joint, synergy, leaked, checks
        self.settings, self.seconds = dict(settings), dict(seconds)

    def __getitem__(self, name: str) -> Information:
        return self._codes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={found.value:.4f}" for name, found in self.items())
        return f"Estimate({values}, joint={self.joint.value:.4f})"

    @property
    def converged(self) -> bool:
        """Whether every code and all together have converged."""
        return self.joint.converged and all(found.converged for found in self.values())


@metric(
    "mi",
    kind="generator",
    range="up to H(c)",
    summary="L_I of each code and of all together by a post hoc Q, nats; takes minutes",
    use="how much of each code the images hold, whatever the model's own Q",
    pitfalls="a lower bound: what this Q reads, and less than there is where it has not "
    "converged; says nothing of meaning",
)
def estimate(
    space: CodeSpace,
    render: Render,
    *,
    budget: str | Budget = "standard",
    seed: int = 0,
    device: str = "auto",
    level: float = 0.95,
    say: Say | None = None,
) -> Estimate:
    """Estimate the information that images hold about the codes they were made from.

    A recognition network Q is trained on fresh samples and read on others:
    L_I = H(c) + E[log q(c|x)] (eq. 5), a lower bound on I(c; x). Images are rounded to 8 bits.

    Args:
        space: the latent codes, of known prior.
        render: called as `render(codes, generator)` with a mapping from code name to a tensor of
            n samples on the CPU (class indices of a categorical code, values of a continuous
            one) and a CPU generator from which all other randomness has to come. Returns n images
            (n, channels, height, width), float in [0, 1] or uint8.
        budget: "quick", "standard" or "strict".
        seed: of all draws and weights.
        device: where Q runs: "auto", "cpu", "cuda" or "cuda:N".
        level: of the intervals.
        say: told what is being done, and which share of it is done.

    Raises:
        UserError: `render` returns something else than such images, or ignores its generator;
            there are no codes; an unknown budget or device.

    >>> from infoeval.information.channels import symmetric_noise
    >>> channel = symmetric_noise(0.1, size=8)
    >>> found = estimate(channel.space, channel.render, budget="quick")
    >>> found["category"].low <= channel.truth["category"] <= found["category"].high
    True

    """
    return estimate_from(Source(space, render, seed), budget, device, level, say)


def estimate_from(
    source: Samples,
    budget: str | Budget,
    device: str | torch.device,
    level: float = 0.95,
    say: Say | None = None,
    *,
    known: Mapping[str, float] | None = None,
) -> Estimate:
    """The estimate of a source of codes and images; see `estimate`.

    `known` are lower limits of what some other Q reads of a code: where they are above what this
    one reads, it has not converged, whatever its own learning curve says.
    """
    recipe, where = find_budget(budget), find_device(str(device))
    check_level(level)
    tell = say or (lambda text, share: None)
    clock = _Clock(source)
    with clock("training Q"):
        fitted = fit(source, recipe, where, tell)
    with clock("scoring"):
        validation = draw(source, Stream.VALIDATION, recipe.validation)
        scores = score(fitted.network, source, recipe, tell, validation=validation)
    with clock("noise curve"):
        noise = noise_curve(fitted.network, source, recipe, level, tell, rate=fitted.rate)
    with clock("self-test"):
        checks = self_test(source, recipe, where, level, tell)
    space = source.space
    behind = {name for name, limit in (known or {}).items() if scores.values[name].mean() < limit}
    converged = {
        name: fitted.converged(name) and name not in behind and not (name == JOINT and behind)
        for name in [*space, JOINT]
    }
    found = {
        name: _information(name, space, fitted, converged[name], scores, noise[name], level)
        for name in [*space, JOINT]
    }
    joint = found.pop(JOINT)
    if len(space) == 1:
        (joint,) = found.values()
    settings = {
        "budget": recipe.name,
        "seed": source.seed,
        "device": str(where),
        "pixels": "8 bits",
    }
    return Estimate(
        found,
        joint,
        _synergy(scores, space, level),
        leakage(scores.codes, scores.read),
        checks,
        settings,
        clock.seconds,
    )


def _information(
    name: str,
    space: CodeSpace,
    fitted: Fit,
    converged: bool,
    scores: Scores,
    noise: list[NoisePoint],
    level: float,
) -> Information:
    values = scores.values[name]
    value, low, high = normal_interval(values, level)
    head = scores.heads.get(Reading(name))
    missed = fitted.missed[name]
    ceiling = ceilings_of(space)[name]
    mixing = -math.log1p(-PRIOR_SHARE) * (len(space) if name == JOINT else 1)
    upper = min(high + mixing + missed, ceiling) if converged else ceiling
    certified = _certified(name, space, scores)
    categorical = name in space and isinstance(space[name], Categorical)
    gaussian = scores.gaussian.get(name)
    return Information(
        code=name,
        value=value,
        low=low,
        high=max(upper, value, certified),
        level=level,
        certified=certified,
        entropy=space[name].entropy if name in space else sum(space.entropy.values()),
        converged=converged,
        missed=missed,
        family=head.family.name if head else "autoregressive",
        temperature=head.temperature if head else 1.0,
        standard_error=float(values.std(ddof=1)) / math.sqrt(len(values)),
        samples=len(values),
        gaussian=float(gaussian.mean()) if gaussian is not None else None,
        error_rate=_errors(name, scores) / len(values) if categorical else None,
        curve=tuple(fitted.curve[name]),
        noise=tuple(noise),
    )


def _certified(name: str, space: CodeSpace, scores: Scores) -> float:
    """A lower confidence limit of the information itself, which is not below 0."""
    codes = list(space) if name == JOINT else [name]
    lowest = len(codes) * math.log(PRIOR_SHARE)
    highest = sum(largest_log_ratio(space[code]) for code in codes)
    limits = [0.0, empirical_bernstein(scores.values[name], lowest, highest, (1 - CERTAINTY) / 2)]
    code = space.get(name)
    if isinstance(code, Categorical):
        limits.append(
            fano_bound(_errors(name, scores), scores.count, code.size, (1 - CERTAINTY) / 2)
        )
    return max(limits)


def _errors(name: str, scores: Scores) -> int:
    """How many samples of a categorical code were read as another category."""
    return int((scores.codes[name] != scores.read[name]).sum())


def _synergy(scores: Scores, space: CodeSpace, level: float) -> Synergy:
    alone: NDArray[np.float64] = np.sum([scores.values[name] for name in space], axis=0)
    return Synergy(*normal_interval(scores.values[JOINT] - alone, level))


class _Clock:
    """Wall time by activity; drawing images is counted by itself wherever it happens."""

    def __init__(self, source: Samples) -> None:
        self.source = source
        self.seconds: dict[str, float] = {"rendering": source.seconds}

    @contextmanager
    def __call__(self, activity: str) -> Iterator[None]:
        started, rendered = time.perf_counter(), self.source.seconds
        yield
        rendering = self.source.seconds - rendered
        self.seconds["rendering"] += rendering
        self.seconds[activity] = time.perf_counter() - started - rendering
