"""Training the post hoc Q: which size, rate and input, how many rounds, and when to stop."""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.information.budgets import SMALLEST_GAIN, TOLERANCE, Budget
from infoeval.information.lower_bound import Values, family_log_ratios
from infoeval.information.pixel_inputs import PIXELS, possible_inputs
from infoeval.information.posteriors import MOST_CODES, families_of
from infoeval.information.recognition_network import (
    Conditional,
    RecognitionNetwork,
    chain_rule,
    log_ratios,
)
from infoeval.information.streams import (
    CHUNK,
    JOINT,
    Chunk,
    Progress,
    Samples,
    Stream,
    seeded_weights,
)

SLOWEST = 1 / 3
"""The remaining gain is assumed to shrink at least as this power of the steps: `remaining_gain`."""
WARM_UP = 100
"""Steps over which the learning rate rises, at most."""
WINDOW = 8
"""Number of chunks that are shuffled together."""
LARGEST_GRADIENT = 1.0
"""Norm at which gradients are clipped."""
BEHIND, LEAST_WEIGHT = 0.1, 0.1
"""A family counts by exp(−d / `BEHIND`) in the loss, d the nats by which it is behind the best, but
not less than `LEAST_WEIGHT`."""
DROPPED = 0.05
"""A family that is so many nats behind the best is not trained any more. The first round is too
short to tell: sharp densities are learned late."""
MEMORY = 0.9
"""What the mean of a family keeps of itself in each step."""

AddNoise = Callable[[Tensor], tuple[Tensor, Tensor]]
"""uint8 images to noisy images and the deviations (n,) of their noise."""
Kept = Mapping[Conditional, tuple[int, ...]]
"""The numbers of the families of each conditional that are trained on."""


@dataclass(frozen=True)
class Point:
    """One point of a learning curve: L_I on the validation stream, nats.

    `width` is the size of Q, `rate` its learning rate in the first round, `steps` its training so
    far and `input` what it is shown of an image. `gain` is the upper 95 % limit of the gain over
    the best point before it, on the same samples, and below 0 after a significant fall; None for
    the first point.
    """

    width: int
    rate: float
    steps: int
    value: float
    gain: float | None
    input: str = PIXELS


@dataclass(frozen=True)
class Fit:
    """A trained Q and its history; `curve` and `missed` are by code name and for `JOINT`.

    `missed` is what this search may have missed, nats: the largest of the upper 95 % limit of what
    more training might gain under the law of `remaining_gain`, those of what a larger Q and one
    with another input gained, and the lower 95 % limit of the last round's loss. It says nothing of
    a Q of another kind. `input` is what Q is shown of an image, and `of_pixels` the best Q that is
    shown pixels, where that is another one.
    """

    network: RecognitionNetwork
    rate: float
    curve: dict[str, list[Point]]
    missed: dict[str, float]
    input: str = PIXELS
    of_pixels: RecognitionNetwork | None = None

    def converged(self, name: str) -> bool:
        """Return whether the search may have missed less than `TOLERANCE`."""
        return self.missed[name] < TOLERANCE


def fit(source: Samples, budget: Budget, device: torch.device, progress: Progress) -> Fit:
    """Return the Q that the budget finds: the best size, rate and input, trained to convergence.

    The smallest size is trained for the first round at each rate of the budget, then every larger
    size at the better rate, all on the same samples. A larger size that gains less than
    `SMALLEST_GAIN` for every code and for all together is dropped, and no further size is tried.
    Then each further input is tried at the size that was best and the first rate, and kept by the
    same rule: where pixels show nothing, the better of two rates is an accident.
    The best Q is trained for more rounds, each from half the learning rate of the one before down
    to zero, until the remaining gain is below `TOLERANCE` or the budget ends.
    """
    search = _Search(source, budget, device, progress)
    for rate in budget.rates:
        search.try_candidate(budget.widths[0], rate)
    for width in budget.widths[1:]:
        if max(search.try_candidate(width, search.rate).values()) < SMALLEST_GAIN:
            break
    for shown in search.inputs[1:]:
        search.try_candidate(search.width, budget.rates[0], shown)
    for number, steps in enumerate(budget.rounds[1:], 1):
        search.continue_training(steps, search.rate / 2**number)
        if search.finished():
            break
    progress(search.text, 1.0)
    return search.found()


