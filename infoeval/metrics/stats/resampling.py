"""From arrays to a score: options, the checked table, its split, its interval and chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError, unknown
from infoeval.intervals import Subsamples, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import (
    CATEGORIES,
    Column,
    Table,
    as_rows,
    as_table,
)
from infoeval.metrics.stats.done_share import counting
from infoeval.metrics.stats.row_intervals import (
    MANY_ROWS,
    PartStatistic,
    Rows,
    chance_of,
    entries_of,
    rows_scored,
    subsamples_of,
    within,
)

DEAD_SHARE = 0.05
"""A code whose deviation is less than this share of the largest one is dead; an angle, whose
deviation on the circle is less than this, see `circular_spread`."""
SCORED_SHARE = 1 / 3
"""This share of a table's rows is scored where no test rows are given."""
LARGEST_SEED = 2**32 - 1
"""The largest seed that scikit-learn accepts."""

FITTED_ROWS = 50_000
"""Metrics that fit predictors score so many rows of a larger table, where no number is given."""
LEAST_DRAWN = 10
"""Fewer rows than this are not drawn of a larger table."""
FEWER_TABLES = 4
"""Of more than `MANY_ROWS` rows, whose chance varies little, one in so many tables is shuffled."""
NOT_SHUFFLED = "no table with shuffled factors was scored; ask for some with null"

Array = NDArray[np.float64]
Preset = Literal["disentanglement_lib", "laforge"]
"""Settings of Locatello et al. 2019, or of the program of Zaidi et al. 2020."""
Statistic = Callable[[Rows, Rows], float]
"""A metric's value from the codes of some rows and the factors of some, in the same order."""
TestRows = tuple[ArrayLike, ArrayLike]
"""Codes and factors of rows that models are not fitted on."""


class ScoreOptions(TypedDict, total=False):
    """Options of every metric with an interval over rows.

    ``level`` of the interval (0.95), and ``replicates``: the number of random halves, and of random
    quarters, of the rows that it is computed from (60, fewer for slow metrics); with 0 replicates,
    or fewer than 4 rows, there is no interval.
    ``null``: number of tables with shuffled factors that show what chance scores (20, fewer for
    slow metrics, 0 for the slowest).
    ``seed`` of all draws (0).
    """

    level: float
    replicates: int
    null: int
    seed: int


class TableOptions(ScoreOptions, total=False):
    """Options of every metric of a table, beside those of `ScoreOptions`.

    ``code_types`` and ``factor_types``: see `as_table`.
    ``prune``: leave out dead codes, those whose standard deviation is less than a twentieth of the
    largest one's, angles whose deviation on the unit circle is less than a twentieth, and
    categorical ones of a single category (default: all codes are scored).
    """

    code_types: Sequence[str] | None
    factor_types: Sequence[str] | None
    prune: bool


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


def check_options(options: ScoreOptions) -> None:
    """Raise UserError for unknown options, a level outside (0, 1), and wrong counts."""
    extra = sorted(options.keys() - TableOptions.__annotations__.keys())
    if extra:
        raise UserError(unknown("no option", extra[0], sorted(TableOptions.__annotations__)))
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
        raise UserError(unknown(f"no {name}", value, known))


def active_codes(codes: Sequence[Column]) -> tuple[Column, ...]:
    """Codes that are not dead, as ``prune`` of `TableOptions` defines it."""
    spreads = [code.spread for code in codes if code.type == "continuous"]
    least = {
        "categorical": 0.0,
        "continuous": DEAD_SHARE * max(spreads, default=0.0),
        "periodic": DEAD_SHARE,
    }

    def active(code: Column) -> bool:
        return code.spread > 0 and code.spread >= least[code.type]

    return tuple(code for code in codes if active(code))


@dataclass(frozen=True)
class Split:
    """A table whose first ``fit`` rows models are fitted on, and whose other rows are scored."""

    table: Table
    fit: int

    def parts(self, rows: Rows) -> tuple[Rows, Rows]:
        """Those of ``rows`` to fit on, and those to score."""
        return rows[rows < self.fit], rows[rows >= self.fit]

    def paired(self, code_rows: Rows, factor_rows: Rows) -> "Split":
        """Split of the codes of some rows, in ascending order, and the factors of as many."""
        fit = int((code_rows < self.fit).sum())
        return Split(self.table.paired(code_rows, factor_rows), fit)


def at_most(split: Split, most: int, options: TableOptions) -> tuple[Split, dict[str, str]]:
    """Split of at most ``most`` rows, drawn by the seed, and ``sampled``, which says so.

    A third of them are scored, as of a whole table; of a part with fewer rows all are kept. Equal
    seeds draw equal rows of tables of one size, so that models of the same images stay paired.

    Raises UserError where ``most`` is not a whole number from `LEAST_DRAWN` up, and for a factor
    that is constant in what is drawn.
    """
    if not isinstance(most, int | np.integer) or most < LEAST_DRAWN:
        raise UserError(f"most_rows is {most}; give a whole number from {LEAST_DRAWN} up")
    n = split.table.n
    if n <= most:
        return split, {}
    generator = np.random.default_rng([options.get("seed", 0), 3])
    scored = min(n - split.fit, max(round(SCORED_SHARE * most), most - split.fit))
    counts = most - scored, scored
    rows = np.concatenate(
        [
            np.sort(generator.choice(part, count, replace=False))
            for part, count in zip(split.parts(np.arange(n)), counts, strict=True)
        ]
    )
    table = split.table.rows(rows)
    for factor in table.factors:
        if factor.spread == 0:
            raise UserError(
                f"{factor.name} has the same value in all of the {most:,} rows that were drawn; "
                "leave it out, or give a larger most_rows"
            )
    table = Table(_renumbered(table.codes), _renumbered(table.factors), table.pruned)
    sampled = f"{most:,} of {n:,} rows, drawn at random (most_rows)"
    return Split(table, counts[0]), {"sampled": sampled}


