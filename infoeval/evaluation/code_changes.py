"""Results of the metrics of what changes in generated images when one code is drawn anew."""

from dataclasses import replace
from typing import Any

import torch

from infoeval.errors import UserError
from infoeval.evaluation.array_metrics import score_options, timed
from infoeval.evaluation.drawn_images import drawn_images
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.requests import Request
from infoeval.metrics.score import Score
from infoeval.metrics.stats.row_intervals import LEAST_ROWS
from infoeval.results import Result


def run_on_changes(inputs: Inputs, request: Request) -> list[Result]:
    """Return the results of a metric of images before and after a change, of each code.

    A code is drawn anew from its prior, the noise and all other codes stay; the other images have
    nothing in common with the first.

    Raises UserError for settings that cannot be, and where the generator fails.
    """
    generator, options = inputs.subject.generator, inputs.options
    assert generator is not None
    settings = {**request.metric.evaluated, **request.settings}
    most = settings.pop("images")
    if not isinstance(most, int) or most < LEAST_ROWS:
        raise UserError(f"images must be a whole number from {LEAST_ROWS} up, not {most!r}")
    count, space = min(most, options.rows), generator.codes
    random = torch.Generator().manual_seed(options.seed)
    codes, others = space.sample(count, random), space.sample(count, random)
    noise, other_noise = space.sample_noise(count, random), space.sample_noise(count, random)
    before = drawn_images(generator, codes, noise)
    chance = drawn_images(generator, others, other_noise)
    results: list[Result] = []
    for number, name in enumerate(space):
        inputs.context.progress(f"changing {name}", number / len(space))
        after = drawn_images(generator, {**codes, name: others[name]}, noise)
        arguments: dict[str, Any] = score_options(options) | settings
        score, seconds = timed(request, request.metric.function, before, after, chance, **arguments)
        results += _results(inputs, request, name, score, seconds)
    return results


def _results(
    inputs: Inputs, request: Request, code: str, score: Score, seconds: float
) -> list[Result]:
    """Return one result for each number of a code's score, and keep what to compare it by."""
    shown: dict[str, Any] = {"seed": inputs.options.seed, "images": score.n}
    if request.settings:
        shown["own"] = dict(request.settings)
    results: list[Result] = []
    for place, (name, part) in enumerate(score.details["parts"].items()):
        result = Result.of(
            replace(score, **part, details={"interval": score.details["interval"]}),
            metric=request.named(name),
            target=code,
            settings=shown,
            seconds=0.0 if place else seconds,
        )
        results.append(result)
        if score.samples is not None:
            inputs.samples[result.key] = score.samples.number(place)
    return results
