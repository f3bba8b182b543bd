"""Intervals of any metric: of the mean, whose error is known, and of several numbers at once."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from infoeval.errors import UserError
from infoeval.intervals import Subsamples
from infoeval.metrics import mig
from infoeval.metrics.score import Score
from infoeval.metrics.stats.code_factor_table import as_table
from infoeval.metrics.stats.resampling import (
    Statistic,
    score_parts,
    score_table,
    table_of,
)
from infoeval.metrics.stats.row_intervals import (
    Rows,
    chance_of,
    halves_and_quarters,
    limit_entry,
    sizes_of_parts,
    tail_of,
    within,
)

WIDE = (-math.inf, math.inf)


def score_of(
    codes: Any,
    statistic: Statistic,
    bounds: tuple[float, float] = WIDE,
    factors: Any = None,
    fit: int = 0,
    **options: Any,
) -> Score:
    """The score of a table by any statistic, as if it were a metric."""
    table = table_of(codes, factors, options)  # type: ignore[arg-type]
    every = np.arange(table.n)
    return score_table(
        table,
        statistic(every, every),
        statistic,
        options,  # type: ignore[arg-type]
        bounds=bounds,
        unit="1",
        reference="",
        details={},
        fit=fit,
    )


def mean_of(n: int, seed: int = 0, fit: int = 0, **options: Any) -> Score:
    """The mean of n normal values of deviation 2."""
    codes = 2 * np.random.default_rng(seed).normal(size=(n, 1))
    return score_of(codes, lambda rows, _: float(codes[rows].mean()), fit=fit, **options)


def half_width(score: Score) -> float:
    assert score.low is not None
    assert score.high is not None
    return (score.high - score.low) / 2


@pytest.mark.parametrize("fit", [0, 200])
def test_the_interval_of_a_mean_is_as_wide_as_theory_says(fit: int) -> None:
    """Over 40 samples: the mean square of the error that an interval tells is that of the mean."""
    n, level, count = 400, 0.9, 60
    quantile = stats.t.ppf(0.95, count - 1)
    scores = [mean_of(n, seed, fit=fit, level=level) for seed in range(40)]
    errors = [half_width(score) / quantile for score in scores]
    # The rate that 60 halves and quarters tell is never taken below that of a mean, so that their
    # noise widens it: the variance by 2 E max(0, A - B) = 0.2, for two relative variances of 60.
    ratio = np.sqrt(np.mean(np.square(errors))) / (2 / math.sqrt(n))
    assert ratio == pytest.approx(math.sqrt(1.2), rel=0.08)
    kind = "deviation of 60 random halves of the rows, and quarters"
    assert scores[0].details["interval"] == kind


def test_intervals_hold_the_expectation_as_often_as_they_say() -> None:
    scores = [mean_of(100, seed, level=0.9) for seed in range(300)]
    held = np.mean([score.low <= 0 <= score.high for score in scores])  # type: ignore[operator]
    # Of 300 draws at 0.9 the share lies in here but for one time in a thousand.
    assert 0.84 <= held <= 0.96


def test_the_target_is_the_expectation_and_not_its_limit() -> None:
    """The largest of 50 values on [0, 1] is 50/51 on average, and 1 for ever more rows."""
    covered = 0
    for seed in range(200):
        codes = np.random.default_rng(seed).random((50, 1))
        score = score_of(codes, lambda rows, _: float(codes[rows].max()), (0.0, 2.0))  # noqa: B023
        assert score.low is not None
        assert score.high is not None
        covered += score.low <= 50 / 51 <= score.high
    assert covered >= 180


def test_a_statistic_of_no_degree_gets_twice_the_variance_of_halves() -> None:
    """cos of the angle of a mean of noise has the same law for any number of rows."""
    values = np.random.default_rng(0).normal(size=(2000, 2))

    def direction(rows: Rows) -> list[float]:
        mean = values[rows].mean(axis=0)
        return [float(mean[0] / math.hypot(*mean)), float(values[rows, 0].mean())]

    groups, generator = [np.arange(2000)], np.random.default_rng(1)
    drawn = halves_and_quarters(direction, groups, 400, generator)
    free, mean = Subsamples(*drawn, np.zeros(2), np.zeros(2)).inflation
    assert 1.5 < free <= 2
    assert 1 <= mean < 1.25


def test_of_many_rows_parts_of_a_fixed_size_are_scored() -> None:
    n, seen = 300_000, []
    random = np.random.default_rng(0)
    codes, factors = 2 * random.normal(size=(n, 1)), random.integers(0, 2, size=n)

    def mean(rows: Rows, order: Rows) -> float:
        seen.append(len(rows))
        assert (np.diff(rows) > 0).all()
        return float((codes[rows, 0] * factors[order]).mean())

    score = score_of(codes, mean, factors=factors)
    counts = dict(zip(*np.unique(seen, return_counts=True), strict=True))
    # The value and five shuffled tables; larger parts, one of which shows mistakes; smaller ones.
    assert counts == {n: 6, 20_000: 60 + 5, 2_500: 60}
    assert score.details["interval"] == (
        "deviation of 60 random parts of 20,000 of 300,000 rows, and of 2,500"
    )
    assert score.high is not None
    error = 1.96 * math.sqrt(2 / n)  # of the product, whose variance is 2
    assert 0.8 * error < score.high - score.value < 1.6 * error
    assert len(score_of(codes, mean, factors=factors, null=9).details["null"]) == 4
    assert seen.count(n) == 6 + 10


@pytest.mark.parametrize(("n", "codes", "sizes"), [
    (20_000, 1, None),
    (20_001, 1, (20_001, 10_000, 1_250)),
    (50_000, 512, (50_000, 8_000, 1_000)),
    (50_000, 15, (50_000, 13_333, 1_666)),
])  # fmt: skip
def test_sizes_of_parts(n: int, codes: int, sizes: tuple[int, int, int] | None) -> None:
    assert sizes_of_parts(as_table(np.zeros((n, codes)), None)) == sizes


def test_rows_to_fit_on_and_rows_to_score_are_drawn_apart() -> None:
    seen: list[tuple[int, int]] = []

    def count(rows: Rows, _: Rows) -> float:
        assert (np.diff(rows) > 0).all()
        seen.append((int((rows < 20).sum()), int((rows >= 20).sum())))
        return 0.0

    score_of(np.arange(32.0)[:, None], count, fit=20, replicates=10)
    assert seen == [(20, 12), *[(10, 6)] * 10, *[(5, 3)] * 10]


def test_models_of_the_same_rows_have_the_same_halves() -> None:
    """Their difference by a constant is certain, though each of them is not."""
    codes = np.random.default_rng(0).normal(size=(100, 1))
    one = score_of(codes, lambda rows, _: float(codes[rows].mean()))
    other = score_of(codes + 1, lambda rows, _: float(codes[rows].mean() + 1))
    assert one.samples is not None
    assert other.samples is not None
    assert half_width(one) > 0.1
    assert (other.samples - one.samples).half_widths(0.95) == pytest.approx([0], abs=1e-12)
    again = score_of(codes, lambda rows, _: float(codes[rows].mean()), seed=1)
    assert again.samples is not None
    assert (again.samples - one.samples).half_widths(0.95)[0] > 0.1


def test_several_numbers_each_have_their_interval() -> None:
    codes = np.add(np.random.default_rng(0).normal(size=(200, 1)), [0.0, 5.0])
    table = table_of(codes, np.arange(200), {})
    score = score_parts(
        table,
        {"first": float(codes[:, 0].mean()), "second": float(codes[:, 1].mean())},
        lambda rows, others: codes[rows].mean(axis=0).tolist(),
        {"null": 4, "level": 0.5},
        bounds=(-0.05, 5.05),
        unit="1",
        reference="",
        details={"more": 1},
    )
    parts = score.details["parts"]
    assert list(parts) == ["first", "second"]
    assert (score.value, score.low, score.high) == tuple(
        parts["first"][k] for k in ("value", "low", "high")
    )
    for part in parts.values():
        assert part["low"] <= part["value"] <= part["high"]
        assert part["null"]["tables"] == 4
    assert parts["second"]["value"] > 4
    assert parts["second"]["high"] <= 5.05
    assert score.details["null"] == parts["first"]["null"]
    assert score.details["more"] == 1
    assert score.level == 0.5


def agreement(factors: Any) -> Statistic:
    return lambda rows, others: float((factors[rows] == factors[others]).mean())


def test_a_few_mistakes_widen_an_interval_that_the_rows_show_none_of() -> None:
    """No mistake in n rows: the error that two mistakes would make, √2 / n, by Student's t."""
    factors = np.arange(200)
    score = score_of(factors[:, None], agreement(factors), (0.0, 1.0), factors, level=0.9)
    assert score.value == score.high == 1
    assert score.low == pytest.approx(1 - stats.t.ppf(0.95, 59) * math.sqrt(2) / 200, rel=0.01)


