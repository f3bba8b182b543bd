"""Intervals of numbers of a table by parts of its rows, and values above chance."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from infoeval.errors import UserError
from infoeval.intervals import Subsamples
from infoeval.metrics.stats.code_factor_table import Table

MANY_ROWS = 20_000
"""The intervals of tables of more rows come from parts of a fixed number of rows."""
MANY_VALUES = 200_000
"""Codes times rows of the larger parts."""
FEWEST, MOST = 8_000, 20_000
"""Rows of the larger parts, by the number of codes."""
SMALLER = 8
"""The larger parts have so many times the rows of the smaller ones."""
HALVES = 4, 2, 1
"""Of four rows two are a half, and one is a quarter."""
LEAST_ROWS = 4
"""Four rows make two halves of two, which can differ; fewer give no estimate of the spread."""
MISTAKES = 3
"""No mistake in n rows is compatible with a rate of 3 / n (the rule of three)."""
EXCHANGES = 4
"""Tables with that many mistakes over which their effect is averaged."""
FARTHEST_ROWS = 3
"""This many rows with the farthest values of each code are left out for their effect."""
EFFECT_TO_DEVIATION = 0.59
"""Deviation of a number among samples, as a share of the effect of the three farthest rows.

In a long tail the logarithm of the largest of n values has the variance π²/6 = 1.64 among samples,
and its mean square distance to that of the fourth largest is 4.72, at any n (Rényi 1953).
"""
TAIL_ROWS = 20
"""The farthest rows that tell how long a tail is, or a fifth of fewer rows."""
SHORT_TAIL, LONG_TAIL = 0.2, 0.4
"""Reciprocal tail indices between which the share of the effect rises to 1: those of Student's t
with 5 and with 2.5 degrees of freedom.

