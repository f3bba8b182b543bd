"""Metrics of a generator, from its fresh samples alone: no real images, no labels."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from infoeval.codes import Code
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.requests import Request
from infoeval.information.budgets import find_budget
from infoeval.information.checkpoint_information import (
    CheckpointInformation,
    LowerBound,
    estimate_checkpoint,
    own_lower_bound,
)
from infoeval.information.post_hoc import Estimate, Information, estimate
from infoeval.information.self_test import Check, SelfTest
from infoeval.results import Result
from infoeval.results.result_details import SYNERGY
from infoeval.subjects.protocols import render_of

REFERENCE = "Barber and Agakov 2003; Chen et al. 2016, eq. 5"
NORMAL = "normal, over fresh samples"
RESULT_FIELDS = ("code", "value", "low", "high", "level", "samples")
"""Fields of an `Information` that a result holds outside its details."""


def run_on_generator(inputs: Inputs, request: Request) -> list[Result]:
    """Return `mi` and `mi-synergy` of a generator; of a checkpoint `mi-refitted` and `mi-own`, too.

    All come from one estimate. The leakage matrix, the self-test and the seconds by activity are
    details of the result of all codes together, or of the only code where there is one.

    Raises UserError for a generator that returns no images, or numbers that are not finite.
    """
    del request  # it has no settings of its own
    subject, context = inputs.subject, inputs.context
    generator = subject.generator
    assert generator is not None
    options: dict[str, Any] = {
        "budget": find_budget(inputs.options.information or inputs.options.budget),
        "seed": inputs.options.seed,
        "device": str(context.device),
        "level": inputs.options.level,
        "progress": context.progress,
    }
    started = time.perf_counter()
    if subject.model is None:
        post_hoc = estimate(generator.codes, render_of(generator), **options)
        seconds = time.perf_counter() - started
        return [*_post_hoc(post_hoc, seconds), *_synergy(post_hoc, seconds)]
    columns = estimate_checkpoint(subject.model, **options)
    seconds = time.perf_counter() - started
    return [
        *_post_hoc(columns.post_hoc, seconds),
        *_synergy(columns.post_hoc, seconds),
        *_refitted(columns, inputs, seconds),
        *_own(columns.own, inputs, seconds),
    ]


def run_on_recognition(inputs: Inputs, request: Request) -> list[Result]:
    """Return `mi-own` of every code of a checkpoint.

    Raises UserError for networks that compute no finite numbers.
    """
    del request  # it has no settings of its own
    options, model = inputs.options, inputs.subject.model
    assert model is not None
    text = f"L_I by the checkpoint's own Q, {options.samples:,} fresh samples"
    inputs.context.progress(text, None)
    started = time.perf_counter()
    bounds = own_lower_bound(model, count=options.samples, seed=options.seed, level=options.level)
    return _own(bounds, inputs, time.perf_counter() - started)


def _own(bounds: Mapping[str, LowerBound], inputs: Inputs, seconds: float) -> list[Result]:
    codes = inputs.subject.codes
    assert codes is not None
    return [
        _lower_bound(
            "mi-own",
            name,
            bound,
            settings={"seed": inputs.options.seed, "samples": bound.count, "pixels": "8 bits"},
            seconds=seconds,
            reference="Chen et al. 2016, eq. 5",
            details={"kind": codes[name].kind, "highest": highest_of(codes[name])},
        )
        for name, bound in bounds.items()
    ]


def _refitted(columns: CheckpointInformation, inputs: Inputs, seconds: float) -> list[Result]:
    codes = inputs.subject.codes
    assert codes is not None
    return [
        _lower_bound(
            "mi-refitted",
            name,
            bound,
            settings=dict(columns.post_hoc.settings),
            seconds=seconds,
            reference=REFERENCE,
            details={
                "family": bound.family,
                "temperature": bound.temperature,
                "highest": highest_of(codes[name]),
            },
        )
        for name, bound in columns.refitted.items()
    ]


def highest_of(code: Code) -> float | None:
    """Return the most that any image can say of a code, nats; None: there is no limit."""
    return code.entropy if code.is_categorical else None


def _lower_bound(
    metric: str,
    name: str,
    bound: LowerBound,
    *,
    settings: dict[str, Any],
    seconds: float,
    reference: str,
    details: dict[str, Any],
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
        details={"entropy": bound.entropy, "interval": NORMAL, **details},
    )


def _post_hoc(estimate: Estimate, seconds: float) -> list[Result]:
    """Return `mi` of every code, and of all codes together where there are two or more."""
    whole = {
        "leakage": asdict(estimate.leakage),
        "self_test": _self_test(estimate.self_test),
        "seconds": dict(estimate.seconds),
    }
    codes = [*estimate.values(), *([estimate.joint] if len(estimate) > 1 else [])]
    return [
        _information(code, whole if code is codes[-1] else {}, estimate, seconds) for code in codes
    ]


def _information(
    code: Information, more: dict[str, Any], estimate: Estimate, seconds: float
) -> Result:
    details = {name: value for name, value in asdict(code).items() if name not in RESULT_FIELDS}
    return Result(
        metric="mi",
        target=code.code,
        value=code.value,
        low=code.low,
        high=code.high if math.isfinite(code.high) else None,
        level=code.level,
        n=code.samples,
        unit="nats",
        higher_is_better=True,
        settings=dict(estimate.settings),
        seconds=seconds,
        reference=REFERENCE,
        details=_plain(details | more),
    )


def _synergy(estimate: Estimate, seconds: float) -> list[Result]:
    """Return what all codes carry beyond the sum of each; not better if higher, nor if lower."""
    if len(estimate) < 2 or estimate.synergy is None:
        return []
    return [
        Result(
            metric=SYNERGY,
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


def _self_test(test: SelfTest) -> dict[str, Any]:
    def plain(checks: tuple[Check, ...]) -> list[dict[str, Any]]:
        return [asdict(check) | {"error": check.error} for check in checks]

    return {"null": plain(test.null), "known": plain(test.known), "channel": test.channel}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: lists for tuples, and None for what is not finite."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
