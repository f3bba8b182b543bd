"""Scoring a trained Q: calibrated on one stream, read on the test stream, once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from infoeval.codes import Categorical, CodeSpace
from infoeval.information.budgets import Budget
from infoeval.information.calibration import Head, calibrate, head_log_ratio, part
from infoeval.information.posteriors import CONTINUOUS, families, standard_values
from infoeval.information.q_training import Chunks, Say, Values, draw, read
from infoeval.information.recognition import Reading, joint_readings
from infoeval.information.streams import CHUNK, JOINT, Samples, Stream

__all__ = ["Scores", "best_families", "score", "score_chunks"]

HALF_WIDTH = 0.004
"""Nats: the test stream is as long as an interval this wide needs for categorical codes."""
GAUSSIAN = len(CONTINUOUS) - 1


@dataclass(frozen=True)
class Scores:
    """What a calibrated Q made of a stream; arrays over its samples, (n,).

    `values` are log q'(c|x)/p(c), nats, by code name, and for `JOINT` where all its factors are
    read. `codes` are the true codes and `read` what was read instead: the likeliest category, or
    the mean on [0, 1]. `gaussian` is log q/p by the paper's plain Gaussian, of continuous codes.
    """

    heads: dict[Reading, Head]
    values: Values
    codes: dict[str, NDArray[Any]]
    read: dict[str, NDArray[Any]]
    gaussian: Values

    @property
    def count(self) -> int:
        """How many samples were read."""
        return len(next(iter(self.values.values())))


def best_families(
    network: nn.Module, space: CodeSpace, chunks: Chunks, noise: Sequence[Tensor] | None = None
) -> dict[Reading, int]:
    """The number of the family that is best for each reading, on validation samples.

    The plain Gaussian, the last one, is not up for choice: it is the paper's, not the headline.
    """
    chosen = {}
    for reading, each in read(network, space, chunks, noise).items():
        candidates = each if isinstance(space[reading.code], Categorical) else each[:GAUSSIAN]
        chosen[reading] = int(candidates.mean(1).argmax())
    return chosen


def score(
    network: nn.Module,
    source: Samples,
    budget: Budget,
    say: Say,
    *,
    validation: Chunks,
    count: int | None = None,
) -> Scores:
    """Choose families, fit temperatures, then read the test stream.

    `count` is how many test samples are read; None: the budget's number, or more where the
    interval of a categorical code needs them, judged by the spread on the calibration stream.
    """
    space = source.space
    chosen = best_families(network, space, validation)
    calibration = draw(source, Stream.CALIBRATION, budget.calibration)
    heads = calibrate(network, space, chosen, calibration)
    if count is None:
        count = _needed(score_chunks(network, space, heads, calibration), space, budget)
    chunks = math.ceil(count / CHUNK)
    parts = []
    for number in range(chunks):
        chunk = source.chunk(Stream.TEST, number)
        parts.append(score_chunks(network, space, heads, [chunk]))
        say("reading the test stream", (number + 1) / chunks)
    return _together(parts)


@torch.no_grad()
def score_chunks(
    network: nn.Module,
    space: CodeSpace,
    heads: dict[Reading, Head],
    chunks: Chunks,
    noise: Sequence[Tensor] | None = None,
) -> Scores:
    """Read samples by the heads; `noise` is the deviation of the pixel noise in each chunk."""
    device = next(network.parameters()).device
    parts = []
    for number, (codes, images) in enumerate(chunks):
        on_device = {name: values.to(device) for name, values in codes.items()}
        level = noise[number].to(device) if noise else None
        parameters = network(images.to(device), on_device, level)
        parts.append(_score(parameters, space, heads, on_device))
    return _together(parts)


def _score(
    parameters: dict[Reading, Tensor],
    space: CodeSpace,
    heads: dict[Reading, Head],
    codes: dict[str, Tensor],
) -> Scores:
    ratios: dict[Reading, NDArray[np.float64]] = {}
    read_as: dict[str, NDArray[Any]] = {}
    gaussian: Values = {}
    for reading, head in heads.items():
        code, values = space[reading.code], codes[reading.code]
        number = families(code).index(head.family) if code.kind == "continuous" else 0
        own = part(parameters[reading], code, number)
        ratios[reading] = head_log_ratio(head, own, values, code)
        if reading.given:
            continue
        read_as[reading.code] = head.family.point(own).cpu().numpy()
        if code.kind == "continuous":
            plain = part(parameters[reading], code, GAUSSIAN)
            unit = standard_values(code, values)
            gaussian[reading.code] = (
                CONTINUOUS[GAUSSIAN].log_ratio(plain, unit).double().cpu().numpy()
            )
    each = {name: ratios[Reading(name)] for name in space}
    factors = joint_readings(space)
    if ratios.keys() >= set(factors):
        each[JOINT] = np.sum([ratios[reading] for reading in factors], axis=0)
    true = {name: values.cpu().numpy() for name, values in codes.items()}
    return Scores(heads, each, true, read_as, gaussian)


def _together(parts: Sequence[Scores]) -> Scores:
    def join(field: str) -> dict[str, NDArray[Any]]:
        first = getattr(parts[0], field)
        return {name: np.concatenate([getattr(p, field)[name] for p in parts]) for name in first}

    fields = {name: join(name) for name in ("values", "codes", "read", "gaussian")}
    return Scores(parts[0].heads, **fields)


def _needed(calibration: Scores, space: CodeSpace, budget: Budget) -> int:
    spreads = [
        float(calibration.values[name].std())
        for name, code in space.items()
        if isinstance(code, Categorical)
    ]
    needed = (float(stats.norm.ppf(0.975)) * max(spreads, default=0.0) / HALF_WIDTH) ** 2
    return int(min(max(budget.test, needed), budget.most_test))
