"""Training the post hoc Q: a ladder of sizes, doubling rounds, and the rule that ends them."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.information.budgets import TOLERANCE, WORTH_A_SIZE, Budget
from infoeval.information.recognition import (
    PostHocRecognition,
    Reading,
    joint_readings,
    log_ratios,
)
from infoeval.information.streams import CHUNK, JOINT, Chunk, Samples, Stream
from infoeval.information.training_round import chunks_of_round, train, weights_from

__all__ = [
    "Chunks",
    "Fit",
    "Point",
    "Say",
    "Values",
    "ceilings_of",
    "draw",
    "fit",
    "new_network",
    "read",
    "validate",
]

SLOWEST = 1 / 3
"""What is still missing shrinks at least as this power of the steps: see `still_missing`."""
Say = Callable[[str, float], None]
"""Told what is being done, and which share of it is done."""
Values = dict[str, NDArray[np.float64]]
"""log q(c|x)/p(c) of every sample, nats, (n,), by code name and for `JOINT`."""
Chunks = Sequence[Chunk]


@dataclass(frozen=True)
class Point:
    """One point of a learning curve: L_I on the validation stream, nats.

    `width` is the size of Q, `rate` its learning rate in the first round and `steps` its training
    so far. `gain` is the upper 95 % limit of what it is above the best point before it, on the
    same samples, and below 0 where it fell significantly; None for the first.
    """

    width: int
    rate: float
    steps: int
    value: float
    gain: float | None


@dataclass(frozen=True)
class Fit:
    """A trained Q and how it came about; `curve` and `missed` are by code name and for `JOINT`.

    `missed` is the upper 95 % limit, nats, of what more training might gain, or of what the larger
    size did, or the lower 95 % limit of what the last round lost, whichever is more.
    """

    network: PostHocRecognition
    rate: float
    curve: dict[str, list[Point]]
    missed: dict[str, float]

    def converged(self, name: str) -> bool:
        """Whether neither more training nor a larger Q would be missed."""
        return self.missed[name] < TOLERANCE


def fit(source: Samples, budget: Budget, device: torch.device, say: Say) -> Fit:
    """Climb the ladder of sizes, then go on training until nothing is gained.

    The smallest size is trained for the first round at each rate of the budget, of which the
    better one is kept, then every larger size at that rate, all on the same samples. Where the
    next size gains less than `WORTH_A_SIZE` for every code and for all together, it is left and the
    one before it kept. What is kept is trained on, each round from half the learning rate of the
    one before down to zero, until what more training might gain is below `TOLERANCE`, or the
    budget ends. No code can gain more than is left to H(c).
    """
    climb = _Climb(source, budget, device, _Plan(budget, say))
    for rate in budget.rates:
        climb.try_rung(budget.widths[0], rate)
    for width in budget.widths[1:]:
        if max(climb.try_rung(width, climb.rate).values()) < WORTH_A_SIZE:
            break
    for number, steps in enumerate(budget.rounds[1:], 1):
        climb.train_on(steps, climb.rate / 2**number)
        if climb.settled():
            break
    climb.plan.finished()
    return Fit(climb.network, climb.rate, climb.curve, climb.missed())


class _Climb:
    """The best Q so far, and what has been gained on the way to it."""

    network: PostHocRecognition
    values: Values

    def __init__(
        self, source: Samples, budget: Budget, device: torch.device, plan: "_Plan"
    ) -> None:
        self.source, self.budget, self.device, self.plan = source, budget, device, plan
        self.validation = draw(source, Stream.VALIDATION, budget.validation)
        names = [*source.space, JOINT]
        self.curve: dict[str, list[Point]] = {name: [] for name in names}
        self.by_size = dict.fromkeys(names, math.inf)
        self.by_training = dict.fromkeys(names, math.inf)
        self.rate, self.steps, self.chunk = budget.rates[0], 0, 0

    def try_rung(self, width: int, rate: float) -> dict[str, float]:
        """Train a fresh Q for the first round, and keep it if it is better. Returns the gains."""
        network = new_network(self.source, width, self.device)
        self.steps = self.budget.rounds[0]
        self.chunk = chunks_of_round(self.budget, self.steps)
        train(network, self.source, 0, self.steps, self.budget, self.plan.step, rate=rate)
        values = validate(network, self.source.space, self.validation)
        if not any(self.curve.values()):
            gains = dict.fromkeys(values, math.inf)
            self._record(network, rate, values, None)
            better = True
        else:
            gains = _gains(values, self.values)
            self._record(network, rate, values, gains)
            better = float(values[JOINT].mean()) > float(self.values[JOINT].mean())
        if width > self.budget.widths[0]:
            self.by_size = gains
            better = better and max(gains.values()) >= WORTH_A_SIZE
        if better:
            self.network, self.values, self.rate = network, values, rate
        return gains

    def train_on(self, steps: int, rate: float) -> None:
        """One more round for the Q that was kept; what it was stays where that was better."""
        kept, before = copy.deepcopy(self.network), self.values
        source, budget = self.source, self.budget
        train(self.network, source, self.chunk, steps, budget, self.plan.step, rate=rate)
        self.chunk += chunks_of_round(budget, steps)
        self.values = validate(self.network, source.space, self.validation)
        gains = _gains(self.values, before)
        self.by_training = {
            name: may_be_missing(gain, self.steps, self.steps + steps)
            for name, gain in gains.items()
        }
        self.steps += steps
        self._record(self.network, self.rate, self.values, gains)
        self.plan.bound(self.curve, self.by_training)
        if self.values[JOINT].mean() < before[JOINT].mean():
            self.network, self.values = kept, before

    def missed(self) -> dict[str, float]:
        """What may be missed of each code, nats."""
        return _missed(self.source.space, self.values, self.by_training, self.by_size)

    def settled(self) -> bool:
        """Whether another round is not worth it: it cannot make a larger Q unnecessary."""
        return min(max(self.by_training.values()), max(self.missed().values())) < TOLERANCE

    def _record(
        self,
        network: PostHocRecognition,
        rate: float,
        values: Values,
        gains: dict[str, float] | None,
    ) -> None:
        width = network.trunk.width // 8
        for name, points in self.curve.items():
            gain = gains[name] if gains else None
            points.append(Point(width, rate, self.steps, float(values[name].mean()), gain))


def new_network(source: Samples, width: int, device: torch.device) -> PostHocRecognition:
    """A Q of this size with fresh weights, the same ones for the same seed."""
    with weights_from(source.generator(Stream.INIT, width)):
        network = PostHocRecognition(source.space, source.example, width)
    return network.to(device).to(memory_format=torch.channels_last)


def draw(source: Samples, stream: Stream, count: int) -> Chunks:
    """At least `count` samples of a stream, in chunks."""
    return [source.chunk(stream, number) for number in range(math.ceil(count / CHUNK))]


@torch.no_grad()
def read(
    network: nn.Module, space: CodeSpace, chunks: Chunks, noise: Sequence[Tensor] | None = None
) -> dict[Reading, NDArray[np.float64]]:
    """log q(c|x, …)/p(c), nats, (families, n), of every reading.

    `noise` is the deviation (n,) of the pixel noise in each chunk.
    """
    device = next(network.parameters()).device
    found: dict[Reading, list[Tensor]] = {}
    for number, (codes, images) in enumerate(chunks):
        on_device = {name: values.to(device) for name, values in codes.items()}
        level = noise[number].to(device) if noise else None
        parameters = network(images.to(device), on_device, level)
        for reading, each in log_ratios(space, parameters, on_device).items():
            found.setdefault(reading, []).append(each.cpu())
    return {reading: torch.cat(each, 1).double().numpy() for reading, each in found.items()}


def validate(network: nn.Module, space: CodeSpace, chunks: Chunks) -> Values:
    """Every sample's log ratio by the family that is best for its reading on these samples."""
    best = {}
    for reading, each in read(network, space, chunks).items():
        best[reading] = each[each.mean(1).argmax()]
    values = {name: best[Reading(name)] for name in space}
    values[JOINT] = np.sum([best[reading] for reading in joint_readings(space)], axis=0)
    return values


