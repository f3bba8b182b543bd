"""Scores of a table: the value, its bootstrap interval, and what a shuffled table would score."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Column, Table, as_table

__all__ = [
    "Options",
    "Rows",
    "Statistic",
    "active_codes",
    "check_options",
    "names_without",
    "score_parts",
    "score_table",
    "table_of",
]

DEAD_SHARE = 0.05
"""A code whose deviation is a smaller share of the largest one's is dead."""

GROUPS = 20
"""Of a jackknife; and tables of a bootstrap whose deviation alone is used."""
BLOCKS = 5
LEAST_ROWS = 4
"""Whose halves have two rows, which can differ; fewer tell nothing of how far a score moves."""

LARGEST_SEED = 2**32 - 1
"""That scikit-learn takes."""

Rows = NDArray[np.intp]
Array = NDArray[np.float64]
Resample = Literal["bootstrap", "deviation", "jackknife", "blocks"]
Statistic = Callable[[Rows, Rows], float]
"""A metric's value from the codes of some rows and the factors of some, in the same order."""
PartStatistic = Callable[[Rows, Rows], Sequence[float]]
"""The same for a metric of several numbers."""
Limits = tuple[Array, Array, str]


class Options(TypedDict, total=False):
    """What every metric of a table takes.

    ``code_types`` and ``factor_types``: see `as_table`.
    ``prune``: leave dead codes out, those whose standard deviation is less than a twentieth of the
    largest one's, and categorical ones of a single category (default: all codes are scored).
    ``level`` of the interval (0.95) and ``replicates`` of the table that it is made of (200, or as
    many as the metric needs); 0 replicates: no interval, nor is there one of fewer than 4 rows.
    ``null``: how many tables with factors shuffled among the rows are scored beside it (0).
    ``seed`` of all draws (0).
    """

    code_types: Sequence[str] | None
    factor_types: Sequence[str] | None
    prune: bool
    level: float
    replicates: int
    null: int
    seed: int


def table_of(
    codes: ArrayLike, factors: ArrayLike | None, options: Options
) -> tuple[Table, list[str]]:
    """The table to be scored, and the names of the codes that were pruned.

    Raises UserError for what is not a table, as `check_options` does, and where all codes are dead.
    """
    check_options(options)
    table = as_table(
        codes,
        factors,
        code_types=options.get("code_types"),
        factor_types=options.get("factor_types"),
    )
    if not options.get("prune", False):
        return table, []
    kept = active_codes(table.codes)
    if not kept:
        raise UserError("all codes are constant; there is nothing to score")
    return Table(kept, table.factors), names_without(table.codes, kept)


def check_options(options: Options) -> None:
    """Raise UserError for options that there are not, a level outside (0, 1), wrong counts."""
    unknown = sorted(options.keys() - Options.__annotations__.keys())
    if unknown:
        raise UserError(
            f"no option {unknown[0]!r}; there are {', '.join(sorted(Options.__annotations__))}"
        )
    check_level(options.get("level", 0.95))
    for name in ("replicates", "null", "seed"):
        number = options.get(name, 0)
        if not isinstance(number, int | np.integer) or number < 0:
            raise UserError(f"{name} is {number}; give a whole number >= 0")
    if options.get("seed", 0) > LARGEST_SEED:
        raise UserError(f"seed is {options['seed']}; give a whole number up to {LARGEST_SEED}")


def active_codes(codes: Sequence[Column]) -> tuple[Column, ...]:
    """Those codes that are not dead: see `Options`, ``prune``."""
    spreads = [code.spread for code in codes if code.type == "continuous"]
    least = DEAD_SHARE * max(spreads, default=0.0)

    def active(code: Column) -> bool:
        return code.spread > 0 and (code.type == "categorical" or code.spread >= least)

    return tuple(code for code in codes if active(code))


def names_without(columns: Sequence[Column], kept: Sequence[Column]) -> list[str]:
    """The names of those columns that are not kept; two columns may have the same name."""
    return [each.name for each in columns if not any(each is other for other in kept)]


