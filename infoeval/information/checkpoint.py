"""The three columns of a checkpoint: its own Q, that Q with a new head, and a post hoc Q."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from infoeval.devices import has_bfloat16
from infoeval.information.budgets import Budget, find_budget
from infoeval.information.estimate import Estimate, estimate_from
from infoeval.information.fitting import Say, draw, train
from infoeval.information.own import OwnBound, own_lower_bound
from infoeval.information.recognition import Heads, Reading
from infoeval.information.scores import score
from infoeval.information.streams import Source, Stream
from infoeval.intervals import normal_interval
from infoeval.model import CheckpointModel, Recognition

__all__ = ["CheckpointInformation", "RefittedBound", "estimate_checkpoint", "refitted"]

SAMPLES = 20_000
FITTING_STEPS = 400


@dataclass(frozen=True)
class RefittedBound:
    """L_I of one code by the checkpoint's own features under a new head, nats."""

    value: float
    low: float
    high: float
    level: float
    count: int
    entropy: float
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

    own: dict[str, OwnBound]
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
    """All three columns; see `infoeval.information.estimate` for the arguments and errors."""
    tell = say or (lambda text, share: None)
    recipe = find_budget(budget)
    source = source_of(model, seed)
    tell("reading by the checkpoint's own Q", 0.0)
    count = min(SAMPLES, recipe.test)
    own = own_lower_bound(model, count=count, seed=seed, level=level)
    return CheckpointInformation(
        own,
        refitted(model, source, recipe, level, tell),
        estimate_from(source, recipe, device, level, say),
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
    network = _Refitted(model, source).to(model.device)
    steps = min(FITTING_STEPS, budget.rounds[0])
    done = [0]

    def step_done() -> None:
        done[0] += 1
        say("refitting the head of the checkpoint's Q", done[0] / steps)

    state = torch.random.get_rng_state()
    train(network, source, 0, steps, budget, step_done)
    torch.random.set_rng_state(state)
    validation = draw(source, Stream.VALIDATION, budget.validation)
    count = min(SAMPLES, budget.test)
    scores = score(network, source, budget, say, validation=validation, count=count)
    found = {}
    for name, code in source.space.items():
        value, low, high = normal_interval(scores.values[name], level)
        head = scores.heads[Reading(name)]
        found[name] = RefittedBound(
            value, low, high, level, scores.count, code.entropy, head.family.name, head.temperature
        )
    return found


class _Refitted(nn.Module):
    """Heads of ours on the frozen features of a checkpoint's Q: its layers but the last."""

    def __init__(self, model: CheckpointModel, source: Source) -> None:
        super().__init__()
        # Not a submodule: it is neither trained nor switched to the statistics of training.
        self.recognition = Recognition(model.networks, source.example)
        width = self.recognition.features(source.example[:2]).shape[1]
        self.normalise = nn.LayerNorm(width)
        self.heads = Heads(source.space, width)

    def forward(
        self, images: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Reading, Tensor]:
        del noise
        features = self.recognition.features(images)
        return self.heads(self.normalise(features), codes)  # type: ignore[no-any-return]