class _Plan:
    """How far the training is, for whoever waits."""

    def __init__(self, budget: Budget, say: Say) -> None:
        rungs = len(budget.rates) + len(budget.widths) - 1
        self.total = budget.rounds[0] * rungs + sum(budget.rounds[1:])
        self.done, self.say, self.text = 0, say, "training Q"

    def step(self) -> None:
        self.done += 1
        self.say(self.text, self.done / self.total)

    def bound(self, curve: Mapping[str, list[Point]], missing: Mapping[str, float]) -> None:
        value, most = curve[JOINT][-1].value, max(missing.values())
        rule = "stop" if most < TOLERANCE else f"goes on, needs < {TOLERANCE:g}"
        self.text = f"training Q, L_I of all codes {value:.3f} nats, missing ≤ {most:.4f} ({rule})"
        self.say(self.text, self.done / self.total)

    def finished(self) -> None:
        self.say(self.text, 1.0)


def _gains(values: Values, before: Values) -> dict[str, float]:
    """Upper 95 % limits of what was gained, on the same samples, nats."""
    limits = {}
    for name in values:
        gained = values[name] - before[name]
        error = gained.std(ddof=1) / math.sqrt(len(gained))
        limits[name] = float(gained.mean() + stats.norm.ppf(0.95) * error)
    return limits


def still_missing(gain: float, before: int, after: int) -> float:
    """What is still missing, nats, if training from `before` to `after` steps gained `gain`.

    A bound b(n) that falls short of its limit by a n^-s gains a (before^-s − after^-s), and
    a after^-s is still missing. The smaller s, the more that is; s is taken as `SLOWEST`.

    >>> round(still_missing(0.001, 1_000, 2_000), 6)
    0.003847
    >>> still_missing(-0.001, 1_000, 2_000)
    0.0
    """
    return max(0.0, gain) / (math.pow(after / before, SLOWEST) - 1)


def may_be_missing(gain: float, before: int, after: int) -> float:
    """The larger of what is still missing and what the round has lost at least, nats.

    `gain` is an upper 95 % limit: where it is below 0, the bound fell significantly, and −`gain` is
    the lower 95 % limit of the fall. A round that spoils a code does not show that it converged.

    >>> may_be_missing(-0.02, 1_000, 2_000)
    0.02
    """
    return max(still_missing(gain, before, after), -gain)


def _missed(
    space: CodeSpace, values: Values, by_training: dict[str, float], by_size: dict[str, float]
) -> dict[str, float]:
    """The larger of the two, and not more than is left to H(c)."""
    ceilings = ceilings_of(space)
    left = {name: ceilings[name] - float(each.mean()) for name, each in values.items()}
    return {
        name: max(0.0, min(max(by_training[name], by_size[name]), left[name])) for name in values
    }


def ceilings_of(space: CodeSpace) -> dict[str, float]:
    """What no information can exceed, nats: H(c) of categorical codes, infinite for others."""
    limits = {
        name: code.entropy if code.kind == "categorical" else math.inf
        for name, code in space.items()
    }
    return {**limits, JOINT: sum(limits.values())}
