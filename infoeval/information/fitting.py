"""Training the post hoc Q: a ladder of sizes, doubling rounds, and the rule that ends them."""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.information.budgets import TOLERANCE, Budget
from infoeval.information.recognition import (
    PostHocRecognition,
    Reading,
    joint_readings,
    log_ratios,
)
from infoeval.information.streams import CHUNK, JOINT, Chunk, Samples, Stream

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
    "train",
    "validate",
    "weights_from",
]

RATE = 6e-3
WARM_UP = 100
WINDOW = 8
"""Chunks that are shuffled together."""
LARGEST_GRADIENT = 1.0

Say = Callable[[str, float], None]
"""Told what is being done, and which share of it is done."""
Values = dict[str, NDArray[np.float64]]
"""log q(c|x)/p(c) of every sample, nats, (n,), by code name and for `JOINT`."""
Chunks = Sequence[Chunk]
Disturb = Callable[[Tensor], tuple[Tensor, Tensor]]
"""uint8 images to images with noise, and its deviations (n,)."""


@dataclass(frozen=True)
class Point:
    """One point of a learning curve: L_I on the validation stream, nats.

    `width` is the size of Q and `steps` its training so far. `gain` is the upper 95 % limit of
    what it is above the point before it, on the same samples; None for the first.
    """

    width: int
    steps: int
    value: float
    gain: float | None


@dataclass(frozen=True)
class Fit:
    """A trained Q and how it came about; `curve` and `missed` are by code name and for `JOINT`.

    `missed` is the upper 95 % limit, nats, of what the last round or the larger size gained:
    about what another doubling might gain, if gains go on shrinking as they do.
    """

    network: PostHocRecognition
    curve: dict[str, list[Point]]
    missed: dict[str, float]

    def converged(self, name: str) -> bool:
        """Whether neither more training nor a larger Q would be missed."""
        return self.missed[name] < TOLERANCE


def fit(source: Samples, budget: Budget, device: torch.device, say: Say) -> Fit:
    """Climb the ladder of sizes, then go on training until nothing is gained.

    Every size is trained for the first round, on the same samples. Where the next size gains
    less than `TOLERANCE` for every code and for all together, it is left and the one before it
    kept. What is kept is trained on, each round with a learning rate that decays to zero, until
    the upper 95 % limit of what a round gained is below `TOLERANCE`, or the budget ends. No code
    can gain more than is left to H(c).
    """
    names = [*source.space, JOINT]
    curve: dict[str, list[Point]] = {name: [] for name in names}
    validation = draw(source, Stream.VALIDATION, budget.validation)
    plan = _Plan(budget, say)

    network, values = _first_rung(source, budget, device, budget.widths[0], validation, plan)
    _record(curve, network, budget.rounds[0], values, None)
    by_size = dict.fromkeys(names, math.inf)
    for width in budget.widths[1:]:
        larger, read = _first_rung(source, budget, device, width, validation, plan)
        by_size = _gains(read, values)
        _record(curve, larger, budget.rounds[0], read, by_size)
        if max(by_size.values()) < TOLERANCE:
            break
        network, values = larger, read

    by_training = dict.fromkeys(names, math.inf)
    steps, chunk = budget.rounds[0], _chunks(budget, budget.rounds[0])
    for round_steps in budget.rounds[1:]:
        kept, before = copy.deepcopy(network), values
        train(network, source, chunk, round_steps, budget, plan.step)
        steps, chunk = steps + round_steps, chunk + _chunks(budget, round_steps)
        values = validate(network, source.space, validation)
        by_training = _gains(values, before)
        _record(curve, network, steps, values, by_training)
        plan.bound(curve, by_training)
        if values[JOINT].mean() < before[JOINT].mean():
            network, values = kept, before
        if max(_missed(source.space, values, by_training, by_size).values()) < TOLERANCE:
            break
        if max(by_training.values()) < TOLERANCE:
            break
    plan.finished()
    return Fit(network, curve, _missed(source.space, values, by_training, by_size))


def new_network(source: Samples, width: int, device: torch.device) -> PostHocRecognition:
    """A Q of this size with fresh weights, the same ones for the same seed."""
    with weights_from(source.generator(Stream.INIT, width)):
        network = PostHocRecognition(source.space, source.example, width)
    return network.to(device).to(memory_format=torch.channels_last)


