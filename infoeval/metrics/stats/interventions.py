"""Scores of codes that are drawn while a factor is held still."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.errors import UserError
from infoeval.intervals import clopper_pearson
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import Table
from infoeval.metrics.stats.function_draws import Encoder, FunctionSource
from infoeval.metrics.stats.resampling import Options, Rows, check_options, score_table
from infoeval.metrics.stats.table_draws import TableSource

__all__ = [
    "Codes",
    "Draws",
    "Effort",
    "Generator",
    "Outcome",
    "Source",
    "score_draws",
    "source_of",
]

REPEATS = 5
"""Of a function's draws, for the interval."""

Array = NDArray[np.float64]
Generator = np.random.Generator
Codes = ArrayLike | Encoder


@dataclass(frozen=True)
class Effort:
    """How many points to learn from and to score, and codes, or pairs of codes, in each point."""

    train_points: int
    test_points: int
    batch: int

    def but(
        self, train_points: int | None, test_points: int | None, batch: int | None, least_batch: int
    ) -> "Effort":
        """The same but for what is given. Raises UserError for what no whole number above 0 is."""
        asked = {"train_points": train_points, "test_points": test_points, "batch": batch}
        given = {name: number for name, number in asked.items() if number is not None}
        for name, number in given.items():
            least = least_batch if name == "batch" else 1
            whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
            if not whole or number < least:
                raise UserError(f"{name} is {number}; give a whole number >= {least}")
        return replace(self, **{name: int(number) for name, number in given.items()})


class Draws(Protocol):
    """Codes that can be drawn while a factor is held still, ``held``: its number for each point."""

    @property
    def spread(self) -> Array:
        """Variance of each code where no factor is held, ``(D,)``."""

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        """Mean ``|z1 - z2|`` of `batch` pairs that share a value each, ``(points, D)``."""

    def relative_variances(
        self, held: Rows, batch: int, codes: Rows, generator: Generator
    ) -> NDArray[Any]:
        """Variance of `batch` codes that all share one value over ``spread``.

        ``(points, codes)``, of those codes whose numbers are given, all of which vary.
        """


class Source(Protocol):
    """Where codes are drawn from, with a table that names codes and factors.

    ``has_rows``: from its rows, so that the score is about these.
    """

    table: Table
    pruned: list[str]
    has_rows: bool

    def whole(self) -> Draws:
        """Draws of everything there is."""

    def resampled(self, rows: Rows) -> Draws:
        """Draws of some of its rows, if it has rows."""

    def shuffled(self, order: Rows) -> Draws:
        """Draws whose codes have nothing to do with the factors that are held."""

    def details(self) -> dict[str, Any]:
        """What a score tells of it, once all is drawn."""


@dataclass(frozen=True)
class Outcome:
    """The share of test points that one set of draws got right, and what else is to be told."""

    share: float
    details: dict[str, Any]


def source_of(
    codes: Codes,
    factors: ArrayLike,
    options: Options,
    effort: Effort,
    *,
    bins: int,
    cut: Sequence[str] = ("continuous", "periodic"),
    even: bool = False,
    all_but: bool = False,
) -> Source:
    """Take codes from a table ``(n, D)``, or from a function of factor values.

    Of a table, factors of the types in `cut` go into `bins` of equal width. `even`: values are
    equally probable, however many rows they have. `all_but`: all factors are held still except the
    one that is given.

    Raises UserError for what is not a table of codes and factors, for one factor alone, for codes
    of 1e30 and more, and where no two rows share a value.
    """
    check_options(options)
    source: Source
    if callable(codes):
        most = effort.batch * effort.train_points
        source = FunctionSource(codes, factors, options, most=most, all_but=all_but)
    else:
        source = TableSource(
            codes, factors, options, bins=bins, cut=cut, even=even, all_but=all_but
        )
    if len(source.table.factors) < 2:
        raise UserError("one factor; there is nothing to tell apart, give two or more")
    return source


def score_draws(
    source: Source,
    measure: Callable[[Draws, Generator], Outcome],
    effort: Effort,
    options: Options,
    *,
    above_chance: bool,
    reference: str,
    details: dict[str, Any],
) -> Score:
    """Score the share of test points that `measure` gets right of fresh draws.

    `above_chance`: of K factors, (share - 1/K) / (1 - 1/K) is the score.

    A table's interval is over rows and draws at once. A function has no rows: its interval is over
    draws, `REPEATS` of them unless ``replicates`` are given, and ``n`` counts the test points.
    Either holds Clopper and Pearson's interval of the test points' share.
    """
    chance = 1 / len(source.table.factors)

    def scaled(share: float) -> float:
        return (share - chance) / (1 - chance) if above_chance else share

    def value(draws: Draws) -> float:
        return scaled(measure(draws, generator).share)

    if not source.has_rows:
        options = {**options, "replicates": options.get("replicates", REPEATS)}
    generator = np.random.default_rng([options.get("seed", 0), 2])
    whole = measure(source.whole(), generator)
    score = score_table(
        source.table,
        scaled(whole.share),
        lambda rows, _: value(source.resampled(rows)),
        options,
        bounds=(scaled(0.0), 1.0),
        unit="fraction",
        reference=reference,
        details={
            **whole.details,
            "pruned": source.pruned,
            "train_points": effort.train_points,
            "test_points": effort.test_points,
            "batch": effort.batch,
            **details,
        },
        resample="deviation",
        shuffled=lambda order: value(source.shuffled(order)),
    )
    score.details.update(source.details())
    if not source.has_rows:
        score.details["interval"] = score.details["interval"].replace("bootstrap tables and ", "")
        score = replace(score, n=effort.test_points)
    if score.low is None or score.high is None or score.level is None:
        return score
    # Where all is right in every bootstrap table these points still do not prove that all ever is.
    right = round(whole.share * effort.test_points)
    low, high = clopper_pearson(right, effort.test_points, score.level)
    score.details["interval"] += ", holding Clopper and Pearson's of the test points"
    return replace(score, low=min(score.low, scaled(low)), high=max(score.high, scaled(high)))
