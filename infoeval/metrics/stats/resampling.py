"""From arrays to a score: options, the checked table, its split, and intervals by resampling."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Column, Table, as_rows, as_table

DEAD_SHARE = 0.05
"""A code whose deviation is less than this share of the largest one is dead."""
SCORED_SHARE = 1 / 3
"""This share of a table's rows is scored where no test rows are given."""
GROUPS = 20
"""A jackknife leaves out at most this many groups; "deviation" draws at most as many tables."""
BLOCKS = 5
LEAST_ROWS = 4
"""Four rows make two halves of two, which can differ; fewer give no estimate of the spread."""
LARGEST_SEED = 2**32 - 1
"""The largest seed that scikit-learn accepts."""

Rows = NDArray[np.intp]
Array = NDArray[np.float64]
Preset = Literal["disentanglement_lib", "laforge"]
"""Settings of Locatello et al. 2019, or of the program of Zaidi et al. 2020."""
Resample = Literal["bootstrap", "deviation", "jackknife", "blocks"]
Statistic = Callable[[Rows, Rows], float]
"""A metric's value from the codes of some rows and the factors of some, in the same order."""
PartStatistic = Callable[[Rows, Rows], Sequence[float]]
"""The same for a metric of several numbers."""
TestRows = tuple[ArrayLike, ArrayLike]
"""Codes and factors of rows that models are not fitted on."""


class TableOptions(TypedDict, total=False):
    """TableOptions of every metric of a table.

    ``code_types`` and ``factor_types``: see `as_table`.
    ``prune``: leave out dead codes, those whose standard deviation is less than a twentieth of the
    largest one's, and categorical ones of a single category (default: all codes are scored).
    ``level`` of the interval (0.95) and ``replicates`` of the table that it is computed from (200,
    or as many as the metric needs); with 0 replicates, or fewer than 4 rows, there is no interval.
    ``null``: number of tables with shuffled factors that are scored as well (0).
    ``seed`` of all draws (0).
    """

    code_types: Sequence[str] | None
    factor_types: Sequence[str] | None
    prune: bool
    level: float
    replicates: int
    null: int
    seed: int


def table_of(codes: ArrayLike, factors: ArrayLike | None, options: TableOptions) -> Table:
    """Table to score, without dead codes if ``prune`` is set.

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
        return table
    kept = active_codes(table.codes)
    if not kept:
        raise UserError("all codes are constant; there is nothing to score")
    return table.keep(kept)


def check_options(options: TableOptions) -> None:
    """Raise UserError for unknown options, a level outside (0, 1), and wrong counts."""
    unknown = sorted(options.keys() - TableOptions.__annotations__.keys())
    if unknown:
        raise UserError(
            f"no option {unknown[0]!r}; there are {', '.join(sorted(TableOptions.__annotations__))}"
        )
    check_level(options.get("level", 0.95))
    for name in ("replicates", "null", "seed"):
        number = options.get(name, 0)
        if not isinstance(number, int | np.integer) or number < 0:
            raise UserError(f"{name} is {number}; give a whole number >= 0")
    if options.get("seed", 0) > LARGEST_SEED:
        raise UserError(f"seed is {options['seed']}; give a whole number up to {LARGEST_SEED}")


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise UserError unless a `Literal` holds this value."""
    known = get_args(choices)
    if value not in known:
        raise UserError(f"no {name} {value!r}; there are {', '.join(known)}")


def active_codes(codes: Sequence[Column]) -> tuple[Column, ...]:
    """Codes that are not dead, as ``prune`` of `TableOptions` defines it."""
    spreads = [code.spread for code in codes if code.type == "continuous"]
    least = DEAD_SHARE * max(spreads, default=0.0)

    def active(code: Column) -> bool:
        return code.spread > 0 and (code.type == "categorical" or code.spread >= least)

    return tuple(code for code in codes if active(code))


@dataclass(frozen=True)
class Split:
    """A table whose first ``fit`` rows models are fitted on, and whose other rows are scored."""

    table: Table
    fit: int

    def parts(self, rows: Rows) -> tuple[Rows, Rows]:
        """Those of ``rows`` to fit on, and those to score."""
        return rows[rows < self.fit], rows[rows >= self.fit]


