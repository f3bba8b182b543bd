"""Three lower bounds for a checkpoint: by its own Q, by that Q with new heads, by a post hoc Q."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from infoeval.codes import CodeSpace
from infoeval.devices import has_bfloat16
from infoeval.errors import UserError
from infoeval.information.budgets import Budget, find_budget
from infoeval.information.lower_bound import score
from infoeval.information.post_hoc import Estimate, estimate_from
from infoeval.information.q_training import train_round
from infoeval.information.recognition_network import Conditional, Heads
from infoeval.information.streams import (
    Chunk,
    Progress,
    Samples,
    Source,
    Stream,
    seeded_weights,
)
from infoeval.intervals import normal_interval
from infoeval.metrics.registry import metric
from infoeval.subjects.checkpoint_model import CheckpointModel, Recognition
from infoeval.subjects.protocols import render_of, sample

SAMPLES = 20_000
"""Fresh samples for the two bounds that use the checkpoint's own Q, at most."""
FITTING_STEPS, PASSES = 400, 5
REFITTED = 1 << 20
"""The chunk number whose random generator initialises the new heads."""


@dataclass(frozen=True)
class LowerBound:
    """L_I of one code by the checkpoint's own Q, nats.

    `value` is H(c) + mean log q(c|x) over `count` fresh samples; `low` and `high` are its
    normal-theory interval at `level`, for the sampling of codes and noise alone. In expectation it
    is a lower bound on I(c; G(z, c)), so only sampling error lifts it above H(c) of a categorical
    code.
    """

    value: float
    low: float
    high: float
    level: float
    count: int
    entropy: float


@dataclass(frozen=True)
class RefittedBound(LowerBound):
    """L_I of one code by the checkpoint's own features under a new head, nats."""

    family: str
    temperature: float


@dataclass(frozen=True)
class CheckpointInformation:
    """Three bounds on the information of each code, by name, from the least to the most fair.

    `own`: by the checkpoint's Q as it is, the paper's L_I. `refitted`: by new heads on that Q's
    frozen features, which mends a head that is badly calibrated or of the wrong family.
    `post_hoc`: by a new Q, trained in the same way for every model: the headline, and the only fair
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
    progress: Progress | None = None,
) -> CheckpointInformation:
    """Return all three bounds; see `infoeval.information.estimate` for the arguments.

    Raises UserError as it does, and for networks that compute no finite numbers.
    """
    report = progress or (lambda text, share: None)
    budget = find_budget(budget)
    source = source_of(model, seed)
    report("L_I by the checkpoint's own Q", 0.0)
    features = _Features(source, Recognition(model.networks, source.example))
    own = _by_own_head(features, min(SAMPLES, budget.test), level)
    new_heads = refitted(model, features, budget, level, report)
    known = {name: max(own[name].low, new_heads[name].low) for name in own}
    post_hoc = estimate_from(source, budget, device, level, report, known=known)
    return CheckpointInformation(own, new_heads, post_hoc)


@metric(
    "mi-own",
    kind="recognition",
    range="up to H(c)",
    summary="L_I of each code by the checkpoint's own Q on fresh samples, nats",
    use="what training maximised, as in figure 1 of the InfoGAN paper",
    pitfalls="low if the model's own Q is weak, and far below 0 if that Q is confidently wrong: "
    "see mi",
)
@torch.no_grad()
def own_lower_bound(
    model: CheckpointModel, *, count: int = 20_000, seed: int = 0, level: float = 0.95
) -> dict[str, LowerBound]:
    """Return the checkpoint's own L_I(G, Q) of each code (eq. 5): what the paper plots in Figure 1.

    Codes and noise are drawn afresh, and images have 8 bits. Q's batch-norm statistics are
    estimated on generated images of another stream, because generated images are what Q was trained
    on. The generator runs on its running statistics.

    Args:
        model: a checkpoint's model.
        count: fresh samples.
        seed: of both streams.
        level: of the interval.

    Raises:
        UserError: the networks compute numbers that are not finite.

    """
    streams = [
        torch.Generator().manual_seed(int(state))
        for state in np.random.SeedSequence(seed).generate_state(2)
    ]
    _, calibration = sample(model, min(count, 10_000), streams[0])
    recognition = Recognition(model.networks, calibration)
    codes, images = sample(model, count, streams[1])
    return _lower_bounds(model.codes, recognition(images).cpu(), codes, level)


def _by_own_head(features: "_Features", count: int, level: float) -> dict[str, LowerBound]:
    """Return L_I by the checkpoint's Q as it is, on the test stream."""
    parts = features.chunks(Stream.TEST, count)
    parameters = torch.cat([features.recognition.of_features(part) for _, part in parts])
    codes = {name: torch.cat([part[name] for part, _ in parts]) for name in features.space}
    return _lower_bounds(features.space, parameters, codes, level)


