import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from infoeval.errors import UserError
from infoeval.intervals import (
    Subsamples,
    clopper_pearson,
    empirical_bernstein,
    fano_bound,
    normal_interval,
)

Array = NDArray[np.float64]


@pytest.mark.parametrize("n", [1, 7, 100, 10_000])
@pytest.mark.parametrize("level", [0.1, 0.9, 0.95, 0.9999])
def test_clopper_pearson_is_the_exact_interval_of_scipy(n: int, level: float) -> None:
    for successes in {0, 1, n // 3, n // 2, n - 1, n}:
        exact = binomtest(successes, n).proportion_ci(level, method="exact")
        assert clopper_pearson(successes, n, level) == pytest.approx(
            (exact.low, exact.high), abs=1e-10
        )


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_clopper_pearson_holds_the_share_at_a_tiny_level(n: int) -> None:
    for successes in range(0, n + 1, max(1, n // 10)):
        low, high = clopper_pearson(successes, n, 1e-9)
        assert 0 <= low <= successes / n <= high <= 1


@pytest.mark.parametrize("level", [0, 1, -0.1, 2, float("nan")])
def test_level_outside_its_range(level: float) -> None:
    with pytest.raises(UserError, match="give a confidence level between 0 and 1"):
        clopper_pearson(1, 2, level)


def plain(halves: Array, quarters: Array | None) -> Subsamples:
    """Subsamples of rows that show everything: no mistakes to come, and no extremes."""
    nothing = np.zeros(halves.shape[1])
    return Subsamples(halves, quarters, nothing, nothing)


def drawn(deviations: list[float], ratio: float, count: int = 9) -> Subsamples:
    """Halves of these deviations, and quarters of ``ratio`` times their variance."""
    unit = np.linspace(-1, 1, count) / np.linspace(-1, 1, count).std(ddof=1)
    halves = 5 + unit[:, None] * np.array(deviations)
    return plain(halves, 7 + unit[:, None] * np.array(deviations) * math.sqrt(ratio))


def test_half_widths_by_hand() -> None:
    # Of nine halves Student's t has 8 degrees of freedom: its 97.5 % quantile is 2.306004.
    found = drawn([0.5, 2.0], ratio=3).half_widths(0.95)
    assert found == pytest.approx([2.306004 * 0.5, 2.306004 * 2.0], rel=1e-6)
    # Variance that the rows cannot show is added, that of each number to its own.
    unseen = {"mistakes": np.array([0.4, 0.0]), "extremes": np.zeros(2)}
    found = replace(drawn([0.3, 0.3], ratio=3), **unseen).half_widths(0.95)
    assert found == pytest.approx([2.306004 * 0.5, 2.306004 * 0.3], rel=1e-6)


@pytest.mark.parametrize(
    ("ratio", "factor"), [(3, 1), (5, 1), (2.25, 1.5), (1.5, 2), (1.0, 2), (0.0, 2)]
)
def test_the_slower_a_number_settles_the_more_halves_tell_too_little(
    ratio: float, factor: float
) -> None:
    samples = drawn([1.0], ratio)
    assert samples.inflation == pytest.approx([factor])
    assert samples.half_widths(0.95) == pytest.approx([2.306004 * math.sqrt(factor)], rel=1e-6)


@pytest.mark.parametrize(
    ("rate", "variance"), [(1, 1 / 9), (2, 1 / 9), (0.5, math.sqrt(10) / 9), (0, 10 / 9)]
)
def test_parts_of_many_rows_tell_the_rate_at_which_a_number_settles(
    rate: float, variance: float
) -> None:
    """The parts of 100 of 1,000 rows have the variance 1, of which the rows' own share is 0.9."""
    ratio = 4**rate * (1 - 0.025) / (1 - 0.1)
    samples = replace(drawn([1.0], ratio), sizes=(1_000, 100, 25))
    assert samples.variance == pytest.approx([variance])
    assert samples.kind == "deviation of 9 random parts of 100 of 1,000 rows, and of 25"
    assert samples.number(0).variance == pytest.approx(samples.variance)
    assert (samples - samples).sizes == samples.sizes
    alone = replace(samples, quarters=None)
    assert alone.variance == pytest.approx([10 / 9])
    assert alone.kind == "deviation of 9 random parts of 100 of 1,000 rows"
    still = replace(samples, halves=np.ones((9, 1)))
    assert still.variance.tolist() == [0.0]


def test_halves_alone_are_doubled_and_one_half_is_not_enough() -> None:
    samples = plain(drawn([1.0], 3).halves, None)
    assert samples.inflation == pytest.approx([2.0])
    assert samples.kind == "deviation of 9 random halves of the rows"
    assert drawn([1.0], 3).kind == "deviation of 9 random halves of the rows, and quarters"
    one = plain(np.ones((1, 2)), np.ones((1, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(one.half_widths(0.95)).tolist() == [True, True]


def test_numbers_that_never_change_have_no_width() -> None:
    samples = plain(np.ones((5, 1)), np.ones((5, 1)))
    assert samples.half_widths(0.95).tolist() == [0.0]
    samples = replace(samples, mistakes=np.array([0.3]), extremes=np.array([-0.4]))
    assert samples.half_widths(0.95) == pytest.approx([0.5 * 2.776445], rel=1e-6)


def test_the_difference_of_two_models_is_row_by_row() -> None:
    random = np.random.default_rng(0)
    one, other = (plain(random.normal(size=(30, 2)), random.normal(size=(30, 2))) for _ in range(2))
    difference = one - other
    assert difference.halves.tolist() == (one.halves - other.halves).tolist()
    assert difference.quarters is not None
    assert one.quarters is not None
    assert difference.number(1).halves.tolist() == difference.halves[:, [1]].tolist()
    assert difference.number(1).half_widths(0.9) == pytest.approx(difference.half_widths(0.9)[1:])
    alone = plain(other.halves, None)
    assert (one - alone).quarters is None
    assert (alone - one).number(0).quarters is None
    assert (one - one).half_widths(0.9).tolist() == [0.0, 0.0]


def test_extremes_of_two_models_cancel_and_mistakes_do_not() -> None:
    same = np.ones((5, 1))
    one = Subsamples(same, same, mistakes=np.array([0.3]), extremes=np.array([0.4]))
    other = Subsamples(same, same, mistakes=np.array([0.1]), extremes=np.array([0.1]))
    difference = one - other
    assert difference.mistakes == pytest.approx([0.3])
    assert difference.extremes == pytest.approx([0.3])
    assert (other - one).half_widths(0.95) == pytest.approx(difference.half_widths(0.95))
    assert difference.number(0).half_widths(0.95) == pytest.approx([2.776445 * 0.3 * math.sqrt(2)])


def test_normal_interval_by_hand() -> None:
    # sd of 0, 0, 3, 3 is √3, over √4 rows; the 95 % quantile of the normal law is 1.959964.
    expected = 1.5, 1.5 - 1.959964 * math.sqrt(3) / 2, 1.5 + 1.959964 * math.sqrt(3) / 2
    assert normal_interval([0, 3, 0, 3], 0.95) == pytest.approx(expected, abs=1e-6)


def test_normal_interval_of_a_constant_has_no_width() -> None:
    assert normal_interval(np.full(10, 0.25), 0.99) == (0.25, 0.25, 0.25)


def test_normal_interval_covers_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).normal(3.0, 2.0, size=(2000, 50))
    limits = [normal_interval(row, 0.9)[1:] for row in draws]
    assert np.mean([low <= 3 <= high for low, high in limits]) == pytest.approx(0.9, abs=0.025)


def test_empirical_bernstein_by_hand() -> None:
    # Mean 2, variance 4/3 and range 4 of four values; ln(2/0.1) = 2.995732.
    expected = 2 - math.sqrt(2 * (4 / 3) * 2.995732 / 4) - 7 * 4 * 2.995732 / (3 * 3)
    assert empirical_bernstein([1, 3, 1, 3], 0, 4, 0.1) == pytest.approx(expected, abs=1e-5)


def test_empirical_bernstein_of_a_constant_is_short_of_it_by_the_range() -> None:
    limit = empirical_bernstein(np.full(101, 2.0), 1.0, 3.0, 0.05)
    assert limit == pytest.approx(2 - 7 * 2 * math.log(40) / 300, abs=1e-12)
    assert empirical_bernstein(np.full(9, 2.0), 2.0, 2.0, 0.05) == 2.0


def test_empirical_bernstein_moves_with_shift_and_scale() -> None:
    values = np.random.default_rng(0).random(100)
    limit = empirical_bernstein(values, 0, 1, 0.05)
    moved = empirical_bernstein(5 * values - 2, -2, 3, 0.05)
    assert moved == pytest.approx(5 * limit - 2, abs=1e-12)


def test_empirical_bernstein_covers_rare_losses() -> None:
    """One value in a thousand is 0, the others 1: a normal limit misses that too often."""
    draws = (np.random.default_rng(0).random((2000, 500)) > 0.001).astype(float)
    certified = [empirical_bernstein(row, 0, 1, 0.05) <= 0.999 for row in draws]
    assert np.mean(certified) >= 0.95
    assert np.mean([normal_interval(row, 0.9)[1] <= 0.999 for row in draws]) < 0.8


def test_empirical_bernstein_rises_with_alpha_and_rows() -> None:
    values = np.tile([0.0, 1.0], 50)
    limits = [empirical_bernstein(values, 0, 1, alpha) for alpha in (1e-9, 0.01, 0.05, 0.5)]
    assert limits == sorted(limits)
    more = [empirical_bernstein(np.tile(values, k), 0, 1, 0.05) for k in (1, 10, 100)]
    assert more == sorted(more)
    assert more[-1] < 0.5


def test_a_value_may_pass_the_range_by_rounding_alone() -> None:
    assert math.isfinite(empirical_bernstein([0.0, 1 + 1e-10], 0, 1, 0.05))
    for values in ([0.0, 1 + 1e-6], [-1e-6, 1.0]):
        with pytest.raises(UserError, match="outside the range from 0 to 1"):
            empirical_bernstein(values, 0, 1, 0.05)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "0 rows"),
        ([0.5], "1 rows"),
        ([0.5, math.nan], "nan is not a finite number"),
        ([0.5, math.inf], "inf is not a finite number"),
        ([[0.5, 0.5]], "shape"),
        ([[0.5], [0.5, 0.5]], "rows differ in length"),
        (["a", "b"], "one number per row"),
    ],
)
def test_values_that_have_no_interval(values: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        empirical_bernstein(values, 0, 1, 0.05)
    with pytest.raises(UserError, match=message):
        normal_interval(values, 0.95)


@pytest.mark.parametrize(("low", "high"), [(1, 0), (math.nan, 1), (0, math.inf)])
def test_a_range_needs_two_ends(low: float, high: float) -> None:
    with pytest.raises(UserError, match="two finite ends"):
        empirical_bernstein([0.5, 0.5], low, high, 0.05)


@pytest.mark.parametrize("alpha", [0, 1, -1, 2, math.nan])
def test_alpha_outside_its_range(alpha: float) -> None:
    with pytest.raises(UserError, match="error probability between 0 and 1"):
        empirical_bernstein([0.5, 0.5], 0, 1, alpha)
    with pytest.raises(UserError, match="error probability between 0 and 1"):
        fano_bound(0, 10, 10, alpha)


def test_normal_interval_checks_its_level() -> None:
    with pytest.raises(UserError, match="confidence level"):
        normal_interval([1, 2], 95)


def test_fano_bound_without_errors_by_hand() -> None:
    # No error in n rows: (1 - p)^n = alpha.
    p = 1 - 0.05 ** (1 / 1000)
    lost = -p * math.log(p) - (1 - p) * math.log(1 - p) + p * math.log(9)
    assert fano_bound(0, 1000, 10, 0.05) == pytest.approx(math.log(10) - lost, abs=1e-12)


def test_fano_bound_of_unequal_categories_starts_at_their_entropy() -> None:
    plain, unequal = fano_bound(5, 1000, 4, 0.05), fano_bound(5, 1000, 4, 0.05, entropy=1.0)
    assert unequal == pytest.approx(plain - math.log(4) + 1.0, abs=1e-12)


def test_fano_bound_tends_to_the_information_of_label_noise() -> None:
    assert fano_bound(10**8, 10**9, 10, 0.05) == pytest.approx(1.757780, abs=2e-4)
    assert fano_bound(3 * 10**8, 10**9, 10, 0.05) == pytest.approx(1.032553, abs=2e-4)


def test_fano_bound_takes_the_upper_limit_of_scipy() -> None:
    p = binomtest(7, 50, alternative="less").proportion_ci(0.9, method="exact").high
    lost = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert fano_bound(7, 50, 2, 0.1) == pytest.approx(math.log(2) - lost, abs=1e-9)


def test_fano_bound_falls_with_errors_to_zero() -> None:
    bounds = [fano_bound(errors, 100, 10, 0.05) for errors in range(101)]
    assert bounds == sorted(bounds, reverse=True)
    # Chance is 90 errors; from there on nothing is certain.
    assert bounds[80] > 0
    assert set(bounds[90:]) == {0.0}


def test_fano_bound_rises_with_rows_and_alpha() -> None:
    by_rows = [fano_bound(n // 10, n, 10, 0.05) for n in (10, 100, 1000, 10_000)]
    assert by_rows == sorted(by_rows)
    by_alpha = [fano_bound(10, 100, 10, alpha) for alpha in (1e-6, 0.01, 0.1, 0.5)]
    assert by_alpha == sorted(by_alpha)


@pytest.mark.parametrize("n", [10, 300, 5000])
def test_fano_bound_covers_label_noise(n: int) -> None:
    """Symmetric label noise meets Fano's inequality with equality, so this is its worst case."""
    errors = np.arange(n + 1)
    held = [fano_bound(int(wrong), n, 10, 0.05) <= 1.757780 for wrong in errors]
    coverage = float(binom.pmf(errors, n, 0.1) @ np.array(held))
    assert coverage >= 0.95
    if n > 10:
        assert coverage < 0.97


@pytest.mark.parametrize(
    ("errors", "n", "categories", "message"),
    [
        (-1, 10, 10, "from 0 to 10"),
        (11, 10, 10, "from 0 to 10"),
        (0, 0, 10, "one or more"),
        (0, 10, 1, "two or more"),
    ],
)
def test_fano_bound_of_what_is_no_count(errors: int, n: int, categories: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        fano_bound(errors, n, categories, 0.05)