def test_chance_is_the_mean_of_shuffled_tables_and_adjusted_is_the_value_above_it() -> None:
    factors = np.arange(400) % 4
    codes = np.where(np.arange(400) < 200, factors, (factors + 1) % 4)
    score = score_of(
        codes,
        lambda rows, others: float((codes[rows] == factors[others]).mean()),
        (0.0, 1.0),
        factors,
    )
    null, adjusted = score.details["null"], score.details["adjusted"]
    assert score.value == 0.5
    assert null["tables"] == 20
    assert null["low"] < null["mean"] < null["high"]
    assert null["mean"] == pytest.approx(1 / 4, abs=0.02)
    assert adjusted["value"] == pytest.approx((0.5 - null["mean"]) / (1 - null["mean"]))
    assert adjusted["low"] < adjusted["value"] < adjusted["high"]
    assert (adjusted["high"] - adjusted["low"]) / 2 > half_width(score) / (1 - null["mean"])
    assert "no_null" not in score.details


def test_without_shuffled_tables_it_says_so() -> None:
    factors = np.arange(40)
    score = score_of(factors, agreement(factors), (0.0, 1.0), factors, null=0)
    assert "null" not in score.details
    assert "adjusted" not in score.details
    assert score.details["no_null"].startswith("no table with shuffled factors was scored")


