"""Results about I(c; G(z, c)), from fresh samples of the generator: no real images, no labels."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from infoeval.checkpoint import Checkpoint
from infoeval.codes import Code, CodeSpace
from infoeval.errors import UserError
from infoeval.evaluation.catalogue import INFORMATION, OWN
from infoeval.evaluation.options import Recipe
from infoeval.information.checkpoint_information import (
    CheckpointInformation,
    estimate_checkpoint,
)
from infoeval.information.own_bound import LowerBound, own_lower_bound
from infoeval.information.post_hoc import Estimate, Information, estimate
from infoeval.information.self_test import Check, SelfTest
from infoeval.results import Result
from infoeval.subjects.model import CheckpointModel

__all__ = ["drawn_results", "information_results", "own_results"]

Generate = Callable[[Mapping[str, Tensor], Tensor], Tensor]

REFERENCE = "Barber and Agakov 2003; Chen et al. 2016, eq. 5"
NORMAL = "normal, over fresh samples"
IN_THE_RESULT = ("code", "value", "low", "high", "level", "samples")
"""Fields of an `Information` that a result has outside its details."""


def own_results(checkpoint: Checkpoint, recipe: Recipe) -> list[Result]:
    """`mi-own` of every code. Raises UserError for networks that compute no finite numbers."""
    recipe.say(f"L_I by the checkpoint's own Q, {recipe.samples:,} fresh samples", None)
    started = time.perf_counter()
    model = CheckpointModel(checkpoint, recipe.device)
    bounds = own_lower_bound(model, count=recipe.samples, seed=recipe.seed, level=recipe.level)
    return _own(bounds, checkpoint.trainer.codes, recipe, time.perf_counter() - started)


def information_results(checkpoint: Checkpoint, recipe: Recipe) -> list[Result]:
    """`mi`, `mi-synergy`, `mi-refitted` and `mi-own`, all from one estimate.

    The leakage matrix, the self-test and the seconds by activity are details of the result of all
    codes together, or of the only code where there is one.

    Raises UserError for networks that compute no finite numbers.
    """
    started = time.perf_counter()
    found = estimate_checkpoint(
        CheckpointModel(checkpoint, recipe.device),
        budget=recipe.budget,
        seed=recipe.seed,
        device=str(recipe.device),
        level=recipe.level,
        progress=recipe.say,
    )
    seconds = time.perf_counter() - started
    return [
        *_post_hoc(found.post_hoc, seconds),
        *_synergy(found.post_hoc, seconds),
        *_refitted(found, seconds),
        *_own(found.own, checkpoint.trainer.codes, recipe, seconds),
    ]


def drawn_results(codes: CodeSpace, generate: Generate, recipe: Recipe) -> list[Result]:
    """`mi` and `mi-synergy` of any generator: `generate(codes, noise)` as in `infoeval.Model`.

    Raises UserError for one that returns no images.
    """
    started = time.perf_counter()

    def render(values: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        count = len(next(iter(values.values())))
        return generate(values, codes.sample_noise(count, generator))

    found = estimate(
        codes,
        render,
        budget=recipe.budget,
        seed=recipe.seed,
        device=str(recipe.device),
        level=recipe.level,
        progress=recipe.say,
    )
    seconds = time.perf_counter() - started
    return [*_post_hoc(found, seconds), *_synergy(found, seconds)]


def _own(
    bounds: Mapping[str, LowerBound], codes: Mapping[str, Code], recipe: Recipe, seconds: float
) -> list[Result]:
    if not all(math.isfinite(bound.low) and math.isfinite(bound.high) for bound in bounds.values()):
        raise UserError("the checkpoint's networks compute numbers that are not finite")
    return [
        _lower_bound(
            OWN,
            name,
            bound,
            settings={"seed": recipe.seed, "samples": bound.count, "pixels": "8 bits"},
            seconds=seconds,
            reference="Chen et al. 2016, eq. 5",
            details={"kind": codes[name].kind},
        )
        for name, bound in bounds.items()
    ]


def _refitted(found: CheckpointInformation, seconds: float) -> list[Result]:
    return [
        _lower_bound(
            f"{INFORMATION}-refitted",
            name,
            bound,
            settings=dict(found.post_hoc.settings),
            seconds=seconds,
            reference=REFERENCE,
            details={"family": bound.family, "temperature": bound.temperature},
        )
        for name, bound in found.refitted.items()
    ]


def _lower_bound(
    metric: str,
    name: str,
    bound: LowerBound,
    *,
    settings: dict[str, Any],
    seconds: float,
    reference: str,
    details: dict[str, Any] | None = None,
) -> Result:
    return Result(
        metric=metric,
        target=name,
        value=bound.value,
        low=bound.low,
        high=bound.high,
        level=bound.level,
        n=bound.count,
        unit="nats",
        higher_is_better=True,
        settings=settings,
        seconds=seconds,
        reference=reference,
        details={"entropy": bound.entropy, "interval": NORMAL, **(details or {})},
    )


def _post_hoc(estimate: Estimate, seconds: float) -> list[Result]:
    """`mi` of every code, and of all of them where there are two or more."""
    whole = {
        "leakage": asdict(estimate.leakage),
        "self_test": _self_test(estimate.self_test),
        "seconds": dict(estimate.seconds),
    }
    every = [*estimate.values(), *([estimate.joint] if len(estimate) > 1 else [])]
    return [
        _information(found, whole if found is every[-1] else {}, estimate, seconds)
        for found in every
    ]


def _information(
    found: Information, more: dict[str, Any], estimate: Estimate, seconds: float
) -> Result:
    details = {name: value for name, value in asdict(found).items() if name not in IN_THE_RESULT}
    return Result(
        metric=INFORMATION,
        target=found.code,
        value=found.value,
        low=found.low,
        high=found.high if math.isfinite(found.high) else None,
        level=found.level,
        n=found.samples,
        unit="nats",
        higher_is_better=True,
        settings=dict(estimate.settings),
        seconds=seconds,
        reference=REFERENCE,
        details=_plain(details | more),
    )


def _synergy(estimate: Estimate, seconds: float) -> list[Result]:
    """What all codes say beyond the sum of each: neither good nor bad, so not better if higher."""
    if len(estimate) < 2:
        return []
    return [
        Result(
            metric=f"{INFORMATION}-synergy",
            target=estimate.joint.code,
            value=estimate.synergy.value,
            low=estimate.synergy.low,
            high=estimate.synergy.high,
            level=estimate.joint.level,
            n=estimate.joint.samples,
            unit="nats",
            higher_is_better=False,
            settings=dict(estimate.settings),
            seconds=seconds,
            reference=REFERENCE,
            details={"interval": "normal, paired, over fresh samples"},
        )
    ]


def _self_test(checks: SelfTest) -> dict[str, Any]:
    def plain(each: tuple[Check, ...]) -> list[dict[str, Any]]:
        return [asdict(check) | {"error": check.error} for check in each]

    return {"null": plain(checks.null), "known": plain(checks.known), "channel": checks.channel}


def _plain(value: Any) -> Any:
    """As JSON holds it: lists for tuples, and None for what is not finite."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