class _Search:
    """The best Q so far, and the gains on the way to it."""

    network: RecognitionNetwork
    of_pixels: RecognitionNetwork
    values: Values
    kept: Kept | None = None

    def __init__(
        self, source: Samples, budget: Budget, device: torch.device, progress: Progress
    ) -> None:
        self.source, self.budget, self.device, self.progress = source, budget, device, progress
        self.validation = source.chunks(Stream.VALIDATION, budget.validation)
        names = [*source.space, JOINT]
        self.curve: dict[str, list[Point]] = {name: [] for name in names}
        self.by_size = dict.fromkeys(names, math.inf)
        self.by_training = dict.fromkeys(names, math.inf)
        self.by_input = dict.fromkeys(names, 0.0)
        self.inputs = possible_inputs(budget.inputs, source.example)
        self.width, self.input = budget.widths[0], self.inputs[0]
        self.rate, self.steps, self.chunk = budget.rates[0], 0, 0
        candidates = len(budget.rates) + len(budget.widths) + len(self.inputs) - 2
        self.all_steps = budget.rounds[0] * candidates + sum(budget.rounds[1:])
        self.all_steps_done, self.text = 0, "training Q"

    def try_candidate(self, width: int, rate: float, shown: str | None = None) -> dict[str, float]:
        """Return the gains of a fresh Q after the first round; it is kept if it is better."""
        shown = shown or self.inputs[0]
        network = new_network(self.source, width, self.device, shown)
        self.steps = self.budget.rounds[0]
        self.chunk = chunks_of_round(self.budget, self.steps)
        values, _ = self._train(network, 0, self.steps, rate)
        first = not any(self.curve.values())
        gains = dict.fromkeys(values, math.inf) if first else _gains(values, self.values)
        better = first or float(values[JOINT].mean()) > float(self.values[JOINT].mean())
        self._record(network, rate, shown, values, None if first else gains)
        other_input = shown != self.inputs[0]
        if other_input:
            self.by_input = {name: max(self.by_input[name], gains[name]) for name in gains}
        elif width > self.budget.widths[0]:
            self.by_size = gains
        if other_input or width > self.budget.widths[0]:
            better = better and max(gains.values()) >= SMALLEST_GAIN
        if better:
            self.network, self.values = network, values
            self.width, self.rate, self.input = width, rate, shown
            if not other_input:
                self.of_pixels = network
        return gains

    def continue_training(self, steps: int, rate: float) -> None:
        """Train the best Q for one more round, and undo the round if it made Q worse."""
        network, before, kept = copy.deepcopy(self.network), self.values, self.kept
        self.values, self.kept = self._train(self.network, self.chunk, steps, rate)
        self.chunk += chunks_of_round(self.budget, steps)
        gains = _gains(self.values, before)
        self.by_training = {
            name: possible_gain(gain, self.steps, self.steps + steps)
            for name, gain in gains.items()
        }
        self.steps += steps
        self._record(self.network, self.rate, self.input, self.values, gains)
        value, missing = self.curve[JOINT][-1].value, max(self.by_training.values())
        rule = "enough" if missing < TOLERANCE else f"training until < {TOLERANCE:g}"
        self.text = (
            f"training Q, L_I of all codes {value:.3f} nats, missing ≤ {missing:.4f} ({rule})"
        )
        self.progress(self.text, self.all_steps_done / self.all_steps)
        if self.values[JOINT].mean() < before[JOINT].mean():
            self.network, self.values, self.kept = network, before, kept

    def missed(self) -> dict[str, float]:
        """Return what Q may miss of each code, nats."""
        by_candidate = {name: max(self.by_size[name], self.by_input[name]) for name in self.by_size}
        return _missed(self.source.space, self.values, self.by_training, by_candidate)

    def found(self) -> Fit:
        """Return the best Q and its history."""
        of_pixels = None if self.input == self.inputs[0] else self.of_pixels
        return Fit(self.network, self.rate, self.curve, self.missed(), self.input, of_pixels)

    def finished(self) -> bool:
        """Return whether more training is useless: it cannot replace a larger Q."""
        return min(max(self.by_training.values()), max(self.missed().values())) < TOLERANCE

    def _train(
        self, network: RecognitionNetwork, chunk: int, steps: int, rate: float
    ) -> tuple[Values, Kept]:
        def step_done(step: int) -> None:
            self.progress(self.text, (self.all_steps_done + step) / self.all_steps)

        train_round(
            network, self.source, chunk, steps, self.budget, step_done, rate=rate, kept=self.kept
        )
        self.all_steps_done += steps
        ratios = family_log_ratios(network, self.source.space, self.validation)
        return best_values(self.source.space, ratios), promising(self.source.space, ratios)

    def _record(
        self,
        network: RecognitionNetwork,
        rate: float,
        shown: str,
        values: Values,
        gains: dict[str, float] | None,
    ) -> None:
        width = network.trunk.width // 8
        for name, points in self.curve.items():
            gain = gains[name] if gains else None
            value = float(values[name].mean())
            points.append(Point(width, rate, self.steps, value, gain, shown))


