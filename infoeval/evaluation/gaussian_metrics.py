"""Results of the metrics of Gaussian posteriors: of encoders that say how sure they are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from infoeval.codes import Code
from infoeval.errors import listing
from infoeval.evaluation.array_metrics import Outcome, image_settings, score_options, timed
from infoeval.evaluation.context import NotApplicableError
from infoeval.evaluation.inputs import Inputs
from infoeval.evaluation.requests import Request
from infoeval.metrics.score import Score
from infoeval.results import Result, Skipped
from infoeval.results.result_details import ALL_CODES
from infoeval.subjects.subject import Encoding, GaussianPosterior

NEEDED = "needs an encoder that returns a mean and a log variance"
STANDARD = (0.0, 1.0)


def run_on_gaussians(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a metric of posteriors of at most `rows` test images.

    `kl` has one for all codes and one for each, if there are several. Codes whose prior is not
    normal are skipped with the reason.
    """
    subject = inputs.subject
    if subject.rows is not None or subject.checkpoint is not None or not subject.has_encoder:
        raise NotApplicableError(NEEDED)
    encoding = inputs.encode(inputs.splits.test, inputs.options.rows)
    if not encoding.gaussians:
        raise NotApplicableError(NEEDED)
    metric = request.metric
    arguments: dict[str, Any] = score_options(inputs.options) | request.settings
    skipped: list[Skipped] = []
    assumed = ""
    gaussians = dict(encoding.gaussians)
    if metric.needs_factors:
        factors = inputs.table.rows.factors
        if factors is None:
            raise NotApplicableError("there are no factors")
        arguments |= {"factors": factors, "factor_types": inputs.table.factor_types}
    else:
        priors = dict(subject.codes or {})
        gaussians, others = _with_normal_priors(gaussians, priors)
        skipped = [Skipped(request.name, reason) for reason in others]
        if not gaussians:
            raise NotApplicableError("; ".join(others))
        laws = {name: _law(priors.get(name)) or STANDARD for name in gaussians}
        arguments["prior_mean"], arguments["prior_deviation"] = zip(*laws.values(), strict=True)
        unknown = [name for name in gaussians if name not in priors]
        if unknown:
            of = f" of {listing(unknown)}, only of {listing(list(priors))}" if priors else ""
            assumed = f"the model states no prior{of}: the standard normal one is assumed"
        if metric.name == "kl":
            arguments |= _of_categories(encoding, priors)
    frames = [
        pd.DataFrame({name: gaussian[place] for name, gaussian in gaussians.items()})
        for place in (0, 1)
    ]
    score, seconds = timed(request, metric.function, *frames, **arguments)
    details = score.details | ({"assumed": assumed} if assumed else {})
    return [*_results(inputs, request, replace(score, details=details), seconds), *skipped]


def _law(prior: Code | None) -> tuple[float, float] | None:
    return None if prior is None else prior.normal_law


def _with_normal_priors(
    gaussians: Mapping[str, GaussianPosterior], priors: Mapping[str, Code]
) -> tuple[dict[str, GaussianPosterior], list[str]]:
    """Return the posteriors whose prior is normal or not known, and why the others are left out."""
    left_out: dict[str, list[str]] = {}
    for name in gaussians:
        if name in priors and priors[name].normal_law is None:
            left_out.setdefault(priors[name].description, []).append(name)
    reasons = [
        f"{', '.join(names)}: a Gaussian posterior has no finite divergence from a prior that is "
        f"{law}"
        for law, names in left_out.items()
    ]
    without = {name for names in left_out.values() for name in names}
    return {name: law for name, law in gaussians.items() if name not in without}, reasons


def _of_categories(encoding: Encoding, priors: Mapping[str, Code]) -> dict[str, Any]:
    """Return q(c|x) of the categorical codes, and the priors that are known of as many."""
    known = {
        name: priors[name].category_probabilities
        for name in encoding.posteriors
        if name in priors and priors[name].input_width == encoding.posteriors[name].shape[1]
    }
    return {
        "probabilities": dict(encoding.posteriors),
        "prior_probabilities": {name: law for name, law in known.items() if law is not None},
    }


def _results(inputs: Inputs, request: Request, score: Score, seconds: float) -> list[Result]:
    """Return one result for each number of a score, of a code where the number is one of it."""
    settings: dict[str, Any] = {**image_settings(inputs), "seed": inputs.options.seed}
    if request.settings:
        settings["own"] = dict(request.settings)
    parts: dict[str, dict[str, Any]] = score.details.pop("parts", None) or {"": {}}
    of_codes = ALL_CODES in parts
    if of_codes and len(parts) == 2:
        del parts[ALL_CODES]
    results: list[Result] = []
    for place, (name, part) in enumerate(parts.items()):
        own = {key: part[key] for key in ("value", "low", "high", "unit") if key in part}
        details = score.details if place == 0 else {"interval": score.details["interval"]}
        result = Result.of(
            replace(score, **own, details=details),
            metric=request.name if of_codes else request.named(name),
            target=name if of_codes else None,
            settings=settings,
            seconds=0.0 if place else seconds,
        )
        results.append(result)
        if score.samples is not None:
            inputs.samples[result.key] = score.samples.number(place)
    return results
