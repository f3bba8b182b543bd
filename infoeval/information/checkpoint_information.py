"""The three columns of a checkpoint: its own Q, that Q with a new head, and a post hoc Q."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from infoeval.devices import has_bfloat16
from infoeval.errors import UserError
from infoeval.information.budgets import Budget, find_budget
from infoeval.information.own_bound import LowerBound, own_lower_bound
from infoeval.information.post_hoc import Estimate, estimate_from
from infoeval.information.q_scores import score
from infoeval.information.q_training import Say, draw
from infoeval.information.recognition import Heads, Reading
from infoeval.information.streams import Chunk, Samples, Source, Stream
from infoeval.information.training_round import train, weights_from
from infoeval.intervals import normal_interval
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition

__all__ = ["CheckpointInformation", "RefittedBound", "estimate_checkpoint", "refitted"]

SAMPLES = 20_000
FITTING_STEPS, PASSES = 400, 5
REFITTED = 1 << 20
"""Number of the generator of the new heads' weights."""


@dataclass(frozen=True)
class RefittedBound(LowerBound):
    """L_I of one code by the checkpoint's own features under a new head, nats."""

    family: str
    temperature: float


@dataclass(frozen=True)
class CheckpointInformation:
    """What is read of each code, by name: three answers, from the least to the most fair.

    `own`: by the checkpoint's Q as it is, the paper's L_I. `refitted`: by new heads on that Q's
    frozen features, which mends a head that is badly calibrated or of the wrong family.
    `post_hoc`: by a new Q trained by one recipe for every model: the headline, and the only fair
    one where Q never taught G (λ = 0).
    """

    own: dict[str, LowerBound]
    refitted: dict[str, RefittedBound]
    post_hoc: Estimate


def estimate_checkpoint(
    model: CheckpointModel,
    *,
    budget: str | Budget = "standard",
    seed: int = 0,
    device: str = "auto",
    level: float = 0.95,
    say: Say | None = None,
) -> CheckpointInformation:
    """All three columns; see `infoeval.information.estimate` for the arguments.

    Raises UserError as it does, and for networks that compute no finite numbers.
    """
    tell = say or (lambda text, share: None)
    recipe = find_budget(budget)
    source = source_of(model, seed)
    tell("reading by the checkpoint's own Q", 0.0)
    count = min(SAMPLES, recipe.test)
    own = own_lower_bound(model, count=count, seed=seed, level=level)
    if not all(math.isfinite(bound.low) and math.isfinite(bound.high) for bound in own.values()):
        raise UserError("the checkpoint's networks compute numbers that are not finite")
    heads = refitted(model, source, recipe, level, tell)
    known = {name: max(own[name].low, heads[name].low) for name in own}
    return CheckpointInformation(
        own, heads, estimate_from(source, recipe, device, level, say, known=known)
    )


def source_of(model: CheckpointModel, seed: int) -> Source:
    """Codes and generated images of a checkpoint.

    On devices with units for bfloat16 the images that Q is trained on are drawn in it, several
    times faster; every image that is scored is drawn in float32.
    """

    def render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        count = len(next(iter(codes.values())))
        return model.generate(codes, model.codes.sample_noise(count, generator))

    def rough(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        with torch.autocast(model.device.type, torch.bfloat16):
            return render(codes, generator)

    fast = has_bfloat16(model.device)
    return Source(model.codes, render, seed, training_render=rough if fast else None)


def refitted(
    model: CheckpointModel, source: Source, budget: Budget, level: float, say: Say
) -> dict[str, RefittedBound]:
    """L_I by new heads on the features of the checkpoint's own Q, which stay as they are."""
    features = _Features(source, Recognition(model.networks, source.example))
    # Features are costly to compute and a head is learned from few: each is used several times.
    recipe = replace(
        budget,
        passes=PASSES,
        validation=budget.validation // 2,
        calibration=budget.calibration // 2,
        test=min(budget.test, SAMPLES),
    )
    steps = min(FITTING_STEPS, budget.rounds[0])
    done = [0]

    def step_done() -> None:
        done[0] += 1
        say("refitting the head of the checkpoint's Q", done[0] / steps)

    with weights_from(source.generator(Stream.INIT, REFITTED)):
        network = _Refitted(features).to(model.device)
    train(network, features, 0, steps, recipe, step_done, rate=recipe.rates[-1])
    validation = draw(features, Stream.VALIDATION, recipe.validation)
    scores = score(network, features, recipe, say, validation=validation, count=recipe.test)
    found = {}
    for name, code in source.space.items():
        value, low, high = normal_interval(scores.values[name], level)
        head = scores.heads[Reading(name)]
        found[name] = RefittedBound(
            value, low, high, level, scores.count, code.entropy, head.family.name, head.temperature
        )
    return found


class _Features(Samples):
    """Codes and, instead of images, what the last layer of a checkpoint's Q reads."""

    def __init__(self, source: Source, recognition: Recognition) -> None:
        self.space, self.seed = source.space, source.seed
        self._source, self._recognition = source, recognition
        self._kept: dict[tuple[Stream, int], Chunk] = {}
        self.example = recognition.features(source.example)

    def chunk(self, stream: Stream, number: int) -> Chunk:
        if (stream, number) not in self._kept:
            codes, images = self._source.chunk(stream, number)
            self._kept[stream, number] = codes, self._recognition.features(images).cpu()
        return self._kept[stream, number]


class _Refitted(nn.Module):
    """New heads on features."""

    def __init__(self, features: _Features) -> None:
        super().__init__()
        width = features.example.shape[1]
        self.normalise = nn.LayerNorm(width)
        self.heads = Heads(features.space, width)

    def forward(
        self, features: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Reading, Tensor]:
        del noise
        return self.heads(self.normalise(features), codes)  # type: ignore[no-any-return]
