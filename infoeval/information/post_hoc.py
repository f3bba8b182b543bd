"""How much of each code can be read from the image: L_I (eq. 5) by a Q trained after the fact.

The generator is fixed, Q is new: the same measure for every model, also where Q never taught G.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from infoeval.codes import Categorical, CodeSpace
from infoeval.devices import find_device
from infoeval.information.budgets import Budget, find_budget
from infoeval.information.leakage import Leakage, leakage
from infoeval.information.lower_bound import PRIOR_SHARE, Scores, largest_log_ratio, score
from infoeval.information.pixel_noise import NoisePoint, noise_curve
from infoeval.information.posteriors import MOST_CODES
from infoeval.information.q_training import Fit, Point, ceilings, fit
from infoeval.information.recognition_network import Conditional
from infoeval.information.self_test import SelfTest, self_test
from infoeval.information.streams import JOINT, Progress, Render, Samples, Source
from infoeval.intervals import check_level, empirical_bernstein, fano_bound, normal_interval
from infoeval.metrics.registry import metric

CERTAINTY = 0.9999
"""Confidence of a certified bound. Fano's inequality is tight when all errors of a code are alike,
so a bound of 95 % would be above the truth in one of forty such estimates.
"""


@dataclass(frozen=True)
class Information:
    """How much of a code, or of all codes together, Q reads from the image. All in nats.

    `value` is L_I = H(c) + E[log q(c|x)] on the test stream, `low` its lower sampling limit at
    `level`: the information is at least that. `certified` is a lower bound on the information
    itself, at confidence `CERTAINTY`, whatever Q is: by empirical Bernstein, and for a categorical
    code by Fano, each with half of the error probability. It can lie above `value`.

    `high` is no upper limit of the information where Q has `converged`: it is the upper sampling
    limit plus what mixing q with the prior costs and what the search may have `missed`, which
    bounds what Q of these families, sizes and inputs would reach, under the law of learning that
    `remaining_gain` assumes. Where Q has not converged it is `highest`. That is the one upper limit
    of the information that holds for every generator: H(c) of categorical codes, and infinity where
    a code is continuous.

    `entropy` is H(c), differential for continuous codes. `missed` is the largest of what more
    training might gain under that law, and of what a larger Q or one with another input gained,
    upper 95 % limits. `input` is what the best Q is shown of an image, `family` and `temperature`
    those of its q; `gaussian` is the bound of a continuous code by the paper's Gaussian of learned
    σ, or of an angle by a von Mises law. `curve` is the learning curve, `noise` the noise curve.
    """

    code: str
    value: float
    low: float
    high: float
    level: float
    certified: float
    entropy: float
    highest: float
    converged: bool
    missed: float
    input: str
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
    """The information of all codes together beyond the sum of the single codes', nats.

    `value` is the joint L_I less the sum of the codes' L_I, on the same samples; `low` and `high`
    are its paired sampling interval. Independent codes have no redundancy: the truth is not
    below 0, but a bound on it can be.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, repr=False, eq=False)
class Estimate(Mapping[str, Information]):
    """The information of each code, by name, and of all of them together in `joint`.

    `synergy` is the joint less the sum, None where the sum is all that is known of the joint, that
    of more than `MOST_CODES` codes. `leakage` is which code is read where, `self_test` the same
    method on a null and on a channel of known truth. `settings` are the budget and seed; `seconds`
    is the wall time by activity.
    """

    codes: Mapping[str, Information]
    joint: Information
    synergy: Synergy | None
    leakage: Leakage
    self_test: SelfTest
    settings: Mapping[str, Any]
    seconds: Mapping[str, float]

    def __getitem__(self, name: str) -> Information:
        return self.codes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={code.value:.4f}" for name, code in self.items())
        return f"Estimate({values}, joint={self.joint.value:.4f})"

    @property
    def converged(self) -> bool:
        """Whether the search for every code and for all together has converged."""
        return self.joint.converged and all(code.converged for code in self.values())


@metric(
    "mi",
    kind="generator",
    range="up to H(c)",
    summary="L_I of each code and of all codes together, by a post hoc Q, nats; takes minutes",
    use="how much information images carry about each code, regardless of the model's own Q",
    pitfalls="a lower bound: only what this Q can read, converged or not; no Q of ours sees "
    "parities of many bits or ciphers; does not show what a code means",
)
def estimate(
    space: CodeSpace,
    render: Render,
    *,
    budget: str | Budget = "standard",
    seed: int = 0,
    device: str = "auto",
    level: float = 0.95,
    progress: Progress | None = None,
) -> Estimate:
    """Return the information that images hold about the codes they were made from.

    A recognition network Q is trained on fresh samples and tested on others:
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
        progress: a callback, called with the present activity and the share of it that is done.

    Raises:
        UserError: `render` returns something else than such images, or ignores its generator;
            there are no codes; an unknown budget or device.

    >>> from infoeval.information.channels import symmetric_noise
    >>> channel = symmetric_noise(0.1, size=8)
    >>> result = estimate(channel.space, channel.render, budget="quick")
    >>> result["category"].low <= channel.truth["category"] <= result["category"].high
    True

    """
    return estimate_from(Source(space, render, seed), budget, device, level, progress)