def _renumbered(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns whose classes are those that occur: others would cost as much to fit."""
    return tuple(
        replace(column, values=np.unique(column.values, return_inverse=True)[1].astype(np.float64))
        if column.type in CATEGORIES
        else column
        for column in columns
    )


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
        if not isinstance(test, tuple | list) or len(test) != 2:
            raise UserError("test: give a pair, the codes and the factors of other rows")
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
    options: ScoreOptions,
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
    options: ScoreOptions,
    *,
    reference: str,
    details: dict[str, Any],
    bounds: tuple[float, float] = (0.0, 1.0),
    unit: str = "fraction",
    higher_is_better: bool = True,
    best: float | None = None,
    replicates: int = 60,
    tables: int = 20,
    ranges: bool | Array = False,
    chance: Array | None = None,
    shuffled: Callable[[Rows], Sequence[float]] | None = None,
    fit: int = 0,
) -> Score:
    """Score of a table by several numbers, each with its interval, and with what chance scores.

    ``values`` are those of the whole table by name, and ``statistic`` computes them, in this
    order, from the codes of some of its rows and the factors of some; ``shuffled`` computes those
    of a table with its factors in another order, where ``statistic`` cannot. The first ``fit`` rows
    and the others are drawn separately. The score is the first value, and ``details["parts"]``
    holds ``value``, ``low`` and ``high`` of every one, with ``null`` and ``adjusted``.

    The interval is about the metric's expectation over tables of as many rows of the same law: the
    value ± the deviation that :class:`infoeval.intervals.Subsamples` estimates from ``replicates``
    random halves and quarters of the rows, each scored anew, bins and all. Added is what parts of
    the rows cannot show: what a few wrong rows would change, as a table may happen to have none,
    and, where the codes' ``ranges`` matter, as they do to bins, what the farthest rows change.

    ``ranges`` may be a share for each number.

    ``null`` is what ``tables`` with shuffled factors score, which are not scored again where
    ``chance`` ``(tables, numbers)`` holds what they score. ``adjusted`` is the value less their
    mean, as a share of the ``best`` value, by default the end of the range, less their mean.
    """
    level, seed = options.get("level", 0.95), options.get("seed", 0)
    resampling, shuffling, exchanging = np.random.default_rng(seed).spawn(3)
    whole = within(list(values.values()), bounds)
    count = options.get("replicates", replicates)
    if table.n > MANY_ROWS:
        tables = min(tables, max(2, tables // FEWER_TABLES))
    tables = options.get("null", tables)
    shuffles = tables if chance is None and shuffled is None and table.factors else 0
    statistic = counting(statistic, rows_scored(table, count) + shuffles * table.n)
    found = subsamples_of(
        table,
        whole,
        statistic,
        fit=fit,
        count=count,
        ranges=ranges,
        generators=(resampling, exchanging),
    )
    entries, halves, kind = entries_of(whole, found, level, bounds)
    if chance is None and (table.factors or shuffled is not None):
        of_order = shuffled or (lambda order: statistic(np.arange(table.n), order))
        orders = [shuffling.permutation(table.n) for _ in range(tables)]
        chance = np.array([of_order(order) for order in orders])
    unshuffled = {}
    if chance is not None and len(chance):
        if best is None and higher_is_better:
            best = bounds[1]
        for entry, column, half in zip(entries, within(chance, bounds).T, halves, strict=True):
            entry |= chance_of(column, entry["value"], half, level, best)
    elif chance is not None:
        unshuffled["no_null"] = NOT_SHUFFLED
    first = entries[0]
    return Score(
        first["value"],
        first["low"],
        first["high"],
        None if first["low"] is None else level,
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
            **unshuffled,
            **{key: first[key] for key in ("null", "adjusted") if key in first},
            "parts": dict(zip(values, entries, strict=True)),
        },
        found if isinstance(found, Subsamples) else None,
    )


def with_limits(score: Score, low: float, high: float, level: float) -> Score:
    """Score, 1 at best, with other limits; those of the value above chance contain them."""
    details = score.details
    if "adjusted" in details:
        chance, known = details["null"]["mean"], details["adjusted"]
        ends = [(end - chance) / (1 - chance) for end in (low, high)]
        if known["low"] is not None:
            ends += [known["low"], known["high"]]
        details = {**details, "adjusted": {**known, "low": min(ends), "high": max(ends)}}
    return replace(score, low=low, high=high, level=level, details=details)


def without_columns(score: Score) -> Score:
    """Score of vectors, whose details name no columns."""
    for name in ("pruned", "codes", "factors"):
        del score.details[name]
    return score