def new_network(
    source: Samples, width: int, device: torch.device, shown: str = PIXELS
) -> RecognitionNetwork:
    """Return a Q of this size with fresh weights, the same ones for the same seed."""
    with seeded_weights(source.generator(Stream.INIT, width)):
        network = RecognitionNetwork(source.space, source.example, width, shown)
    return network.to(device).to(memory_format=torch.channels_last)


def train_round(
    network: nn.Module,
    source: Samples,
    first_chunk: int,
    steps: int,
    budget: Budget,
    step_done: Callable[[int], None],
    add_noise: AddNoise | None = None,
    *,
    rate: float,
    kept: Kept | None = None,
) -> None:
    """Maximise L_I of every conditional by every family over one round, by Adam.

    The families of a conditional share all of Q but their parameters: the less one reads, the less
    it counts for what is shared, so that hopeless ones do not blur the edges of the best. Its own
    parameters are learned as fast, as Adam's steps do not depend on the scale of a loss. Only the
    `kept` families are trained; None: all.
    The learning rate warms up to `rate` and decays along a cosine to zero. Samples are those of the
    training stream from `first_chunk` on. `step_done` is called with the number of steps done.
    """
    device = next(network.parameters()).device
    shuffle = source.generator(Stream.INIT, 1_000 + first_chunk)
    optimizer = torch.optim.Adam(network.parameters(), rate, betas=(0.9, 0.99), fused=True)
    batches = _batches(source, first_chunk, steps, budget, shuffle, device)
    weighted = _WeightedFamilies()
    network.train()
    for step, (codes, images) in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate * _rate_factor(step, steps)
        noise = None
        if add_noise is not None:
            images, noise = add_noise(images)
        ratios = log_ratios(source.space, network(images, codes, noise), codes, kept)
        loss = -torch.stack([weighted.sum(*item) for item in ratios.items()]).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        step_done(step + 1)
    network.eval()


class _WeightedFamilies:
    """Sums of log ratios over the families of each conditional, weighted by what they read."""

    def __init__(self) -> None:
        self.means: dict[Conditional, Tensor] = {}

    def sum(self, target: Conditional, ratios: Tensor) -> Tensor:
        """Return the weighted sum of the means of log ratios (families, n), a scalar."""
        means = ratios.mean(1)
        known = self.means.get(target, means).detach()
        self.means[target] = known = known.lerp(means.detach(), 1 - MEMORY)
        weights = ((known - known.max()) / BEHIND).exp().clamp_min(LEAST_WEIGHT)
        return (weights * means).sum()


def chunks_of_round(budget: Budget, steps: int) -> int:
    """Return the number of fresh chunks that a round uses."""
    return math.ceil(steps * budget.batch / (budget.passes * CHUNK))