def estimate_from(
    source: Samples,
    budget: str | Budget,
    device: str | torch.device,
    level: float = 0.95,
    progress: Progress | None = None,
    *,
    known: Mapping[str, float] | None = None,
) -> Estimate:
    """Return the estimate of a source of codes and images; see `estimate`.

    `known` are lower limits of what another Q reads of a code: where L_I falls short of one, Q
    counts as not converged, even if its learning curve is flat.
    """
    budget, torch_device = find_budget(budget), find_device(str(device))
    check_level(level)
    report = progress or (lambda text, share: None)
    clock = _Clock(source)
    with clock("training Q"):
        fitted = fit(source, budget, torch_device, report)
    with clock("scoring"):
        scores = score(fitted.network, source, budget, report)
    with clock("noise curve"):
        of_pixels = fitted.of_pixels or fitted.network
        noise = noise_curve(of_pixels, source, budget, level, report, rate=fitted.rate)
    with clock("self-test"):
        tested = replace(budget, inputs=(fitted.input,))
        checks = self_test(source, tested, torch_device, level, report)
    space = source.space
    short = {name for name, limit in (known or {}).items() if scores.values[name].mean() < limit}
    if short:
        short.add(JOINT)
    codes = {}
    for name in [*space, JOINT]:
        converged = fitted.converged(name) and name not in short
        codes[name] = _information(name, space, fitted, converged, scores, noise[name], level)
    joint = codes.pop(JOINT)
    if len(space) == 1:
        (joint,) = codes.values()
    alone: NDArray[np.float64] = np.sum([scores.values[name] for name in space], axis=0)
    beyond = normal_interval(scores.values[JOINT] - alone, level)
    synergy = Synergy(*beyond) if len(space) <= MOST_CODES else None
    leaked = leakage(scores.codes, scores.predicted)
    settings = {
        "budget": budget.name,
        "seed": source.seed,
        "device": str(torch_device),
        "pixels": "8 bits",
    }
    return Estimate(codes, joint, synergy, leaked, checks, settings, clock.seconds)


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
    head = scores.heads.get(Conditional(name))
    missed = fitted.missed[name]
    ceiling = ceilings(space)[name]
    mixing = -math.log1p(-PRIOR_SHARE) * (len(space) if name == JOINT else 1)
    upper = min(high + mixing + missed, ceiling) if converged else ceiling
    certified = _certified(name, space, scores)
    categorical = name in space and space[name].is_categorical
    gaussian = scores.gaussian.get(name)
    return Information(
        code=name,
        value=value,
        low=low,
        high=max(upper, value, certified),
        level=level,
        certified=certified,
        entropy=space[name].entropy if name in space else sum(space.entropy.values()),
        highest=ceiling,
        converged=converged,
        missed=missed,
        input=fitted.input,
        family=head.family.name if head else _joint_family(space),
        temperature=head.temperature if head else 1.0,
        standard_error=float(values.std(ddof=1)) / math.sqrt(len(values)),
        samples=len(values),
        gaussian=float(gaussian.mean()) if gaussian is not None else None,
        error_rate=_errors(name, scores) / len(values) if categorical else None,
        curve=tuple(fitted.curve[name]),
        noise=tuple(noise),
    )


def _joint_family(space: CodeSpace) -> str:
    """Return how q of all codes together is made of those of single codes."""
    return "autoregressive" if len(space) <= MOST_CODES else "independent"


def _certified(name: str, space: CodeSpace, scores: Scores) -> float:
    """Return a lower confidence limit of the information itself, which is not below 0."""
    codes = list(space) if name == JOINT else [name]
    lowest = len(codes) * math.log(PRIOR_SHARE)
    highest = sum(largest_log_ratio(space[code]) for code in codes)
    limits = [0.0, empirical_bernstein(scores.values[name], lowest, highest, (1 - CERTAINTY) / 2)]
    code = space.get(name)
    if isinstance(code, Categorical):
        errors = _errors(name, scores)
        limits.append(
            fano_bound(errors, scores.count, code.size, (1 - CERTAINTY) / 2, entropy=code.entropy)
        )
    return max(limits)


def _errors(name: str, scores: Scores) -> int:
    """Return how many samples of a categorical code were read as another category."""
    return int((scores.codes[name] != scores.predicted[name]).sum())


class _Clock:
    """Wall time by activity; the time spent on drawing images is counted separately."""

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
