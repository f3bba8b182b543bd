"""What codes of known meaning score on a table of factors, and whether a metric can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from infoeval.errors import UserError
from infoeval.evaluation.code_table import CodeTable
from infoeval.evaluation.options import Options
from infoeval.evaluation.requests import Request
from infoeval.metrics.stats.reference_codes import (
    AS_HERE,
    COMMON_CAUSE,
    EXACT,
    NOISE,
    ReferenceTable,
    noise_table,
    reference_tables,
)
from infoeval.metrics.stats.row_intervals import LEAST_ROOM
from infoeval.results import Result

BEST = 1.0
"""The best value of every metric of codes and factors."""
HALF = 0.5
DRAWS = 3
"""The score of noise is the mean of this many draws: infomec's differs by 0.1 between draws."""

_MEANINGLESS = {COMMON_CAUSE: "codes that all equal the factors' common cause"}
_PERFECT = {EXACT: "exact codes of independent factors", AS_HERE: "exact codes"}

Scores = dict[str, float]
"""Values of codes of known meaning, by the name of the codes."""


def with_references(
    results: Sequence[Result], table: CodeTable, options: Options, request: Request
) -> list[Result]:
    """Return the results of a metric of a table, with what known codes score beside the value.

    Each number of the metric gets `references` among its details, and `untrusted` where
    :func:`untrusted` has something to say. Pairs of a code and a factor are left as they are.
    """
    scores = reference_scores(table, options, request)
    return [
        result if result.pair is not None else _with_scores(result, scores.get(result.metric, {}))
        for result in results
    ]


def _with_scores(result: Result, scores: Scores) -> Result:
    if not scores:
        return result
    details = {**result.details, "references": scores}
    doubt = untrusted(scores) if result.higher_is_better else ""
    if doubt:
        details["untrusted"] = f"{result.name}: not to be trusted on this table: {doubt}"
    return replace(result, details=details)


def reference_scores(table: CodeTable, options: Options, request: Request) -> dict[str, Scores]:
    """Return what known codes score on the rows of a table, by the metric of the result.

    The metric runs with the settings and types, and on the rows, that it scores the table with,
    and without intervals. Where the table has a categorical code, exact codes of discrete factors
    are categorical, and where it has a periodic one, those of periodic factors are periodic. Codes
    that a metric refuses have no score.
    """
    parts = [table.rows]
    if "test" in request.metric.arguments and (table.fit or table.scored):
        parts = [table.fit or table.rows, table.scored or table.rows]
    factors = [part.factors for part in parts if part.factors is not None]
    width, seed = table.rows.codes.shape[1], options.seed
    known = {
        name: [reference]
        for name, reference in reference_tables(
            factors,
            factor_types=table.factor_types,
            width=width,
            categorical="categorical" in table.code_types,
            periodic=any(kind.startswith("p") for kind in table.code_types),
            seed=seed,
        ).items()
    }
    known[NOISE] += [
        noise_table(factors, width=width, seed=seed, draw=draw) for draw in range(1, DRAWS)
    ]
    scores: dict[str, Scores] = {}
    for name, references in known.items():
        values = [_values(each, table.factor_types, options, request) for each in references]
        for metric in values[0]:
            if all(metric in found for found in values):
                scores.setdefault(metric, {})[name] = fmean(found[metric] for found in values)
    return scores


def _values(
    reference: ReferenceTable, factor_types: Sequence[str], options: Options, request: Request
) -> Scores:
    """Return what a metric gives to codes, by the metric of the result; nothing if it refuses."""
    codes, factors = reference.codes[0], reference.factors[0]
    settings: dict[str, Any] = {
        "code_types": reference.types,
        "factor_types": factor_types,
        "seed": options.seed,
        "prune": options.prune,
        **request.settings,
        "replicates": 0,
        "null": 0,
    }
    for name in ("images", "simulate"):
        settings.pop(name, None)
    if len(reference.codes) > 1:
        settings["test"] = reference.codes[1], reference.factors[1]
    try:
        score = request.metric.function(codes, factors, **settings)
    except UserError:
        return {}
    parts: Mapping[str, Mapping[str, float]] = score.details.get("parts") or {
        "": {"value": score.value}
    }
    return {request.named(name): float(part["value"]) for name, part in parts.items()}


def untrusted(scores: Mapping[str, float]) -> str:
    """Return why a metric is not to be trusted on a table, by what known codes score; else "".

    It is not where codes without meaning get more than half of its range, or exact codes less than
    half. The range is from what noise scores to the best value; where noise comes within
    `LEAST_ROOM` of that there is none to judge by, and the value above chance is not given either.

    >>> untrusted({"noise": 0.5, "common cause": 0.9, "exact": 0.95, "exact as here": 0.9})
    "codes that all equal the factors' common cause score 0.90, noise 0.50"
    >>> untrusted({"noise": 0.01, "exact": 1.0, "exact as here": 0.35})
    'exact codes score 0.35, noise 0.01'
    >>> untrusted({"noise": 0.7, "exact": 1.0, "exact as here": 1.0})
    ''
    """
    noise = scores.get(NOISE)
    if noise is None or BEST - noise < LEAST_ROOM:
        return ""
    share = {name: (value - noise) / (BEST - noise) for name, value in scores.items()}
    wrong = {
        **{name: of for name, of in _MEANINGLESS.items() if share.get(name, 0.0) > HALF},
        **{name: of for name, of in _PERFECT.items() if share.get(name, BEST) < HALF},
    }
    found = [f"{of} score {scores[name]:.2f}" for name, of in wrong.items()]
    return f"{' and '.join(found)}, noise {noise:.2f}" if found else ""