In a long tail a table may happen to have no row that is far enough to show its effect.
"""
ROUNDING = 1e-14
"""Sums of a few thousand shares are as exact as this."""
LEAST_ROOM = 0.02
"""Share of the best value that chance must leave for a value to be above chance."""
ONE_VALUE = "none: the rows show no spread of the value"
ONE_REPLICATE = "none: a single half of the rows shows no spread; give two replicates or more"

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
PartStatistic = Callable[[Rows, Rows], Sequence[float]]
"""Several numbers from the codes of some rows and the factors of some, in the same order."""


def subsamples_of(
    table: Table,
    whole: Array,
    statistic: PartStatistic,
    *,
    fit: int,
    count: int,
    ranges: bool | Array,
    generators: Sequence[np.random.Generator],
) -> Subsamples | str:
    """Subsamples of the numbers ``whole`` of a table; or the reason why there are none.

    For the arguments see :func:`infoeval.metrics.stats.resampling.score_parts`.
    """
    groups = [np.arange(fit), np.arange(fit, table.n)] if fit else [np.arange(table.n)]
    if not count:
        return "none: no replicates"
    if min(map(len, groups)) < LEAST_ROWS:
        return f"none: fewer than {LEAST_ROWS} rows, or of these to fit on or to score"
    sizes = sizes_of_parts(table)
    try:
        return Subsamples(
            *halves_and_quarters(
                lambda rows: statistic(rows, rows), groups, count, generators[0], sizes or HALVES
            ),
            _effect_of_mistakes(statistic, whole, table, groups, sizes, generators[1]),
            np.multiply(ranges, _effect_of_far_rows(statistic, whole, table, bool(np.any(ranges)))),
            sizes,
        )
    except UserError as error:
        return f"none: some halves of the rows cannot be scored ({error})"


def sizes_of_parts(table: Table) -> tuple[int, int, int] | None:
    """Rows of a large table, and of the larger and smaller parts of it; None of a small one."""
    if table.n <= MANY_ROWS:
        return None
    larger = min(table.n // 2, int(np.clip(MANY_VALUES // len(table.codes), FEWEST, MOST)))
    return table.n, larger, larger // SMALLER


def rows_scored(table: Table, count: int) -> int:
    """Rows of all parts together that an interval by so many halves and quarters scores."""
    n, larger, smaller = sizes_of_parts(table) or (table.n, table.n // 2, table.n // 4)
    return count * (larger + smaller) + EXCHANGES * (n if n <= MANY_ROWS else larger)


def halves_and_quarters(
    statistic: Callable[[Rows], Sequence[float]],
    groups: Sequence[Rows],
    count: int,
    generator: np.random.Generator,
    sizes: tuple[int, int, int] = HALVES,
) -> tuple[Array, Array | None]:
    """Numbers of ``count`` random halves of the rows, and of as many quarters, each scored anew.

    Every group gives its share of rows. Other ``sizes`` than those of halves and quarters are the
    rows of all, of the larger parts and of the smaller ones. The same groups, count, sizes and
    generator give the same rows, so that the subsamples of two models of the same images are
    paired. Quarters are left out where some of them cannot be scored. Raises UserError where some
    halves cannot.
    """

    def numbers(rows: int) -> Array:
        drawn = [statistic(_drawn(groups, rows, sizes[0], generator)) for _ in range(count)]
        return np.array(drawn, dtype=np.float64)

    halves = numbers(sizes[1])
    if min(map(len, groups)) < 2 * LEAST_ROWS:
        return halves, None
    try:
        return halves, numbers(sizes[2])
    except UserError:
        return halves, None


def _drawn(groups: Sequence[Rows], rows: int, of: int, generator: np.random.Generator) -> Rows:
    """So many ``of`` the rows of each group, at random, in ascending order."""
    return np.concatenate(
        [
            np.sort(generator.choice(group, max(2, len(group) * rows // of), replace=False))
            for group in groups
        ]
    )


def _effect_of_mistakes(
    statistic: PartStatistic,
    whole: Array,
    table: Table,
    groups: Sequence[Rows],
    sizes: tuple[int, int, int] | None,
    generator: np.random.Generator,
) -> Array:
    """Deviation of the numbers if two rows of a table have the factors of other rows by chance.

    Rows that go wrong once in n are missing from many a sample of n, which its parts do not show;
    the limits of a count x of them are about those of x + 2 (Agresti and Coull 1998). Of a large
    table, the effect is that in a part of it, times the share of the rows that this has.
    """
    if not table.factors:
        return np.zeros(len(whole))
    rows = np.arange(table.n)
    if sizes is not None:
        rows = _drawn(groups, sizes[1], sizes[0], generator)
        whole = np.asarray(statistic(rows, rows))
    drawn = []
    for _ in range(EXCHANGES):
        order = rows.copy()
        order[generator.choice(len(rows), MISTAKES, replace=False)] = rows[
            generator.choice(len(rows), MISTAKES)
        ]
        drawn.append(statistic(rows, order))
    one = (whole - np.mean(drawn, axis=0)) / MISTAKES * (len(rows) / table.n)
    return np.asarray(math.sqrt(2) * np.maximum(one, 0.0))


def _effect_of_far_rows(
    statistic: PartStatistic, whole: Array, table: Table, ranges: bool
) -> Array:
    """Deviation of the numbers by the farthest values, where the ``ranges`` of codes matter."""
    far = [
        np.argsort(-np.abs(code.values - np.median(code.values)), kind="stable")[:FARTHEST_ROWS]
        for code in table.codes
        if code.type == "continuous"
    ]
    if not (ranges and far):
        return np.zeros(len(whole))
    rows = np.setdiff1d(np.arange(table.n), np.concatenate(far))
    effect = whole - np.asarray(statistic(rows, rows)) if len(rows) > 1 else np.zeros(len(whole))
    longest = max(tail_of(code.values) for code in table.codes if code.type == "continuous")
    long = float(np.clip((longest - SHORT_TAIL) / (LONG_TAIL - SHORT_TAIL), 0.0, 1.0))
    return (EFFECT_TO_DEVIATION + (1 - EFFECT_TO_DEVIATION) * long) * effect


def tail_of(values: Array) -> float:
    """Reciprocal tail index 1/α of values ``(n,)``: P(|x| > t) falls as t^-α.

    The mean log ratio of the farthest values to the next one (Hill 1975, A simple general approach
    to inference about the tail of a distribution); about 0.1 for normal values, 0.5 for Student's t
    with 2 degrees of freedom.

    >>> tail_of(np.array([-2.0, -2.0, -1.0, 1.0, 2.0, 2.0]))
    0.0
    """
    distances = np.sort(np.abs(values - np.median(values)))[::-1]
    count = max(1, min(TAIL_ROWS, len(values) // 5))
    if not distances[count] > 0:
        return LONG_TAIL if distances[0] > 0 else 0.0
    return float(np.log(distances[:count] / distances[count]).mean())


def within(values: ArrayLike, bounds: tuple[float, float]) -> Array:
    """Values in the metric's range, beyond which neighbours among few rows can carry them.

    Those that only rounding keeps from an end of the range are moved there.
    """
    moved = np.clip(np.asarray(values, dtype=np.float64), *bounds)
    for end in bounds:
        moved[np.abs(moved - end) <= ROUNDING] = end
    return moved


def entries_of(
    whole: Array, found: Subsamples | str, level: float, bounds: tuple[float, float]
) -> tuple[list[dict[str, Any]], Array, str]:
    """``value``, ``low`` and ``high`` of every number, the half-widths, and the kind of interval.

    ``found`` are the subsamples, or the reason why there are none. Half-widths are NaN without an
    interval; a number that has none where the first has one has the reason in ``interval``.
    """
    entries: list[dict[str, Any]] = [
        {"value": float(value), "low": None, "high": None} for value in whole
    ]
    if isinstance(found, str):
        return entries, np.full(len(whole), np.nan), found
    halves = found.half_widths(level)
    for entry, half in zip(entries, halves, strict=True):
        limit_entry(entry, half, bounds)
    without = ONE_VALUE if len(found.halves) > 1 else ONE_REPLICATE
    unknown = [entry["low"] is None for entry in entries]
    for entry, missing in zip(entries[1:], unknown[1:], strict=True):
        if missing and not unknown[0]:
            entry["interval"] = without
    halves = np.where(unknown, np.nan, halves)
    return entries, halves, without if unknown[0] else found.kind


def limit_entry(entry: dict[str, Any], half: float, bounds: tuple[float, float]) -> None:
    """Give an entry with a ``value`` its limits ± ``half``, cut at ``bounds``; NaN for none.

    The value is strictly inside unless it stands at an end of the range: an interval of no width
    inside the range would say that the value is certain, and there is none.
    """
    value = entry["value"]
    if np.isfinite(half) and (half > ROUNDING or value in bounds):
        entry["low"] = float(max(value - half, bounds[0]))
        entry["high"] = float(min(value + half, bounds[1]))


def chance_of(
    scores: Array, value: float, half: float, level: float, best: float | None
) -> dict[str, Any]:
    """``null``, the scores ``(tables,)`` of shuffled factors, and ``adjusted``, the value above it.

    Adjusted is (value - chance) / (best - chance), chance the mean of the scores; its interval has
    the value's ``half`` width, and the error of the mean. There is none without a finite best,
    or where a shuffled table reaches it or chance comes within `LEAST_ROOM` of it.
    """
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    chance = float(scores.mean())
    entry: dict[str, Any] = {
        "null": {"mean": chance, "low": float(low), "high": float(high), "tables": len(scores)}
    }
    if best is None or math.isinf(best) or scores.max() >= best:
        return entry
    room = best - chance
    if room < LEAST_ROOM * abs(best):
        return entry
    above = value - chance if abs(value - chance) > ROUNDING else 0.0
    adjusted = min(above / room, 1.0)
    limits: dict[str, float | None] = {"low": None, "high": None}
    if np.isfinite(half) and len(scores) > 1:
        quantile = float(stdtrit(len(scores) - 1, 0.5 + level / 2))
        error = quantile * float(scores.std(ddof=1)) / math.sqrt(len(scores))
        # The derivative of the adjusted value by chance is (adjusted - 1) / room.
        width = math.hypot(half, (1 - adjusted) * error) / room
        limits = {"low": adjusted - width, "high": min(adjusted + width, 1.0)}
    entry["adjusted"] = {"value": adjusted, **limits}
    return entry
