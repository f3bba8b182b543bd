"""Eq. 5 of the paper, L_I(G, Q) = H(c) + E[log q(c|x)], of a trained Q: calibrated, then tested.

As H(c) = −E[log p(c)], L_I = E[log q(c|x)/p(c)]: the mean of the log ratios that this module
computes for the samples of a stream. It bounds I(c; x) from below
whatever Q is (Barber and Agakov 2003).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize, stats
from torch import Tensor, nn

from infoeval.codes import Categorical, Code, CodeSpace
from infoeval.information.budgets import Budget
from infoeval.information.posteriors import Family, families_of
from infoeval.information.recognition_network import Conditional, chain_rule, log_ratios
from infoeval.information.streams import CHUNK, JOINT, Chunk, Progress, Samples, Stream

PRIOR_SHARE = 0.001
"""The scored q' = 0.999 q + 0.001 p(c) costs at most 0.001 nats and has a bounded loss."""
LARGEST_RATIO = 4096.0
"""The ratio q(c|x)/p(c) of a continuous code is cut here, which bounds it from above.

Cutting makes q a density of less than 1 in all, so L_I remains a lower bound.
"""
TEMPERATURES = (0.25, 4.0)
CATEGORICAL_HALF_WIDTH, CONTINUOUS_HALF_WIDTH = 0.004, 0.01
"""Nats: the test stream is long enough for intervals of ± this much."""

Values = dict[str, NDArray[np.float64]]
"""log q(c|x)/p(c) of every sample, nats, (n,), by code name and for `JOINT`."""


@dataclass(frozen=True)
class Head:
    """How a conditional is scored: by which family of q, at which temperature."""

    family: Family
    temperature: float


@dataclass(frozen=True)
class Scores:
    """The log ratios of a calibrated Q on a stream; arrays over its samples, (n,).

    `values` are log q'(c|x)/p(c), nats, by code name, and for `JOINT` where Q has all factors of
    the chain rule. `codes` are the true codes and `predicted` the likeliest category or the mean
    on [0, 1]. `gaussian` is log q/p of continuous codes by the paper's plain Gaussian; of an angle
    by a von Mises law.
    """

    heads: dict[Conditional, Head]
    values: Values
    codes: dict[str, NDArray[Any]]
    predicted: dict[str, NDArray[Any]]
    gaussian: Values

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(next(iter(self.values.values())))


def score(
    network: nn.Module,
    source: Samples,
    budget: Budget,
    progress: Progress,
    *,
    count: int | None = None,
) -> Scores:
    """Return the scores of Q on the test stream, after choosing families and temperatures.

    `count` is the number of test samples; None: the budget's, or more where the interval of a code
    needs them, judged by the spread on the calibration stream.
    """
    space = source.space
    chosen = best_families(network, space, source.chunks(Stream.VALIDATION, budget.validation))
    calibration = source.chunks(Stream.CALIBRATION, budget.calibration)
    heads = calibrate(network, space, chosen, calibration)
    if count is None:
        count = _needed_samples(score_chunks(network, space, heads, calibration), space, budget)
    chunks = math.ceil(count / CHUNK)
    parts = []
    for number in range(chunks):
        parts.append(score_chunks(network, space, heads, [source.chunk(Stream.TEST, number)]))
        progress("reading the test stream", (number + 1) / chunks)
    return _concatenated(parts)


def best_families(
    network: nn.Module, space: CodeSpace, chunks: Sequence[Chunk], noise: float | None = None
) -> dict[Conditional, int]:
    """Return the number of the best family of each conditional, on validation samples.

    The paper's plain Gaussian is left out: it is there for comparison only.
    """
    chosen = {}
    for target, ratios in family_log_ratios(network, space, chunks, noise).items():
        candidates = [f for f in families_of(space, target.code) if not f.is_compared_only]
        chosen[target] = int(ratios[: len(candidates)].mean(1).argmax())
    return chosen


@torch.no_grad()
def calibrate(
    network: nn.Module,
    space: CodeSpace,
    chosen: dict[Conditional, int],
    chunks: Sequence[Chunk],
    noise: float | None = None,
) -> dict[Conditional, Head]:
    """Return a head for each conditional, its temperature fitted by maximum likelihood.

    Args:
        network: Q, from (images, codes, noise) to parameters.
        space: the latent codes.
        chosen: the number of each conditional's family.
        chunks: the calibration samples.
        noise: the deviation of the pixel noise in the images, if any.

    """
    parts: dict[Conditional, list[Tensor]] = {target: [] for target in chosen}
    values: dict[str, list[Tensor]] = {name: [] for name in space}
    for parameters, codes in _forward(network, chunks, noise):
        for target, number in chosen.items():
            kind = families_of(space, target.code)
            parts[target].append(family_parameters(parameters[target], kind, number))
        for name in space:
            values[name].append(codes[name])
    heads = {}
    for target, number in chosen.items():
        family = families_of(space, target.code)[number]
        fitted = torch.cat(parts[target]), torch.cat(values[target.code])
        heads[target] = Head(family, _temperature(family, *fitted, space[target.code]))
    return heads


@torch.no_grad()
def score_chunks(
    network: nn.Module,
    space: CodeSpace,
    heads: dict[Conditional, Head],
    chunks: Sequence[Chunk],
    noise: float | None = None,
) -> Scores:
    """Return the scores of samples; `noise` is the deviation of their pixel noise, if any."""
    return _concatenated(
        [
            _scores(parameters, space, heads, codes)
            for parameters, codes in _forward(network, chunks, noise)
        ]
    )