def score_table(
    table: Table,
    value: float,
    statistic: Statistic,
    options: Options,
    *,
    bounds: tuple[float, float],
    unit: str,
    reference: str,
    details: dict[str, Any],
    higher_is_better: bool = True,
    resample: Resample = "bootstrap",
    shuffled: Callable[[Rows], float] | None = None,
    fit: int = 0,
) -> Score:
    """Score a table by one number; see :func:`score_parts`, which does it for several."""
    score = score_parts(
        table,
        {"value": value},
        lambda code_rows, factor_rows: [statistic(code_rows, factor_rows)],
        options,
        bounds=bounds,
        unit=unit,
        reference=reference,
        details=details,
        higher_is_better=higher_is_better,
        resample=resample,
        shuffled=None if shuffled is None else (lambda order: [shuffled(order)]),
        fit=fit,
    )
    del score.details["parts"]
    return score


def score_parts(
    table: Table,
    values: Mapping[str, float],
    statistic: PartStatistic,
    options: Options,
    *,
    bounds: tuple[float, float],
    unit: str,
    reference: str,
    details: dict[str, Any],
    higher_is_better: bool = True,
    resample: Resample = "bootstrap",
    shuffled: Callable[[Rows], Sequence[float]] | None = None,
    fit: int = 0,
) -> Score:
    """Score a table by several numbers, each with an interval over rows within ``bounds``.

    ``values`` are those of the whole table by name, and ``statistic`` computes them, in this
    order, of some of its rows; ``shuffled`` those of a table with its factors in another order,
    where ``statistic`` cannot. The first ``fit`` rows and the others are drawn apart. The score
    is that of the first name, and ``details["parts"]`` holds ``value``, ``low`` and ``high`` of
    every one, with the ``null`` where that was asked for.

    "bootstrap" is the basic one: reflecting it about the value takes out the bias that counts of
    few rows have, so that the limits are those of the metric at a large number of rows.
    "deviation" is for a metric that draws at random itself, afresh at every call: of a few
    bootstrap tables only the deviation is used, by Student's t. "jackknife" leaves out one of up
    to `GROUPS` groups of rows at a time and is for metrics that rows drawn twice would mislead.
    "blocks" scores up to `BLOCKS` separate blocks of rows, each alone, and is for metrics that take
    long: all blocks together cost as much as the table.
    """
    level, seed = options.get("level", 0.95), options.get("seed", 0)
    replicates, permutations = options.get("replicates", 200), options.get("null", 0)
    resampling, shuffling = np.random.default_rng(seed).spawn(2)
    everything = np.arange(table.n)
    # Rounding, and neighbours among few rows, can carry a value over the metric's range.
    whole = np.clip(list(values.values()), *bounds)
    entries: list[dict[str, Any]] = [
        {"value": float(value), "low": None, "high": None} for value in whole
    ]
    kind = "none: no replicates"
    groups = [np.arange(fit), np.arange(fit, table.n)] if fit else [everything]
    if replicates and min(map(len, groups)) < LEAST_ROWS:
        kind = f"none: fewer than {LEAST_ROWS} rows, or of these to fit on or to score"
    elif replicates:
        interval = _INTERVALS[resample]
        low, high, kind = interval(statistic, whole, groups, replicates, level, resampling)
        for entry, lower, upper in zip(entries, low, high, strict=True):
            entry["low"] = float(min(max(lower, bounds[0]), entry["value"]))
            entry["high"] = float(max(min(upper, bounds[1]), entry["value"]))
    if permutations:
        of_order = shuffled or (lambda order: statistic(everything, order))
        orders = [shuffling.permutation(table.n) for _ in range(permutations)]
        scores = np.clip([of_order(order) for order in orders], *bounds)
        for entry, column in zip(entries, scores.T, strict=True):
            entry["null"] = _null(column, level)
    first = entries[0]
    return Score(
        first["value"],
        first["low"],
        first["high"],
        level if replicates else None,
        table.n,
        unit,
        higher_is_better,
        reference,
        {
            **details,
            "codes": [code.name for code in table.codes],
            "factors": [factor.name for factor in table.factors],
            "interval": kind,
            "seed": int(seed),
            **({"null": first["null"]} if permutations else {}),
            "parts": dict(zip(values, entries, strict=True)),
        },
    )


