"""Confidence intervals that metrics and information bounds share.

scipy is imported where it is used: a report checks estimates and computes none.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infoeval.arrays import as_array
from infoeval.errors import UserError

TOLERANCE = 1e-9
"""Rounding may carry a value this far beyond its known range."""


@dataclass(frozen=True, eq=False)
class Subsamples:
    """Numbers computed from random halves ``(count, numbers)`` of some rows, and from quarters.

    They tell how much the numbers of all n rows vary among samples of n rows (Politis, Romano and
    Wolf 1999, Subsampling, chapters 2 and 8). For a mean, the deviation of halves drawn without
    replacement is that of all rows, and the deviation of quarters is √3 times as large. Where the
    numbers vary less with fewer rows than that, as ratios of chance values and extremes do, halves
    tell too little, because they share rows: their variance is then up to doubled, see `inflation`.
    ``quarters`` are None for too few rows; the variance is doubled then.

    ``mistakes`` and ``extremes`` ``(numbers,)`` are deviations that parts of the rows cannot show:
    by rows that go wrong too rarely to be among these, and by the farthest values.

    Of many rows, smaller parts stand for halves and quarters: ``sizes`` are the numbers of all
    rows, of those of the larger parts and of the smaller ones.
    """

    halves: NDArray[np.float64]
    quarters: NDArray[np.float64] | None
    mistakes: NDArray[np.float64]
    extremes: NDArray[np.float64]
    sizes: tuple[int, int, int] | None = None

    def __sub__(self, other: "Subsamples") -> "Subsamples":
        """Return the differences of two models' numbers of the same rows.

        The farthest values may be those of the same rows. Rows on which one model alone goes wrong
        are as rare as the rows on which either does.
        """
        quarters = None
        if self.quarters is not None and other.quarters is not None:
            quarters = self.quarters - other.quarters
        return Subsamples(
            self.halves - other.halves,
            quarters,
            np.maximum(self.mistakes, other.mistakes),
            self.extremes - other.extremes,
            self.sizes,
        )

    def pairs_with(self, other: "Subsamples") -> bool:
        """Return whether both can be of the same parts of the same rows."""
        return self.halves.shape == other.halves.shape and self.sizes == other.sizes

    def number(self, place: int) -> "Subsamples":
        """Return the subsamples of one of the numbers."""
        quarters = None if self.quarters is None else self.quarters[:, [place]]
        return Subsamples(
            self.halves[:, [place]],
            quarters,
            self.mistakes[[place]],
            self.extremes[[place]],
            self.sizes,
        )

    @property
    def kind(self) -> str:
        """The kind of interval in words."""
        count = len(self.halves)
        if self.sizes is not None:
            n, larger, smaller = self.sizes
            more = "" if self.quarters is None else f", and of {smaller:,}"
            return f"deviation of {count} random parts of {larger:,} of {n:,} rows{more}"
        more = "" if self.quarters is None else ", and quarters"
        return f"deviation of {count} random halves of the rows{more}"

    @property
    def inflation(self) -> NDArray[np.float64]:
        """Factor ``(numbers,)`` of the halves' variance, from 1 to 2.

        Of the variance among samples of n rows, halves and quarters show the same multiple at the
        rate of a mean (their ratio is 3), 1/2 and 3/4 where the numbers do not depend on n and are
        smooth (3/2), and a factor between the two is taken in proportion.
        """
        if self.quarters is None:
            return np.full(self.halves.shape[1], 2.0)
        halves, quarters = self.halves.var(axis=0, ddof=1), self.quarters.var(axis=0, ddof=1)
        ratio = np.divide(quarters, halves, out=np.full(len(halves), 3.0), where=halves > 0)
        return np.asarray(np.clip(3 - ratio / 1.5, 1.0, 2.0))

    @property
    def variance(self) -> NDArray[np.float64]:
        """Variance ``(numbers,)`` of the numbers of all rows that their parts show.

        Of smaller parts than halves it is carried to all rows at the rate at which it falls from
        the smaller to the larger ones, n^-β with β from 0 to 1, that of a mean (Politis, Romano and
        Wolf, chapter 8). Without smaller ones it stays that of the larger ones: that of a predictor
        fitted to so many rows, whatever the table, does not fall.
        """
        parts = self.halves.var(axis=0, ddof=1)
        if self.sizes is None:
            return np.asarray(parts * self.inflation)
        n, larger, smaller = self.sizes
        share, ratio = larger / n, np.ones(len(parts))
        parts = parts / (1 - share)
        if self.quarters is not None:
            others = self.quarters.var(axis=0, ddof=1) / (1 - smaller / n)
            np.divide(others, parts, out=ratio, where=parts > 0)
        rate = np.log(np.clip(ratio, 1.0, larger / smaller)) / math.log(larger / smaller)
        return np.asarray(parts * share**rate)

    def half_widths(self, level: float) -> NDArray[np.float64]:
        """Return the distance ``(numbers,)`` from the numbers to their limits, by Student's t.

        NaN for a single half.
        """
        from scipy.special import stdtrit

        count = len(self.halves)
        if count < 2:
            return np.full(self.halves.shape[1], np.nan)
        variance = self.variance + self.mistakes**2 + self.extremes**2
        return np.asarray(float(stdtrit(count - 1, 0.5 + level / 2)) * np.sqrt(variance))


def check_level(level: float) -> None:
    """Raise UserError unless ``level`` is a confidence level, strictly between 0 and 1."""
    if not 0 < level < 1:
        raise UserError(f"level is {level}; give a confidence level between 0 and 1, such as 0.95")


def check_estimate(
    value: float, low: float | None, high: float | None, level: float | None, n: int
) -> None:
    """Raise ValueError unless ``low <= value <= high``, all finite, with a level and rows."""
    for name, number in (("value", value), ("low", low), ("high", high)):
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name} is {number}, not a finite number")
    if low is not None and low > value:
        raise ValueError(f"low {low} is above the value {value}")
    if high is not None and high < value:
        raise ValueError(f"high {high} is below the value {value}")
    if level is None and not (low is None and high is None):
        raise ValueError("an interval needs its level")
    if level is not None and not 0 < level < 1:
        raise ValueError(f"level is {level}, not between 0 and 1")
    if n < 1:
        raise ValueError(f"n is {n}, not a number of rows")


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return exact two-sided limits of the probability of ``successes`` among ``n`` rows.

    Covers with probability ``level`` or more for every ``n`` (Clopper and Pearson 1934, The use
    of confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26).
    Raises UserError for a level outside (0, 1).

    >>> low, high = clopper_pearson(95, 100)
    >>> print(f"{low:.4f} to {high:.4f}")
    0.8872 to 0.9836
    """
    from scipy.special import betaincinv

    check_level(level)
    tail = (1 - level) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def normal_interval(values: ArrayLike, level: float) -> tuple[float, float, float]:
    """Return the mean of ``(n,)`` independent values and its normal limits: (mean, low, high).

    The limits are mean ± z sd / √n, with n - 1 in the standard deviation and z the normal quantile
    of ``level``. Their coverage is that of ``level`` if n is large and no rare value dominates;
    :func:`empirical_bernstein` covers for every n. In the unit of the values.

    Raises UserError for fewer than two values, for values that are not finite numbers, and for a
    level outside (0, 1).

    >>> normal_interval([1.0, 2.0, 3.0, 4.0], 0.95)
    (2.5, 1.234..., 3.765...)
    """
    from scipy.special import ndtri

    check_level(level)
    array = _values(values)
    mean = float(array.mean())
    half = float(ndtri(0.5 + level / 2)) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return mean, mean - half, mean + half