def split_table(
    codes: ArrayLike,
    factors: ArrayLike,
    test: TestRows | None,
    options: TableOptions,
    *,
    preset: Preset = "disentanglement_lib",
) -> Split:
    """Split of all rows; without ``test``, a random third of them is scored.

    With the preset "laforge" all rows are fitted on, and none are left to score.

    Raises UserError for what is not a table of codes and factors, for test rows of other columns
    or with the preset "laforge", and for too few rows.
    """
    if preset == "laforge":
        if test is not None:
            raise UserError(
                "preset 'laforge' scores the rows that it was fitted on: give no others"
            )
        table = table_of(codes, factors, options)
        return Split(table, table.n)
    if test is not None:
        all_codes, fit = _stacked(codes, test[0], "code")
        all_factors, known = _stacked(factors, test[1], "factor")
        if fit != known:
            raise UserError(
                f"{fit} rows of codes for {known} rows of factors to fit on; give one of each "
                "per row"
            )
        table = table_of(all_codes, all_factors, options)
    else:
        table = table_of(codes, factors, options)
        fit = table.n - max(1, round(SCORED_SHARE * table.n))
        order = np.random.default_rng([options.get("seed", 0), 1]).permutation(table.n)
        table = table.rows(np.concatenate([np.sort(order[:fit]), np.sort(order[fit:])]))
    if fit < 2 or table.n - fit < 1:
        raise UserError(f"{table.n} rows; give more, some to fit on and others to score")
    return Split(table, fit)


def _stacked(first: Any, second: Any, what: str) -> tuple[Any, int]:
    """Rows of both, and the number of rows of ``first``."""
    if isinstance(first, pd.DataFrame) and isinstance(second, pd.DataFrame):
        if list(first.columns) != list(second.columns):
            raise UserError(f"the {what}s of the test rows have other columns")
        return pd.concat([first, second], ignore_index=True), len(first)
    one, other = as_rows(first, what), as_rows(second, what)
    if one.shape[1:] != other.shape[1:]:
        raise UserError(f"the {what}s of the test rows have shape {other.shape}, not {one.shape}")
    return np.concatenate([one, other]), len(one)


def score_table(
    table: Table,
    value: float,
    statistic: Statistic,
    options: TableOptions,
    *,
    shuffled: Callable[[Rows], float] | None = None,
    **others: Any,
) -> Score:
    """Score of a table by one number; see :func:`score_parts`, which does it for several."""
    score = score_parts(
        table,
        {"value": value},
        lambda code_rows, factor_rows: [statistic(code_rows, factor_rows)],
        options,
        shuffled=None if shuffled is None else (lambda order: [shuffled(order)]),
        **others,
    )
    del score.details["parts"]
    return score