def _null(scores: Array, level: float) -> dict[str, float]:
    """What tables score whose rows have other rows' factors: mean, and the middle `level`."""
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return {
        "mean": float(scores.mean()),
        "low": float(low),
        "high": float(high),
        "tables": len(scores),
    }


def _bootstrap(
    statistic: PartStatistic,
    values: Array,
    groups: Sequence[Rows],
    replicates: int,
    level: float,
    generator: np.random.Generator,
) -> Limits:
    drawn = _drawn(statistic, groups, replicates, generator)
    limits = np.array(
        [
            basic_bootstrap(value, column, value, level, (-math.inf, math.inf))
            for value, column in zip(values, drawn.T, strict=True)
        ]
    )
    return limits[:, 0], limits[:, 1], f"basic bootstrap over rows, {replicates} replicates"


def _deviation(
    statistic: PartStatistic,
    values: Array,
    groups: Sequence[Rows],
    replicates: int,
    level: float,
    generator: np.random.Generator,
) -> Limits:
    count = max(2, min(GROUPS, replicates))
    error = _drawn(statistic, groups, count, generator).std(axis=0, ddof=1)
    half = _student(level, count) * error
    kind = f"Student's t, deviation of {count} bootstrap tables and draws"
    return values - half, values + half, kind


def _drawn(
    statistic: PartStatistic,
    groups: Sequence[Rows],
    replicates: int,
    generator: np.random.Generator,
) -> Array:
    """The metric's numbers of tables whose rows are drawn with replacement."""
    drawn = []
    for _ in range(replicates):
        rows = np.concatenate([generator.choice(group, len(group)) for group in groups])
        drawn.append(statistic(rows, rows))
    return np.array(drawn, dtype=np.float64)


def _jackknife(
    statistic: PartStatistic,
    values: Array,
    groups: Sequence[Rows],
    replicates: int,
    level: float,
    generator: np.random.Generator,
) -> Limits:
    """Delete-a-group jackknife (Shao and Tu 1995, section 2.3), Student's t with groups - 1."""
    everything = np.concatenate(groups)
    left_out = _parts(groups, min(GROUPS, replicates), generator)
    kept = [np.setdiff1d(everything, part) for part in left_out]
    drawn = [statistic(rows, rows) for rows in kept]
    half = _student(level, len(drawn)) * np.sqrt((len(drawn) - 1) * np.var(drawn, axis=0))
    return values - half, values + half, f"jackknife over {len(drawn)} groups of rows"


def _blocks(
    statistic: PartStatistic,
    values: Array,
    groups: Sequence[Rows],
    replicates: int,
    level: float,
    generator: np.random.Generator,
) -> Limits:
    """The error of a block of rows, scaled to all rows (Politis, Romano and Wolf 1999, ch. 2)."""
    blocks = _parts(groups, min(BLOCKS, replicates), generator)
    drawn = [statistic(rows, rows) for rows in blocks]
    error = np.std(drawn, axis=0, ddof=1) / math.sqrt(len(drawn))
    half = _student(level, len(drawn)) * error
    return values - half, values + half, f"deviation of {len(drawn)} separate blocks of rows"


def _parts(groups: Sequence[Rows], most: int, generator: np.random.Generator) -> list[Rows]:
    """All rows in two parts or more, up to `most`, each with its share of every group."""
    count = max(2, min(most, *(len(group) // 2 for group in groups)))
    pieces = [np.array_split(generator.permutation(group), count) for group in groups]
    return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]


_INTERVALS = {
    "bootstrap": _bootstrap,
    "deviation": _deviation,
    "jackknife": _jackknife,
    "blocks": _blocks,
}


def _student(level: float, count: int) -> float:
    return float(stats.t.ppf(0.5 + level / 2, count - 1))