def empirical_bernstein(values: ArrayLike, low: float, high: float, alpha: float) -> float:
    """Return a lower confidence limit of the mean of ``(n,)`` values in [``low``, ``high``].

    The true mean of independent values is at or above it with probability 1 - ``alpha`` or more,
    for every n and every law on the range:
    mean - √(2 V ln(2/α) / n) - 7 (high - low) ln(2/α) / (3 (n - 1)), V the sample variance with
    n - 1 (Maurer and Pontil 2009, Empirical Bernstein bounds and sample variance
    penalization, COLT, theorem 4). One-sided, in the unit of the values; it can lie below ``low``.

    The range must be known beforehand: one taken from the values makes the limit too high.

    Raises UserError for fewer than two values, for values that are not finite or lie outside the
    range, for a range without both ends in order, and for an ``alpha`` outside (0, 1).

    >>> values = np.tile([0.0, 1.0], 500)
    >>> print(f"{empirical_bernstein(values, 0.0, 1.0, 0.05):.4f}")
    0.4484
    """
    _check_alpha(alpha)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"range from {low} to {high}; give two finite ends, the lower one first")
    array = _values(values)
    n = len(array)
    for value in (float(array.min()), float(array.max())):
        if not low - TOLERANCE <= value <= high + TOLERANCE:
            raise UserError(f"value {value} lies outside the range from {low} to {high}")
    log_term = math.log(2 / alpha)
    variance = float(array.var(ddof=1))
    spread = math.sqrt(2 * variance * log_term / n)
    return float(array.mean()) - spread - 7 * (high - low) * log_term / (3 * (n - 1))


