"""Which results of two models are about the same thing: codes by what they are, not by number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from infoeval.evaluation.bound_differences import BOUNDS
from infoeval.results import Result
from infoeval.results.records import Pair

NUMBERED = re.compile(r"code \d+(, .*)?")
"""The name of a code, perhaps with a factor, that is a column's number and nothing else."""

Matched = tuple[Result, Result]


def matched(first: Sequence[Result], second: Sequence[Result]) -> Iterator[Matched]:
    """Yield the results of two models that can be compared, in the order of the first.

    A code that has a name in both models is the same code in both, and one that has only a number
    is not: such results are left out, except for bounds, whose codes are those of a prior. Of
    `code-factors`, the best code of each model for a factor is compared, whatever its name; the
    target of both is then the factor.
    """
    theirs = {result.key: result for result in second if result.pair is None}
    best = {result.key: result for result in best_of_factors(second)}
    ours = {result.key: result for result in best_of_factors(first)}
    for result in first:
        if result.pair is None and result.key in theirs and not _has_only_a_number(result):
            yield result, theirs[result.key]
        elif result.pair is not None:
            of_factor = [key for key in ours if key[:2] == result.key[:2]]
            for key in of_factor:
                mine = ours.pop(key)
                if key in best:
                    yield mine, best[key]


def best_of_factors(results: Sequence[Result]) -> list[Result]:
    """Return the pair of the best code for each factor, its target the factor.

    Measures of different kinds are not compared with each other: a factor whose codes are scored by
    several has the best code by each, and the measure in its target.
    """
    groups: dict[tuple[str, str, str, str], list[Result]] = {}
    measures: dict[str, set[str]] = {}
    for result in results:
        if isinstance(result.typed, Pair):
            pair = result.typed
            groups.setdefault((*result.key[:2], pair.factor, pair.measure), []).append(result)
            measures.setdefault(pair.factor, set()).add(pair.measure)
    return [
        replace(
            max(group, key=_worth),
            target=factor if len(measures[factor]) == 1 else f"{factor}, {measure}",
        )
        for (_, _, factor, measure), group in groups.items()
    ]


def _worth(result: Result) -> float:
    """Return what a pair scores above chance, where that is known."""
    adjusted = result.typed.adjusted
    return result.value if adjusted is None else adjusted.value


def _has_only_a_number(result: Result) -> bool:
    named = result.target is not None and NUMBERED.fullmatch(result.target)
    return bool(named) and result.metric not in BOUNDS
