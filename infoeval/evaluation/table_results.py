"""Results of a table of codes and factors: every metric that applies, and why the others do not."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from infoeval.errors import UserError
from infoeval.evaluation.catalogue import Asked
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.options import Say
from infoeval.metrics.registry import Kind, find
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import CATEGORIES
from infoeval.metrics.stats.resampling import Options
from infoeval.results import Result, Skipped

__all__ = ["Found", "models_results", "table_results"]

Found = tuple[list[Result], list[Skipped]]

ASSOCIATION = ("code", "factor", "measure", "paired", "null")
"""What a result of one code and one factor tells of them; of other results, the null alone."""

IMAGES = ("real", "generated")
"""What codes are compared with factors on."""


def table_results(
    table: CodeTable, asked: Sequence[Asked], options: Options, say: Say, *, strict: bool
) -> Found:
    """Each metric that was asked for, in turn.

    A metric that does not apply is skipped with its own reason, or, where ``strict``, raises it.
    """
    results: list[Result] = []
    skipped: list[Skipped] = []
    for number, each in enumerate(asked):
        say(f"{each.name}, {number} of {len(asked)} metrics done", number / len(asked))
        try:
            found, left_out = _results(table, each, options)
            results += found
            skipped += left_out
        except UserError as error:
            if strict:
                raise UserError(f"{each.name}: {error}") from error
            skipped.append(Skipped(each.name, str(error)))
    return results, skipped


def _results(table: CodeTable, asked: Asked, options: Options) -> Found:
    run = _RUN[find(asked.name).kind]
    images = asked.settings.get("images", "real")
    if images not in IMAGES:
        raise UserError(f"no images {images!r}; there are {', '.join(IMAGES)}")
    if images == "real":
        return run(table, asked, options), []
    if table.generated is None:
        raise UserError("images=generated needs a model with a generator, and images with factors")
    generated = table.generated()
    first, *others = run(generated.table, asked, options)
    details = {**first.details, "measuring": generated.accuracies}
    left_out = [Skipped(asked.name, reason) for reason in generated.unmeasured]
    return [replace(first, details=details), *others], left_out


def _of_labels(table: CodeTable, asked: Asked, options: Options) -> list[Result]:
    """A clustering metric, of every categorical code with every factor of classes."""
    rows = table.scored or table.rows
    if rows.factors is None:
        raise UserError("there are no factors or labels")
    codes = _named(rows.codes, table.code_types)
    factors = _named(rows.factors, table.factor_types)
    if not codes:
        raise UserError("there is no categorical code")
    if not factors:
        raise UserError("there is no factor of classes")
    return [
        result
        for code in codes
        for factor in factors
        for result in _cluster(table, asked, options, code, factor)
    ]


def _named(frame: pd.DataFrame, types: Sequence[str]) -> list[str]:
    """The columns that hold classes."""
    return [name for name, kind in zip(frame.columns, types, strict=True) if kind in CATEGORIES]


def _cluster(
    table: CodeTable, asked: Asked, options: Options, code: str, factor: str
) -> list[Result]:
    metric = find(asked.name)
    arguments: dict[str, Any] = {"level": options.get("level", 0.95), **asked.settings}
    if "seed" in metric.arguments:
        arguments["seed"] = options.get("seed", 0)
    parts = {"": table.scored or table.rows}
    if "fit_codes" in metric.arguments and (table.fit or table.scored):
        parts["fit_"] = table.fit or table.rows
    for prefix, part in parts.items():
        arguments[prefix + "codes"] = part.codes[code].to_numpy()
        arguments[prefix + "labels"] = part.factors[factor].to_numpy()  # type: ignore[index]
    several = len(table.factor_types) > 1
    target = f"{code}, {factor}" if several else code
    return _timed(asked, lambda: metric.function(**arguments), options, target)


def _of_table(table: CodeTable, asked: Asked, options: Options) -> list[Result]:
    if table.rows.factors is None:
        raise UserError("there are no factors")
    metric, told = find(asked.name), {**table.options(options), **asked.settings}
    told.pop("images", None)  # these have been read
    rows = table.rows
    if "test" in metric.arguments and (table.fit or table.scored):
        rows, told["test"] = table.fit or table.rows, table.scored or table.rows
    return _timed(asked, lambda: metric.function(*rows, **told), options)


def _of_interventions(table: CodeTable, asked: Asked, options: Options) -> list[Result]:
    settings = dict(asked.settings)
    if not settings.pop("simulate", False):
        return _of_table(table, asked, options)
    if table.rows.factors is None or table.encode is None:
        raise UserError("simulate needs a model, and images that can be drawn, such as sprites")
    metric, told = find(asked.name), {**table.options(options), **settings}
    return _timed(asked, lambda: metric.function(table.encode, table.rows.factors, **told), options)


def _of_codes(table: CodeTable, asked: Asked, options: Options) -> list[Result]:
    told = {**options, **asked.settings, "code_types": table.code_types}
    told.pop("factor_types", None)
    return _timed(asked, lambda: find(asked.name).function(table.rows.codes, **told), options)


def models_results(
    asked: Asked, models: Sequence[pd.DataFrame], names: Sequence[str], options: Options
) -> list[Result]:
    """A metric of several models' codes of the same rows: of all, and of each by its name.

    Raises UserError as the metric does.
    """
    results = _timed(
        asked, lambda: find(asked.name).function(models, **options, **asked.settings), options
    )
    return [
        replace(result, metric=asked.name, target=name)
        for result, name in zip(results, [None, *names], strict=True)
    ]


_RUN: dict[Kind, Callable[[CodeTable, Asked, Options], list[Result]]] = {
    "labels": _of_labels,
    "table": _of_table,
    "interventions": _of_interventions,
    "codes": _of_codes,
}


def _timed(
    asked: Asked, score: Callable[[], Score], options: Options, target: str | None = None
) -> list[Result]:
    """One result for each number of a score."""
    started = time.perf_counter()
    try:
        found = score()
    except (TypeError, ValueError) as error:
        if not asked.settings:
            raise
        raise UserError(f"settings {asked.settings}: {error}") from error
    seconds = time.perf_counter() - started
    settings: dict[str, Any] = {"seed": options.get("seed", 0)}
    if asked.settings:
        settings["own"] = dict(asked.settings)
    # Each of them has a result of its own.
    associations: list[dict[str, Any]] = found.details.pop("associations", [])
    parts: dict[str, Any] = found.details.get("parts") or {"": {}}
    results: list[Result] = []
    for name, part in (*parts.items(), *(("", each) for each in associations)):
        first = not results
        details = found.details if first else {"interval": found.details["interval"]}
        limits = {end: part[end] for end in ("value", "low", "high") if end in part}
        details = details | {key: part[key] for key in ASSOCIATION if key in part}
        results.append(
            Result.of(
                Score(**{**_fields(found), **limits, "details": details}),
                metric=f"{asked.name}-{name.replace(' ', '-')}" if name else asked.name,
                target=f"{part['code']} × {part['factor']}" if "code" in part else target,
                settings=settings,
                seconds=seconds if first else 0.0,
            )
        )
    return results


def _fields(score: Score) -> dict[str, Any]:
    return {name: getattr(score, name) for name in Score.__dataclass_fields__}
