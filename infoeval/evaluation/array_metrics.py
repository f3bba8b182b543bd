"""Results of the metrics of arrays: labels, tables, interventions, codes, posteriors."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from infoeval.errors import UserError, unknown
from infoeval.evaluation.code_table import NOISE, CodeTable
from infoeval.evaluation.context import NotApplicableError
from infoeval.evaluation.inputs import Inputs, Samples
from infoeval.evaluation.known_codes import with_references
from infoeval.evaluation.options import Options
from infoeval.evaluation.requests import Request
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import CATEGORIES
from infoeval.results import Result, Skipped
from infoeval.results.result_details import APPEARANCE, CODE_FACTORS, CORRELATIONS
from infoeval.subjects.subject import Rows

Outcome = list[Result | Skipped]

PAIR = (
    "code",
    "factor",
    "measure",
    "paired",
    "null",
    "adjusted",
    "p",
    "strength",
    "nmi",
    "linear",
    "interval",
)
"""Details of a result of one code and one factor, or of another part of a score."""
IMAGES = ("real", "generated")
"""Images whose codes are compared with their factors."""
FACTORS = ("own", "statistics", APPEARANCE)
"""Factors that images come with, statistics that any images have, and those that name codes."""
TENTHS = 10
"""Parts of the rows, in the order of a code, whose mean appearance is told."""


def run_on_labels(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a clustering metric: of each categorical code with each set of classes.

    The classes are the labels, or the factors of classes where there are no labels.
    """
    _check_categorical_codes(inputs)
    table = inputs.classes
    test = table.scored or table.rows
    if test.factors is None:
        raise NotApplicableError("there are no factors or labels")
    codes = _class_columns(test.codes, table.code_types)
    factors = _class_columns(test.factors, table.factor_types)
    if not codes:
        raise NotApplicableError(
            "there is no categorical code; give whole numbers of an integer type, or --code-types"
        )
    if not factors:
        raise NotApplicableError("there is no factor of classes")
    several = len(table.factor_types) > 1
    return [
        _cluster(inputs, request, code, factor, f"{code}, {factor}" if several else code)
        for code in codes
        for factor in factors
    ]


def _cluster(inputs: Inputs, request: Request, code: str, factor: str, target: str) -> Result:
    metric, table, options = request.metric, inputs.classes, inputs.options
    test, fit = table.scored or table.rows, table.fit or (table.rows if table.scored else None)
    assert test.factors is not None
    arguments: dict[str, Any] = score_options(options) | request.settings
    settings = {**image_settings(inputs), "seed": options.seed}
    if "fit_codes" in metric.arguments:
        if fit is not None and fit.factors is not None:
            arguments |= {"fit_codes": fit.codes[code], "fit_labels": fit.factors[factor]}
        arguments |= _names(inputs, code, [rows.codes[code] for rows in (test, fit) if rows])
        if inputs.has_images:
            settings["matching_fitted_on"] = inputs.splits.train.split
    score, seconds = timed(
        request, metric.function, test.codes[code], test.factors[factor], **arguments
    )
    result = Result.of(
        score, metric=request.name, target=target, settings=settings, seconds=seconds
    )
    if score.samples is not None:
        inputs.samples[result.key] = score.samples.number(0)
    return result


def _names(inputs: Inputs, code: str, columns: Sequence["pd.Series[Any]"]) -> dict[str, Any]:
    """Return the number of categories and the names of the classes, where they are known.

    An encoder that reads other numbers than those of the prior has categories of its own.
    """
    names: dict[str, Any] = {}
    prior = None if inputs.subject.codes is None else inputs.subject.codes.get(code)
    if prior is not None and prior.is_categorical:
        size = prior.input_width
        numbers = all(column.dtype.kind in "biu" for column in columns)
        if numbers and all(column.between(0, size - 1).all() for column in columns):
            names["categories"] = size
    if inputs.has_images and inputs.splits.test.labels is not None:
        names["class_names"] = list(inputs.splits.test.label_names)
    return names


def _check_categorical_codes(inputs: Inputs) -> None:
    """Raise `NotApplicableError` for a checkpoint without categorical codes; reads no image."""
    checkpoint = inputs.subject.checkpoint
    if checkpoint is not None and not checkpoint.trainer.categorical_codes:
        raise NotApplicableError(f"{checkpoint.trainer.name} has no categorical code")


def image_settings(inputs: Inputs) -> dict[str, Any]:
    """Return how images were read, for the settings of a result."""
    if not inputs.has_images:
        return {}
    settings: dict[str, Any] = {"split": inputs.splits.test.split}
    if inputs.reader.batch_norm is not None:
        settings["batch_norm"] = inputs.reader.batch_norm
    return settings