@torch.no_grad()
def family_log_ratios(
    network: nn.Module, space: CodeSpace, chunks: Sequence[Chunk], noise: float | None = None
) -> dict[Conditional, NDArray[np.float64]]:
    """Return log q(c|x, …)/p(c) by every family, nats, (families, n), of every conditional."""
    parts: dict[Conditional, list[Tensor]] = {}
    for parameters, codes in _forward(network, chunks, noise):
        for target, ratios in log_ratios(space, parameters, codes).items():
            parts.setdefault(target, []).append(ratios.cpu())
    return {target: torch.cat(ratios, 1).double().numpy() for target, ratios in parts.items()}


def bounded(log_ratio: NDArray[np.float64], code: Code) -> NDArray[np.float64]:
    """Return log q'(c|x)/p(c), nats, of q' = 0.999 q + 0.001 p, from log q(c|x)/p(c).

    >>> bounded(np.array([-np.inf]), Categorical(10)).round(4)
    array([-6.9078])
    """
    cut = np.minimum(log_ratio, math.log(_largest_ratio(code)))
    return np.logaddexp(math.log1p(-PRIOR_SHARE) + cut, math.log(PRIOR_SHARE))


def largest_log_ratio(code: Code) -> float:
    """Return the largest value of `bounded`, nats; log `PRIOR_SHARE` is the smallest.

    >>> round(largest_log_ratio(Categorical(10)), 6)
    2.301685
    """
    return math.log((1 - PRIOR_SHARE) * _largest_ratio(code) + PRIOR_SHARE)


def family_parameters(parameters: Tensor, kind: Sequence[Family], number: int) -> Tensor:
    """Return the parameters (n, width) of one family, from those of all families of a code."""
    return torch.split(parameters, [family.width for family in kind], dim=-1)[number]


def head_log_ratio(
    head: Head, parameters: Tensor, values: Tensor, code: Code
) -> NDArray[np.float64]:
    """Return log q'(c|x)/p(c), nats, (n,), from the parameters of the head's family and codes."""
    ratio = head.family.log_ratio(parameters, code.standardised(values), head.temperature)
    return bounded(ratio.double().cpu().numpy(), code)


def _forward(
    network: nn.Module, chunks: Sequence[Chunk], noise: float | None
) -> Iterator[tuple[dict[Conditional, Tensor], dict[str, Tensor]]]:
    """Yield Q's parameters and the true codes of each chunk, both on the network's device."""
    device = next(network.parameters()).device
    for codes, images in chunks:
        on_device = {name: values.to(device) for name, values in codes.items()}
        deviation = None if noise is None else torch.full((len(images),), noise, device=device)
        yield network(images.to(device), on_device, deviation), on_device


def _temperature(family: Family, parameters: Tensor, values: Tensor, code: Code) -> float:
    def loss(log_temperature: float) -> float:
        head = Head(family, math.exp(log_temperature))
        return -float(head_log_ratio(head, parameters, values, code).mean())

    limits = (math.log(TEMPERATURES[0]), math.log(TEMPERATURES[1]))
    best = optimize.minimize_scalar(loss, bounds=limits, method="bounded", options={"xatol": 0.01})
    # A temperature that does not help is not used: Q was trained at 1.
    return math.exp(float(best.x)) if best.fun < loss(0.0) else 1.0


def _scores(
    parameters: dict[Conditional, Tensor],
    space: CodeSpace,
    heads: dict[Conditional, Head],
    codes: dict[str, Tensor],
) -> Scores:
    ratios: dict[Conditional, NDArray[np.float64]] = {}
    predicted: dict[str, NDArray[Any]] = {}
    gaussian: Values = {}
    for target, head in heads.items():
        code, values = space[target.code], codes[target.code]
        kind = families_of(space, target.code)
        number = 0 if code.is_categorical else kind.index(head.family)
        selected = family_parameters(parameters[target], kind, number)
        ratios[target] = head_log_ratio(head, selected, values, code)
        if target.given:
            continue
        predicted[target.code] = head.family.point(selected).cpu().numpy()
        if not code.is_categorical:
            plain = family_parameters(parameters[target], kind, len(kind) - 1)
            ratio = kind[-1].log_ratio(plain, code.standardised(values))
            gaussian[target.code] = ratio.double().cpu().numpy()
    of_codes = {name: ratios[Conditional(name)] for name in space}
    factors = chain_rule(space)
    if ratios.keys() >= set(factors):
        of_codes[JOINT] = np.sum([ratios[factor] for factor in factors], axis=0)
    true = {name: values.cpu().numpy() for name, values in codes.items()}
    return Scores(heads, of_codes, true, predicted, gaussian)


def _concatenated(parts: Sequence[Scores]) -> Scores:
    def join(field: str) -> dict[str, NDArray[Any]]:
        first = getattr(parts[0], field)
        return {name: np.concatenate([getattr(p, field)[name] for p in parts]) for name in first}

    fields = {name: join(name) for name in ("values", "codes", "predicted", "gaussian")}
    return Scores(parts[0].heads, **fields)


def _needed_samples(calibration: Scores, space: CodeSpace, budget: Budget) -> int:
    widths = {True: CATEGORICAL_HALF_WIDTH, False: CONTINUOUS_HALF_WIDTH}
    relative = max(
        float(calibration.values[name].std()) / widths[code.is_categorical]
        for name, code in space.items()
    )
    needed = (float(stats.norm.ppf(0.975)) * relative) ** 2
    return int(min(max(budget.test, needed), budget.most_test))


def _largest_ratio(code: Code) -> float:
    return code.largest_ratio if isinstance(code, Categorical) else LARGEST_RATIO
