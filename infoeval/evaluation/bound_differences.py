"""Differences of information that is known by lower bounds: what the bounds support of them.

A bound that one Q reads from one generator and another Q from another generator says little about
the difference of the informations: either Q may miss anything up to H(c). The interval of A − B is
therefore [low of A − high of B, high of A − low of B], where high is an upper limit of the
information itself, and what each Q would reach only where both searches have converged.
"""

import math
from collections.abc import Iterable

from infoeval.results import Difference, Document, Result
from infoeval.results.result_details import ALL_CODES, BoundDetails

BOUNDS = ("mi", "mi-own", "mi-refitted")
"""Metrics that are lower bounds on the information of a code, or of all codes together."""
OF_BOUNDS = "difference of lower bounds"
OF_INFORMATION = "difference of information"

Limits = tuple[float, float]
"""Lower and upper limit of an information, nats; infinite where there is none."""


def has_converged(result: Result) -> bool:
    """Return whether the search for a Q converged, under a budget that can tell.

    `quick` cannot: its few samples and steps leave a search without gains where a longer one has
    them. A checkpoint's own Q and its refitted heads are not the end of a search at all.
    """
    details = result.convergence
    quick = result.settings.get("budget") == "quick"
    return details is not None and bool(details.converged) and not quick


def limits_of(result: Result, *, converged: bool) -> Limits:
    """Return the limits of a bound's information: at most `high` where Q has `converged`.

    Else the upper limit is the highest value that the information can have, H(c) of a categorical
    code, or what the sample of a bound at that value happens to give.
    """
    low = -math.inf if result.low is None else result.low
    details = result.typed
    highest = details.highest if isinstance(details, BoundDetails) else None
    high = result.high if converged else highest
    return low, math.inf if high is None else max(high, result.value)


def bound_difference(first: Result, second: Result, number: int) -> Difference:
    """Return first less second of a bound, with the interval of the difference of information."""
    converged = has_converged(first) and has_converged(second)
    interval = between(
        limits_of(first, converged=converged), limits_of(second, converged=converged)
    )
    return _record(first, second, number, interval, converged=converged)


def synergy_difference(
    first: tuple[Result, Document], second: tuple[Result, Document], number: int
) -> Difference:
    """Return first less second of the synergy, each with the document that has its bounds."""
    results = [
        [result for result in document.results if result.metric == "mi"]
        for _, document in (first, second)
    ]
    converged = all(has_converged(result) for bounds in results for result in bounds)
    low, high = between(*(synergy_limits(bounds, converged=converged) for bounds in results))
    # Two bounds whose errors differ can have a difference that no synergy has.
    difference = first[0].value - second[0].value
    interval = min(low, difference), max(high, difference)
    return _record(first[0], second[0], number, interval, converged=converged)


def synergy_limits(bounds: Iterable[Result], *, converged: bool) -> Limits:
    """Return the limits of the synergy I(c; x) − Σ I(c_i; x), nats, from `mi` of all and of each.

    It is not below 0: codes are independent. A bound on it is one less bounds, so that it is
    limited only by what the joint has at least and the codes at most, and the other way round.
    """
    limits = {result.target: limits_of(result, converged=converged) for result in bounds}
    joint = limits.pop(ALL_CODES, (0.0, math.inf))
    low = joint[0] - sum(high for _, high in limits.values())
    high = joint[1] - sum(max(low, 0.0) for low, _ in limits.values())
    return max(low, 0.0), max(high, 0.0)


def between(first: Limits, second: Limits) -> Limits:
    """Return the limits of a difference of two numbers that lie between these limits.

    >>> between((2.0, 2.5), (0.0, 2.25))
    (-0.25, 2.5)
    """
    return first[0] - second[1], first[1] - second[0]


def _record(
    first: Result, second: Result, number: int, interval: Limits, *, converged: bool
) -> Difference:
    low, high = (end if math.isfinite(end) else None for end in interval)
    kind = OF_INFORMATION if converged else OF_BOUNDS
    return Difference.of(first, second, number, low, high, kind=kind)