def test_without_replicates_there_is_no_interval() -> None:
    score = mean_of(10, replicates=0)
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"] == "none: no replicates"


@pytest.mark.parametrize(("n", "fit"), [(2, 0), (3, 0), (10, 3), (10, 7)])
def test_of_too_few_rows_there_is_no_interval(n: int, fit: int) -> None:
    score = mean_of(n, fit=fit)
    assert (score.low, score.high, score.level) == (None, None, None)
    assert score.details["interval"].startswith("none: fewer than 4 rows")
    assert math.isfinite(score.value)


@pytest.mark.parametrize(("n", "fit"), [(4, 0), (7, 0), (8, 4)])
def test_few_rows_have_halves_alone_and_their_variance_doubled(n: int, fit: int) -> None:
    score = mean_of(n, fit=fit)
    assert score.samples is not None
    assert score.samples.quarters is None
    assert score.samples.inflation == pytest.approx([2.0])
    assert half_width(score) > 0


def test_quarters_that_cannot_be_scored_are_left_out() -> None:
    def of_five(rows: Rows, _: Rows) -> float:
        if len(rows) < 5:
            raise UserError("too few for this")
        return float(rows.mean())

    score = score_of(np.arange(12.0), of_five)
    assert score.details["interval"] == "deviation of 60 random halves of the rows"
    assert score.samples is not None
    assert score.samples.inflation == pytest.approx([2.0])
    assert half_width(score) > 0


def test_halves_that_cannot_be_scored_are_the_reason_for_no_interval() -> None:
    def whole_alone(rows: Rows, _: Rows) -> float:
        if len(rows) < 20:
            raise UserError("too few for this")
        return 0.5

    score = score_of(np.arange(20.0), whole_alone)
    assert (score.low, score.high, score.level, score.samples) == (None,) * 4
    assert score.details["interval"] == (
        "none: some halves of the rows cannot be scored (too few for this)"
    )


@pytest.mark.parametrize(("value", "limits"), [(0.5, (None, None)), (0.0, (0, 0)), (1.0, (1, 1))])
def test_a_value_that_nothing_moves_is_certain_at_an_end_of_the_range_only(
    value: float, limits: tuple[float | None, float | None]
) -> None:
    score = score_of(np.arange(20.0), lambda rows, _: value, (0.0, 1.0))
    assert (score.low, score.high) == limits
    assert (score.level is None) == (score.low is None)
    assert score.details["interval"].startswith("none: " if score.low is None else "deviation of")


def test_rounding_does_not_keep_a_value_from_the_end_of_its_range() -> None:
    found = within([-1.0, 1e-17, 1e-9, 1 - 1e-15, 1.0, 7.0], (0.0, 1.0))
    assert found.tolist() == [0, 0, 1e-9, 1, 1, 1]
    assert within([-5.0, 1e300], WIDE).tolist() == [-5.0, 1e300]


