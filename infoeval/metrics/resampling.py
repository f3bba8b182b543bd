"""Scores of a table: the value, its bootstrap interval, and what a shuffled table would score."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from infoeval.errors import UserError
from infoeval.intervals import basic_bootstrap, check_level
from infoeval.metrics.score import Score
from infoeval.metrics.table import Column, Table, as_table

__all__ = ["Options", "Rows", "Statistic", "active_codes", "score_table", "table_of"]

DEAD_SHARE = 0.05
"""A code whose deviation is a smaller share of the largest one's is dead."""

GROUPS = 20
"""Of a jackknife."""

Rows = NDArray[np.intp]
Resample = Literal["bootstrap", "jackknife"]
Statistic = Callable[[Rows, Rows], float]
"""A metric's value from the codes of some rows and the factors of some, in the same order."""


class Options(TypedDict, total=False):
    """What every metric of a table takes.

    ``code_types`` and ``factor_types``: see :func:`infoeval.metrics.table.as_table`.
    ``prune``: leave dead codes out, those whose standard deviation is less than a twentieth of the
    largest one's, and categorical ones of a single category (default: all codes are scored).
    ``level`` of the interval (0.95) and ``replicates`` of the table that it is made of (200, or as
    many as the metric needs); 0 replicates: no interval. ``null``: how many tables with factors
    shuffled among the rows are scored beside it (0). ``seed`` of all draws (0).
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

    Raises UserError for what is not a table, and where all codes are dead.
    """
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
    names = {code.name for code in kept}
    return Table(kept, table.factors), [c.name for c in table.codes if c.name not in names]


def active_codes(codes: Sequence[Column]) -> tuple[Column, ...]:
    """Those codes that are not dead: see `Options`, ``prune``."""
    spreads = [float(c.values.std()) for c in codes if c.type == "continuous"]
    least = DEAD_SHARE * max(spreads, default=0.0)

    def active(code: Column) -> bool:
        spread = float(code.values.std())
        return spread > 0 and (code.type == "categorical" or spread >= least)

    return tuple(code for code in codes if active(code))


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
    """Score a table, with an interval over its rows within ``bounds``, the metric's range.

    ``value`` is the metric of the whole table, and ``statistic`` computes it of some of its rows;
    ``shuffled`` that of a table with its factors in another order, where ``statistic`` cannot. The
    first ``fit`` rows and the others are drawn apart.

    "bootstrap" is the basic one: reflecting it about the value takes out the bias that counts of
    few rows have, so that the limits are those of the metric at a large number of rows.
    "jackknife" leaves out one of up to `GROUPS` groups of rows at a time and is for metrics that
    rows drawn twice would mislead, or that take long. Raises UserError for a level outside (0, 1)
    and for negative counts.
    """
    level, seed = options.get("level", 0.95), options.get("seed", 0)
    replicates, permutations = options.get("replicates", 200), options.get("null", 0)
    check_level(level)
    for name, number in (("replicates", replicates), ("null", permutations), ("seed", seed)):
        if number < 0:
            raise UserError(f"{name} is {number}; give a whole number >= 0")
    resampling, shuffling = np.random.default_rng(seed).spawn(2)
    everything = np.arange(table.n)
    low, high, kind = None, None, "none: no replicates"
    if replicates:
        interval = _bootstrap if resample == "bootstrap" else _jackknife
        parts = [np.arange(fit), np.arange(fit, table.n)] if fit else [everything]
        low, high, kind = interval(statistic, value, parts, replicates, level, bounds, resampling)
    details = {
        **details,
        "codes": [code.name for code in table.codes],
        "factors": [factor.name for factor in table.factors],
        "interval": kind,
        "seed": seed,
    }
    if permutations:
        details["null"] = _null(
            shuffled or (lambda order: statistic(everything, order)),
            [shuffling.permutation(table.n) for _ in range(permutations)],
            level,
        )
    return Score(
        value,
        low,
        high,
        level if replicates else None,
        table.n,
        unit,
        higher_is_better,
        reference,
        details,
    )


def _null(
    shuffled: Callable[[Rows], float], orders: Sequence[Rows], level: float
) -> dict[str, float]:
    """What tables score whose rows have other rows' factors: mean, and the middle `level`."""
    scores = [shuffled(order) for order in orders]
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return {
        "mean": float(np.mean(scores)),
        "low": float(low),
        "high": float(high),
        "tables": len(orders),
    }


def _bootstrap(
    statistic: Statistic,
    value: float,
    parts: Sequence[Rows],
    replicates: int,
    level: float,
    bounds: tuple[float, float],
    generator: np.random.Generator,
) -> tuple[float, float, str]:
    drawn = np.empty(replicates)
    for number in range(replicates):
        rows = np.concatenate([generator.choice(part, len(part)) for part in parts])
        drawn[number] = statistic(rows, rows)
    low, high = basic_bootstrap(value, drawn, value, level, bounds)
    return low, high, f"basic bootstrap over rows, {replicates} replicates"


def _jackknife(
    statistic: Statistic,
    value: float,
    parts: Sequence[Rows],
    replicates: int,
    level: float,
    bounds: tuple[float, float],
    generator: np.random.Generator,
) -> tuple[float, float, str]:
    """Delete-a-group jackknife (Shao and Tu 1995, section 2.3), Student's t with groups - 1."""
    groups = max(2, min(GROUPS, replicates, *(len(part) // 2 for part in parts)))
    left_out = [np.array_split(generator.permutation(part), groups) for part in parts]
    drawn = np.empty(groups)
    for number in range(groups):
        kept = np.concatenate(
            [np.setdiff1d(part, out[number]) for part, out in zip(parts, left_out, strict=True)]
        )
        drawn[number] = statistic(kept, kept)
    error = math.sqrt((groups - 1) * float(drawn.var()))
    half = float(stats.t.ppf(0.5 + level / 2, groups - 1)) * error
    low, high = max(value - half, bounds[0]), min(value + half, bounds[1])
    return min(low, value), max(high, value), f"jackknife over {groups} groups of rows"