def _batches(
    source: Samples,
    first: int,
    steps: int,
    budget: Budget,
    shuffle: torch.Generator,
    device: torch.device,
) -> Iterator[Chunk]:
    """Yield `steps` batches on a device: every pass over the round's chunks in a new order."""
    count = chunks_of_round(budget, steps)
    done = 0
    while done < steps:
        order = (first + torch.randperm(count, generator=shuffle)).tolist()
        for start in range(0, count, WINDOW):
            window = [source.chunk(Stream.TRAIN, n) for n in order[start : start + WINDOW]]
            images = torch.cat([part for _, part in window]).to(device)
            codes = {
                name: torch.cat([part[name] for part, _ in window]).to(device)
                for name in source.space
            }
            rows = torch.randperm(len(images), generator=shuffle).to(device)
            for batch in torch.split(rows, budget.batch):
                if done == steps:
                    return
                yield {name: values[batch] for name, values in codes.items()}, images[batch]
                done += 1


def _rate_factor(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / min(WARM_UP, max(steps // 5, 1)))
    return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def best_values(space: CodeSpace, ratios: Mapping[Conditional, NDArray[np.float64]]) -> Values:
    """Return every sample's log ratio by the family that is best on these samples.

    `ratios` are the log ratios (families, n) of every conditional.
    """
    best = {target: values[values.mean(1).argmax()] for target, values in ratios.items()}
    values = {name: best[Conditional(name)] for name in space}
    values[JOINT] = np.sum([best[factor] for factor in chain_rule(space)], axis=0)
    return values


def promising(space: CodeSpace, ratios: Mapping[Conditional, NDArray[np.float64]]) -> Kept:
    """Return the families of each conditional that are less than `DROPPED` behind the best.

    Those that are there for comparison only are kept as well.
    """
    kept = {}
    for target, values in ratios.items():
        means = dict(zip(families_of(space, target.code), values.mean(1), strict=True))
        best = max(mean for family, mean in means.items() if not family.is_compared_only)
        kept[target] = tuple(
            number
            for number, (family, mean) in enumerate(means.items())
            if family.is_compared_only or mean > best - DROPPED
        )
    return kept


def _gains(values: Values, before: Values) -> dict[str, float]:
    """Return upper 95 % limits of the gains on the same samples, nats."""
    limits = {}
    for name in values:
        gained = values[name] - before[name]
        error = gained.std(ddof=1) / math.sqrt(len(gained))
        limits[name] = float(gained.mean() + stats.norm.ppf(0.95) * error)
    return limits


def remaining_gain(gain: float, before: int, after: int) -> float:
    """Return what more training might gain, nats, after a round that gained `gain`.

    A bound that falls short of its limit by a n^-s at step n gains a (before^-s − after^-s) from
    step `before` to step `after`, and a after^-s remains. The smaller s, the more remains; s is
    taken as `SLOWEST`.

    >>> round(remaining_gain(0.001, 1_000, 2_000), 6)
    0.003847
    >>> remaining_gain(-0.001, 1_000, 2_000)
    0.0
    """
    return max(0.0, gain) / (math.pow(after / before, SLOWEST) - 1)


def possible_gain(gain: float, before: int, after: int) -> float:
    """Return the larger of the remaining gain and the least that the round has lost, nats.

    `gain` is an upper 95 % limit. Below 0 the bound fell significantly, and −`gain` is the lower
    95 % limit of the fall: a round that spoils a code is no sign of convergence.

    >>> possible_gain(-0.02, 1_000, 2_000)
    0.02
    """
    return max(remaining_gain(gain, before, after), -gain)


def _missed(
    space: CodeSpace, values: Values, by_training: dict[str, float], by_candidate: dict[str, float]
) -> dict[str, float]:
    """Return the larger possible gain of each code, and at most what is left to H(c).

    Of more than `MOST_CODES` codes each may still gain what all together may: they are learned one
    after another, and one that is not yet read looks like one that cannot be.
    """
    limits = ceilings(space)
    left = {name: limits[name] - float(ratios.mean()) for name, ratios in values.items()}
    gains = {name: max(by_training[name], by_candidate[name]) for name in values}
    if len(space) > MOST_CODES:
        gains = {name: max(gain, gains[JOINT]) for name, gain in gains.items()}
    return {name: max(0.0, min(gains[name], left[name])) for name in values}


def ceilings(space: CodeSpace) -> dict[str, float]:
    """Return upper limits of the information, nats: H(c) of a categorical code, else infinity."""
    limits = {
        name: code.entropy if code.is_categorical else math.inf for name, code in space.items()
    }
    return {**limits, JOINT: sum(limits.values())}