def test_limits_are_cut_at_the_range() -> None:
    entry = {"value": 0.9, "low": None, "high": None}
    limit_entry(entry, 0.3, (0.0, 1.0))
    assert entry == {"value": 0.9, "low": pytest.approx(0.6), "high": 1.0}
    entry = {"value": 0.9, "low": None, "high": None}
    limit_entry(entry, math.nan, (0.0, 1.0))
    assert entry == {"value": 0.9, "low": None, "high": None}


def test_the_seed_is_all_that_is_random() -> None:
    first, second, other = mean_of(50, seed=3), mean_of(50, seed=3), mean_of(50)
    assert (first.low, first.high) == (second.low, second.high)
    values = np.random.default_rng(0).normal(size=(50, 1))
    limits = {
        score_of(values, lambda rows, _: float(values[rows].mean()), seed=seed).low
        for seed in (0, 0, 1)
    }
    assert len(limits) == 2
    assert other.details["seed"] == 0


def test_the_order_of_rows_moves_limits_only_a_little() -> None:
    values = np.random.default_rng(0).normal(size=400)
    widths = []
    for seed in range(5):
        moved = np.random.default_rng(seed).permutation(values)
        score = score_of(moved, lambda rows, _: float(moved[rows].mean()))  # noqa: B023
        assert score.value == pytest.approx(float(values.mean()))
        widths.append(half_width(score))
    # The deviation of 60 halves has a relative error of a tenth.
    assert max(widths) / min(widths) < 1.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"sede": 3},
            "no option 'sede' .did you mean 'seed'..; there are code_types, factor_types, level",
        ),
        ({"level": 1.0}, "level is 1.0"),
        ({"replicates": -1}, "replicates is -1"),
        ({"null": -2}, "null is -2"),
        ({"null": 0.5}, "null is 0.5"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_options_that_there_are_not(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        mig(np.zeros((4, 1)), np.arange(4), **options)


@pytest.mark.parametrize(("freedom", "index"), [(2, 0.5), (3, 1 / 3), (1, 1.0)])
def test_the_tail_index_is_that_of_students_t(freedom: int, index: float) -> None:
    """P(|t| > x) falls as x^-freedom; scale and place change nothing."""
    random = np.random.default_rng(freedom)
    tails = [tail_of(3 * random.standard_t(freedom, size=20_000) - 7) for _ in range(40)]
    assert np.mean(tails) == pytest.approx(index, rel=0.1)


def test_short_tails_and_single_values() -> None:
    random = np.random.default_rng(0)
    assert tail_of(random.normal(size=5_000)) < 0.15
    assert tail_of(random.random(5_000)) < 0.05
    assert tail_of(np.ones(50)) == 0.0
    # All rows but one are equal: the farthest is all the spread there is.
    assert tail_of(np.append(np.zeros(49), 5.0)) == 0.4


def test_one_half_shows_no_spread_and_rounding_is_no_value_above_chance() -> None:
    random = np.random.default_rng(0)
    single = mig(random.normal(size=(60, 2)), random.integers(0, 3, size=(60, 2)), replicates=1)
    assert single.low is None
    assert "give two replicates or more" in single.details["interval"]
    third = np.full(20, 0.1 + 0.2)
    assert chance_of(third, 0.3, 0.1, 0.95, 1.0)["adjusted"]["value"] == 0


@pytest.mark.parametrize(
    ("power", "effect"), [(1, 0.59 * (1 - 199 / 200)), (20, 1 - (197 / 200) ** 20)]
)
def test_the_farthest_rows_count_where_ranges_matter(power: int, effect: float) -> None:
    """Of short tails by 0.59 of what three rows change, of long ones in full.

    The three are the farthest from the median: 0, 1 and 1/200 or 199/200; and the largest three.
    """
    values = np.linspace(0, 1, 201) ** power
    table = table_of(values[:, None], np.arange(201), {})

    def widest(rows: Rows, _: Rows) -> float:
        return float(np.abs(values[rows]).max())

    for ranges, expected in ((True, effect), (False, 0.0)):
        score = score_table(
            table, 1.0, widest, {}, bounds=WIDE, unit="1", reference="", details={}, ranges=ranges
        )
        assert score.samples is not None
        assert score.samples.extremes == pytest.approx([expected])