@contextmanager
def weights_from(generator: torch.Generator) -> Iterator[None]:
    """Layers made inside have weights from this generator; torch's own stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())
        yield


def train(
    network: nn.Module,
    source: Samples,
    first_chunk: int,
    steps: int,
    budget: Budget,
    step_done: Callable[[], None],
    disturb: Disturb | None = None,
) -> None:
    """Maximise L_I of every reading by every family over one round, by Adam.

    The learning rate warms up and decays along a cosine to zero. Samples are those of the training
    stream from `first_chunk` on.
    """
    device = next(network.parameters()).device
    optimizer = torch.optim.Adam(network.parameters(), RATE, betas=(0.9, 0.99), fused=True)
    shuffle = source.generator(Stream.INIT, 1_000 + first_chunk)
    batches = _batches(source, first_chunk, steps, budget, shuffle)
    network.train()
    for step, (codes, images) in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, steps)
        noise = None
        if disturb is not None:
            images, noise = disturb(images)
            noise = noise.to(device)
        codes = {name: values.to(device) for name, values in codes.items()}
        parameters = network(images.to(device), codes, noise)
        bounds = [
            each.mean(1).sum() for each in log_ratios(source.space, parameters, codes).values()
        ]
        loss = -torch.stack(bounds).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        step_done()
    network.eval()


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
        self.total = budget.rounds[0] * len(budget.widths) + sum(budget.rounds[1:])
        self.done, self.say, self.text = 0, say, "training Q"

    def step(self) -> None:
        self.done += 1
        self.say(self.text, self.done / self.total)

    def bound(self, curve: Mapping[str, list[Point]], gains: Mapping[str, float]) -> None:
        value, gain = curve[JOINT][-1].value, max(gains.values())
        rule = "stop" if gain < TOLERANCE else f"goes on, needs < {TOLERANCE:g}"
        self.text = f"training Q, L_I of all codes {value:.3f} nats, gained ≤ {gain:.4f} ({rule})"
        self.say(self.text, self.done / self.total)

    def finished(self) -> None:
        self.say(self.text, 1.0)


def _first_rung(
    source: Samples,
    budget: Budget,
    device: torch.device,
    width: int,
    validation: Chunks,
    plan: _Plan,
) -> tuple[PostHocRecognition, Values]:
    network = new_network(source, width, device)
    train(network, source, 0, budget.rounds[0], budget, plan.step)
    return network, validate(network, source.space, validation)


def _chunks(budget: Budget, steps: int) -> int:
    """Fresh chunks of a round."""
    return math.ceil(steps * budget.batch / (budget.passes * CHUNK))


def _batches(
    source: Samples, first: int, steps: int, budget: Budget, shuffle: torch.Generator
) -> Iterator[Chunk]:
    """`steps` batches: every pass over the round's chunks in a new order."""
    count = _chunks(budget, steps)
    done = 0
    while done < steps:
        order = (first + torch.randperm(count, generator=shuffle)).tolist()
        for start in range(0, count, WINDOW):
            parts = [source.chunk(Stream.TRAIN, number) for number in order[start : start + WINDOW]]
            images = torch.cat([part for _, part in parts])
            codes = {name: torch.cat([each[name] for each, _ in parts]) for name in source.space}
            rows = torch.randperm(len(images), generator=shuffle)
            for batch in torch.split(rows, budget.batch):
                if done == steps:
                    return
                yield {name: values[batch] for name, values in codes.items()}, images[batch]
                done += 1


def _rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / min(WARM_UP, max(steps // 5, 1)))
    return RATE * warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def _gains(values: Values, before: Values) -> dict[str, float]:
    """Upper 95 % limits of what was gained, on the same samples, nats."""
    limits = {}
    for name in values:
        gained = values[name] - before[name]
        error = gained.std(ddof=1) / math.sqrt(len(gained))
        limits[name] = float(gained.mean() + stats.norm.ppf(0.95) * error)
    return limits


def _missed(
    space: CodeSpace, values: Values, by_training: dict[str, float], by_size: dict[str, float]
) -> dict[str, float]:
    """What may be missed of each code: not more than is left to H(c)."""
    missed = {name: max(by_training[name], by_size[name]) for name in values}
    ceilings = ceilings_of(space)
    return {
        name: max(0.0, min(missed[name], ceilings[name] - float(values[name].mean())))
        for name in values
    }


def ceilings_of(space: CodeSpace) -> dict[str, float]:
    """What no information can exceed, nats: H(c) of categorical codes, infinite for others."""
    limits = {
        name: code.entropy if code.kind == "categorical" else math.inf
        for name, code in space.items()
    }
    return {**limits, JOINT: sum(limits.values())}


def _record(
    curve: dict[str, list[Point]],
    network: PostHocRecognition,
    steps: int,
    values: Values,
    gains: dict[str, float] | None,
) -> None:
    for name, points in curve.items():
        gain = gains[name] if gains else None
        points.append(Point(network.trunk.width // 8, steps, float(values[name].mean()), gain))