def _lower_bounds(
    space: CodeSpace, parameters: Tensor, codes: Mapping[str, Tensor], level: float
) -> dict[str, LowerBound]:
    """Return H(c) + mean log q(c|x) of each code (eq. 5), from Q's parameters and true codes."""
    log_q = space.log_likelihood(parameters, codes)
    if not all(bool(values.isfinite().all()) for values in log_q.values()):
        raise UserError("the checkpoint's networks compute numbers that are not finite")
    return {
        name: LowerBound(
            *normal_interval(code.entropy + log_q[name].double().numpy(), level),
            level=level,
            count=len(parameters),
            entropy=code.entropy,
        )
        for name, code in space.items()
    }


def source_of(model: CheckpointModel, seed: int) -> Source:
    """Return the codes and generated images of a checkpoint.

    On devices with units for bfloat16 the images that Q is trained and chosen on are drawn in it,
    several times faster; every image that is scored is drawn in float32.
    """
    render = render_of(model)

    def fast_render(codes: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        with torch.autocast(model.device.type, torch.bfloat16):
            return render(codes, generator)

    training_render = fast_render if has_bfloat16(model.device) else None
    return Source(model.codes, render, seed, training_render=training_render)


def refitted(
    model: CheckpointModel,
    features: "_Features",
    budget: Budget,
    level: float,
    progress: Progress,
) -> dict[str, RefittedBound]:
    """Return L_I by new heads on the frozen features of the checkpoint's own Q."""
    # Features are costly to compute and a head needs few, so each is used several times.
    budget = replace(
        budget,
        passes=PASSES,
        validation=budget.validation // 2,
        calibration=budget.calibration // 2,
        test=min(budget.test, SAMPLES),
    )
    steps = min(FITTING_STEPS, math.ceil(budget.rounds[-1] / 2))

    def step_done(step: int) -> None:
        progress("refitting the head of the checkpoint's Q", step / steps)

    with seeded_weights(features.generator(Stream.INIT, REFITTED)):
        network = _NewHeads(features).to(model.device)
    train_round(network, features, 0, steps, budget, step_done, rate=budget.rates[-1])
    scores = score(network, features, budget, progress, count=budget.test)
    bounds = {}
    for name, code in features.space.items():
        head = scores.heads[Conditional(name)]
        bounds[name] = RefittedBound(
            *normal_interval(scores.values[name], level),
            level=level,
            count=scores.count,
            entropy=code.entropy,
            family=head.family.name,
            temperature=head.temperature,
        )
    return bounds


class _Features(Samples):
    """Codes and, in place of images, the inputs of the last layer of a checkpoint's Q."""

    def __init__(self, source: Source, recognition: Recognition) -> None:
        self.space, self.seed = source.space, source.seed
        self.recognition, self._source = recognition, source
        self._cache: dict[tuple[Stream, int], Chunk] = {}
        self.example = recognition.features(source.example)

    def chunk(self, stream: Stream, number: int) -> Chunk:
        if (stream, number) not in self._cache:
            codes, images = self._source.chunk(stream, number)
            self._cache[stream, number] = codes, self.recognition.features(images).cpu()
        return self._cache[stream, number]


class _NewHeads(nn.Module):
    """A recognition network without a trunk: its input are features."""

    def __init__(self, features: _Features) -> None:
        super().__init__()
        width = features.example.shape[1]
        self.normalise = nn.LayerNorm(width)
        self.heads = Heads(features.space, width)

    def forward(
        self, features: Tensor, codes: Mapping[str, Tensor], noise: Tensor | None = None
    ) -> dict[Conditional, Tensor]:
        del noise
        return self.heads(self.normalise(features), codes)  # type: ignore[no-any-return]
