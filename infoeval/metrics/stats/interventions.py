"""Scores of codes that are drawn while a factor is held fixed, from a table or from a function."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from infoeval.arrays import as_array
from infoeval.errors import UserError
from infoeval.intervals import clopper_pearson
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import (
    Table,
    as_rows,
    as_table,
    in_radians,
    periods_of,
)
from infoeval.metrics.stats.resampling import (
    TableOptions,
    check_options,
    score_table,
    table_of,
    with_limits,
)
from infoeval.metrics.stats.row_intervals import Rows
from infoeval.metrics.stats.table_draws import (
    TableDraws,
    TableSource,
    check_size,
    mean_distances,
    variances,
)

REPEATS = 5
"""The number of repetitions for the interval of a function."""
CALL = 4_096
"""The largest number of rows in one call of a function."""
SAMPLE = 10_000
"""The number of codes of a function that determine their types and spread."""

Array = NDArray[np.float64]
Generator = np.random.Generator
Encoder = Callable[[NDArray[Any]], ArrayLike]
"""From factor values ``(m, K)`` to their codes ``(m, D)``."""
Codes = ArrayLike | Encoder
Outcome = tuple[float, dict[str, Any]]
"""Share of the test points that are classified correctly, and details."""


@dataclass(frozen=True)
class Effort:
    """Numbers of points to fit and to score, and of codes, or pairs of codes, in each point."""

    train_points: int
    test_points: int
    batch: int

    def updated(
        self, train_points: int | None, test_points: int | None, batch: int | None, least_batch: int
    ) -> "Effort":
        """Effort with the numbers that are not None. Raises UserError unless they are positive."""
        efforts = {"train_points": train_points, "test_points": test_points, "batch": batch}
        changes = {name: number for name, number in efforts.items() if number is not None}
        for name, number in changes.items():
            least = least_batch if name == "batch" else 1
            whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
            if not whole or number < least:
                raise UserError(f"{name} is {number}; give a whole number >= {least}")
        return replace(self, **{name: int(number) for name, number in changes.items()})


class FunctionSource:
    """Source of codes that a function computes from independently drawn factors.

    At most ``most`` codes are computed on construction. ``encodings`` counts all that are computed.
    """

    has_rows = False

    def __init__(
        self,
        function: Encoder,
        factors: ArrayLike,
        options: TableOptions,
        *,
        most: int,
        all_but: bool,
    ) -> None:
        self.function, self.all_but = function, all_but
        self.encodings, self.width = 0, 0
        self.factors = as_rows(factors, "factor")
        columns = as_table(
            np.zeros(len(self.factors)), factors, factor_types=options.get("factor_types")
        ).factors
        count = max(2, min(SAMPLE, most))
        generator = np.random.default_rng([options.get("seed", 0), 3])
        sample = self._computed(self.drawn(count, generator))
        every = as_table(sample, None, code_types=options.get("code_types")).codes
        table = table_of(sample, None, {**options, "factor_types": None})
        self.kept = np.array([code.name not in table.pruned for code in every])
        self.types = np.array([code.type for code in table.codes])
        periods = periods_of(options.get("code_types"), len(every))
        self.periods = [each for each, kept in zip(periods, self.kept, strict=True) if kept]
        values = table.matrix(table.codes)
        self.spread: Array = variances(values[:, None].copy(), self.types)[0]
        rows = np.resize(np.arange(len(self.factors)), count)
        self.table = replace(table, factors=Table(columns, columns).rows(rows).factors)

    def whole(self) -> "FunctionDraws":
        """Draws of the function."""
        return FunctionDraws(self, shared=True)

    def resampled(self, rows: Rows, order: Rows) -> "FunctionDraws":
        """Fresh draws, as a function has no rows."""
        return self.whole()

    def shuffled(self, order: Rows) -> "FunctionDraws":
        """Draws whose codes are independent of the factors that are held."""
        return FunctionDraws(self, shared=False)

    def details(self) -> dict[str, Any]:
        """Details of a score: the number of codes that were computed."""
        return {"encodings": self.encodings}

    def drawn(self, count: int, generator: Generator) -> NDArray[Any]:
        """Factor values ``(count, K)``, independent of each other."""
        rows, factors = self.factors.shape
        drawn = generator.integers(rows, size=(count, factors))
        return np.asarray(self.factors[drawn, np.arange(factors)])

    def codes(self, values: NDArray[Any], batch: int) -> Array:
        """Codes to score, ``(batch, points, D)``, of values ``(batch points, K)``.

        Angles are in radians.
        """
        codes = self._computed(values)[:, self.kept].astype(np.float64)
        for column, period in enumerate(self.periods):
            if period is not None:
                codes[:, column] = in_radians(codes[:, column], period)
        return codes.reshape(batch, -1, codes.shape[1])

    def _computed(self, values: NDArray[Any]) -> NDArray[Any]:
        """All codes of values, computed in calls of at most `CALL` rows."""
        self.encodings += len(values)
        return np.concatenate([self._checked(piece) for piece in _pieces(values, CALL)])

    def _checked(self, values: NDArray[Any]) -> NDArray[Any]:
        """Codes of one call, ``(rows, codes)``. Raises UserError unless all are finite numbers."""
        codes = as_array(self.function(values), "codes of the function")
        if codes.ndim == 1:
            codes = codes[:, None]
        if codes.ndim != 2 or len(codes) != len(values):
            raise UserError(
                f"codes: the function gave shape {codes.shape} for {len(values)} rows of factors; "
                "give (rows, codes)"
            )
        self.width = self.width or codes.shape[1]
        if codes.shape[1] != self.width:
            raise UserError(f"codes: the function gave {self.width} codes, then {codes.shape[1]}")
        if codes.dtype.kind not in "biuf" or not np.isfinite(codes).all():
            raise UserError("codes: the function gave what is not a finite number")
        check_size(codes)
        return codes


class FunctionDraws:
    """Draws of a function's codes; unless ``shared``, no factor is held fixed."""

    def __init__(self, source: FunctionSource, shared: bool) -> None:
        self.source, self.shared, self.spread = source, shared, source.spread

    def differences(self, held: Rows, batch: int, generator: Generator) -> Array:
        """Mean ``|z1 - z2|`` of ``batch`` pairs that each share a value, ``(points, D)``."""
        source, parts = self.source, []
        for points in _pieces(held, CALL // batch):
            first = source.drawn(batch * len(points), generator)
            second = self._drawn_again(first, np.tile(points, batch), generator)
            pair = source.codes(first, batch), source.codes(second, batch)
            parts.append(mean_distances(*pair, source.types))
        return np.concatenate(parts)

    def relative_variances(
        self, held: Rows, batch: int, codes: Rows, generator: Generator
    ) -> NDArray[Any]:
        """Variance of ``batch`` codes that all share one value over ``spread``."""
        source, parts = self.source, []
        for points in _pieces(held, CALL // batch):
            one = np.tile(source.drawn(len(points), generator), (batch, 1))
            values = self._drawn_again(one, np.tile(points, batch), generator)
            parts.append(variances(source.codes(values, batch), source.types))
        return np.concatenate(parts)[:, codes] / self.spread[codes]

    def _drawn_again(
        self, values: NDArray[Any], numbers: Rows, generator: Generator
    ) -> NDArray[Any]:
        """Fresh values, except of the factors that are held fixed."""
        drawn = self.source.drawn(len(values), generator)
        if not self.shared:
            return drawn
        held = numbers[:, None] == np.arange(values.shape[1])
        return np.where(held != self.source.all_but, values, drawn)


Draws = TableDraws | FunctionDraws
Source = TableSource | FunctionSource


def _pieces(rows: NDArray[Any], most: int) -> Iterator[NDArray[Any]]:
    """Consecutive pieces of at most ``most`` rows."""
    step = max(1, most)
    return (rows[start : start + step] for start in range(0, len(rows), step))


def source_of(
    codes: Codes,
    factors: ArrayLike,
    options: TableOptions,
    effort: Effort,
    *,
    bins: int,
    cut: Sequence[str] = ("continuous", "periodic"),
    even: bool = False,
    all_but: bool = False,
) -> Source:
    """Source of codes from a table ``(n, D)``, or from a function of factor values.

    In a table, factors of the types in ``cut`` are cut into ``bins`` of equal width. ``even``:
    values are equally probable, however many rows they have. ``all_but``: all factors are held
    fixed except one.

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
    options: TableOptions,
    *,
    above_chance: bool,
    reference: str,
    details: dict[str, Any],
) -> Score:
    """Score of fresh draws: the share of test points that ``measure`` classifies correctly.

    ``above_chance``: the score is (share - 1/K) / (1 - 1/K), K the number of factors.

    A table's interval is over rows and draws at once. A function has no rows: its interval is that
    of fresh draws, by the deviation of `REPEATS` of them unless ``replicates`` are given, and ``n``
    counts the test points. Either contains Clopper and Pearson's interval of the test points'
    share, as all of them may be right by chance.
    """
    chance = 1 / len(source.table.factors)

    def scaled(share: float) -> float:
        return (share - chance) / (1 - chance) if above_chance else share

    def value(draws: Draws) -> float:
        return scaled(measure(draws, generator)[0])

    repeats = options.get("replicates", REPEATS)
    if not source.has_rows:
        options = {**options, "replicates": 0}
    generator = np.random.default_rng([options.get("seed", 0), 2])
    share, measured = measure(source.whole(), generator)
    score = score_table(
        source.table,
        scaled(share),
        lambda rows, order: value(source.resampled(rows, order)),
        options,
        bounds=(scaled(0.0), 1.0),
        reference=reference,
        details={
            **measured,
            **asdict(effort),
            **details,
        },
        replicates=20,
        tables=5 if source.has_rows else 0,
        shuffled=lambda order: value(source.shuffled(order)),
    )
    if not source.has_rows:
        score = replace(score, n=effort.test_points)
        if repeats > 1:
            level = options.get("level", 0.95)
            drawn = np.array([value(source.whole()) for _ in range(repeats)])
            score = _with_draws(score, drawn, level, (scaled(0.0), 1.0))
    score.details.update(source.details())
    if score.low is None or score.high is None or score.level is None:
        return score
    right = round(share * effort.test_points)
    low, high = clopper_pearson(right, effort.test_points, score.level)
    score.details["interval"] += ", holding Clopper and Pearson's of the test points"
    return with_limits(
        score, min(score.low, scaled(low)), max(score.high, scaled(high)), score.level
    )


def _with_draws(score: Score, drawn: Array, level: float, bounds: tuple[float, float]) -> Score:
    """Score of a function with the interval of scores of fresh draws, ``(repeats,)``."""
    quantile = float(stdtrit(len(drawn) - 1, 0.5 + level / 2))
    half = quantile * float(drawn.std(ddof=1))
    score.details["interval"] = f"Student's t, deviation of {len(drawn)} draws"
    low, high = max(score.value - half, bounds[0]), min(score.value + half, bounds[1])
    return replace(score, low=low, high=high, level=level)