def score_parts(
    table: Table,
    values: Mapping[str, float],
    statistic: PartStatistic,
    options: TableOptions,
    *,
    reference: str,
    details: dict[str, Any],
    bounds: tuple[float, float] = (0.0, 1.0),
    unit: str = "fraction",
    higher_is_better: bool = True,
    resample: Resample = "bootstrap",
    shuffled: Callable[[Rows], Sequence[float]] | None = None,
    fit: int = 0,
) -> Score:
    """Score of a table by several numbers, each with an interval over rows within ``bounds``.

    ``values`` are those of the whole table by name, and ``statistic`` computes them, in this
    order, from some of its rows; ``shuffled`` computes those of a table with its factors in another
    order, where ``statistic`` cannot. The first ``fit`` rows and the others are drawn separately.
    The score is the first value, and ``details["parts"]`` holds ``value``, ``low`` and ``high`` of
    every one, with the ``null`` if ``options`` ask for it.

    "bootstrap" is the basic one: reflecting it about the value takes out the bias that counts of
    few rows have, so that the limits are those of the metric at a large number of rows.
    "deviation" is for a metric that draws at random itself, afresh at every call: only the
    deviation of a few bootstrap tables is used, by Student's t. "jackknife" leaves out one of up
    to `GROUPS` groups of rows at a time and is for metrics that repeated rows would mislead.
    "blocks" scores up to `BLOCKS` separate blocks of rows, each alone, and is for slow metrics: all
    blocks together cost as much as the table.
    """
    level, seed = options.get("level", 0.95), options.get("seed", 0)
    replicates, permutations = options.get("replicates", 200), options.get("null", 0)
    resampling, shuffling = np.random.default_rng(seed).spawn(2)
    everything = np.arange(table.n)
    # Rounding, and neighbours among few rows, can carry a value beyond the metric's range.
    whole = np.clip(list(values.values()), *bounds)
    entries: list[dict[str, Any]] = [
        {"value": float(value), "low": None, "high": None} for value in whole
    ]
    kind = "none: no replicates"
    groups = [np.arange(fit), np.arange(fit, table.n)] if fit else [everything]
    if replicates and min(map(len, groups)) < LEAST_ROWS:
        kind = f"none: fewer than {LEAST_ROWS} rows, or of these to fit on or to score"
    elif replicates:
        low, high, kind = _limits(resample, statistic, whole, groups, replicates, level, resampling)
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
            "pruned": list(table.pruned),
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
    """Mean and central ``level`` of the scores of tables with shuffled factors."""
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return {
        "mean": float(scores.mean()),
        "low": float(low),
        "high": float(high),
        "tables": len(scores),
    }


def _limits(
    resample: Resample,
    statistic: PartStatistic,
    values: Array,
    groups: Sequence[Rows],
    replicates: int,
    level: float,
    generator: np.random.Generator,
) -> tuple[Array, Array, str]:
    """Limits of every number, and the kind of interval in words.

    The jackknife is the delete-a-group one (Shao and Tu 1995, section 2.3); of blocks, the error of
    a block is scaled to all rows (Politis, Romano and Wolf 1999, chapter 2).
    """
    if resample == "bootstrap":
        drawn = _bootstrap(statistic, groups, replicates, generator)
        limits = np.array(
            [
                basic_bootstrap(value, column, value, level, (-math.inf, math.inf))
                for value, column in zip(values, drawn.T, strict=True)
            ]
        )
        kind = f"basic bootstrap over rows, {replicates} replicates"
        return limits[:, 0], limits[:, 1], kind
    if resample == "deviation":
        count = max(2, min(GROUPS, replicates))
        error = _bootstrap(statistic, groups, count, generator).std(axis=0, ddof=1)
        kind = f"Student's t, deviation of {count} bootstrap tables and draws"
    elif resample == "jackknife":
        everything = np.concatenate(groups)
        left_out = _parts(groups, min(GROUPS, replicates), generator)
        kept = [np.setdiff1d(everything, part) for part in left_out]
        count = len(kept)
        error = np.sqrt((count - 1) * np.var([statistic(rows, rows) for rows in kept], axis=0))
        kind = f"jackknife over {count} groups of rows"
    else:
        blocks = _parts(groups, min(BLOCKS, replicates), generator)
        count = len(blocks)
        error = np.std([statistic(rows, rows) for rows in blocks], axis=0, ddof=1)
        error = error / math.sqrt(count)
        kind = f"deviation of {count} separate blocks of rows"
    half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * error
    return values - half, values + half, kind


def _bootstrap(
    statistic: PartStatistic,
    groups: Sequence[Rows],
    replicates: int,
    generator: np.random.Generator,
) -> Array:
    """Numbers of tables whose rows are drawn with replacement, ``(replicates, numbers)``."""
    drawn = []
    for _ in range(replicates):
        rows = np.concatenate([generator.choice(group, len(group)) for group in groups])
        drawn.append(statistic(rows, rows))
    return np.array(drawn, dtype=np.float64)


def _parts(groups: Sequence[Rows], most: int, generator: np.random.Generator) -> list[Rows]:
    """All rows in two parts or more, up to ``most``, each with its share of every group."""
    count = max(2, min(most, *(len(group) // 2 for group in groups)))
    pieces = [np.array_split(generator.permutation(group), count) for group in groups]
    return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]