def _class_columns(frame: pd.DataFrame, types: Sequence[str]) -> list[str]:
    return [name for name, kind in zip(frame.columns, types, strict=True) if kind in CATEGORIES]


def run_on_posteriors(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a metric of q(c|x) on the test images, of each categorical code."""
    metric, options = request.metric, score_options(inputs.options)
    _check_categorical_codes(inputs)
    test = inputs.splits.test
    if metric.needs_labels and test.labels is None:
        raise NotApplicableError(f"{test.name} has no labels")
    results: Outcome = []
    for code, posterior in inputs.encode(test).posteriors.items():
        given = {"labels": test.labels} if metric.needs_labels else {}
        score, seconds = timed(request, metric.function, posterior, **options, **given)
        settings = {**image_settings(inputs), "seed": inputs.options.seed}
        results.append(
            Result.of(score, metric=request.name, target=code, settings=settings, seconds=seconds)
        )
    return results


def run_on_table(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a metric of codes and factors."""
    if _needs_appearance(inputs, request):
        named = run_on_table(inputs, replace(request, settings={"factors": APPEARANCE}))
        labels = inputs.splits.test.labels
        return named if labels is None else [*_on_table(inputs.table, inputs, request), *named]
    images = request.settings.get("images", "real")
    if images not in IMAGES:
        raise UserError(unknown("no images", images, IMAGES))
    factors = request.settings.get("factors", "own")
    if factors not in FACTORS:
        raise UserError(unknown("no factors", factors, FACTORS))
    simple = factors == "statistics"
    if factors == APPEARANCE:
        if images != "real":
            raise UserError("factors=appearance is of real images; of generated ones image-effects")
        rows = inputs.appearance.rows
        return [
            _with_means(result, rows) for result in _on_table(inputs.appearance, inputs, request)
        ]
    if images == "real":
        table = inputs.statistics if simple else _table_with_factors(inputs)
        return [*_on_table(table, inputs, request)]
    fixed_noise = request.settings.get("within") == NOISE
    if simple:
        measured = inputs.generated_statistics(fixed_noise=fixed_noise)
    else:
        measured = inputs.measured_at_fixed_noise if fixed_noise else inputs.measured
    first, *others = _on_table(measured.table, inputs, request)
    details = {**first.details, "measuring": measured.accuracies}
    skipped = [Skipped(request.name, reason) for reason in measured.unmeasured]
    return [replace(first, details=details), *others, *skipped]


def _needs_appearance(inputs: Inputs, request: Request) -> bool:
    """Return whether an encoder reads images of which no factors say what its codes mean."""
    subject = inputs.subject
    unasked = request.name == CODE_FACTORS and not (request.settings or inputs.by_name)
    encoder = subject.rows is None and subject.has_encoder and subject.generator is None
    return unasked and encoder and inputs.splits.test.factors is None


def _with_means(result: Result, rows: Rows) -> Result:
    """Return a result of a pair with the mean factor in tenths of the rows, by the code's rank."""
    pair = result.pair
    if pair is None or rows.factors is None or pair.measure not in CORRELATIONS:
        return result
    order = rows.codes[pair.code].argsort(kind="stable").to_numpy()
    parts = np.array_split(rows.factors[pair.factor].to_numpy()[order], TENTHS)
    means = [float(part.mean()) for part in parts if len(part)]
    return replace(result, details={**result.details, "means": means})


def run_on_interventions(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a metric that holds a factor still, on rows or on images drawn anew."""
    settings = dict(request.settings)
    simulate = settings.pop("simulate", False)
    if not isinstance(simulate, bool):
        raise UserError(f"{request.name}: simulate is true or false, not {simulate!r}")
    if not simulate:
        return [*_on_table(_table_with_factors(inputs), inputs, request)]
    table = inputs.table
    if table.rows.factors is None or table.encode is None:
        raise NotApplicableError(
            "simulate needs a model, and images that can be drawn, such as sprites"
        )
    options = _with_types(table, inputs.options)
    return [*_parts(request, options, table.encode, table.rows.factors, **options | settings)]


def run_on_codes(inputs: Inputs, request: Request) -> Outcome:
    """Return the results of a metric of codes alone."""
    table = inputs.table
    options = _table_options(inputs.options) | {"code_types": table.code_types}
    settings = options | request.settings
    return [*_parts(request, options, table.rows.codes, samples=inputs.samples, **settings)]


def run_on_models(
    tables: Sequence[CodeTable], names: Sequence[str], options: Options, request: Request
) -> list[Result]:
    """Return the results of a metric of several models' codes of the same rows: of all, of each.

    Raises NotApplicableError where a code is an angle: these metrics compare numbers.
    """
    for table, name in zip(tables, names, strict=True):
        for code, kind in zip(table.rows.codes, table.code_types, strict=True):
            if kind.startswith("p"):
                raise NotApplicableError(
                    f"{name}: {code} is periodic; {request.name} compares numbers"
                )
    table_options, codes = _table_options(options), [table.rows.codes for table in tables]
    results = _parts(request, table_options, codes, **table_options | request.settings)
    return [
        replace(result, metric=request.name, target=name)
        for result, name in zip(results, [None, *names], strict=True)
    ]


def _table_with_factors(inputs: Inputs) -> CodeTable:
    subject = inputs.subject
    if not (inputs.by_name or subject.labels_are_factors) and inputs.splits.test.factors is None:
        raise NotApplicableError(
            f"{inputs.splits.test.name} has no factors; "
            "ask for it by name, and labels are the one factor"
        )
    if inputs.table.rows.factors is None:
        where = ": the table has none; give some with --factors" if inputs.subject.rows else ""
        raise NotApplicableError(f"there are no factors{where}")
    return inputs.table


def _on_table(table: CodeTable, inputs: Inputs, request: Request) -> list[Result]:
    options = inputs.options
    arguments = _with_types(table, options) | request.settings
    for evaluated in ("images", "factors", "simulate"):
        arguments.pop(evaluated, None)
    rows = table.rows
    if "test" in request.metric.arguments and (table.fit or table.scored):
        rows, arguments["test"] = table.fit or table.rows, table.scored or table.rows
    results = _parts(request, _table_options(options), *rows, samples=inputs.samples, **arguments)
    if inputs.wants_references(request):
        inputs.context.progress(f"scoring codes of known meaning by {request.name}", None)
        return with_references(results, table, options, request)
    return results


def score_options(options: Options) -> dict[str, Any]:
    """Return what every metric with an interval takes, of the options of an evaluation."""
    names = ("seed", "level", "null", "replicates")
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _table_options(options: Options) -> dict[str, Any]:
    """Return what every metric of a table takes, of the options of an evaluation."""
    return {**score_options(options), "prune": options.prune}


def _with_types(table: CodeTable, options: Options) -> dict[str, Any]:
    types = {"code_types": table.code_types, "factor_types": table.factor_types}
    return _table_options(options) | types


def _parts(
    request: Request,
    options: dict[str, Any],
    *arguments: Any,
    samples: Samples | None = None,
    **settings: Any,
) -> list[Result]:
    """Return one result for each number of a metric's score, and add what to compare them by."""
    score, seconds = timed(request, request.metric.function, *arguments, **settings)
    shown: dict[str, Any] = {"seed": options["seed"]}
    if request.settings:
        shown["own"] = dict(request.settings)
    # Pairs and parts have results of their own.
    pairs: list[dict[str, Any]] = score.details.pop("associations", [])
    parts: dict[str, Any] = score.details.get("parts") or {"": {}}
    results: list[Result] = []
    for name, part in (*parts.items(), *(("", pair) for pair in pairs)):
        first = not results
        details = score.details if first else {"interval": score.details["interval"]}
        limits = {end: part[end] for end in ("value", "low", "high") if end in part}
        details = details | {key: part[key] for key in PAIR if key in part}
        results.append(
            Result.of(
                replace(score, **limits, details=details),
                metric=request.named(name),
                target=pair_target(part["code"], part["factor"]) if "code" in part else None,
                settings=shown,
                seconds=seconds if first else 0.0,
            )
        )
        if samples is not None and score.samples is not None:
            samples[results[-1].key] = score.samples.number(len(results) - 1)
    return results


def pair_target(code: str, factor: str) -> str:
    """Return the target of a result of a code and a factor."""
    return f"{code} × {factor}"


def timed(
    request: Request, function: Callable[..., Score], *arguments: Any, **options: Any
) -> tuple[Score, float]:
    """Return a metric's score and the seconds it took.

    Raises `NotApplicableError` for what the metric refuses, and for settings that it cannot take.
    """
    started = time.perf_counter()
    try:
        score = function(*arguments, **options)
    except UserError as error:
        raise NotApplicableError(str(error)) from error
    except (TypeError, ValueError) as error:
        if not request.settings:
            raise
        raise NotApplicableError(f"settings {request.settings}: {error}") from error
    return score, time.perf_counter() - started