def fano_bound(
    errors: int, n: int, categories: int, alpha: float, *, entropy: float | None = None
) -> float:
    """Return a lower confidence limit of I(c; x), nats, from the errors of a classifier of c.

    c is one of K = ``categories``, with H(c) = ``entropy`` nats or, by default, log K, and a
    classifier that was fixed beforehand made ``errors`` errors on ``n`` fresh rows. Fano's
    inequality gives I(c; x) >= H(c) - h(p) - p log(K - 1), h the entropy of a Bernoulli variable
    (Cover and Thomas 2006, Elements of Information Theory, theorem 2.10.1). It falls with the error
    rate p up to (K - 1) / K, so the one-sided upper limit of Clopper and Pearson at ``alpha`` is
    substituted for p; above that the bound is 0. It holds with probability 1 - ``alpha`` or more
    for every n.

    Raises UserError for errors that are not among 0 to n, for fewer than one row or two
    categories, and for an ``alpha`` outside (0, 1).

    >>> print(f"{fano_bound(0, 10_000, 10, 0.05):.4f}")
    2.2992
    """
    from scipy.special import betaincinv, entr

    _check_alpha(alpha)
    if n < 1:
        raise UserError(f"{n} rows; give one or more")
    if not 0 <= errors <= n:
        raise UserError(f"{errors} errors in {n} rows; give a number from 0 to {n}")
    if categories < 2:
        raise UserError(f"{categories} categories; give two or more")
    p = float(betaincinv(errors + 1, n - errors, 1 - alpha)) if errors < n else 1.0
    if p >= (categories - 1) / categories:
        return 0.0
    lost = float(entr(p) + entr(1 - p)) + p * math.log(categories - 1)
    return max(0.0, (math.log(categories) if entropy is None else entropy) - lost)


def _values(values: ArrayLike) -> NDArray[np.float64]:
    try:
        array = as_array(values, "values").astype(np.float64)
    except (TypeError, ValueError):
        raise UserError("values: give one number per row") from None
    if array.ndim != 1:
        raise UserError(f"values: shape {array.shape}; give one number per row")
    if len(array) < 2:
        raise UserError(f"values: {len(array)} rows; give two or more")
    if not np.isfinite(array).all():
        raise UserError(f"values: {array[~np.isfinite(array)][0]} is not a finite number")
    return array


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise UserError(
            f"alpha is {alpha}; give an error probability between 0 and 1, such as 0.05"
        )
