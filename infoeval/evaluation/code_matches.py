"""Which results of two models are about the same thing: codes by what they are, not by number."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from infoeval.evaluation.bound_differences import BOUNDS
from infoeval.results import Result
from infoeval.results.model_results import renamed

NUMBERED = re.compile(r"code \d+(, .*)?")
"""The name of a code, perhaps with a factor, that is a column's number and nothing else."""

Matched = tuple[Result, Result]


def matched(
    first: Sequence[Result], second: Sequence[Result], own_names: Mapping[str, str] | None = None
) -> Iterator[Matched]:
    """Yield the results of two models that can be compared, in the order of the first.

    A code that has a name in both models is the same code in both, unless `own_names` tells what
    the second calls it; one that has only a number is
    not: such results are left out, except for bounds, whose codes are those of a prior. Of
    `code-factors`, the best code of each model for a factor is compared, whatever its name; the
    target of both is then the factor.
    """
    theirs = {result.key: result for result in second if result.pair is None}
    names = own_names or {}
    for metric, results in groupby(first, key=_metric_of_pairs):
        if metric is not None:
            yield from _best_pairs(list(results), second)
            continue
        for result in results:
            target = result.target and renamed(result.target, names)
            key = (*result.key[:2], target)
            if key in theirs and not _has_only_a_number(result):
                yield result, theirs[key]


def _metric_of_pairs(result: Result) -> tuple[str, str] | None:
    """Return the metric and the options of a result of a code and a factor, None for others."""
    return None if result.pair is None else result.key[:2]


def _best_pairs(pairs: Sequence[Result], others: Sequence[Result]) -> Iterator[Matched]:
    """Yield the best code of either model for each factor, with the factor as its target.

    Measures of different kinds are not compared with each other: a factor whose codes are scored by
    several has the best code by each, and the measure in its target.
    """
    same = [other for other in others if _metric_of_pairs(other) == pairs[0].key[:2]]
    ours, theirs = best_by_measure(pairs), best_by_measure(same)
    common = [key for key in ours if key in theirs]
    factors = [factor for factor, _ in common]
    for factor, measure in common:
        target = factor if factors.count(factor) == 1 else f"{factor}, {measure}"
        key = factor, measure
        yield replace(ours[key], target=target), replace(theirs[key], target=target)


def best_by_measure(pairs: Sequence[Result]) -> dict[tuple[str, str], Result]:
    """Return the pair of the best code by each factor and measure."""
    best: dict[tuple[str, str], Result] = {}
    for result in pairs:
        pair = result.pair
        assert pair is not None
        key = pair.factor, pair.measure
        if key not in best or _worth(result) > _worth(best[key]):
            best[key] = result
    return best


def _worth(result: Result) -> float:
    """Return what a pair scores above chance, where that is known."""
    adjusted = result.typed.adjusted
    return result.value if adjusted is None else adjusted.value


def _has_only_a_number(result: Result) -> bool:
    named = result.target is not None and NUMBERED.fullmatch(result.target)
    return bool(named) and result.metric not in BOUNDS
